#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "daemon/app.hpp"
#include "tests/daemon/http_client.hpp"

namespace kontor::test {

class TempDir {
public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    [[nodiscard]] std::string path(const std::string& name = "") const;
    std::string write(const std::string& name, const std::string& text) const;

private:
    std::filesystem::path path_;
};

/// All bytes of a file; empty if there is none.
[[nodiscard]] std::string content_of(const std::string& path);

/// A remote with one stream and no records; its answers can be scripted.
class FakeRemote final : public remote::Remote {
public:
    std::function<Result<remote::Identity>()> on_check;
    std::atomic<int>* described = nullptr;
    std::atomic<std::int64_t>* spent = nullptr;

    Result<remote::Identity> check() override;
    Result<std::vector<remote::StreamSpec>> describe() override;
    Result<std::string> pull(std::string_view, std::span<const std::string>, std::string_view,
                             remote::RecordSink&) override {
        return std::string("end");
    }
    Result<bool> list_ids(std::string_view, remote::RecordSink&) override { return true; }
    Result<> fetch(std::string_view, std::span<const std::string>, std::span<const std::string>,
                   remote::RecordSink&) override {
        return {};
    }
    Result<> find(std::string_view, std::span<const std::string>, std::string_view,
                  std::span<const std::string>, remote::RecordSink&) override {
        return {};
    }
    Result<std::vector<remote::PushResult>> push(std::string_view,
                                                 std::span<const remote::Change>) override {
        return std::vector<remote::PushResult>{};
    }
    [[nodiscard]] remote::Credits credits() const override {
        const auto now = spent != nullptr ? spent->load() : 10;
        return {1'000, 990, now, 2};
    }
};

class FakeRemotes final : public app::RemoteFactory {
public:
    std::function<Result<remote::Identity>()> on_check;
    std::function<Result<>()> on_open;
    std::atomic<int> opened{0};
    std::atomic<int> described{0};
    std::atomic<std::int64_t> spent{10};
    Result<std::unique_ptr<remote::Remote>> open(const config::Connection&, const Wishes&) override;
};

/// The machine's clock, which can be made to have slept.
class SleepyClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override { return real_.now() + slept.load(); }
    [[nodiscard]] std::chrono::milliseconds steady() const override {
        return real_.steady() + slept.load();
    }
    std::atomic<std::chrono::milliseconds> slept{std::chrono::milliseconds(0)};

private:
    SystemClock real_;
};

class FakeNetwork final : public app::NetworkSource {
public:
    Result<> start(app::Loop& loop, std::function<void()> back) override {
        if (deaf) return fail(Errc::kUnavailable, "Operation not permitted");
        loop_ = &loop;
        back_ = std::move(back);
        return {};
    }
    bool deaf = false;  ///< the system refuses to tell it
    void come_back() {
        loop_->post([this] { back_(); });
    }

private:
    app::Loop* loop_ = nullptr;
    std::function<void()> back_;
};

/// Keeps all lines.
class MemoryLog final : public Logger {
public:
    void log(LogLevel level, std::string_view event,
             std::initializer_list<LogField> fields) override;
    [[nodiscard]] std::string text() const;
    /// Called with each event by the thread that logs it, which it may keep waiting.
    std::function<void(std::string_view event)> on_event;

private:
    mutable std::mutex mutex_;
    std::string lines_;
};

/// A whole daemon in this process, with a fake remote and a scripted engine.
class Daemon {
public:
    explicit Daemon(const std::string& toml = "");
    ~Daemon();

    [[nodiscard]] Result<> start();
    void stop();
    [[nodiscard]] Answer get(const std::string& target);
    [[nodiscard]] Answer send(const std::string& method, const std::string& target,
                              const nlohmann::json& body);
    [[nodiscard]] nlohmann::json json(const std::string& target);
    [[nodiscard]] std::string socket() const { return dir.path("run/s"); }
    /// Asks until `good` is true of the answer's JSON; false after ten seconds.
    bool until(const std::string& target, const std::function<bool(const nlohmann::json&)>& good);

    TempDir dir;
    MemoryLog log;
    FakeRemotes remotes;
    bool real_plugins = false;  ///< in place of `remotes`
    FakeNetwork network;
    SleepyClock clock;
    app::RunCycle run_cycle;
    app::RunVerify run_verify;
    std::map<std::string, std::string> environment;
    std::unique_ptr<app::App> app;

private:
    std::thread thread_;
};

/// A mapping for the fake remote.
inline constexpr const char* kMapping =
    "[[stream]]\nname = \"People\"\nentity = \"contact\"\n[[stream.group]]\nname = \"name\"\n"
    "fields = [{ remote = \"Name\", column = \"last_name\" }]\n";

}  // namespace kontor::test
