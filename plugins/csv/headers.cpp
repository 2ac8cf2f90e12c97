#include "plugins/csv/headers.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>

#include "plugins/csv/text.hpp"

namespace kontor::csv {
namespace {

struct Known {
    std::string_view column;
    std::optional<Type> type;
    /// As folded_name() gives them, between blanks; the first is what exported files say.
    std::string_view names;
};

// Names of columns that people use, as they stand in spreadsheets and in other systems' exports.
constexpr Known kPerson[] = {
    {"full_name", {}, "姓名 fullname name 联系人 联系人姓名 contactname 客户姓名 名字"},
    {"last_name", {}, "姓 lastname surname familyname"},
    {"first_name", {}, "名 firstname givenname"},
    {"salutation", {}, "称谓 salutation 尊称"},
    {"email", Type::kEmail,
     "邮箱 email emailaddress mail 电子邮件 电子邮箱 邮件 邮箱地址 邮件地址"},
    {"secondary_email", Type::kEmail, "备用邮箱 secondaryemail email2 otheremail"},
    {"mobile", Type::kPhone,
     "手机 mobile mobilephone cell cellphone 手机号 手机号码 移动电话 联系手机"},
    {"phone", Type::kPhone,
     "电话 phone telephone tel businessphone workphone 联系电话 办公电话 座机 固定电话 电话号码 "
     "公司电话"},
    {"fax", Type::kPhone, "传真 fax"},
    {"title", {}, "职务 title jobtitle position 职位 头衔 岗位"},
    {"description", Type::kLongText,
     "备注 description notes note remark remarks comment comments 说明 描述 备注说明"},
};
constexpr Known kContact[] = {
    {"department", {}, "部门 department dept"},
    {"date_of_birth", Type::kDate, "生日 birthday dateofbirth birthdate 出生日期"},
    {"wechat", {}, "微信 wechat 微信号"},
    {"lead_source", {}, "来源 leadsource source 客户来源 线索来源"},
    {"mailing_street", {}, "地址 address street 联系地址 详细地址 通讯地址 mailingstreet"},
    {"mailing_city", {}, "城市 city 所在城市 mailingcity"},
    {"mailing_state", {}, "省份 state province 省 mailingstate"},
    {"mailing_zip", Type::kText, "邮编 zip zipcode postalcode postcode 邮政编码"},
    {"mailing_country", {}, "国家 country mailingcountry"},
};
constexpr Known kLead[] = {
    {"company", {}, "公司 company companyname 公司名称 单位 客户名称 企业名称 organization"},
    {"website", Type::kUrl, "网站 website url 网址 公司网址"},
    {"industry", {}, "行业 industry 所属行业"},
    {"lead_source", {}, "来源 leadsource source 线索来源"},
    {"lead_status", {}, "状态 leadstatus status 线索状态"},
};
constexpr Known kAccount[] = {
    {"name",
     {},
     "公司名称 name company companyname accountname account 公司 客户 客户名称 企业名称 单位名称 "
     "单位 organization customer customername 名称"},
    {"industry", {}, "行业 industry 所属行业"},
    {"type", {}, "类型 type 客户类型 accounttype"},
    {"website", Type::kUrl, "网站 website url 网址 公司网址 官网"},
    {"phone", Type::kPhone, "电话 phone telephone tel 联系电话 公司电话 座机 电话号码"},
    {"fax", Type::kPhone, "传真 fax"},
    {"email", Type::kEmail, "邮箱 email emailaddress 电子邮件 公司邮箱"},
    {"employees", Type::kInteger, "员工人数 employees numberofemployees 人数 规模"},
    {"annual_revenue", Type::kDecimal, "年收入 annualrevenue revenue 年营业额 营业额"},
    {"tax_number", Type::kText, "税号 taxnumber vat 统一社会信用代码 纳税人识别号"},
    {"billing_street", {}, "地址 address street 公司地址 详细地址 billingstreet"},
    {"billing_city", {}, "城市 city 所在城市 billingcity"},
    {"billing_state", {}, "省份 state province 省 billingstate"},
    {"billing_zip", Type::kText, "邮编 zip zipcode postalcode postcode 邮政编码"},
    {"billing_country", {}, "国家 country billingcountry"},
    {"description", Type::kLongText, "备注 description notes note remark remarks 说明 描述"},
};
constexpr Known kDeal[] = {
    {"name", {}, "商机名称 name dealname opportunity opportunityname 项目名称 商机 项目 名称"},
    {"stage", {}, "阶段 stage 销售阶段 商机阶段"},
    {"amount", Type::kDecimal, "金额 amount value 预计金额 商机金额 合同金额"},
    {"closing_date", Type::kDate, "结单日期 closingdate closedate 预计成交日期 成交日期"},
    {"probability", Type::kInteger, "赢单概率 probability 赢率 概率"},
    {"next_step", {}, "下一步 nextstep"},
    {"description", Type::kLongText, "备注 description notes note 说明 描述"},
};
constexpr Known kProduct[] = {
    {"name", {}, "产品名称 name productname product 产品 名称 商品名称"},
    {"code", Type::kText, "产品编码 code sku productcode 产品编号 货号"},
    {"unit_price", Type::kDecimal, "单价 unitprice price 价格 售价"},
    {"description", Type::kLongText, "备注 description notes 说明 描述"},
};

struct Entity {
    std::string_view name;
    std::vector<std::span<const Known>> columns;
    std::vector<std::string_view> tables;  ///< a table of such a name holds them
};

bool has_word(std::string_view words, std::string_view word) {
    for (std::size_t at = 0; at <= words.size();) {
        const auto end = std::min(words.find(' ', at), words.size());
        if (words.substr(at, end - at) == word) return true;
        at = end + 1;
    }
    return false;
}

const std::vector<Entity>& entities() {
    static const std::vector<Entity> all{
        {"contact", {kPerson, kContact}, {"contact", "people", "联系人", "通讯录", "名片"}},
        {"lead", {kPerson, kLead}, {"lead", "线索", "潜在客户"}},
        {"account",
         {kAccount},
         {"account", "compan", "customer", "organi", "客户", "公司", "企业"}},
        {"deal", {kDeal}, {"deal", "opportunit", "商机", "项目"}},
        {"product", {kProduct}, {"product", "产品", "商品"}},
    };
    return all;
}

const Entity* entity_named(std::string_view name) {
    const auto found = std::ranges::find(entities(), name, &Entity::name);
    return found == entities().end() ? nullptr : &*found;
}

const Known* find(const Entity& entity, std::string_view column) {
    const std::string name = folded_name(column);
    for (const auto& list : entity.columns)
        for (const Known& known : list)
            if (has_word(known.names, name) || folded_name(known.column) == name) return &known;
    return nullptr;
}

}  // namespace

std::string_view entity_of(std::string_view table, const std::vector<std::string>& columns) {
    const std::string name = folded_name(table);
    for (const Entity& entity : entities())
        for (const auto& word : entity.tables)
            if (name.find(word) != std::string::npos) return entity.name;
    const auto has = [&](std::string_view entity, std::string_view column) {
        return std::ranges::any_of(columns, [&](const std::string& each) {
            const Known* known = find(*entity_named(entity), each);
            return known != nullptr && known->column == column;
        });
    };
    const bool person = has("contact", "full_name") || has("contact", "last_name");
    if (person && (has("contact", "mobile") || has("contact", "email") || has("contact", "phone")))
        return "contact";
    if (has("deal", "stage") && has("deal", "amount")) return "deal";
    if (!person && has("account", "name")) return "account";
    return {};
}

Meaning meaning_of(std::string_view entity, std::string_view column) {
    if (const Entity* known = entity_named(entity))
        if (const Known* found = find(*known, column)) return {found->column, found->type};
    // The name of a column says what its cells are wherever it stands.
    const std::string name = folded_name(column);
    if (const Known* found = find(entities().front(), column); found != nullptr && found->type)
        return {{}, found->type};
    const auto ends = [&](std::initializer_list<std::string_view> words) {
        return std::ranges::any_of(words, [&](const auto word) { return name.ends_with(word); });
    };
    if (ends({"电话", "手机", "phone", "mobile", "fax", "传真"})) return {{}, Type::kPhone};
    if (ends({"邮箱", "email"})) return {{}, Type::kEmail};
    if (ends({"日期", "date", "日"})) return {{}, Type::kDate};
    if (ends({"时间", "time"})) return {{}, Type::kInstant};
    if (ends({"编号", "号码", "账号", "证号", "代码", "code", "number"})) return {{}, Type::kText};
    return {};
}

Names named_by(std::string_view entity, std::string_view column) {
    constexpr std::string_view kAccountNames =
        "公司 公司名称 单位 单位名称 企业名称 客户 客户名称 company companyname account "
        "accountname "
        "customer customername organization 公司编号 客户编号 单位编号 companyid companyno "
        "accountid "
        "accountno customerid customerno customernumber";
    constexpr std::string_view kContactNames =
        "联系人 联系人姓名 contact contactname contactperson 联系人编号 contactid contactno";
    const std::string name = folded_name(column);
    if ((entity == "contact" || entity == "deal") && has_word(kAccountNames, name))
        return {"account", reference_to("account")};
    if (entity == "deal" && has_word(kContactNames, name))
        return {"contact", reference_to("contact")};
    return {};
}

std::string_view reference_to(std::string_view entity) {
    if (entity == "account") return "account_id";
    return entity == "contact" ? "contact_id" : "";
}

bool names_a_key(std::string_view column) {
    constexpr std::array<std::string_view, 20> kNames{
        "kontorid", "id",       "编号",     "序列号",    "客户编号",   "联系人编号",    "线索编号",
        "商机编号", "产品编号", "产品编码", "contactid", "accountid",  "customerid",    "leadid",
        "dealid",   "recordid", "uuid",     "sku",       "customerno", "customernumber"};
    return std::ranges::find(kNames, folded_name(column)) != kNames.end();
}

std::vector<StandardColumn> standard_columns(std::string_view entity) {
    std::vector<StandardColumn> out;
    if (const Entity* known = entity_named(entity))
        for (const auto& list : known->columns)
            for (const Known& each : list) {
                // A name goes out in its parts where the parts are there.
                const bool whole = each.column == "full_name";
                const bool twice = std::ranges::any_of(
                    out, [&](const auto& other) { return other.column == each.column; });
                if (!whole && !twice)
                    out.push_back(
                        {each.column, each.names.substr(0, each.names.find(' ')), each.type});
            }
    return out;
}

}  // namespace kontor::csv
