#include "sync/replica/standard_columns.hpp"

namespace kontor::replica::standard {

using enum remote::FieldType;

namespace {

constexpr Options kAny{.target = kAnyTarget};

/// Whom a survey asked, and about what.
Columns asked() {
    return {
        column("survey", kText, "Survey", "调查", kCode),
        column("who", kReference, "Person", "相关人员", kAny),
        column("what", kReference, "About", "相关记录", kAny),
        column("account_id", kReference, "Account", "客户", {.target = "account"}),
        column("channel", kText, "Channel", "渠道", kCode),
        column("language", kText, "Language", "语言", kCode),
    };
}

StandardEntity survey_invitation() {
    return {"survey_invitation",
            {"Survey invitation", "调查邀请"},
            join({{column("ask_key", kText, "Key", "键", kCode)},
                  asked(),
                  {
                      column("person", kText, "Person's hash", "人员散列值",
                             {.personal = true, .code = true}),
                      column("state", kText, "State", "状态", kCode),
                      column("reason", kText, "Reason", "原因", kCode),
                      column("device", kText, "Device", "设备", kCode),
                      column("reserved_at", kInstant, "Reserved at", "预留时间"),
                      column("sent_at", kInstant, "Sent at", "发送时间"),
                      column("expires_at", kInstant, "Expires at", "到期时间"),
                      column("answered_at", kInstant, "Answered at", "答复时间"),
                      column("reminders", kInteger, "Reminders", "提醒次数"),
                      column("attempts", kInteger, "Attempts", "尝试次数"),
                      column("next_attempt_at", kInstant, "Next attempt at", "下次尝试时间"),
                  },
                  common()})};
}

StandardEntity survey_response() {
    return {"survey_response",
            {"Survey response", "调查答复"},
            join({asked(),
                  {
                      column("invitation_id", kReference, "Invitation", "邀请",
                             {.target = "survey_invitation"}),
                      column("submission", kText, "Submission", "提交编号", kCode),
                      column("measure", kText, "Measure", "指标", kCode),
                      column("score", kInteger, "Score", "评分"),
                      column("comment", kLongText, "Comment", "意见", kPersonal),
                      column("answers", kJson, "Answers", "答案", kPersonal),
                      column("answered_at", kInstant, "Answered at", "答复时间"),
                      column("acted_at", kInstant, "Acted upon at", "处理时间"),
                      column("follow_up", kReference, "Follow-up", "跟进", kAny),
                  },
                  common()})};
}

/// An answer as a survey service has it; a response is made of it.
StandardEntity survey_submission() {
    return {"survey_submission",
            {"Survey submission", "问卷提交"},
            join({{
                      column("survey", kText, "Survey there", "远端问卷", kCode),
                      column("submission", kText, "Number there", "远端编号", kCode),
                      column("started_at", kInstant, "Started at", "开始时间"),
                      column("submitted_at", kInstant, "Submitted at", "提交时间"),
                      column("complete", kBoolean, "Complete", "已完成"),
                      column("language", kText, "Language", "语言", kCode),
                      column("email", kEmail, "E-mail", "电子邮箱", kPersonal),
                      column("phone", kPhone, "Phone", "电话", kPersonal),
                      column("token", kText, "Token", "令牌", kCode),
                      column("hidden", kJson, "Hidden fields", "隐藏字段", kPersonal),
                      column("answers", kJson, "Answers", "答案", kPersonal),
                      column("taken", kText, "Taken as", "采纳标记", kCode),
                      column("problem", kText, "Problem", "问题", kCode),
                      column("response_id", kReference, "Response", "答复",
                             {.target = "survey_response"}),
                  },
                  common()})};
}

}  // namespace

std::vector<StandardEntity> feedback() {
    return {survey_invitation(), survey_response(), survey_submission()};
}

}  // namespace kontor::replica::standard
