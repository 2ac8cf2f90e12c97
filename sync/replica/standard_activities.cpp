#include "sync/replica/standard_columns.hpp"

namespace kontor::replica::standard {

using enum remote::FieldType;

namespace {

constexpr Options kAny{.target = kAnyTarget};

/// The person and the thing that an activity is about.
Columns about() {
    return {
        column("who", kReference, "Person", "相关人员", kAny),
        column("what", kReference, "About", "相关记录", kAny),
        column("description", kLongText, "Description", "描述"),
    };
}

StandardEntity task() {
    return {"task",
            {"Task", "任务"},
            join({{
                      column("subject", kText, "Subject", "主题"),
                      column("status", kChoice, "Status", "状态"),
                      column("priority", kChoice, "Priority", "优先级"),
                      column("due_date", kDate, "Due date", "到期日"),
                      column("closed_at", kInstant, "Closed at", "完成时间", kReadOnly),
                      column("remind_at", kJson, "Reminder", "提醒"),
                      column("recurrence", kJson, "Recurrence", "重复"),
                      column("send_notification", kBoolean, "Notify by e-mail", "邮件通知"),
                  },
                  about(),
                  common()})};
}

StandardEntity event() {
    return {
        "event",
        {"Event", "日程"},
        join({{
                  column("title", kText, "Title", "标题"),
                  column("start_at", kInstant, "Start", "开始", {.group = "time"}),
                  column("end_at", kInstant, "End", "结束", {.group = "time"}),
                  column("all_day", kBoolean, "All day", "全天", {.group = "time"}),
                  column("time_zone", kText, "Time zone", "时区", {.group = "time", .code = true}),
                  column("venue", kText, "Venue", "地点"),
                  column("participants", kJson, "Participants", "参与人", kPersonal),
                  column("remind_at", kJson, "Reminder", "提醒"),
                  column("recurrence", kJson, "Recurrence", "重复"),
                  column("check_in_at", kInstant, "Checked in at", "签到时间", kReadOnly),
                  column("check_in_address", kText, "Check-in address", "签到地址",
                         {.personal = true, .read_only = true}),
              },
              about(),
              common()})};
}

StandardEntity call() {
    return {"call",
            {"Call", "通话"},
            join({{
                      column("subject", kText, "Subject", "主题"),
                      column("type", kChoice, "Type", "类型"),
                      column("start_at", kInstant, "Start", "开始"),
                      column("duration", kText, "Duration", "时长",
                             {.group = "duration", .code = true}),
                      column("duration_seconds", kInteger, "Duration, s", "时长（秒）",
                             {.group = "duration"}),
                      column("purpose", kChoice, "Purpose", "目的"),
                      column("result", kChoice, "Result", "结果"),
                      column("agenda", kLongText, "Agenda", "议程"),
                      column("status", kChoice, "Status", "状态"),
                      column("reminder", kText, "Reminder", "提醒", kCode),
                  },
                  about(),
                  common()})};
}

StandardEntity note() {
    return {"note",
            {"Note", "备注"},
            join({{
                      column("title", kText, "Title", "标题"),
                      column("content", kLongText, "Content", "内容"),
                      column("parent", kReference, "About", "相关记录", kAny),
                  },
                  common()})};
}

StandardEntity service_case() {
    return {"service_case",
            {"Case", "工单"},
            join({{
                      column("subject", kText, "Subject", "主题"),
                      column("number", kText, "Number", "编号", {.read_only = true}),
                      column("status", kChoice, "Status", "状态"),
                      column("origin", kChoice, "Origin", "来源"),
                      column("priority", kChoice, "Priority", "优先级"),
                      column("type", kChoice, "Type", "类型"),
                      column("reason", kChoice, "Reason", "原因"),
                      column("account_id", kReference, "Account", "客户", {.target = "account"}),
                      column("contact_id", kReference, "Contact", "联系人", {.target = "contact"}),
                      column("product_id", kReference, "Product", "产品", {.target = "product"}),
                      column("deal_id", kReference, "Deal", "商机", {.target = "deal"}),
                      column("email", kEmail, "E-mail", "邮箱", kPersonal),
                      column("phone", kPhone, "Phone", "电话", kPersonal),
                      column("reported_by", kText, "Reported by", "报告人", kPersonal),
                      column("solution", kLongText, "Solution", "解决方案"),
                      column("internal_comments", kLongText, "Internal comments", "内部备注"),
                      column("comments", kJson, "Comments", "评论"),
                      column("description", kLongText, "Description", "描述"),
                  },
                  common()})};
}

}  // namespace

std::vector<StandardEntity> activities() {
    return {task(), event(), call(), note(), service_case()};
}

}  // namespace kontor::replica::standard
