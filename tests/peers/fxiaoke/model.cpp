#include "tests/peers/fxiaoke/model.hpp"

#include <string_view>

namespace kontor::peer::fxiaoke {

namespace {

struct ObjectRow {
    const char *name, *label;
};
constexpr ObjectRow kObjects[] = {
    {"AccountObj", "客户"},
    {"ContactObj", "联系人"},
    {"LeadsObj", "销售线索"},
    {"NewOpportunityObj", "商机2.0"},
    {"ProductObj", "产品"},
    {"QuoteObj", "报价单"},
    {"QuoteLinesObj", "报价单明细"},
    {"SalesOrderObj", "销售订单"},
    {"SalesOrderProductObj", "订单产品"},
    {"ActiveRecordObj", "销售记录"},
    {"object_Visit__c", "拜访"},
    {"object_VisitLine__c", "拜访明细"},
};

/// object, field, label, type, and what else a description says.
struct FieldRow {
    const char *object, *name, *label, *type, *more;
};

constexpr const char* kRequired = R"({"is_required":true})";
constexpr const char* kMoney = R"({"length":12,"decimal_places":2,"currency_unit":"￥"})";
constexpr const char* kAccount = R"({"target_api_name":"AccountObj"})";

constexpr FieldRow kFields[] = {
    {"AccountObj", "name", "客户名称", "text", R"({"is_required":true,"max_length":256})"},
    {"AccountObj", "account_no", "客户编号", "auto_number", "{}"},
    {"AccountObj", "tel", "电话", "phone_number", "{}"},
    {"AccountObj", "email", "邮件", "email", "{}"},
    {"AccountObj", "url", "网址", "url", "{}"},
    {"AccountObj", "account_level", "客户级别", "select_one",
     R"({"options":[{"label":"重要客户","value":"1"},{"label":"普通客户","value":"2"}]})"},
    {"AccountObj", "industry_level1", "1级行业", "select_one",
     R"({"options":[{"label":"制造业","value":"101"},{"label":"软件","value":"102"},
                    {"label":"其他","value":"other"}]})"},
    {"AccountObj", "parent_account_id", "上级客户", "object_reference", kAccount},
    {"AccountObj", "address", "详细地址", "text", "{}"},
    {"AccountObj", "city", "城市", "text", "{}"},
    {"AccountObj", "remark", "备注", "long_text", R"({"max_length":2000})"},
    {"AccountObj", "capital__c", "注册资本", "currency", kMoney},
    {"AccountObj", "total_deals", "商机金额合计", "count",
     R"({"return_type":"currency","decimal_places":2})"},
    {"ContactObj", "name", "姓名", "text", R"({"is_required":true,"max_length":100})"},
    {"ContactObj", "account_id", "客户名称", "object_reference", kAccount},
    {"ContactObj", "mobile1", "手机", "phone_number", "{}"},
    {"ContactObj", "tel1", "电话", "phone_number", "{}"},
    {"ContactObj", "email", "邮件", "email", "{}"},
    {"ContactObj", "job_title", "职务", "text", "{}"},
    {"ContactObj", "department", "部门", "text", "{}"},
    {"ContactObj", "date_of_birth", "生日", "date", "{}"},
    {"ContactObj", "add", "地址", "text", "{}"},
    {"ContactObj", "remark", "备注", "long_text", "{}"},
    {"ContactObj", "interests__c", "兴趣", "select_many",
     R"({"options":[{"label":"羽毛球","value":"badminton"},{"label":"阅读","value":"reading"},
                    {"label":"旅行","value":"travel"}]})"},
    {"ContactObj", "vip__c", "重点", "true_or_false", "{}"},
    {"LeadsObj", "name", "姓名", "text", kRequired},
    {"LeadsObj", "company", "公司", "text", "{}"},
    {"LeadsObj", "mobile", "手机", "phone_number", "{}"},
    {"LeadsObj", "email", "邮件", "email", "{}"},
    {"LeadsObj", "source", "来源", "select_one",
     R"({"options":[{"label":"展会","value":"1"},{"label":"网络","value":"2"}]})"},
    {"LeadsObj", "leads_status", "状态", "select_one",
     R"({"options":[{"label":"未处理","value":"un_processed"},{"label":"跟进中","value":"processed"}]})"},
    {"LeadsObj", "remark", "备注", "long_text", "{}"},
    {"NewOpportunityObj", "name", "商机名称", "text", kRequired},
    {"NewOpportunityObj", "account_id", "客户", "object_reference", kAccount},
    {"NewOpportunityObj", "amount", "商机金额", "currency", kMoney},
    {"NewOpportunityObj", "sales_stage", "商机阶段", "select_one",
     R"({"options":[{"label":"验证客户","value":"1"},{"label":"方案报价","value":"2"},
                    {"label":"赢单","value":"5"}]})"},
    {"NewOpportunityObj", "probability", "赢率", "percentile", "{}"},
    {"NewOpportunityObj", "close_date", "预计成交日期", "date", "{}"},
    {"ProductObj", "name", "产品名称", "text", kRequired},
    {"ProductObj", "product_code", "产品编码", "text", "{}"},
    {"ProductObj", "price", "标准价格", "currency", kMoney},
    {"ProductObj", "unit", "单位", "select_one",
     R"({"options":[{"label":"个","value":"1"},{"label":"块","value":"2"}]})"},
    {"QuoteObj", "name", "报价单名称", "text", kRequired},
    {"QuoteObj", "account_id", "客户", "object_reference", kAccount},
    {"QuoteObj", "new_opportunity_id", "商机", "object_reference",
     R"({"target_api_name":"NewOpportunityObj"})"},
    {"QuoteObj", "quote_time", "报价日期", "date", "{}"},
    {"QuoteLinesObj", "name", "编号", "auto_number", "{}"},
    {"QuoteLinesObj", "quote_id", "报价单", "master_detail",
     R"({"target_api_name":"QuoteObj","is_required":true})"},
    {"QuoteLinesObj", "product_id", "产品", "object_reference",
     R"({"target_api_name":"ProductObj"})"},
    {"QuoteLinesObj", "quantity", "数量", "number", R"({"length":10,"decimal_places":0})"},
    {"QuoteLinesObj", "price", "价格", "currency", kMoney},
    {"SalesOrderObj", "name", "订单编号", "auto_number", "{}"},
    {"SalesOrderObj", "account_id", "客户", "object_reference",
     R"({"target_api_name":"AccountObj","is_required":true})"},
    {"SalesOrderObj", "order_amount", "订单金额", "currency", kMoney},
    {"SalesOrderObj", "order_time", "下单日期", "date", "{}"},
    {"SalesOrderObj", "delivery_date", "交货日期", "date", "{}"},
    {"SalesOrderProductObj", "name", "编号", "auto_number", "{}"},
    {"SalesOrderProductObj", "order_id", "订单", "master_detail",
     R"({"target_api_name":"SalesOrderObj","is_required":true})"},
    {"SalesOrderProductObj", "product_id", "产品", "object_reference",
     R"({"target_api_name":"ProductObj"})"},
    {"SalesOrderProductObj", "quantity", "数量", "number", R"({"length":10,"decimal_places":0})"},
    {"ActiveRecordObj", "name", "编号", "auto_number", "{}"},
    {"ActiveRecordObj", "active_record_content", "销售记录内容", "long_text", "{}"},
    {"ActiveRecordObj", "account_id", "客户", "object_reference", kAccount},
    {"object_Visit__c", "name", "拜访主题", "text", kRequired},
    {"object_Visit__c", "account__c", "客户", "object_reference", kAccount},
    {"object_Visit__c", "visited_at__c", "拜访时间", "date_time", "{}"},
    {"object_Visit__c", "start__c", "开始", "time", "{}"},
    {"object_Visit__c", "people__c", "参与人", "employee_many", "{}"},
    {"object_Visit__c", "report__c", "报告", "html_rich_text", "{}"},
    {"object_Visit__c", "score__c", "评分", "number", R"({"length":6,"decimal_places":2})"},
    {"object_Visit__c", "photo__c", "照片", "image", "{}"},
    {"object_VisitLine__c", "name", "编号", "auto_number", "{}"},
    {"object_VisitLine__c", "visit__c", "拜访", "master_detail",
     R"({"target_api_name":"object_Visit__c","is_required":true})"},
    {"object_VisitLine__c", "note__c", "说明", "text", "{}"},
};

