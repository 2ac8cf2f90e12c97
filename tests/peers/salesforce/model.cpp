#include "tests/peers/salesforce/model.hpp"

#include <string_view>

namespace kontor::peer::salesforce {

namespace {

struct ObjectRow {
    const char *name, *label, *prefix;
    bool writable;
};

constexpr ObjectRow kObjects[] = {
    {"Organization", "Organization", "00D", false},
    {"User", "User", "005", false},
    {"Account", "Account", "001", true},
    {"Contact", "Contact", "003", true},
    {"Lead", "Lead", "00Q", true},
    {"Opportunity", "Opportunity", "006", true},
    {"Product2", "Product", "01t", true},
    {"Campaign", "Campaign", "701", true},
    {"Task", "Task", "00T", true},
    {"Event", "Event", "00U", true},
    {"Case", "Case", "500", true},
    {"Visit__c", "Visit", "a00", true},
};

struct FieldRow {
    const char *object, *name, *label, *type;
    int length;
    const char* rule;  ///< "", required, readonly, createonly, formula
    const char* more;  ///< targets of a reference, values of a list; separated by commas
};

constexpr FieldRow kFields[] = {
    {"Organization", "Name", "Name", "string", 80, "readonly", ""},
    {"User", "Name", "Full Name", "string", 121, "readonly", ""},
    {"User", "Username", "Username", "string", 80, "required", ""},
    {"User", "FirstName", "First Name", "string", 40, "", ""},
    {"User", "LastName", "Last Name", "string", 80, "required", ""},
    {"User", "Email", "Email", "email", 128, "required", ""},
    {"User", "Title", "Title", "string", 80, "", ""},
    {"User", "IsActive", "Active", "boolean", 0, "", ""},
    {"User", "ManagerId", "Manager ID", "reference", 18, "", "User"},
    {"Account", "Name", "Account Name", "string", 255, "required", ""},
    {"Account", "Type", "Account Type", "picklist", 255, "", "Prospect,Customer - Direct,Other"},
    {"Account", "ParentId", "Parent Account ID", "reference", 18, "", "Account"},
    {"Account", "BillingStreet", "Billing Street", "textarea", 255, "", ""},
    {"Account", "BillingCity", "Billing City", "string", 40, "", ""},
    {"Account", "BillingCountry", "Billing Country", "string", 80, "", ""},
    {"Account", "BillingAddress", "Billing Address", "address", 0, "readonly", ""},
    {"Account", "Phone", "Account Phone", "phone", 40, "", ""},
    {"Account", "Website", "Website", "url", 255, "", ""},
    {"Account", "Industry", "Industry", "picklist", 255, "", "Banking,Chemicals,Technology"},
    {"Account", "AnnualRevenue", "Annual Revenue", "currency", 18, "", ""},
    {"Account", "NumberOfEmployees", "Employees", "int", 8, "", ""},
    {"Account", "Description", "Account Description", "textarea", 32000, "", ""},
    {"Account", "MasterRecordId", "Master Record ID", "reference", 18, "readonly", "Account"},
    {"Contact", "Name", "Full Name", "string", 121, "readonly", ""},
    {"Contact", "FirstName", "First Name", "string", 40, "", ""},
    {"Contact", "LastName", "Last Name", "string", 80, "required", ""},
    {"Contact", "AccountId", "Account ID", "reference", 18, "", "Account"},
    {"Contact", "Title", "Title", "string", 128, "", ""},
    {"Contact", "Email", "Email", "email", 80, "", ""},
    {"Contact", "Phone", "Business Phone", "phone", 40, "", ""},
    {"Contact", "MobilePhone", "Mobile Phone", "phone", 40, "", ""},
    {"Contact", "Birthdate", "Birthdate", "date", 0, "", ""},
    {"Contact", "HasOptedOutOfEmail", "Email Opt Out", "boolean", 0, "", ""},
    {"Contact", "LeadSource", "Lead Source", "picklist", 255, "", "Web,Partner,Other"},
    {"Contact", "MailingCity", "Mailing City", "string", 40, "", ""},
    {"Contact", "Languages__c", "Languages", "multipicklist", 4099, "", "Chinese,English,German"},
    {"Contact", "Score__c", "Score", "double", 18, "", ""},
    {"Contact", "Met__c", "Met", "datetime", 0, "", ""},
    {"Contact", "Description", "Contact Description", "textarea", 32000, "", ""},
    {"Contact", "MasterRecordId", "Master Record ID", "reference", 18, "readonly", "Contact"},
    {"Lead", "Name", "Full Name", "string", 121, "readonly", ""},
    {"Lead", "FirstName", "First Name", "string", 40, "", ""},
    {"Lead", "LastName", "Last Name", "string", 80, "required", ""},
    {"Lead", "Company", "Company", "string", 255, "required", ""},
    {"Lead", "Email", "Email", "email", 80, "", ""},
    {"Lead", "Phone", "Phone", "phone", 40, "", ""},
    {"Lead", "Status", "Status", "picklist", 255, "defaulted", "Open,Working,Closed"},
    {"Lead", "IsConverted", "Converted", "boolean", 0, "readonly", ""},
    {"Lead", "ConvertedContactId", "Converted Contact ID", "reference", 18, "readonly", "Contact"},
    {"Lead", "MasterRecordId", "Master Record ID", "reference", 18, "readonly", "Lead"},
    {"Opportunity", "Name", "Name", "string", 120, "required", ""},
    {"Opportunity", "AccountId", "Account ID", "reference", 18, "", "Account"},
    {"Opportunity", "Amount", "Amount", "currency", 18, "", ""},
    {"Opportunity", "CloseDate", "Close Date", "date", 0, "required", ""},
    {"Opportunity", "StageName", "Stage", "picklist", 255, "required",
     "Prospecting,Negotiation,Closed Won"},
    {"Opportunity", "Probability", "Probability (%)", "percent", 3, "", ""},
    {"Opportunity", "IsClosed", "Closed", "boolean", 0, "readonly", ""},
    {"Product2", "Name", "Product Name", "string", 255, "required", ""},
    {"Product2", "ProductCode", "Product Code", "string", 255, "", ""},
    {"Product2", "IsActive", "Active", "boolean", 0, "", ""},
    {"Campaign", "Name", "Name", "string", 80, "required", ""},
    {"Campaign", "StartDate", "Start Date", "date", 0, "", ""},
    {"Campaign", "BudgetedCost", "Budgeted Cost", "currency", 18, "", ""},
    {"Task", "Subject", "Subject", "combobox", 255, "", "Call,Other"},
    {"Task", "WhoId", "Name ID", "reference", 18, "", "Contact,Lead"},
    {"Task", "WhatId", "Related To ID", "reference", 18, "", "Account,Opportunity,Visit__c"},
    {"Task", "ActivityDate", "Due Date Only", "date", 0, "", ""},
    {"Task", "Status", "Status", "picklist", 255, "defaulted", "Not Started,Completed"},
    {"Event", "Subject", "Subject", "combobox", 255, "", "Meeting,Other"},
    {"Event", "StartDateTime", "Start", "datetime", 0, "", ""},
    {"Event", "DurationInMinutes", "Duration", "int", 8, "", ""},
    {"Event", "WhoId", "Name ID", "reference", 18, "", "Contact,Lead"},
    {"Case", "CaseNumber", "Case Number", "string", 30, "readonly", ""},
    {"Case", "Subject", "Subject", "string", 255, "", ""},
    {"Case", "Status", "Status", "picklist", 255, "defaulted", "New,Working,Closed"},
    {"Case", "ContactId", "Contact ID", "reference", 18, "", "Contact"},
    {"Visit__c", "Name", "Visit", "string", 80, "required", ""},
    {"Visit__c", "Account__c", "Account", "reference", 18, "createonly", "Account"},
    {"Visit__c", "From__c", "From", "time", 0, "", ""},
    {"Visit__c", "Double__c", "Twice", "double", 18, "formula", ""},
    {"Visit__c", "Notes__c", "Notes", "textarea", 131072, "", ""},
};

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto comma = text.find(',');
        out.emplace_back(text.substr(0, comma));
        if (comma == std::string_view::npos) break;
        text.remove_prefix(comma + 1);
    }
    return out;
}

