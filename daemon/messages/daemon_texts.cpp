#include "daemon/messages/messages.hpp"

namespace kontor::messages {
namespace {

// What the daemon itself says: start-up, status line, states of connections.
constexpr Text kDaemonTexts[] = {
    {"kontord.help",
     "Kontor's daemon: keeps a replica of your CRMs in sync.\n"
     "\n"
     "Usage: kontord [OPTIONS]\n"
     "       kontord --check-config [FILE]\n"
     "\n"
     "Options:\n"
     "  --config FILE          this file instead of the usual ones\n"
     "  --state-dir FOLDER     where the replica lies\n"
     "  --socket PATH          where the local API listens\n"
     "  --log-level LEVEL      debug, info, warning, error\n"
     "  --log-format FORMAT    auto, text, journal\n"
     "  --check-config [FILE]  check the configuration, or this file, and exit\n"
     "  --version              the version\n"
     "  -h, --help             this help\n"
     "\n"
     "Examples:\n"
     "  # In the background of your session\n"
     "  systemctl --user enable --now kontord\n"
     "  # Check a changed configuration before it is used\n"
     "  kontord --check-config\n"
     "  # A replica of its own to try things with\n"
     "  kontord --state-dir /tmp/kontor --socket /tmp/kontor/kontor.sock --log-level debug\n"
     "\n"
     "Everything else is asked of it with: kontor --help\n",
     "Kontor 的后台服务：使本地副本与您的 CRM 保持同步。\n"
     "\n"
     "用法：kontord [选项]\n"
     "      kontord --check-config [文件]\n"
     "\n"
     "选项：\n"
     "  --config 文件          使用此配置文件，代替默认的文件\n"
     "  --state-dir 目录       副本所在目录\n"
     "  --socket 路径          本地 API 的监听路径\n"
     "  --log-level 级别       debug、info、warning、error\n"
     "  --log-format 格式      auto、text、journal\n"
     "  --check-config [文件]  检查配置（或此文件）后退出\n"
     "  --version              版本\n"
     "  -h, --help             本帮助\n"
     "\n"
     "示例：\n"
     "  # 在用户会话的后台运行\n"
     "  systemctl --user enable --now kontord\n"
     "  # 使用前检查修改过的配置\n"
     "  kontord --check-config\n"
     "  # 另建一个副本用于试验\n"
     "  kontord --state-dir /tmp/kontor --socket /tmp/kontor/kontor.sock --log-level debug\n"
     "\n"
     "其他操作请用：kontor --help\n"},
    {"kontord.see_help", "See: kontord --help", "请查看：kontord --help"},

    {"daemon.locked", "{path} is in use by process {pid}.", "{path} 正被进程 {pid} 使用。"},
    {"daemon.config_ok", "The configuration is correct.", "配置正确。"},
    {"daemon.config_errors", "The configuration has {count} {count:error|errors}.",
     "配置中有 {count} 处错误。"},

    // What to do about a value that a remote will not take as it is: by code.
    {"warning.choice", "is not on the field's list", "不在该字段的选项中"},
    {"warning.choice.hint", "It was taken as given.", "已按原样保存。"},
    {"warning.KONTOR_LENGTH",
     "It stays here, and {entity} {record} is not sent to {connection} until it is shorter.",
     "该值已保存在本地；缩短之前，{entity} {record} 不会发送到 {connection}。"},
    {"warning.KONTOR_CHOICE",
     "It stays here, and {entity} {record} is not sent to {connection} until it is a value of the "
     "list, or the list there has it.",
     "该值已保存在本地；改为选项中的值（或在 {connection} 中添加该选项）之前，"
     "{entity} {record} 不会发送。"},
    {"warning.KONTOR_REQUIRED",
     "{entity} {record} is not sent to {connection} until it has a value.",
     "填写之前，{entity} {record} 不会发送到 {connection}。"},
    {"warning.KONTOR_VALUE",
     "It stays here, and {entity} {record} is not sent to {connection} until it is put right.",
     "该值已保存在本地；改正之前，{entity} {record} 不会发送到 {connection}。"},
    {"warning.KONTOR_REFERENCE",
     "It stays here, and {entity} {record} is not sent to {connection} until it leads to a record.",
     "该值已保存在本地；指向一条记录之前，{entity} {record} 不会发送到 {connection}。"},
    {"warning.KONTOR_CUT", "All of it stays here; {connection} gets the beginning.",
     "全文保存在本地；{connection} 只收到开头部分。"},
    {"warning.KONTOR_READ_ONLY", "It stays here, and is not sent to {connection}.",
     "该值保存在本地，不会发送到 {connection}。"},
    {"warning.KONTOR_CREATE_ONLY",
     "It stays here, and is not sent to {connection} if the record is there already.",
     "该值保存在本地；若 {connection} 中已有该记录，则不会发送。"},

    {"state.starting", "starting", "正在启动"},
    {"state.new", "new – waits for: kontor sync {name}", "新连接 – 等待运行：kontor sync {name}"},
    {"state.idle", "up to date", "已是最新"},
    {"state.syncing", "syncing", "正在同步"},
    {"state.verifying", "comparing with the remote", "正在与远端比对"},
    {"state.waiting", "waiting to try again", "等待重试"},
    {"state.offline", "waiting – offline", "等待中（离线）"},
    {"state.unavailable", "waiting – the remote is not available for now ({status})",
     "等待中（远端暂时不可用，答复 {status}）"},
    {"state.unavailable.said", "waiting – the remote is not available for now",
     "等待中（远端暂时不可用）"},
    {"state.throttled", "throttled by the remote", "被远端限流"},
    {"state.budget", "waiting – its daily_credits are used up", "等待中（daily_credits 已用完）"},
    {"state.sign_in", "needs sign-in", "需要登录"},
    {"state.paused", "stopped: needs a decision", "已停止：需要确认"},
    {"state.damaged", "stopped: the replica is damaged", "已停止：副本已损坏"},
    {"state.error", "in error", "出错"},

    {"stage.load", "first load", "首次加载"},
    {"stage.pull", "fetching changes", "获取变更"},
    {"stage.sweep", "comparing records", "核对记录"},
    {"stage.push", "sending changes", "发送变更"},
    {"stage.index", "indexing", "建立索引"},
    {"stage.verify", "verifying", "比对"},
    {"stage.undo", "taking back", "撤销"},
    {"stage.resolve", "deciding", "处理冲突"},
    {"stage.wait", "waiting for the remote's limit, attempt", "等待远端限额，尝试"},
    {"stage.retry", "no answer yet, attempt", "尚无应答，尝试"},
    {"stage.bulk_wait", "the remote prepares its export", "远端正在准备导出"},
};

}  // namespace

std::span<const Text> daemon_texts() {
    return kDaemonTexts;
}

}  // namespace kontor::messages
