#include "daemon/messages/form_texts.hpp"

namespace kontor::messages {
namespace {

// Read by customers: polite, short, no words of ours.
constexpr Text kFormTexts[] = {
    {"form.send", "Send", "提交"},
    {"form.required", "(required)", "（必填）"},
    {"form.errors", "Something is missing or cannot be taken:", "以下内容缺失或无法接受："},
    {"form.not_saved",
     "Your answers could not be saved just now. Please send them again in a minute.",
     "暂时无法保存您的回答，请稍后再次提交。"},
    {"form.flaw.required", "please answer this question", "请回答此题"},
    {"form.flaw.no_number", "please choose one of the numbers", "请选择一个数字"},
    {"form.flaw.no_choice", "please choose one of the answers", "请选择一个选项"},
    {"form.flaw.one_only", "please choose one answer only", "只能选择一个选项"},
    {"form.flaw.too_long", "please write at most {count} characters", "最多 {count} 个字符"},
    {"form.flaw.no_text", "this contains characters that cannot be read", "包含无法读取的字符"},
    {"form.flaw.no_question", "this question is not asked any more", "此题已不再询问"},
    {"form.flaw.not_asked", "this question is not asked any more", "此题已不再询问"},
    {"form.nps.low", "not at all likely", "完全不可能"},
    {"form.nps.high", "extremely likely", "非常可能"},
    {"form.csat.low", "very dissatisfied", "非常不满意"},
    {"form.csat.high", "very satisfied", "非常满意"},
    {"form.ces.low", "strongly disagree", "非常不同意"},
    {"form.ces.high", "strongly agree", "非常同意"},
    {"form.thanks", "Thank you", "谢谢您"},
    {"form.thanks.text", "Your answers have arrived.", "我们已收到您的回答。"},
    {"form.malformed", "This could not be read", "无法读取"},
    {"form.malformed.text", "Please go back, reload the page, and send your answers again.",
     "请返回并刷新页面，然后重新提交。"},
    {"form.trouble", "Please try again in a minute", "请稍后再试"},
    {"form.trouble.text", "Something does not work here at the moment. Nothing was lost.",
     "目前暂时无法处理，没有任何内容丢失。"},
    {"form.door.forged", "This link does not work", "此链接无效"},
    {"form.door.forged.text",
     "It is not complete, or it is not ours. Please copy the whole link from the message.",
     "链接不完整，或并非由我们发出。请从邮件中复制完整链接。"},
    {"form.door.unknown", "There is nothing here", "此处没有内容"},
    {"form.door.unknown.text", "This survey is not known here any more.", "此调查已不存在。"},
    {"form.door.expired", "This link has expired", "此链接已过期"},
    {"form.door.expired.text", "The survey is over. Thank you for your interest.",
     "调查已结束，感谢您的关注。"},
    {"form.door.answered", "You have answered already", "您已回答过"},
    {"form.door.answered.text", "Your answers have arrived. Thank you.",
     "我们已收到您的回答，谢谢。"},
    {"form.door.withdrawn", "This survey is closed for you", "此调查已对您关闭"},
    {"form.door.withdrawn.text", "You need not do anything.", "您无需进行任何操作。"},
    {"form.unsubscribe", "No more surveys", "不再接收调查"},
    {"form.unsubscribe.text", "We will not ask you for feedback any more.",
     "确认后，我们将不再向您发送调查。"},
    {"form.unsubscribed", "Done", "已完成"},
    {"form.unsubscribed.text", "You will get no more surveys from us.", "您将不再收到我们的调查。"},

    {"mail.intro", "We would like to hear how we are doing. It takes a minute.",
     "我们希望了解您的意见，只需一分钟。"},
    {"mail.open", "Answer the survey", "填写调查"},
    {"mail.unsubscribe", "No more surveys", "不再接收调查"},
    {"mail.reminder", "Reminder: {title}", "提醒：{title}"},
    {"feedback.mailed", "{sent} {sent:e-mail|e-mails} sent, {refused} refused for good.",
     "已发送 {sent} 封邮件，{refused} 封被永久拒收。"},
    {"feedback.not_mailed", "{count} could not be sent and will be tried again: {reason}",
     "{count} 封未能发送，将再次尝试：{reason}"},

    {"cli.command.feedback.links", "the links that were handed out, once more",
     "再次列出已给出的链接"},
    {"cli.example.feedback.links.1", "after a file of links was lost", "链接文件丢失之后"},
    {"cli.example.feedback.send.3", "links for a mail merge of your own",
     "导出链接，用于自己的邮件合并"},
    {"cli.column.address", "ADDRESS", "地址"},
    {"cli.column.link", "LINK", "链接"},
    {"cli.column.unsubscribe", "UNSUBSCRIBE", "退订"},
    {"cli.column.reminder", "REMINDER", "提醒"},
    {"feedback.due", "{due} {due:link|links} to send now.", "现有 {due} 个链接需要发送。"},
    {"reason.survey_no_key", "No secret is named that signs links.", "未指定用于签名链接的密钥。"},
    {"reason.survey_no_key.hint",
     "Add to feedback.toml: link_key = \"file:/etc/kontor/link_key\"; kontord makes it",
     "请在 feedback.toml 中加入 link_key = \"file:/etc/kontor/link_key\"，kontord 会自动生成"},
    {"reason.survey_no_url", "Nothing says where people reach the form.", "未指定表单的访问地址。"},
    {"reason.survey_no_url.hint",
     "Add to feedback.toml: public_url = \"https://feedback.example.com\"",
     "请在 feedback.toml 中加入 public_url = \"https://feedback.example.com\""},
};

}  // namespace

std::span<const Text> form_texts() {
    return kFormTexts;
}

}  // namespace kontor::messages
