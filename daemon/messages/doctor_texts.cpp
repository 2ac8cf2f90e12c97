#include "daemon/messages/messages.hpp"

namespace kontor::messages {
namespace {

// `doctor.CHECK` says what is wrong, `doctor.CHECK.fix` what to do.
constexpr Text kDoctorTexts[] = {
    {"doctor.daemon.name", "kontord", "kontord"},
    {"doctor.config.name", "configuration", "配置"},
    {"doctor.disk.name", "disk space", "磁盘空间"},
    {"doctor.permissions.name", "permissions", "权限"},
    {"doctor.writable.name", "write access", "写入权限"},
    {"doctor.in_place.name", "replica", "副本"},
    {"doctor.sync.name", "sync", "同步"},
    {"doctor.integrity.name", "database", "数据库"},
    {"doctor.plugin.name", "connector", "连接器"},
    {"doctor.sandbox.name", "sandbox", "沙箱"},
    {"doctor.sandbox_required.name", "sandbox", "沙箱"},
    {"doctor.isolation.name", "sandbox", "沙箱"},
    {"doctor.secret.name", "secret", "密钥"},
    {"doctor.folder.name", "folder", "文件夹"},
    {"doctor.mapping.name", "mapping", "字段对应"},
    {"doctor.ca_file.name", "certificate file", "证书文件"},
    {"doctor.connection.name", "network and sign-in", "网络与登录"},
    {"doctor.certificate.name", "certificate", "证书"},
    {"doctor.sign_in.name", "sign-in", "登录"},
    {"doctor.limit.name", "limit of calls", "调用限额"},
    {"doctor.proxy.name", "proxy", "代理"},
    {"doctor.clock.name", "clock", "时钟"},
    {"doctor.stale.name", "last sync", "最近同步"},
    {"doctor.config", "The configuration file has {count} {count:error|errors}; the first: {first}",
     "配置文件有 {count} 处错误；第一处：{first}"},
    {"doctor.config.fix", "Correct the file; kontor config check lists every mistake.",
     "请修正该文件；kontor config check 会列出所有错误。"},
    {"doctor.disk", "Only {free_mb} MB are free where {path} is.",
     "{path} 所在磁盘仅剩 {free_mb} MB。"},
    {"doctor.disk.fix",
     "Have at least {need_mb} MB free there: edits need it, and the temporary files with which "
     "indexes are built and lists of ids compared.",
     "请使该处至少有 {need_mb} MB 可用：写入修改、建立索引和比对编号列表的临时文件都需要空间。"},
    {"doctor.writable", "Nothing can be written to {path}: every edit fails.",
     "无法写入 {path}：所有编辑都会失败。"},
    {"doctor.writable.fix", "Check who owns it, its permissions and the mount options.",
     "请检查其所有者、权限和挂载选项。"},
    {"doctor.in_place", "{path} has been moved, deleted or replaced while kontord had it open.",
     "{path} 在 kontord 打开期间被移动、删除或替换。"},
    {"doctor.in_place.fix",
     "Every edit is refused. Stop kontord, put the file that is to be used there, without -wal and "
     "-shm files of another, then start kontord.",
     "所有编辑都会被拒绝。请停止 kontord，将要使用的文件放回该处（不要保留其他文件的 -wal 和 "
     "-shm），"
     "再启动 kontord。"},
    {"doctor.sync", "The last sync of {connection} failed: {detail}",
     "{connection} 最近一次同步失败：{detail}"},
    {"doctor.sync.fix", "Look at: kontor status {connection}",
     "请查看：kontor status {connection}"},
    {"doctor.clock", "This computer's clock and that of {connection} differ by {seconds} s.",
     "本机时钟与 {connection} 的时钟相差 {seconds} 秒。"},
    {"doctor.clock.fix", "Switch on time synchronisation: timedatectl set-ntp true",
     "请开启时间同步：timedatectl set-ntp true"},
    {"doctor.connection", "{connection} does not answer as it should: {detail}",
     "{connection} 响应异常：{detail}"},
    {"doctor.connection.fix", "Check network, proxy and credentials of {connection}.",
     "请检查 {connection} 的网络、代理和凭据。"},
    {"doctor.certificate", "The certificate of {connection} does not verify: {detail}",
     "{connection} 的证书验证失败：{detail}"},
    {"doctor.certificate.fix",
     "If your organisation's proxy has its own authority, name its file in ca_file of "
     "{connection}.",
     "如果单位代理使用自己的证书颁发机构，请在 {connection} 的 ca_file 中指定其文件。"},
    {"doctor.ca_file", "The certificate file {path} of {connection} cannot be used: {detail}",
     "{connection} 的证书文件 {path} 无法使用：{detail}"},
    {"doctor.ca_file.fix", "Put a PEM file of valid certificates there, or remove ca_file.",
     "请在该处放置有效的 PEM 证书文件，或删除 ca_file。"},
    {"doctor.sign_in", "{connection} does not accept the credentials any more: {detail}",
     "{connection} 不再接受凭据：{detail}"},
    {"doctor.sign_in.fix", "Run: kontor connection sign-in {connection}",
     "请运行：kontor connection sign-in {connection}"},
    {"doctor.proxy", "The proxy of {connection} refuses the way: {detail}",
     "{connection} 的代理拒绝连接：{detail}"},
    {"doctor.proxy.fix",
     "Check proxy in [connection.{connection}], and user:password where proxy in "
     "[connection.{connection}.secrets] says, then run: kontor reload",
     "请检查 [connection.{connection}] 中的 proxy，以及 [connection.{connection}.secrets] 中 proxy "
     "所指的“用户名:密码”，然后运行：kontor reload"},
    {"doctor.limit", "{connection} cannot be asked at the moment: {detail}",
     "暂时不能访问 {connection}：{detail}"},
    {"doctor.limit.fix", "It goes on by itself; see: kontor status {connection}",
     "会自动继续；请查看：kontor status {connection}"},
    {"doctor.integrity", "The replica's database reports damage: {detail}",
     "副本数据库报告损坏：{detail}"},
    {"doctor.integrity.fix", "Stop kontord and restore the replica from a backup.",
     "请停止 kontord 并从备份恢复副本。"},
    {"doctor.permissions", "{path} may be read by others (mode {mode}).",
     "{path} 可被其他用户读取（权限 {mode}）。"},
    {"doctor.permissions.fix", "Run: chmod {wanted} {path}", "请运行：chmod {wanted} {path}"},
    {"doctor.secret", "The secret {secret} of {connection} ({reference}) cannot be read: {detail}",
     "无法读取 {connection} 的密钥 {secret}（{reference}）：{detail}"},
    {"doctor.secret.fix", "Store the secret again where the reference points.",
     "请在引用所指位置重新保存该密钥。"},
    {"doctor.folder", "The folder {folder} of {connection} ({path}) cannot be used: {detail}",
     "无法使用 {connection} 的文件夹 {folder}（{path}）：{detail}"},
    {"doctor.folder.fix",
     "Create the folder and give kontord's user the rights, or remove it from the configuration.",
     "请创建该文件夹并授予 kontord 用户权限，或从配置中删除。"},
    {"doctor.mapping", "The mapping of {connection} cannot be used: {detail}",
     "{connection} 的字段对应无法使用：{detail}"},
    {"doctor.mapping.fix", "Correct {path}; kontor config check lists every mistake.",
     "请修正 {path}；kontor config check 会列出所有错误。"},
    {"doctor.plugin", "The connector {plugin} of {connection} cannot be used: {detail}",
     "{connection} 的连接器 {plugin} 无法使用：{detail}"},
    {"doctor.plugin.fix", "Install the connector of this version in {directory}.",
     "请在 {directory} 安装与本版本匹配的连接器。"},
    {"doctor.sandbox",
     "This kernel has no Landlock (or it is switched off). Connectors are contained by filtered "
     "system calls alone.",
     "本机内核没有 Landlock（或已禁用）。连接器仅受系统调用过滤的限制。"},
    {"doctor.sandbox.fix",
     "Use a kernel with Landlock (5.13 or newer, lsm=landlock,...). To run no connector without "
     "it: "
     "landlock = \"require\" in [connectors].",
     "请使用带 Landlock 的内核（5.13 或更新，lsm=landlock,...）。若要在没有 Landlock "
     "时不运行任何连接器：在 [connectors] 中设置 landlock = \"require\"。"},
    {"doctor.sandbox_required",
     "This kernel has no Landlock (or it is switched off), which the configuration requires: no "
     "connector runs.",
     "本机内核没有 Landlock（或已禁用），而配置要求必须有：没有连接器会运行。"},
    {"doctor.sandbox_required.fix",
     "Use a kernel with Landlock (5.13 or newer, lsm=landlock,...), or set landlock = \"warn\" in "
     "[connectors].",
     "请使用带 Landlock 的内核（5.13 或更新，lsm=landlock,...），或在 [connectors] 中设置 "
     "landlock = \"warn\"。"},
    {"doctor.isolation", "Connectors run inside kontord, where nothing contains them.",
     "连接器在 kontord 进程内运行，不受任何限制。"},
    {"doctor.isolation.fix", "Remove isolation = \"none\" from [connectors], then restart kontord.",
     "请从 [connectors] 中删除 isolation = \"none\"，然后重启 kontord。"},
    {"doctor.stale", "{connection} has not been synced successfully since {since}.",
     "{connection} 自 {since} 以来没有成功同步。"},
    {"doctor.stale.fix", "Look at: kontor status {connection}",
     "请查看：kontor status {connection}"},
    {"doctor.stale.never", "never", "从未"},
};

}  // namespace

std::span<const Text> doctor_texts() {
    return kDoctorTexts;
}

}  // namespace kontor::messages
