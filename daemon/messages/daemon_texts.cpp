#include "daemon/messages/messages.hpp"

namespace kontor::messages {
namespace {

// What the daemon itself says: start-up, status line, states of connections.
constexpr Text kTexts[] = {
    {"daemon.locked", "{path} is in use by process {pid}.", "{path} 正被进程 {pid} 使用。"},
    {"daemon.config_ok", "The configuration is correct.", "配置正确。"},
    {"daemon.config_errors", "The configuration has {count} {count:error|errors}.",
     "配置中有 {count} 处错误。"},

    {"state.starting", "starting", "正在启动"},
    {"state.new", "new – waits for: kontor sync {name}", "新连接 – 等待运行：kontor sync {name}"},
    {"state.idle", "up to date", "已是最新"},
    {"state.syncing", "syncing", "正在同步"},
    {"state.verifying", "comparing with the remote", "正在与远端比对"},
    {"state.waiting", "waiting to try again", "等待重试"},
    {"state.offline", "waiting – offline", "等待中（离线）"},
    {"state.throttled", "throttled by the remote", "被远端限流"},
    {"state.sign_in", "needs sign-in", "需要登录"},
    {"state.paused", "stopped: needs a decision", "已停止：需要确认"},
    {"state.error", "in error", "出错"},

    {"stage.load", "first load", "首次加载"},
    {"stage.pull", "fetching changes", "获取变更"},
    {"stage.sweep", "comparing records", "核对记录"},
    {"stage.push", "sending changes", "发送变更"},
    {"stage.index", "indexing", "建立索引"},
    {"stage.verify", "verifying", "比对"},
    {"stage.wait", "waiting for the remote's limit, attempt", "等待远端限额，尝试"},
    {"stage.retry", "no answer yet, attempt", "尚无应答，尝试"},
    {"stage.bulk_wait", "the remote prepares its export", "远端正在准备导出"},
};

}  // namespace

std::span<const Text> daemon_texts() {
    return kTexts;
}

}  // namespace kontor::messages
