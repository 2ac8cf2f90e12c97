#include "sync/replica/standard_columns.hpp"

namespace kontor::replica::standard {

using enum remote::FieldType;

namespace {

StandardEntity user() {
    return {
        "user",
        {"User", "用户"},
        {
            column("full_name", kText, "Full name", "姓名", kPersonal),
            column("first_name", kText, "First name", "名", kPersonal),
            column("last_name", kText, "Last name", "姓", kPersonal),
            column("email", kEmail, "E-mail", "邮箱", kPersonal),
            column("phone", kPhone, "Phone", "电话", kPersonal),
            column("mobile", kPhone, "Mobile", "手机", kPersonal),
            column("role", kText, "Role", "角色"),
            column("profile", kText, "Profile", "权限组"),
            column("department", kText, "Department", "部门"),
            column("title", kText, "Title", "职务"),
            column("locale", kText, "Locale", "语言区域", kCode),
            column("time_zone", kText, "Time zone", "时区", kCode),
            column("status", kText, "Status", "状态", kCode),
            column("active", kBoolean, "Active", "启用"),
            column("reports_to_id", kReference, "Reports to", "上级", {.target = "user"}),
            column("remote_created_at", kInstant, "Created there at", "远端创建时间", kReadOnly),
            column("remote_modified_at", kInstant, "Modified there at", "远端修改时间", kReadOnly),
        }};
}

StandardEntity account() {
    return {"account",
            {"Account", "客户"},
            join({{
                      column("name", kText, "Name", "名称"),
                      column("account_number", kText, "Account number", "客户编号"),
                      column("site", kText, "Site", "地点"),
                      column("type", kChoice, "Type", "类型"),
                      column("parent_id", kReference, "Parent account", "上级客户",
                             {.target = "account"}),
                      column("industry", kChoice, "Industry", "行业"),
                      column("ownership", kChoice, "Ownership", "所有制"),
                      column("rating", kChoice, "Rating", "评级"),
                      column("employees", kInteger, "Employees", "员工人数"),
                      column("annual_revenue", kDecimal, "Annual revenue", "年收入", kAmount),
                      column("sic_code", kText, "SIC code", "行业代码"),
                      column("ticker_symbol", kText, "Ticker symbol", "股票代码"),
                      column("tax_number", kText, "Tax number", "税号"),
                      column("phone", kPhone, "Phone", "电话", kPersonal),
                      column("fax", kPhone, "Fax", "传真", kPersonal),
                      column("email", kEmail, "E-mail", "邮箱", kPersonal),
                      column("website", kUrl, "Website", "网站"),
                      column("description", kLongText, "Description", "描述"),
                  },
                  address("billing", "Billing", "账单"),
                  address("shipping", "Shipping", "收货"),
                  currency(),
                  common()})};
}

StandardEntity contact() {
    return {
        "contact",
        {"Contact", "联系人"},
        join({{
                  column("last_name", kText, "Last name", "姓", kPersonal),
                  column("first_name", kText, "First name", "名", kPersonal),
                  column("full_name", kText, "Full name", "姓名",
                         {.personal = true, .read_only = true}),
                  column("salutation", kChoice, "Salutation", "称谓"),
                  column("account_id", kReference, "Account", "客户", {.target = "account"}),
                  column("email", kEmail, "E-mail", "邮箱", kPersonal),
                  column("secondary_email", kEmail, "Secondary e-mail", "备用邮箱", kPersonal),
                  column("phone", kPhone, "Phone", "电话", kPersonal),
                  column("mobile", kPhone, "Mobile", "手机", kPersonal),
                  column("home_phone", kPhone, "Home phone", "家庭电话", kPersonal),
                  column("other_phone", kPhone, "Other phone", "其他电话", kPersonal),
                  column("fax", kPhone, "Fax", "传真", kPersonal),
                  column("title", kText, "Title", "职务"),
                  column("department", kText, "Department", "部门"),
                  column("assistant", kText, "Assistant", "助理", kPersonal),
                  column("assistant_phone", kPhone, "Assistant's phone", "助理电话", kPersonal),
                  column("reports_to_id", kReference, "Reports to", "上级", {.target = "contact"}),
                  column("lead_source", kChoice, "Lead source", "线索来源"),
                  column("date_of_birth", kDate, "Date of birth", "出生日期", kPersonal),
                  column("email_opt_out", kBoolean, "No e-mails", "拒收邮件"),
                  column("wechat", kText, "WeChat", "微信", kPersonal),
                  column("description", kLongText, "Description", "描述"),
              },
              address("mailing", "Mailing", "邮寄"),
              address("other", "Other", "其他"),
              currency(),
              common()})};
}

StandardEntity lead() {
    return {"lead",
            {"Lead", "线索"},
            join({{
                      column("last_name", kText, "Last name", "姓", kPersonal),
                      column("first_name", kText, "First name", "名", kPersonal),
                      column("full_name", kText, "Full name", "姓名",
                             {.personal = true, .read_only = true}),
                      column("salutation", kChoice, "Salutation", "称谓"),
                      column("company", kText, "Company", "公司"),
                      column("title", kText, "Title", "职务"),
                      column("email", kEmail, "E-mail", "邮箱", kPersonal),
                      column("secondary_email", kEmail, "Secondary e-mail", "备用邮箱", kPersonal),
                      column("phone", kPhone, "Phone", "电话", kPersonal),
                      column("mobile", kPhone, "Mobile", "手机", kPersonal),
                      column("fax", kPhone, "Fax", "传真", kPersonal),
                      column("website", kUrl, "Website", "网站"),
                      column("lead_source", kChoice, "Lead source", "线索来源"),
                      column("lead_status", kChoice, "Lead status", "线索状态"),
                      column("industry", kChoice, "Industry", "行业"),
                      column("rating", kChoice, "Rating", "评级"),
                      column("annual_revenue", kDecimal, "Annual revenue", "年收入", kAmount),
                      column("employees", kInteger, "Employees", "员工人数"),
                      column("email_opt_out", kBoolean, "No e-mails", "拒收邮件"),
                      column("skype", kText, "Skype", "Skype", kPersonal),
                      column("twitter", kText, "Twitter", "Twitter", kPersonal),
                      column("converted", kBoolean, "Converted", "已转化", kReadOnly),
                      column("converted_account_id", kReference, "Converted to account", "转化客户",
                             {.target = "account", .read_only = true}),
                      column("converted_contact_id", kReference, "Converted to contact",
                             "转化联系人", {.target = "contact", .read_only = true}),
                      column("converted_deal_id", kReference, "Converted to deal", "转化商机",
                             {.target = "deal", .read_only = true}),
                      column("converted_at", kInstant, "Converted at", "转化时间", kReadOnly),
                      column("description", kLongText, "Description", "描述"),
                  },
                  address("", "Address", "地址"),
                  currency(),
                  common()})};
}

}  // namespace

std::vector<StandardEntity> people() {
    return {user(), account(), contact(), lead()};
}

}  // namespace kontor::replica::standard
