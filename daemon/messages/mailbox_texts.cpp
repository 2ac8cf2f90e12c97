#include "daemon/messages/mailbox_texts.hpp"

namespace kontor::messages {
namespace {

constexpr Text kMailboxTexts[] = {
    {"cli.command.feedback.receive", "read replies and bounces from the mailbox",
     "从邮箱读取回复和退信"},
    {"cli.about.feedback.receive",
     "Reads what has come since the last time to the mailbox that [mailbox] in feedback.toml "
     "names. "
     "Replies become answers, bounces make invitations unreachable, and whoever writes nothing but "
     "\"unsubscribe\" is not asked again. Nothing in the mailbox is marked or deleted, and each "
     "message counts once. Exit code 3: something is to be looked at, or is tried again.",
     "读取 feedback.toml 的 [mailbox] "
     "所指邮箱中上次之后收到的邮件。回复成为答复，退信使邀请变为无法送达，"
     "只写“退订”的人不会再被询问。邮箱中的邮件不会被标记或删除，每封只计一次。"
     "退出码 3：有邮件需要查看，或将再次尝试。"},
    {"cli.example.feedback.receive.1", "now; a job does it by itself",
     "立即读取；也可由任务自动执行"},
    {"stage.mail", "reading mail", "读取邮件"},
    {"cli.column.mail", "MESSAGES", "邮件"},
    {"cli.column.number", "NUMBER", "数量"},
    {"mailbox.kind.answer", "answers taken", "已收录的答复"},
    {"mailbox.kind.unsubscribe", "want no more surveys", "退订"},
    {"mailbox.kind.bounced", "came back for good", "被永久退回"},
    {"mailbox.kind.delayed", "came back for now, or are delayed", "暂时退回或延迟"},
    {"mailbox.kind.automatic", "written by programs", "自动回复"},
    {"mailbox.kind.answered", "to what was answered before", "此前已答复"},
    {"mailbox.kind.expired", "too late", "已过期"},
    {"mailbox.kind.withdrawn", "to what nobody is asked any more", "邀请已撤回"},
    {"mailbox.kind.known", "taken before", "此前已收录"},
    {"mailbox.kind.unknown", "to invitations that are not here", "此处没有对应的邀请"},
    {"mailbox.kind.forged", "only look like ours", "并非由我们发出"},
    {"mailbox.kind.unclear", "for a person to read", "须人工查看"},
    {"mailbox.kind.other", "not about surveys", "与调查无关"},
    {"mailbox.nothing", "Nothing new.", "没有新邮件。"},
    {"mailbox.unclear", "Message {uid}, from {who}: nothing in it is an answer. Please read it.",
     "邮件 {uid}（{who}）中没有可识别的答复，请人工查看。"},
    {"mailbox.open", "Message {uid} could not be taken and will be tried again: {reason}",
     "邮件 {uid} 未能收录，将再次尝试：{reason}"},
    {"mailbox.problem", "Reading ended early, and goes on from there the next time: {reason}",
     "读取提前结束，下次从该处继续：{reason}"},
    {"reason.survey_no_mailbox", "No mailbox is named.", "未指定邮箱。"},
    {"reason.survey_no_mailbox.hint",
     "Add to feedback.toml a table [mailbox] with imap, user and password",
     "请在 feedback.toml 中加入 [mailbox]，并给出 imap、user 和 password"},
    {"reason.mailbox_refused", "The mail server refuses the folder.",
     "邮件服务器拒绝打开该文件夹。"},
    {"reason.mailbox_refused.hint",
     "See whether folder in [mailbox] is written as the server has it",
     "请检查 [mailbox] 中的 folder 是否与服务器上的名称一致"},
};

constexpr Text kMailboxSentences[] = {
    {"said.mailbox.imap", "must be a mailbox's server: {form}", "须为邮箱服务器：{form}"},
    {"said.mailbox.folder", "must be ASCII, as the server lists it: {form}",
     "须为服务器所列的 ASCII 名称：{form}"},
    {"said.mailbox.all", "give imap, user and password", "须给出 imap、user 和 password"},
    {"said.mailbox.silent", "the mail server does not answer", "邮件服务器没有应答"},
    {"said.mailbox.closed", "the mail server closes the connection", "邮件服务器关闭了连接"},
    {"said.mailbox.no_imap", "the mail server's answer is no IMAP", "邮件服务器的应答不是 IMAP"},
    {"said.mailbox.says", "the mail server says {text}", "邮件服务器说：{text}"},
};

}  // namespace

std::span<const Text> mailbox_texts() {
    return kMailboxTexts;
}

std::span<const Text> mailbox_sentences() {
    return kMailboxSentences;
}

}  // namespace kontor::messages
