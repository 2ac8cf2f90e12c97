#include "daemon/messages/messages.hpp"

namespace kontor::messages {
namespace {

// Mistakes in configuration and mapping files, and what is not sent because the remote would refuse
// it; as templates of the English sentences, like those of sentence_texts.cpp.
constexpr Text kConfigTexts[] = {
    {"said.config.meant", "{reason} (did you mean '{word}'?)",
     "{reason}（您是想输入“{word}”吗？）"},
    {"said.config.more", "{first} (and {count} more)", "{first}（另有 {count} 处）"},
    {"said.config.unknown", "unknown key", "未知的键"},
    {"said.config.kind", "must be {wanted}, is {kind}", "必须是{wanted}，现为{kind}"},
    {"said.config.must_be", "must be {wanted}", "必须是{wanted}"},
    {"said.config.kind.table", "a table", "表"},
    {"said.config.kind.array", "an array", "数组"},
    {"said.config.kind.text", "a text", "文本"},
    {"said.config.kind.integer", "an integer", "整数"},
    {"said.config.kind.boolean", "true or false", "true 或 false"},
    {"said.config.kind.time", "a date or time", "日期或时间"},
    {"said.config.between", "must be between {min} and {max}", "必须在 {min} 和 {max} 之间"},
    {"said.config.duration", "must be a time such as {examples}", "必须是时间，例如 {examples}"},
    {"said.config.duration.examples", "\"90s\", \"15m\", \"24h\" or \"7d\"",
     "\"90s\"、\"15m\"、\"24h\" 或 \"7d\""},
    {"said.config.texts", "must hold texts, has {kind}", "只能包含文本，现有{kind}"},
    {"said.config.tables", "must hold tables, has {kind}", "只能包含表，现有{kind}"},
    {"said.config.texts_only", "must hold texts only", "只能包含文本"},
    {"said.config.option", "must be a text, an integer, true or false, or a list of texts",
     "必须是文本、整数、true 或 false，或文本列表"},
    {"said.config.zero", "must not hold a zero byte", "不能包含零字节"},
    {"said.config.large", "the file is larger than {count} MiB", "文件大于 {count} MiB"},
    {"said.config.open", "cannot be opened: {reason}", "无法打开：{reason}"},
    {"said.config.read", "cannot be read: {reason}", "无法读取：{reason}"},
    {"said.config.writable", "can be changed by every user of this computer; run chmod o-w",
     "本机任何用户都可修改；请执行 chmod o-w"},
    {"said.config.regular", "is not a regular file", "不是普通文件"},
    {"said.config.no_file", "No such file or directory", "文件或目录不存在"},
    {"said.config.denied", "Permission denied", "权限不足"},
    {"said.config.is_folder", "Is a directory", "是目录"},
    {"said.config.too_large", "File too large", "文件过大"},
    {"said.config.many_files", "holds more than {count} files", "包含超过 {count} 个文件"},
    {"said.config.folder_name", "a folder's name is 1 to 32 of the letters a-z, digits, _ and -",
     "目录名称为 1 到 32 个 a-z 字母、数字、_ 和 -"},
    {"said.config.folder_table", "must be a table: {form}", "必须是表：{form}"},
    {"said.config.folder_path", "path is missing: which folder is it?", "缺少 path：是哪个目录？"},
    {"said.config.plugin_name", "must be the name of a connector: letters a-z, digits, _ and -",
     "必须是连接器名称：字母 a-z、数字、_ 和 -"},
    {"said.config.proxy", "must begin with http://, https:// or socks5h://",
     "必须以 http://、https:// 或 socks5h:// 开头"},
    {"said.config.proxy_password",
     "must not hold a password; put user:password into a file and name it in secrets as proxy",
     "不能包含密码；请将“用户名:密码”写入文件，并在 secrets 中以 proxy 为名指定"},
    {"said.config.jurisdiction", "must be a short code such as {examples}",
     "必须是简短代码，例如 {examples}"},
    {"said.config.connection_name",
     "a connection's name is 1 to 32 of the letters a-z, digits, _ and -",
     "连接名称为 1 到 32 个 a-z 字母、数字、_ 和 -"},
    {"said.config.reference", "the reference says no name", "引用中没有名称"},
    {"said.config.reference_path", "file: wants an absolute path", "file: 需要绝对路径"},
    {"said.config.secret",
     "a secret is never written here: put it into a file that only you may read and write "
     "\"file:/path/of/it\", or use \"credential:NAME\", \"keyring:NAME\" or \"env:NAME\"",
     "密钥不能直接写在这里：请保存到只有您可读的文件，并写成 \"file:/文件路径\"，"
     "或使用 \"credential:名称\"、\"keyring:名称\" 或 \"env:名称\""},
    {"said.config.plugin", "is missing: which connector is it?", "缺失：是哪个连接器？"},
    {"said.config.socket", "the path is longer than {max} bytes, the limit of sockets",
     "路径超过套接字的上限 {max} 字节"},
    {"said.config.retry", "must not be longer than {key}", "不能长于 {key}"},
    {"said.config.less", "must be less than {key}", "必须小于 {key}"},
    {"said.config.empty", "must not be empty", "不能为空"},
    {"said.config.column", "give either column or columns", "column 和 columns 只能给出其一"},
    {"said.config.full_name", "the lens full_name wants columns = [first, last]",
     "full_name 需要 columns = [名, 姓]"},
    {"said.config.one_column", "names exactly one column", "须指定恰好一个字段"},
    {"said.config.there", "'{value}' is there already", "“{value}”已存在"},
    {"said.config.owner", "only means something with the policy '{policy}'",
     "仅在策略为“{policy}”时有意义"},

    {"said.flaw.required", "is required by the remote and has no value", "远端要求填写，但没有值"},
    {"said.flaw.choice", "'{value}' is not on the field's list at the remote",
     "“{value}”不在远端该字段的选项中"},
    {"said.flaw.choice_long", "is not on the field's list at the remote", "不在远端该字段的选项中"},
    {"said.flaw.list", "is not a list of texts", "不是文本列表"},
    {"said.flaw.digits", "has more than {max} digits before the point", "小数点前超过 {max} 位"},
    {"said.flaw.length", "is longer than {max} characters", "超过 {max} 个字符"},
    {"said.flaw.symbolic", "refers to a record that does not exist there yet",
     "指向的记录在远端尚不存在"},
    {"said.flaw.number", "is not a number", "不是数字"},
    {"said.flaw.whole", "is not a whole number", "不是整数"},
    {"said.flaw.instant", "is not an instant such as {example}", "不是时间，例如 {example}"},
    {"said.flaw.date", "is not a date such as {example}", "不是日期，例如 {example}"},
    {"said.flaw.reference", "is not a reference to a record", "不是对记录的引用"},
    {"said.flaw.text", "is not text", "不是文本"},
    {"said.flaw.utf8", "is not text in UTF-8", "不是 UTF-8 文本"},
    {"said.flaw.boolean", "is neither 0 (no) nor 1 (yes)", "既不是 0（否）也不是 1（是）"},
};

}  // namespace

std::span<const Text> config_texts() {
    return kConfigTexts;
}

}  // namespace kontor::messages
