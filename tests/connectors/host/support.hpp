#pragma once

// What the tests of the host share: time that stands still, a scripted HTTP client, a log that is
// kept, a temporary folder.

#include <atomic>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "connectors/host/http_client.hpp"
#include "connectors/host/secret_store.hpp"
#include "connectors/host/sleeper.hpp"
#include "sync/base/clock.hpp"
#include "sync/base/log.hpp"

namespace kontor::host::test {

using namespace std::chrono_literals;

class TempDir {
public:
    TempDir() {
        std::string name = (std::filesystem::temp_directory_path() / "kontor-XXXXXX").string();
        if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
        path_ = name;
    }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    ~TempDir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string operator/(const std::string& name) const {
        return path_ + "/" + name;
    }

private:
    std::string path_;
};

class FakeClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override { return Instant(std::chrono::milliseconds(ms_)); }
    [[nodiscard]] std::chrono::milliseconds steady() const override {
        return std::chrono::milliseconds(ms_);
    }
    void advance(std::chrono::milliseconds by) { ms_ += by.count(); }

private:
    std::atomic<std::int64_t> ms_{1'790'000'000'000};
};

/// Waits by moving the clock.
class FakeSleeper final : public Sleeper {
public:
    explicit FakeSleeper(FakeClock& clock) : clock_(clock) {}
    bool sleep(std::chrono::milliseconds time) override {
        waits.push_back(time);
        clock_.advance(time);
        if (cancel_after > 0 && --cancel_after == 0) stopped = true;
        return !stopped;
    }
    [[nodiscard]] bool cancelled() const override { return stopped; }

    std::vector<std::chrono::milliseconds> waits;
    int cancel_after = 0;
    bool stopped = false;

private:
    FakeClock& clock_;
};

struct SeenRequest {
    std::string method, url, body;
    std::map<std::string, std::string> headers;  // credentials included
    std::string told_url = {};
};

inline Result<HttpResponse> answer(int status, std::string body = {},
                                   std::map<std::string, std::string, std::less<>> headers = {}) {
    HttpResponse out;
    out.status = status;
    out.body = std::move(body);
    out.headers = std::move(headers);
    return out;
}

/// Answers by a function; keeps what it was asked.
class ScriptedHttp final : public HttpClient {
public:
    using Script = std::function<Result<HttpResponse>(const SeenRequest&)>;
    explicit ScriptedHttp(Script script = {}) : script_(std::move(script)) {}
    Result<HttpResponse> send(const HttpRequest& request) override { return reply(note(request)); }
    /// The answer is made when it is asked for; `arrives` says whether it is there before.
    Result<std::unique_ptr<Exchange>> begin(const HttpRequest& request) override {
        if (refuse_to_begin) return fail(Errc::kInternal, "no");
        ++under_way;
        return std::unique_ptr<Exchange>(std::make_unique<Begun>(*this, note(request)));
    }
    std::vector<SeenRequest> seen;
    std::deque<Result<HttpResponse>> next;
    bool arrives = true, refuse_to_begin = false;
    int under_way = 0;  ///< begun and neither finished nor given up

private:
    struct Begun final : Exchange {
        Begun(ScriptedHttp& http, SeenRequest request)
            : http_(http), request_(std::move(request)) {}
        ~Begun() override { --http_.under_way; }
        bool arrived() override { return http_.arrives; }
        Result<HttpResponse> finish() override { return http_.reply(request_); }
        ScriptedHttp& http_;
        const SeenRequest request_;
    };
    SeenRequest note(const HttpRequest& request) {
        SeenRequest one{
            request.method, request.url, std::string(request.body), {}, request.told_url};
        for (const auto& header : request.headers) one.headers[header.name] = header.value;
        for (const auto& header : request.secret_headers)
            one.headers[header.name] = header.value.reveal();
        const std::lock_guard lock(mutex_);
        seen.push_back(one);
        return one;
    }
    Result<HttpResponse> reply(const SeenRequest& one) {
        const std::lock_guard lock(mutex_);
        if (!next.empty()) {
            auto out = std::move(next.front());
            next.pop_front();
            return out;
        }
        if (!script_) throw std::logic_error("the script is at its end");
        return script_(one);
    }

    std::mutex mutex_;
    Script script_;
};

class CapturingLogger final : public Logger {
public:
    void log(LogLevel, std::string_view event, std::initializer_list<LogField> fields) override {
        const std::lock_guard lock(mutex_);
        text += event;
        for (const auto& field : fields)
            text.append(" ").append(field.key).append("=").append(field.value);
        text += '\n';
    }
    std::string text;

private:
    std::mutex mutex_;
};

class MemorySecrets final : public SecretStore {
public:
    [[nodiscard]] Result<Secret> read(std::string_view reference) const override {
        const auto found = texts.find(std::string(reference));
        if (found == texts.end()) return fail(Errc::kNotFound, "no such secret");
        return Secret(std::string(found->second));
    }
    Result<> write(std::string_view reference, const Secret& secret) override {
        texts[std::string(reference)] = secret.reveal();
        return {};
    }
    std::map<std::string, std::string> texts;
};

}  // namespace kontor::host::test
