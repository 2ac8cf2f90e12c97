// The names that Kontor's standard columns have for Salesforce's standard fields: tables, and
// little else.
#include "plugins/salesforce/field_names.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace kontor::salesforce {
namespace {

constexpr ObjectName kObjects[]{
    {"Account", "account", "客户"},   {"Contact", "contact", "联系人"},
    {"Lead", "lead", "潜在客户"},     {"Opportunity", "deal", "业务机会"},
    {"Product2", "product", "产品"},  {"Campaign", "campaign", "市场活动"},
    {"Task", "task", "任务"},         {"Event", "event", "事件"},
    {"Case", "service_case", "个案"}, {"User", "user", "用户"},
    {"Quote", "quote", "报价"},       {"Order", "sales_order", "订单"},
};

struct Row {
    std::string_view object, field, column, zh;
};

// Order: object ("" = any that has no line of its own), field, column, Chinese label.
// clang-format off
constexpr Row kRows[]{
    {"", "OwnerId", "owner_id", "所有人"},
    {"", "CreatedDate", "remote_created_at", "创建日期"},
    {"", "LastModifiedDate", "remote_modified_at", "上次修改日期"},
    {"", "CreatedById", "remote_created_by", "创建人"},
    {"", "LastModifiedById", "remote_modified_by", "上次修改人"},
    {"", "LastActivityDate", "last_activity_at", "上次活动日期"},
    {"", "Name", "name", "名称"},
    {"", "Description", "description", "描述"},
    {"", "CurrencyIsoCode", "currency", "币种"},
    {"", "RecordTypeId", "record_type_id", "记录类型"},
    {"", "FirstName", "first_name", "名"},
    {"", "LastName", "last_name", "姓"},
    {"", "Salutation", "salutation", "称谓"},
    {"", "Title", "title", "职务"},
    {"", "Email", "email", "邮箱"},
    {"", "Phone", "phone", "电话"},
    {"", "MobilePhone", "mobile", "手机"},
    {"", "Fax", "fax", "传真"},
    {"", "Website", "website", "网站"},
    {"", "LeadSource", "lead_source", "潜在客户来源"},
    {"", "Industry", "industry", "行业"},
    {"", "Rating", "rating", "评级"},
    {"", "AnnualRevenue", "annual_revenue", "年收入"},
    {"", "NumberOfEmployees", "employees", "员工人数"},
    {"", "HasOptedOutOfEmail", "email_opt_out", "拒收邮件"},
    {"", "AccountId", "account_id", "客户"},
    {"", "ContactId", "contact_id", "联系人"},
    {"", "CampaignId", "campaign_id", "市场活动"},
    {"", "Subject", "subject", "主题"},
    {"", "Status", "status", "状态"},
    {"", "Priority", "priority", "优先级"},
    {"", "Type", "type", "类型"},
    {"", "WhoId", "who", "相关人员"},
    {"", "WhatId", "what", "相关记录"},
    {"", "IsActive", "active", "启用"},
    {"", "MailingStreet", "mailing_street", "邮寄街道"},
    {"", "MailingCity", "mailing_city", "邮寄城市"},
    {"", "MailingState", "mailing_state", "邮寄省份"},
    {"", "MailingPostalCode", "mailing_zip", "邮寄邮编"},
    {"", "MailingCountry", "mailing_country", "邮寄国家"},
    {"", "OtherStreet", "other_street", "其他街道"},
    {"", "OtherCity", "other_city", "其他城市"},
    {"", "OtherState", "other_state", "其他省份"},
    {"", "OtherPostalCode", "other_zip", "其他邮编"},
    {"", "OtherCountry", "other_country", "其他国家"},
    {"", "BillingStreet", "billing_street", "账单街道"},
    {"", "BillingCity", "billing_city", "账单城市"},
    {"", "BillingState", "billing_state", "账单省份"},
    {"", "BillingPostalCode", "billing_zip", "账单邮编"},
    {"", "BillingCountry", "billing_country", "账单国家"},
    {"", "ShippingStreet", "shipping_street", "收货街道"},
    {"", "ShippingCity", "shipping_city", "收货城市"},
    {"", "ShippingState", "shipping_state", "收货省份"},
    {"", "ShippingPostalCode", "shipping_zip", "收货邮编"},
    {"", "ShippingCountry", "shipping_country", "收货国家"},
    {"Account", "AccountNumber", "account_number", "客户编号"},
    {"Account", "Site", "site", "地点"},
    {"Account", "ParentId", "parent_id", "上级客户"},
    {"Account", "Ownership", "ownership", "所有制"},
    {"Account", "Sic", "sic_code", "行业代码"},
    {"Account", "TickerSymbol", "ticker_symbol", "股票代码"},
    {"Contact", "Name", "full_name", "姓名"},
    {"Contact", "HomePhone", "home_phone", "家庭电话"},
    {"Contact", "OtherPhone", "other_phone", "其他电话"},
    {"Contact", "AssistantName", "assistant", "助理"},
    {"Contact", "AssistantPhone", "assistant_phone", "助理电话"},
    {"Contact", "Department", "department", "部门"},
    {"Contact", "ReportsToId", "reports_to_id", "上级"},
    {"Contact", "Birthdate", "date_of_birth", "出生日期"},
    {"Lead", "Name", "full_name", "姓名"},
    {"Lead", "Company", "company", "公司"},
    {"Lead", "Status", "lead_status", "潜在客户状态"},
    {"Lead", "Street", "street", "街道"},
    {"Lead", "City", "city", "城市"},
    {"Lead", "State", "state", "省份"},
    {"Lead", "PostalCode", "zip", "邮编"},
    {"Lead", "Country", "country", "国家"},
    {"Lead", "IsConverted", "converted", "已转化"},
    {"Lead", "ConvertedAccountId", "converted_account_id", "转化客户"},
    {"Lead", "ConvertedContactId", "converted_contact_id", "转化联系人"},
    {"Lead", "ConvertedOpportunityId", "converted_deal_id", "转化业务机会"},
    {"Lead", "ConvertedDate", "converted_at", "转化日期"},
    {"Opportunity", "StageName", "stage", "阶段"},
    {"Opportunity", "Probability", "probability", "成功概率（%）"},
    {"Opportunity", "Amount", "amount", "金额"},
    {"Opportunity", "CloseDate", "closing_date", "结束日期"},
    {"Opportunity", "NextStep", "next_step", "下一步"},
    {"Opportunity", "ExpectedRevenue", "expected_revenue", "预期收入"},
    {"Product2", "ProductCode", "code", "产品代码"},
    {"Product2", "Family", "category", "产品系列"},
    {"Product2", "QuantityUnitOfMeasure", "usage_unit", "单位"},
    {"Campaign", "StartDate", "start_date", "开始日期"},
    {"Campaign", "EndDate", "end_date", "结束日期"},
    {"Campaign", "BudgetedCost", "budgeted_cost", "预算成本"},
    {"Campaign", "ActualCost", "actual_cost", "实际成本"},
    {"Campaign", "NumberSent", "number_sent", "发送数"},
    {"Campaign", "ParentId", "parent_id", "上级活动"},
    {"Task", "ActivityDate", "due_date", "到期日"},
    {"Event", "Subject", "title", "标题"},
    {"Event", "StartDateTime", "start_at", "开始"},
    {"Event", "EndDateTime", "end_at", "结束"},
    {"Event", "IsAllDayEvent", "all_day", "全天"},
    {"Event", "Location", "venue", "地点"},
    {"Event", "DurationInMinutes", "duration", "时长（分钟）"},
    {"Case", "CaseNumber", "number", "个案编号"},
    {"Case", "Origin", "origin", "来源"},
    {"Case", "Reason", "reason", "原因"},
    {"User", "Name", "full_name", "姓名"},
    {"User", "Username", "username", "用户名"},
    {"User", "ManagerId", "reports_to_id", "上级"},
    {"User", "UserRoleId", "role", "角色"},
    {"User", "ProfileId", "profile", "简档"},
    {"User", "TimeZoneSidKey", "time_zone", "时区"},
    {"User", "LocaleSidKey", "locale", "语言区域"},
};
// clang-format on

constexpr std::array<std::string_view, 12> kInternal{"Id",
                                                     "IsDeleted",
                                                     "MasterRecordId",
                                                     "SystemModstamp",
                                                     "LastViewedDate",
                                                     "LastReferencedDate",
                                                     "PhotoUrl",
                                                     "Jigsaw",
                                                     "JigsawContactId",
                                                     "JigsawCompanyId",
                                                     "CleanStatus",
                                                     "LastReferencedById"};

constexpr std::array<std::string_view, 8> kAddressParts{
    "Street",  "City",      "State",       "PostalCode",
    "Country", "StateCode", "CountryCode", "GeocodeAccuracy"};

}  // namespace

