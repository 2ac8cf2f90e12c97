// The names that Kontor's standard columns have for the preset fields: tables, and little else.
#include "plugins/fxiaoke/field_names.hpp"

#include <algorithm>
#include <array>

namespace kontor::fxiaoke {
namespace {

constexpr ObjectName kObjects[]{
    {"AccountObj", "account", "Accounts"},
    {"ContactObj", "contact", "Contacts"},
    {"LeadsObj", "lead", "Leads"},
    {"NewOpportunityObj", "deal", "Opportunities"},
    {"OpportunityObj", "deal", "Opportunities (old)"},
    {"ProductObj", "product", "Products"},
    {"QuoteObj", "quote", "Quotes"},
    {"QuoteLinesObj", "", "Quote lines"},
    {"SalesOrderObj", "sales_order", "Sales orders"},
    {"SalesOrderProductObj", "", "Sales order lines"},
    {"ActiveRecordObj", "note", "Activity records"},
    {"CasesObj", "service_case", "Cases"},
    {"MarketingEventObj", "campaign", "Campaigns"},
    {"users", "user", "Employees"},
};

struct Row {
    std::string_view object, field, column, en;
};

// Order: object ("" = any that has no line of its own), field, column, English label.
// clang-format off
constexpr Row kRows[]{
    {"", "name", "name", "Name"},
    {"", "owner", "owner_id", "Owner"},
    {"", "created_by", "remote_created_by", "Created by"},
    {"", "last_modified_by", "remote_modified_by", "Modified by"},
    {"", "create_time", "remote_created_at", "Created at"},
    {"", "last_modified_time", "remote_modified_at", "Modified at"},
    {"", "life_status", "life_status", "Life status"},
    {"", "lock_status", "lock_status", "Lock status"},
    {"", "record_type", "record_type", "Record type"},
    {"", "owner_department", "owner_department", "Owner's department"},
    {"", "data_own_department", "own_department", "Department"},
    {"", "account_id", "account_id", "Account"},
    {"", "contact_id", "contact_id", "Contact"},
    {"", "new_opportunity_id", "deal_id", "Opportunity"},
    {"", "opportunity_id", "deal_id", "Opportunity"},
    {"", "quote_id", "quote_id", "Quote"},
    {"", "product_id", "product_id", "Product"},
    {"", "remark", "description", "Remark"},
    {"", "email", "email", "E-mail"},
    {"", "tel", "phone", "Phone"},
    {"", "mobile", "mobile", "Mobile"},
    {"", "fax", "fax", "Fax"},
    {"", "url", "website", "Website"},
    {"", "department", "department", "Department"},
    {"", "job_title", "title", "Job title"},
    {"", "source", "lead_source", "Source"},
    {"AccountObj", "account_no", "account_number", "Account number"},
    {"AccountObj", "account_type", "type", "Type"},
    {"AccountObj", "account_level", "rating", "Level"},
    {"AccountObj", "industry_level1", "industry", "Industry"},
    {"AccountObj", "parent_account_id", "parent_id", "Parent account"},
    {"AccountObj", "address", "billing_street", "Address"},
    {"AccountObj", "city", "billing_city", "City"},
    {"AccountObj", "province", "billing_state", "Province"},
    {"AccountObj", "country", "billing_country", "Country"},
    {"ContactObj", "name", "full_name", "Name"},
    {"ContactObj", "tel1", "phone", "Phone"},
    {"ContactObj", "mobile1", "mobile", "Mobile"},
    {"ContactObj", "add", "mailing_street", "Address"},
    {"ContactObj", "date_of_birth", "date_of_birth", "Date of birth"},
    {"ContactObj", "wechat", "wechat", "WeChat"},
    {"LeadsObj", "name", "full_name", "Name"},
    {"LeadsObj", "company", "company", "Company"},
    {"LeadsObj", "leads_status", "lead_status", "Status"},
    {"LeadsObj", "address", "street", "Address"},
    {"NewOpportunityObj", "amount", "amount", "Amount"},
    {"NewOpportunityObj", "sales_stage", "stage", "Stage"},
    {"NewOpportunityObj", "sales_process_id", "pipeline", "Sales process"},
    {"NewOpportunityObj", "probability", "probability", "Probability, %"},
    {"NewOpportunityObj", "close_date", "closing_date", "Closing date"},
    {"ProductObj", "product_code", "code", "Code"},
    {"ProductObj", "category", "category", "Category"},
    {"ProductObj", "price", "unit_price", "Price"},
    {"ProductObj", "unit", "usage_unit", "Unit"},
    {"QuoteObj", "name", "subject", "Name"},
    {"QuoteObj", "quote_amount", "quote_amount", "Amount"},
    {"SalesOrderObj", "name", "number", "Order number"},
    {"SalesOrderObj", "order_status", "status", "Status"},
    {"SalesOrderObj", "delivery_date", "due_date", "Delivery date"},
    {"ActiveRecordObj", "name", "title", "Name"},
    {"ActiveRecordObj", "active_record_content", "content", "Content"},
    {"users", "name", "full_name", "Name"},
    {"users", "email", "email", "E-mail"},
    {"users", "mobile", "mobile", "Mobile"},
    {"users", "position", "title", "Position"},
    {"users", "active", "active", "Active"},
    {"users", "leaderId", "reports_to_id", "Reports to"},
    {"users", "createTime", "remote_created_at", "Created at"},
};
// clang-format on

constexpr std::array<std::string_view, 20> kInternal{"_id",
                                                     "tenant_id",
                                                     "object_describe_api_name",
                                                     "object_describe_id",
                                                     "package",
                                                     "extend_obj_data_id",
                                                     "order_by",
                                                     "relevant_team",
                                                     "is_deleted",
                                                     "version",
                                                     "life_status_before_invalid",
                                                     "lock_rule",
                                                     "lock_user",
                                                     "out_owner",
                                                     "out_tenant_id",
                                                     "mc_exchange_rate_version",
                                                     "origin_source",
                                                     "data_own_organization",
                                                     "sys_modified_time",
                                                     "mc_functional_currency"};

constexpr std::array<std::string_view, 8> kSystem{
    "created_by",  "last_modified_by", "create_time",      "last_modified_time",
    "life_status", "lock_status",      "owner_department", "total_num"};

bool ends_with(std::string_view text, std::string_view end) {
    return text.size() > end.size() && text.substr(text.size() - end.size()) == end;
}

}  // namespace

ObjectName object_name(std::string_view object) {
    for (const ObjectName& each : kObjects)
        if (each.object == object) return each;
    return {object, "", ""};
}

FieldName field_name(std::string_view object, std::string_view field) {
    FieldName shared;
    for (const Row& row : kRows) {
        if (row.field != field) continue;
        if (row.object == object) return {row.column, row.en};
        if (row.object.empty()) shared = {row.column, row.en};
    }
    return shared;
}

std::string column_hint(std::string_view object, std::string_view field, bool reference) {
    if (const auto known = field_name(object, field); !known.column.empty())
        return std::string(known.column);
    if (ends_with(field, "__c")) field.remove_suffix(3);
    std::string out(field);
    if (reference && !ends_with(out, "_id")) out += "_id";
    return out;
}

std::string_view field_group(std::string_view object, std::string_view field) {
    static constexpr std::array<std::string_view, 5> kAddress{"address", "city", "province",
                                                              "country", "district"};
    const bool address = std::find(kAddress.begin(), kAddress.end(), field) != kAddress.end();
    if (object == "AccountObj" && address) return "billing_address";
    if (object == "LeadsObj" && address) return "address";
    if (object == "NewOpportunityObj" &&
        (field == "sales_stage" || field == "probability" || field == "sales_process_id"))
        return "stage";
    if ((object == "ContactObj" || object == "LeadsObj") && field == "name") return "name";
    return "";
}

bool is_internal(std::string_view field) {
    // What is derived from another field of the record.
    for (const std::string_view end : {"__r", "__l", "__o", "__v", "__p", "__e", "__relation_ids"})
        if (ends_with(field, end)) return true;
    return std::find(kInternal.begin(), kInternal.end(), field) != kInternal.end();
}

bool is_system(std::string_view field) {
    return std::find(kSystem.begin(), kSystem.end(), field) != kSystem.end();
}

}  // namespace kontor::fxiaoke
