#include "daemon/messages/match_texts.hpp"

namespace kontor::messages {
namespace {

constexpr Text kMatchTexts[] = {
    {"cli.option.kind", "only of this kind: edit, delete, match, uncovered, oscillation, intent",
     "仅此类型：edit、delete、match、uncovered、oscillation、intent"},
    {"cli.option.rule",
     "kind match: only those alike by this: email, phone, phone+name, name+company, name, …",
     "类型 match：仅以此相似者：email、phone、phone+name、name+company、name 等"},
    {"cli.option.resolve.all",
     "all open conflicts about values that fit, or with same and apart all questions of the kind "
     "match; what has to be looked at one by one is left",
     "所有符合条件的字段冲突；same 和 apart 则为所有 match 问题；须逐项查看的除外"},
    {"cli.example.conflicts.4", "who may be the same, as they have name and company in common",
     "姓名和公司相同、可能为同一对象的记录"},
    {"cli.example.resolve.6", "many who are the same: see first which ones",
     "批量认定为同一对象：先查看是哪些"},
    {"cli.usage.match_field", "Who is who has no field: --rule says by what two are alike.",
     "是否同一对象与字段无关：请用 --rule 指明相似的依据。"},
    {"cli.usage.value_rule", "--rule goes with same and apart; values have a --field.",
     "--rule 与 same 和 apart 一起使用；字段冲突请用 --field。"},
    {"cli.column.alike_by", "ALIKE BY", "相似依据"},
    {"cli.resolve.match.left",
     "{count} may be more than one record: decide them one by one, kontor conflicts --kind match.",
     "另有 {count} 项可能对应多条记录，请逐项处理：kontor conflicts --kind match。"},
    {"cli.resolve.match.preview", "{count} would be decided: {side}.",
     "将处理 {count} 项：{side}。"},
    {"cli.resolve.match.done", "{count} decided: {side}. The next sync acts on it.",
     "已处理 {count} 项：{side}。将在下次同步时执行。"},
};

}  // namespace

std::span<const Text> match_texts() {
    return kMatchTexts;
}

}  // namespace kontor::messages
