#include <algorithm>
#include <array>
#include <cctype>

#include "plugins/zoho/field_names.hpp"

namespace kontor::zoho {
namespace {

constexpr ModuleName kModules[]{
    {"Leads", "lead", "线索"},
    {"Accounts", "account", "客户"},
    {"Contacts", "contact", "联系人"},
    {"Deals", "deal", "商机"},
    {"Products", "product", "产品"},
    {"Quotes", "quote", "报价单"},
    {"Sales_Orders", "sales_order", "销售订单"},
    {"Invoices", "invoice", "发票"},
    {"Campaigns", "campaign", "市场活动"},
    {"Tasks", "task", "任务"},
    {"Events", "event", "日程"},
    {"Calls", "call", "通话"},
    {"Notes", "note", "备注"},
    {"Cases", "service_case", "工单"},
    {"users", "user", "用户"},
    {"Purchase_Orders", "", "采购订单"},
    {"Vendors", "", "供应商"},
    {"Price_Books", "", "价格表"},
    {"Solutions", "", "解决方案"},
};

constexpr std::array<std::string_view, 6> kAddressParts{"Street", "City",     "State",
                                                        "Zip",    "Zip_Code", "Country"};

bool is_address_part(std::string_view part) {
    return part == "Code" ||
           std::find(kAddressParts.begin(), kAddressParts.end(), part) != kAddressParts.end();
}

}  // namespace

ModuleName module_name(std::string_view module) {
    for (const ModuleName& each : kModules)
        if (each.module == module) return each;
    return {module, "", ""};
}

std::string column_hint(std::string_view module, std::string_view field, bool reference) {
    if (const auto name = field_name(module, field); !name.column.empty())
        return std::string(name.column);
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
    while (!out.empty() && out.back() == '_') out.pop_back();
    if (reference && !(out.size() > 3 && out.substr(out.size() - 3) == "_id")) out += "_id";
    return out;
}

std::string_view field_group(std::string_view module, std::string_view field, bool has_currency) {
    static constexpr std::array<std::array<std::string_view, 2>, 4> kPrefixes{
        {{"Mailing_", "mailing_address"},
         {"Other_", "other_address"},
         {"Billing_", "billing_address"},
         {"Shipping_", "shipping_address"}}};
    for (const auto& [prefix, group] : kPrefixes)
        if (field.substr(0, prefix.size()) == prefix &&
            is_address_part(field.substr(prefix.size())))
            return group;
    if (module == "Leads" && is_address_part(field)) return "address";
    if (module == "Deals" && (field == "Stage" || field == "Probability" || field == "Pipeline"))
        return "stage";
    if (module == "Deals" && has_currency &&
        (field == "Amount" || field == "Currency" || field == "Exchange_Rate"))
        return "amount";
    if (module == "Events" &&
        (field == "Start_DateTime" || field == "End_DateTime" || field == "All_day"))
        return "time";
    return "";
}

}  // namespace kontor::zoho
