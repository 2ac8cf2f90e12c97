#include "daemon/messages/messages.hpp"

namespace kontor::messages {
namespace {

// One text per Errc, and what to do about it. `detail` is the technical English message.
constexpr Text kTexts[] = {
    {"error.invalid", "That input is not valid: {detail}", "输入无效：{detail}"},
    {"error.not_found", "Not found: {detail}", "未找到：{detail}"},
    {"error.conflict", "That does not fit the present state: {detail}", "与当前状态不符：{detail}"},
    {"error.permission", "Not permitted: {detail}", "没有权限：{detail}"},
    {"error.unauthenticated", "The credentials were not accepted: {detail}",
     "凭据未被接受：{detail}"},
    {"error.rate_limited", "A limit of calls has been reached: {detail}",
     "已达到调用次数限制：{detail}"},
    {"error.unavailable", "Not reachable at the moment: {detail}", "暂时无法连接：{detail}"},
    {"error.timeout", "No answer in time: {detail}", "等待响应超时：{detail}"},
    {"error.cancelled", "Cancelled: {detail}", "已取消：{detail}"},
    {"error.protocol", "The other side sent something unexpected: {detail}",
     "对方返回了无法识别的内容：{detail}"},
    {"error.tls", "The server's certificate does not verify: {detail}",
     "服务器证书验证失败：{detail}"},
    {"error.storage", "The database or file system failed: {detail}",
     "数据库或文件系统出错：{detail}"},
    {"error.full", "The disk is full: {detail}", "磁盘已满：{detail}"},
    {"error.read_only", "It cannot be written: {detail}", "无法写入：{detail}"},
    {"error.busy", "In use by another program: {detail}", "正被其他程序占用：{detail}"},
    {"error.corrupt", "The replica is damaged: {detail}", "本地副本已损坏：{detail}"},
    {"error.too_new", "Written by a newer version: {detail}", "由更新的版本写入：{detail}"},
    {"error.config", "The configuration has an error: {detail}", "配置有误：{detail}"},
    {"error.unsupported", "That is not supported: {detail}", "不支持该操作：{detail}"},
    {"error.mismatch", "The remote is not the one known: {detail}", "远端与已知的不一致：{detail}"},
    {"error.guard", "Stopped to ask, because it would change a lot: {detail}",
     "变更量较大，已停下等待确认：{detail}"},
    {"error.internal", "An error in Kontor itself: {detail}", "Kontor 内部错误：{detail}"},

    // What is told in particular, by the arguments of an error; and what to do about it.
    {"reason.no_entity", "There are no records of the kind '{entity}'.",
     "没有记录类型“{entity}”。"},
    {"reason.no_entity.hint", "See: kontor entities", "请查看：kontor entities"},
    {"reason.no_field", "{entity} has no field '{field}'.", "{entity} 没有字段“{field}”。"},
    {"reason.no_field.hint", "See: kontor entities {entity}", "请查看：kontor entities {entity}"},
    {"reason.no_target", "{field} refers to {target} {target_record}, which does not exist.",
     "{field} 指向的 {target} {target_record} 不存在。"},
    {"reason.read_only_field", "{field} is computed elsewhere and cannot be edited.",
     "{field} 由远端计算，不能编辑。"},
    {"reason.read_only_field.hint", "Change what it is computed from, or change it at the remote.",
     "请修改其来源字段，或在远端修改。"},
    {"reason.net_connect", "{host} cannot be reached.", "无法连接 {host}。"},
    {"reason.net_resolve", "The address of {host} cannot be found: no network, or a wrong name.",
     "无法解析 {host} 的地址：网络不通或名称有误。"},
    {"reason.net_time", "{host} did not answer in time.", "{host} 未及时答复。"},
    {"reason.net_cut", "The connection to {host} broke off.", "与 {host} 的连接中断。"},
    {"reason.net_status", "The server answers {status} for too long.", "服务器持续答复 {status}。"},
    {"reason.budget_spent",
     "The {limit} API credits that daily_credits allows in 24 hours are used up.",
     "daily_credits 允许的 24 小时 {limit} 个 API 额度已用完。"},
    {"reason.budget_spent.hint",
     "It goes on by itself as they come back. To allow more: daily_credits in "
     "[connection.{connection}.limits], then: kontor reload",
     "额度恢复后会自动继续。如需更多，请修改 [connection.{connection}.limits] 中的 "
     "daily_credits，然后运行：kontor reload"},
    {"reason.budget_reserve",
     "Of the {limit} API credits that daily_credits allows in 24 hours, only the {for_writes} that "
     "are kept for sending edits are left: nothing is fetched.",
     "daily_credits 允许的 24 小时 {limit} 个 API 额度中，只剩为发送修改保留的 {for_writes} "
     "个：暂不获取远端变更。"},
    {"reason.budget_reserve.hint",
     "Edits are still sent; fetching goes on by itself as credits come back. To allow more: "
     "daily_credits in [connection.{connection}.limits], then: kontor reload",
     "修改仍会发送；额度恢复后会自动继续获取。如需更多，请修改 [connection.{connection}.limits] "
     "中的 daily_credits，然后运行：kontor reload"},
    {"reason.credits_spent", "The remote's API credits of 24 hours are used up.",
     "远端 24 小时的 API 额度已用完。"},
    {"reason.credits_reserve",
     "Of the remote's API credits of 24 hours, only the {for_writes} that are kept for sending "
     "edits are left: nothing is fetched.",
     "远端 24 小时的 API 额度中，只剩为发送修改保留的 {for_writes} 个：暂不获取远端变更。"},
    {"reason.credits_reserve.hint",
     "Edits are still sent; fetching goes on by itself as credits come back.",
     "修改仍会发送；额度恢复后会自动继续获取。"},
    {"reason.no_record", "There is no {entity} {record}.", "没有记录 {entity} {record}。"},
    {"reason.no_connection", "There is no connection '{connection}'.", "没有连接“{connection}”。"},
    {"reason.no_connection.hint", "See: kontor connection list", "请查看：kontor connection list"},
    {"reason.nothing_to_map", "'{field}' is no stream or field that is there and not mapped.",
     "“{field}”不是远端存在且尚未映射的数据流或字段。"},
    {"reason.nothing_to_map.hint", "kontor connection fields NAME lists them.",
     "kontor connection fields 名称 会列出它们。"},
    {"reason.reference_unmapped", "{field} refers to {stream}, which is not mapped.",
     "{field} 引用的 {stream} 尚未映射。"},
    {"reason.reference_unmapped.hint", "Add {stream} too.", "请同时添加 {stream}。"},
    {"reason.connection_exists", "There is a connection '{connection}' already.",
     "连接“{connection}”已存在。"},
    {"reason.connection_exists.hint",
     "Give another one a name with --name. To sign in again: kontor connection sign-in "
     "{connection}",
     "新连接请用 --name 命名；重新登录请运行：kontor connection sign-in {connection}"},
    {"reason.only_read_records",
     "Records of the kind {entity} are only read from {connection}: their mapping says that it "
     "takes no changes of them.",
     "{entity} 记录只从 {connection} 读取：其映射规定不向它发送更改。"},
    {"reason.only_read_records.hint", "Change them there, or see its mapping file.",
     "请在该系统中修改，或查看其映射文件。"},
    {"reason.only_read_field",
     "{field} of {entity} is only read from {connection}: its mapping says that it takes no "
     "changes "
     "of it.",
     "{entity} 的 {field} 只从 {connection} 读取：其映射规定不向它发送更改。"},
    {"reason.only_read_field.hint", "Change it there, or see its mapping file.",
     "请在该系统中修改，或查看其映射文件。"},
    {"reason.push_forbidden", "push = false in the configuration forbids it.",
     "配置中的 push = false 不允许发送。"},
    {"reason.push_forbidden.hint", "Remove that line, then run: kontor reload",
     "请删除该行，然后运行：kontor reload"},
    {"reason.sql_writes", "The statement would change records.", "该语句会修改记录。"},
    {"reason.sql_writes.hint", "If that is meant: kontor sql --write",
     "如确需修改：kontor sql --write"},
    {"reason.sql_one", "One statement at a time, please.", "每次只能执行一条语句。"},
    {"reason.plugin_abi",
     "The connector {path} belongs to another version of Kontor: its ABI is {plugin_abi}, this "
     "one's "
     "{host_abi}.",
     "连接器 {path} 属于其他版本的 Kontor：其 ABI 为 {plugin_abi}，本程序为 {host_abi}。"},
    {"reason.plugin_abi.hint",
     "Install the connector that belongs to this version, then restart kontord.",
     "请安装与本版本配套的连接器，然后重启 kontord。"},
    {"hint.suggestion", "Did you mean {suggestion}?", "您是想输入 {suggestion} 吗？"},

    {"hint.unauthenticated", "Sign in again: kontor connection sign-in {connection}",
     "请重新登录：kontor connection sign-in {connection}"},
    {"hint.rate_limited", "It goes on by itself once the limit allows.", "限制解除后会自动继续。"},
    {"hint.permission", "Run it as the user that may, or give that user the rights.",
     "请以有权限的用户运行，或授予相应权限。"},
    {"hint.storage", "Run: kontor doctor", "请运行：kontor doctor"},
    {"hint.protocol", "It is tried again by itself; if it stays so, run: kontor doctor",
     "系统会自动重试；如持续出现，请运行：kontor doctor"},
    {"hint.unavailable", "Check the network; it is tried again by itself.",
     "请检查网络；系统会自动重试。"},
    {"hint.timeout", "It is tried again by itself.", "系统会自动重试。"},
    {"hint.tls",
     "Check the computer's clock, and whether a proxy of your organisation needs ca_file to be "
     "set.",
     "请检查计算机时钟，以及是否需要为单位代理设置 ca_file。"},
    {"hint.full", "Free some space; nothing has been lost.", "请释放磁盘空间；数据没有丢失。"},
    {"hint.read_only", "Check the permissions of the state directory and the mount options.",
     "请检查状态目录的权限和挂载选项。"},
    {"hint.busy", "Close the program that holds the replica, or try again later.",
     "请关闭占用副本的程序，或稍后再试。"},
    {"hint.corrupt", "Restore the replica from a backup; the damaged file was left as it is.",
     "请从备份恢复副本；损坏的文件保持原样。"},
    {"hint.too_new", "Install the newer version of Kontor; the file was left as it is.",
     "请安装更新版本的 Kontor；文件保持原样。"},
    {"hint.config", "Run: kontord --check-config", "请运行：kontord --check-config"},
    {"hint.mismatch",
     "If the address is wrong, correct it and run: kontor connection resume {connection}. To go on "
     "with what answers there now: kontor connection resume {connection} --accept-remote",
     "如果地址有误，请更正后运行：kontor connection resume {connection}。要以当前远端继续：kontor "
     "connection resume {connection} --accept-remote"},
    {"hint.guard", "Look at the dry run, then sync with --confirm-mass.",
     "请先查看试运行结果，再用 --confirm-mass 同步。"},
};

}  // namespace

std::span<const Text> error_texts() {
    return kTexts;
}

}  // namespace kontor::messages
