#include "daemon/messages/messages.hpp"

namespace kontor::messages {
namespace {

// Why a value is what it is: the rules of merging, as history and conflicts name them (`:` is `.`).
constexpr Text kRuleTexts[] = {
    {"rule.resolve", "a person decided", "已由人工决定"},
    {"rule.resolve.conflict", "decided as conflict {id}", "按冲突 {id} 的处理"},
    {"rule.resolve.run", "a person decided many at once, run {run}", "由人工批量决定，批次 {run}"},
    {"rule.unfit", "{rule} (values do not fit)", "{rule}（值不适用）"},
    {"rule.agreed", "both sides agree", "两侧一致"},
    {"rule.equal", "both sides are equal", "两侧相同"},
    {"rule.only_theirs", "only the remote changed", "仅远端修改"},
    {"rule.unchanged_there", "unchanged at the remote", "远端未修改"},
    {"rule.ours_blank", "ours was blank", "本地为空"},
    {"rule.theirs_blank", "theirs was blank", "远端为空"},
    {"rule.uncovered", "not compared before", "此前未比较"},
    {"rule.in_only", "the field is only received", "该字段只接收"},
    {"rule.out_only", "the field is only sent", "该字段只发送"},
    {"rule.remote", "the remote decides", "以远端为准"},
    {"rule.local", "what is here decides", "以本地为准"},
    {"rule.always.theirs", "a person asked that the remote decides from then on",
     "由人工指定：此后以远端为准"},
    {"rule.always.ours", "a person asked that what is here decides from then on",
     "由人工指定：此后以本地为准"},
    {"rule.manual", "a person decides", "由人工决定"},
    {"rule.newest.ours", "ours is newer", "本地较新"},
    {"rule.newest.theirs", "theirs is newer", "远端较新"},
    {"rule.newest.unclear", "unclear which is newer", "无法确定哪个较新"},
    {"rule.owner.ours", "ours comes from the owner", "本地来自权威系统"},
    {"rule.owner.theirs", "theirs comes from the owner", "远端来自权威系统"},
    {"rule.union", "both together", "两者合并"},
    {"rule.max", "the greater", "取较大值"},
    {"rule.min", "the smaller", "取较小值"},
    {"rule.restrictive", "the more restrictive", "取更严格的值"},
    {"rule.append", "one after the other", "依次追加"},
    {"rule.append.no_base", "nothing known to append to", "没有可供追加的共同基础"},
    {"rule.append.unsettled", "an earlier send is not settled", "之前的发送尚未确认"},
    {"rule.sum", "both changes added up", "两侧变化相加"},
    {"rule.sum.no_base", "nothing known to add to", "没有可供相加的共同基础"},
    {"rule.sum.unsettled", "an earlier send is not settled", "之前的发送尚未确认"},
    {"rule.oscillation", "changed to and fro", "反复修改"},
    {"rule.answer_lost", "sent, answer lost", "已发送，未收到答复"},
    {"rule.after_restore", "may have been sent before the restore", "恢复之前可能已经发送"},
    {"rule.edit_wins", "the edit wins", "以编辑为准"},
    {"rule.deletion_wins", "the deletion wins", "以删除为准"},
    {"rule.deleted_there", "deleted at the remote", "远端已删除"},
    {"rule.merged_there", "merged at the remote", "远端已合并"},
    {"rule.converted_there", "converted at the remote", "远端已转换"},
    {"rule.revived", "there again", "已重新出现"},
    {"rule.made_again", "made there again for another edit", "因另一处的修改而在那里重新创建"},
    {"rule.restored", "restored", "已恢复"},
    {"rule.linked", "linked with the remote's record", "已与远端记录关联"},
    {"rule.reference_arrived", "what it refers to has come", "所引用的记录已到达"},
    {"rule.completed_there", "completed by the remote", "由远端补全"},
    {"rule.read_only", "computed elsewhere: put back", "由远端计算，已还原"},
    {"rule.undo", "undone", "撤销"},
    {"rule.reopened", "an earlier decision was undone", "此前的处理已撤销"},
    {"rule.mapping_changed", "the mapping changed", "字段对应已变更"},
    {"rule.remote_changed", "the connection leads to another remote", "连接已指向另一远端"},
    {"rule.deleted", "deleted here", "本地已删除"},
    {"rule.gone", "no longer there", "已不存在"},
    {"rule.erased", "erased", "已清除"},
    {"rule.ask", "asked", "询问"},
};

}  // namespace

std::span<const Text> rule_texts() {
    return kRuleTexts;
}

}  // namespace kontor::messages
