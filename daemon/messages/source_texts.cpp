#include "daemon/messages/source_texts.hpp"

namespace kontor::messages {
namespace {

constexpr Text kSourceTexts[] = {
    {"feedback.taken",
     "{answers} {answers:answer|answers} taken from survey services; {nobody} of people not known "
     "here.",
     "已从问卷服务采纳 {answers} 份答复，其中 {nobody} 份的答卷人未知。"},
    {"feedback.corrected",
     "{count} {count:answer was|answers were} edited there and corrected here.",
     "{count} 份答复在远端被修改，已更正。"},
    {"feedback.not_ours",
     "{count} {count:answer waits|answers wait}: the next run takes them, or one device of the "
     "team "
     "(pulled_answers = true in feedback.toml).",
     "{count} 份答复待采纳：由下次运行采纳，或由团队中的一台设备采纳（feedback.toml 中 "
     "pulled_answers = true）。"},
    {"feedback.untaken", "Submission {submission} ({number}) was not taken: {question} {reason}",
     "提交 {submission}（{number}）未被采纳：{question} {reason}"},
    {"feedback.broken_source", "Line {line}: nothing is read: {reason}",
     "第 {line} 行：无法读取：{reason}"},
    {"feedback.flaw.required", "is required", "必须回答"},
    {"feedback.flaw.no_question", "is no question of the survey", "不是该调查的题目"},
    {"feedback.flaw.not_asked", "is not asked after the other answers", "按其他答案不会问到"},
    {"feedback.flaw.no_number", "is no whole number within the scale", "不是量表范围内的整数"},
    {"feedback.flaw.no_choice", "is none of the choices", "不在选项之中"},
    {"feedback.flaw.one_only", "has several values where one is wanted", "只允许一个值，却有多个"},
    {"feedback.flaw.too_long", "is too long", "过长"},
    {"feedback.flaw.no_text", "is no text", "不是文本"},
    {"feedback.flaw.no_answers", "none of the survey's questions is answered in it",
     "没有回答本调查的任何题目"},
    {"feedback.flaw.answered", "the invitation was answered already", "该邀请已有答复"},
    {"reason.no_source", "No connection {connection} reads a survey service.",
     "没有读取问卷服务的连接 {connection}。"},
    {"reason.no_source.hint", "Connections: kontor status; services: docs/feedback.md",
     "连接：kontor status；问卷服务：docs/feedback.md"},
};

// Mistakes in [[source]] tables, as templates of the English sentences (see sentence_texts.cpp).
constexpr Text kSourceSentences[] = {
    {"said.source.no_connection", "no connection {name} reads submissions",
     "没有读取问卷提交的连接 {name}"},
    {"said.source.no_key", "link_key names no secret", "link_key 未指定密钥"},
    {"said.source.connection", "is missing: which connection reads it?", "缺失：由哪个连接读取？"},
    {"said.source.survey", "is missing: what does the service call the survey?",
     "缺失：该问卷在服务中的编号是什么？"},
    {"said.source.questions", "is missing: which question there feeds which of ours? {form}",
     "缺失：远端哪一题对应本调查的哪一题？{form}"},
    {"said.source.from", "is missing: the service's name of the question",
     "缺失：题目在服务中的名称"},
    {"said.source.no_question", "is none of the survey's questions", "不是本调查的题目"},
    {"said.source.feed", "must be \"Q1\" or {form}", "须为 \"Q1\" 或 {form}"},
    {"said.source.add", "is of numbers alone", "仅用于数字"},
    {"said.source.choice", "the question {question} has no choice {value}",
     "题目 {question} 没有选项 {value}"},
    {"said.source.number",
     "must be a number from {min} to {max}, as the question {question} takes them",
     "须为 {min} 到 {max} 的数字，与题目 {question} 一致"},
    {"said.source.link", "must be an address that has the token in it: {form}",
     "须为包含令牌的地址：{form}"},
    {"said.source.link_field", "give invitation as well: the field in which the token comes back",
     "请同时给出 invitation：令牌返回时所在的字段"},
    {"said.source.sources", "there are more than 20 sources", "来源超过 20 个"},
    {"said.source.source", "must be a table: [[source]]", "须为表：[[source]]"},
    {"said.source.members", "is made of a list (name and value) or of a text (ends and between)",
     "须由列表（name 和 value）或文本（ends 和 between）构成"},
    {"said.source.json", "belongs to the type json", "仅用于 json 类型"},
    {"said.source.each", "must name an option of the type list", "须为 list 类型选项的名称"},
    {"said.source.each_alone", "cannot be beside each: lists alone can",
     "不能与 each 并用：each 只用于列表"},
    {"said.source.acted", "{count} answers taken, {changed} corrected, {acted} acted upon",
     "采纳 {count} 份答复，更正 {changed} 份，处理 {acted} 份"},
    {"said.source.twice", "is named by another [[source]] already", "已有另一个 [[source]] 使用"},
};

}  // namespace

std::span<const Text> source_texts() {
    return kSourceTexts;
}

std::span<const Text> source_sentences() {
    return kSourceSentences;
}

}  // namespace kontor::messages