constexpr FieldRow kSystem[] = {
    {"", "_id", "ID", "text", "{}"},
    {"", "owner", "负责人", "employee", R"({"is_required":true,"default_value":"me"})"},
    {"", "created_by", "创建人", "employee", "{}"},
    {"", "last_modified_by", "最后修改人", "employee", "{}"},
    {"", "create_time", "创建时间", "date_time", "{}"},
    {"", "last_modified_time", "最后修改时间", "date_time", R"({"is_index":true})"},
    {"", "record_type", "业务类型", "record_type",
     R"({"options":[{"api_name":"default__c","label":"预设业务类型","is_active":true}]})"},
    {"", "life_status", "生命状态", "select_one",
     R"({"is_required":true,"default_value":"normal","options":[
         {"label":"未生效","value":"ineffective"},{"label":"审核中","value":"under_review"},
         {"label":"正常","value":"normal"},{"label":"变更中","value":"in_change"},
         {"label":"作废","value":"invalid"}]})"},
    {"", "life_status_before_invalid", "作废前生命状态", "text", "{}"},
    {"", "lock_status", "锁定状态", "select_one",
     R"({"default_value":"0","options":[{"label":"未锁定","value":"0"},{"label":"锁定","value":"1"}]})"},
    {"", "is_deleted", "是否删除", "true_or_false", R"({"is_index":false})"},
    {"", "version", "版本", "number", R"({"is_index":false})"},
    {"", "tenant_id", "企业", "text", "{}"},
    {"", "object_describe_api_name", "对象", "text", "{}"},
    {"", "relevant_team", "相关团队", "embedded_object_list", "{}"},
};