ObjectName object_name(std::string_view object) {
    for (const ObjectName& each : kObjects)
        if (each.object == object) return each;
    return {object, "", ""};
}

FieldName field_name(std::string_view object, std::string_view field) {
    FieldName shared;
    if (object.empty()) return shared;
    for (const Row& row : kRows) {
        if (row.field != field) continue;
        if (row.object == object) return {row.column, row.zh};
        if (row.object.empty()) shared = {row.column, row.zh};
    }
    return shared;
}

std::string column_hint(std::string_view object, std::string_view field) {
    if (const auto known = field_name(object, field); !known.column.empty())
        return std::string(known.column);
    if (field.size() > 3 && field.substr(field.size() - 3) == "__c") field.remove_suffix(3);
    std::string out;
    bool lower_before = false;
    for (const char c : field) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isupper(byte) != 0 && lower_before) out.push_back('_');
        lower_before = std::islower(byte) != 0 || std::isdigit(byte) != 0;
        if (std::isalnum(byte) != 0)
            out.push_back(static_cast<char>(std::tolower(byte)));
        else if (!out.empty() && out.back() != '_')
            out.push_back('_');
    }
    return out;
}

std::string_view field_group(std::string_view object, std::string_view field) {
    struct Group {
        std::string_view prefix, name;
    };
    constexpr std::array<Group, 4> kGroups{{{"Mailing", "mailing_address"},
                                            {"Other", "other_address"},
                                            {"Billing", "billing_address"},
                                            {"Shipping", "shipping_address"}}};
    const auto is_part = [](std::string_view part) {
        return std::find(kAddressParts.begin(), kAddressParts.end(), part) != kAddressParts.end();
    };
    for (const Group& each : kGroups)
        if (field.substr(0, each.prefix.size()) == each.prefix &&
            is_part(field.substr(each.prefix.size())))
            return each.name;
    if ((object == "Lead" || object == "User") && is_part(field)) return "address";
    if ((object == "Contact" || object == "Lead") &&
        (field == "FirstName" || field == "LastName" || field == "Salutation"))
        return "name";
    if (object == "Opportunity" && (field == "StageName" || field == "Probability")) return "stage";
    return "";
}

bool is_internal(std::string_view field) {
    return std::find(kInternal.begin(), kInternal.end(), field) != kInternal.end();
}

}  // namespace kontor::salesforce