void forbid_writing(Json& field) {
    field["createable"] = field["updateable"] = false;
}

Json make(const FieldRow& row) {
    Json out = make_field(row.name, row.label, row.type);
    const std::string_view rule = row.rule;
    out["length"] = row.length;
    if (rule == "required" || rule == "defaulted") out["nillable"] = false;
    if (rule == "defaulted" || out["type"] == "boolean") out["defaultedOnCreate"] = true;
    if (rule == "readonly" || rule == "formula") forbid_writing(out);
    if (rule == "createonly") out["updateable"] = false;
    if (rule == "formula") out["calculated"] = true;
    for (const std::string& each : split(row.more)) {
        if (out["type"] == "reference")
            out["referenceTo"].push_back(each);
        else
            out["picklistValues"].push_back(
                {{"active", true}, {"defaultValue", false}, {"label", each}, {"value", each}});
    }
    return out;
}

void add(Object& object, Json field) {
    const std::string name = field["name"];
    object.fields[name] = std::move(field);
}

void add_system_fields(Object& object) {
    struct Row {
        const char *name, *label, *type;
    };
    constexpr Row kSystem[] = {{"Id", "Record ID", "id"},
                               {"IsDeleted", "Deleted", "boolean"},
                               {"CreatedDate", "Created Date", "datetime"},
                               {"LastModifiedDate", "Last Modified Date", "datetime"},
                               {"SystemModstamp", "System Modstamp", "datetime"}};
    for (const Row& row : kSystem) {
        Json field = make_field(row.name, row.label, row.type);
        forbid_writing(field);
        field["nillable"] = false;
        add(object, std::move(field));
    }
    for (const char* name : {"CreatedById", "LastModifiedById", "OwnerId"}) {
        Json field =
            make_field(name, std::string(name) == "OwnerId" ? "Owner ID" : name, "reference");
        field["referenceTo"] = {"User"};
        if (field["name"] == "OwnerId") {
            field["defaultedOnCreate"] = true;
            field["nillable"] = false;
            if (object.name == "Lead" || object.name == "Case" || object.custom())
                field["referenceTo"] = {"Group", "User"};
            if (object.name == "Product2" || !object.writable) continue;
        } else {
            forbid_writing(field);
        }
        add(object, std::move(field));
    }
}

}  // namespace

