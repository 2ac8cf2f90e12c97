#include "sync/replica/standard_columns.hpp"

namespace kontor::replica::standard {

using enum remote::FieldType;

namespace {

constexpr Options kAccount{.target = "account"};
constexpr Options kContact{.target = "contact"};
constexpr Options kDeal{.target = "deal"};

StandardEntity campaign() {
    return {"campaign",
            {"Campaign", "市场活动"},
            join({{
                      column("name", kText, "Name", "名称"),
                      column("type", kChoice, "Type", "类型"),
                      column("status", kChoice, "Status", "状态"),
                      column("start_date", kDate, "Start date", "开始日期"),
                      column("end_date", kDate, "End date", "结束日期"),
                      column("expected_revenue", kDecimal, "Expected revenue", "预期收入", kAmount),
                      column("budgeted_cost", kDecimal, "Budgeted cost", "预算成本", kAmount),
                      column("actual_cost", kDecimal, "Actual cost", "实际成本", kAmount),
                      column("expected_response", kInteger, "Expected response", "预期响应数"),
                      column("number_sent", kInteger, "Number sent", "发送数"),
                      column("parent_id", kReference, "Parent campaign", "上级活动",
                             {.target = "campaign"}),
                      column("description", kLongText, "Description", "描述"),
                  },
                  currency(),
                  common()})};
}

StandardEntity deal() {
    return {
        "deal",
        {"Deal", "商机"},
        join({{
                  column("name", kText, "Name", "名称"),
                  column("pipeline", kChoice, "Pipeline", "销售流程", {.group = "stage"}),
                  column("stage", kChoice, "Stage", "阶段", {.group = "stage"}),
                  column("probability", kInteger, "Probability, %", "赢单概率（%）",
                         {.group = "stage"}),
                  column("account_id", kReference, "Account", "客户", kAccount),
                  column("contact_id", kReference, "Contact", "联系人", kContact),
                  column("amount", kDecimal, "Amount", "金额", kAmount),
                  column("expected_revenue", kDecimal, "Expected revenue", "预期收入",
                         kMoneyReadOnly),
                  column("closing_date", kDate, "Closing date", "结单日期"),
                  column("type", kChoice, "Type", "类型"),
                  column("lead_source", kChoice, "Lead source", "线索来源"),
                  column("next_step", kText, "Next step", "下一步"),
                  column("campaign_id", kReference, "Campaign", "市场活动", {.target = "campaign"}),
                  column("reason_for_loss", kChoice, "Reason for loss", "输单原因"),
                  column("description", kLongText, "Description", "描述"),
              },
              currency(),
              common()})};
}

StandardEntity product() {
    return {"product",
            {"Product", "产品"},
            join({{
                      column("name", kText, "Name", "名称"),
                      column("code", kText, "Code", "编码"),
                      column("category", kChoice, "Category", "类别"),
                      column("active", kBoolean, "Active", "启用"),
                      column("vendor", kText, "Vendor", "供应商"),
                      column("manufacturer", kChoice, "Manufacturer", "制造商"),
                      column("unit_price", kDecimal, "Unit price", "单价", kAmount),
                      column("commission_rate", kDecimal, "Commission rate", "佣金率", kMoney),
                      column("tax", kList, "Taxes", "税种"),
                      column("taxable", kBoolean, "Taxable", "应税"),
                      column("usage_unit", kChoice, "Unit", "单位"),
                      column("quantity_in_stock", kDecimal, "In stock", "库存", kMoney),
                      column("quantity_ordered", kDecimal, "Ordered", "已订购", kMoney),
                      column("quantity_in_demand", kDecimal, "In demand", "需求量", kMoney),
                      column("reorder_level", kDecimal, "Reorder level", "再订货点", kMoney),
                      column("sales_start_date", kDate, "Sales start", "销售开始"),
                      column("sales_end_date", kDate, "Sales end", "销售结束"),
                      column("description", kLongText, "Description", "描述"),
                  },
                  currency(),
                  common()})};
}

/// Line items and what they add up to: priced in one currency, changed as one.
Columns lines() {
    return {
        column("items", kJson, "Line items", "明细", {.group = "amount"}),
        column("sub_total", kDecimal, "Sub-total", "小计", kMoneyReadOnly),
        column("discount", kDecimal, "Discount", "折扣", kAmount),
        column("tax", kDecimal, "Tax", "税额", kMoneyReadOnly),
        column("adjustment", kDecimal, "Adjustment", "调整", kAmount),
        column("grand_total", kDecimal, "Grand total", "总计", kMoneyReadOnly),
        column("terms", kLongText, "Terms and conditions", "条款"),
        column("description", kLongText, "Description", "描述"),
    };
}

Columns delivery() {
    return join({address("billing", "Billing", "账单"), address("shipping", "Shipping", "收货")});
}

StandardEntity quote() {
    return {"quote",
            {"Quote", "报价单"},
            join({{
                      column("subject", kText, "Subject", "主题"),
                      column("number", kText, "Number", "编号", {.read_only = true}),
                      column("stage", kChoice, "Stage", "阶段"),
                      column("valid_till", kDate, "Valid till", "有效期至"),
                      column("deal_id", kReference, "Deal", "商机", kDeal),
                      column("account_id", kReference, "Account", "客户", kAccount),
                      column("contact_id", kReference, "Contact", "联系人", kContact),
                      column("team", kText, "Team", "团队"),
                      column("carrier", kChoice, "Carrier", "承运人"),
                  },
                  lines(),
                  delivery(),
                  currency(),
                  common()})};
}

StandardEntity sales_order() {
    return {"sales_order",
            {"Sales order", "销售订单"},
            join({{
                      column("subject", kText, "Subject", "主题"),
                      column("number", kText, "Number", "编号", {.read_only = true}),
                      column("status", kChoice, "Status", "状态"),
                      column("due_date", kDate, "Due date", "到期日"),
                      column("customer_number", kText, "Customer number", "客户编号"),
                      column("account_id", kReference, "Account", "客户", kAccount),
                      column("contact_id", kReference, "Contact", "联系人", kContact),
                      column("deal_id", kReference, "Deal", "商机", kDeal),
                      column("quote_id", kReference, "Quote", "报价单", {.target = "quote"}),
                      column("purchase_order", kText, "Purchase order", "采购单号"),
                      column("sales_commission", kDecimal, "Sales commission", "销售佣金", kAmount),
                      column("excise_duty", kDecimal, "Excise duty", "消费税", kAmount),
                      column("pending", kText, "Pending", "待处理"),
                      column("carrier", kChoice, "Carrier", "承运人"),
                  },
                  lines(),
                  delivery(),
                  currency(),
                  common()})};
}

StandardEntity invoice() {
    return {"invoice",
            {"Invoice", "发票"},
            join({{
                      column("subject", kText, "Subject", "主题"),
                      column("number", kText, "Number", "编号", {.read_only = true}),
                      column("invoice_date", kDate, "Invoice date", "开票日期"),
                      column("due_date", kDate, "Due date", "到期日"),
                      column("status", kChoice, "Status", "状态"),
                      column("account_id", kReference, "Account", "客户", kAccount),
                      column("contact_id", kReference, "Contact", "联系人", kContact),
                      column("deal_id", kReference, "Deal", "商机", kDeal),
                      column("sales_order_id", kReference, "Sales order", "销售订单",
                             {.target = "sales_order"}),
                      column("purchase_order", kText, "Purchase order", "采购单号"),
                      column("sales_commission", kDecimal, "Sales commission", "销售佣金", kAmount),
                      column("excise_duty", kDecimal, "Excise duty", "消费税", kAmount),
                  },
                  lines(),
                  delivery(),
                  currency(),
                  common()})};
}

}  // namespace

std::vector<StandardEntity> sales() {
    return {campaign(), deal(), product(), quote(), sales_order(), invoice()};
}

}  // namespace kontor::replica::standard