Json described(const FieldRow& row) {
    const std::string_view name = row.name;
    Json out{{"api_name", row.name},
             {"label", row.label},
             {"type", row.type},
             {"define_type", *row.object == '\0'     ? "system"
                             : name.ends_with("__c") ? "custom"
                                                     : "package"},
             {"is_required", false},
             {"is_active", true},
             {"is_index", true},
             {"is_unique", false}};
    out.update(Json::parse(row.more));
    return out;
}

}  // namespace

std::vector<Object> make_objects(bool external_field) {
    std::vector<Object> out;
    for (const ObjectRow& row : kObjects) {
        Object object;
        object.name = row.name;
        object.label = row.label;
        for (const FieldRow& field : kSystem) object.fields[field.name] = described(field);
        for (const FieldRow& field : kFields)
            if (object.name == field.object) object.fields[field.name] = described(field);
        if (external_field)
            object.fields["kontor_id__c"] = described({row.name, "kontor_id__c", "Kontor", "text",
                                                       R"({"is_unique":true,"max_length":64})"});
        out.push_back(std::move(object));
    }
    return out;
}

const std::vector<Employee>& employees() {
    static const std::vector<Employee> all{
        {"1000", "FSUID_A1000", "管理员", "admin@example.cn", "13800000000"},
        {"1001", "FSUID_A1001", "王小明", "wang@example.cn", "13800000001"},
        {"1002", "FSUID_A1002", "李芳", "li@example.cn", "13800000002"},
        {"1003", "FSUID_A1003", "张强", "zhang@example.cn", "13800000003"},
        {"1004", "FSUID_A1004", "陈静", "chen@example.cn", "13800000004", true},
    };
    return all;
}

}  // namespace kontor::peer::fxiaoke