Json make_field(const std::string& name, const std::string& label, const std::string& type) {
    const bool number = type == "double" || type == "currency" || type == "percent";
    return {{"name", name},
            {"label", label},
            {"type", type},
            {"length", 0},
            {"precision", number ? 18 : 0},
            {"scale", number ? 2 : 0},
            {"digits", type == "int" ? 8 : 0},
            {"nillable", type != "boolean"},
            {"createable", true},
            {"updateable", true},
            {"filterable", type != "textarea" && type != "address"},
            {"sortable", true},
            {"unique", false},
            {"externalId", false},
            {"idLookup", name == "Id"},
            {"calculated", false},
            {"autoNumber", false},
            {"custom", name.ends_with("__c")},
            {"defaultedOnCreate", false},
            {"restrictedPicklist", false},
            {"referenceTo", Json::array()},
            {"picklistValues", Json::array()},
            {"compoundFieldName", nullptr},
            {"relationshipName", nullptr}};
}

std::vector<Object> make_objects(bool external_field) {
    std::vector<Object> out;
    for (const ObjectRow& row : kObjects) {
        Object object{row.name, row.label, row.prefix, false, row.writable, {}};
        for (const FieldRow& field : kFields)
            if (object.name == field.object) add(object, make(field));
        add_system_fields(object);
        if (external_field && row.writable) {
            Json key = make_field("Kontor_Id__c", "Kontor Id", "string");
            key["length"] = 64;
            key["unique"] = key["externalId"] = key["idLookup"] = true;
            add(object, std::move(key));
        }
        out.push_back(std::move(object));
    }
    return out;
}

}  // namespace kontor::peer::salesforce
