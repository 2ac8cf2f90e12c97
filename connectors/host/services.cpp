#include "connectors/host/services.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "connectors/host/ascii.hpp"
#include "connectors/host/atomic_file.hpp"
#include "connectors/host/json_text.hpp"
#include "connectors/host/status.hpp"

namespace kontor::host {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kHeadBytesMax = std::size_t{256} << 10;
constexpr std::size_t kBodyBytesMax = std::size_t{64} << 20;
constexpr std::size_t kAnswerBytesMax = std::size_t{256} << 20;
constexpr std::int64_t kSpoolBytesMax = std::int64_t{64} << 30;
constexpr std::size_t kMessageBytesMax = 4'096;
constexpr std::size_t kFieldsBytesMax = 16'384;
constexpr std::size_t kEventBytesMax = 128;
constexpr std::int64_t kTimeoutMax_ms = 600'000;  // as in kontor_connector.h
constexpr std::int64_t kSleepMax_ms = 3'600'000;
constexpr std::int64_t kRetryAfterMax_ms = 7LL * 86'400'000;

// What only the host may say in a request.
constexpr std::array<std::string_view, 8> kHostHeaders = {
    "host",    "content-length", "transfer-encoding",   "connection",
    "upgrade", "expect",         "proxy-authorization", "accept-encoding"};

Lane lane_of(const std::string& name) {
    if (name == "write") return Lane::kWrite;
    if (name == "bulk") return Lane::kBulk;
    if (name == "meta") return Lane::kMeta;
    return Lane::kRead;
}

std::string_view view(kontor_str text) {
    return text.data ? std::string_view(text.data, text.size) : std::string_view();
}

kontor_str str(std::string_view text) {
    return {text.data(), text.size()};
}

std::string_view cut(std::string_view text, std::size_t max) {
    if (text.size() <= max) return text;
    while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xC0) == 0x80) --max;
    return text.substr(0, max);
}

LogLevel level_of(std::int32_t level) {
    return static_cast<LogLevel>(std::clamp(level, 0, 3));
}

/// What the connector was doing, and why our service failed it: each said once.
std::string with_cause(std::string doing, Error cause) {
    // The address that the cause begins with is what the connector has said already.
    if (const auto host = cause.args.find("host"); host != cause.args.end())
        if (const auto prefix = host->second + ": ";
            cause.message.starts_with(prefix) && doing.find(host->second) != std::string::npos)
            cause.message.erase(0, prefix.size());
    if (doing.find(cause.message) != std::string::npos) return doing;
    // What the SDK says where it knows nothing better.
    constexpr std::string_view kNoWord = "a service of the host failed";
    if (doing.ends_with(kNoWord)) return doing.erase(doing.size() - kNoWord.size()) + cause.message;
    return doing + " (" + cause.message + ")";
}

}  // namespace

// Each turns C into ours and stops every exception.
struct Services::Calls {
    static Services& self(void* ctx) { return *static_cast<Services*>(ctx); }

    template <class F>
    static kontor_status guarded(F&& run) noexcept {
        try {
            return run();
        } catch (...) {
            return KONTOR_E_INTERNAL;
        }
    }

    static kontor_status http(void* ctx, kontor_str head, kontor_str body,
                              kontor_http_response* out) {
        return guarded([&] { return self(ctx).http(view(head), view(body), out); });
    }
    static kontor_status http_begin(void* ctx, kontor_str head, kontor_str body,
                                    std::int64_t* ticket) {
        return guarded([&] { return self(ctx).http_begin(view(head), view(body), ticket); });
    }
    static std::int32_t http_arrived(void* ctx, std::int64_t ticket) {
        std::int32_t out = 0;
        guarded([&] {
            out = self(ctx).http_arrived(ticket) ? 1 : 0;
            return KONTOR_OK;
        });
        return out;
    }
    static kontor_status http_finish(void* ctx, std::int64_t ticket, kontor_http_response* out) {
        return guarded([&] { return self(ctx).http_finish(ticket, out); });
    }
    static kontor_status emit(void* ctx, kontor_str batch, kontor_str checkpoint) {
        return guarded([&] { return self(ctx).emit(view(batch), view(checkpoint)); });
    }
    static std::int64_t now_ms(void* ctx) {
        return self(ctx).parts_.clock.now().time_since_epoch().count();
    }
    static std::uint64_t random(void* ctx) { return self(ctx).parts_.random.next(); }
    static void sleep_ms(void* ctx, std::int64_t ms) {
        guarded([&] {
            self(ctx).parts_.sleeper.sleep(
                std::chrono::milliseconds(std::clamp<std::int64_t>(ms, 0, kSleepMax_ms)));
            return KONTOR_OK;
        });
    }
    static std::int32_t cancelled(void* ctx) {
        return self(ctx).parts_.sleeper.cancelled() ? 1 : 0;
    }
    static void log(void* ctx, std::int32_t level, kontor_str event, kontor_str fields) {
        guarded([&] {
            self(ctx).log(level, view(event), view(fields));
            return KONTOR_OK;
        });
    }
    static void set_error(void* ctx, kontor_str message, kontor_str args) {
        guarded([&] {
            self(ctx).explain(view(message), view(args));
            return KONTOR_OK;
        });
    }
    static void progress(void* ctx, kontor_str json) {
        guarded([&] {
            self(ctx).progress(view(json));
            return KONTOR_OK;
        });
    }
    static kontor_str state_get(void* ctx) {
        kontor_str out{nullptr, 0};
        guarded([&] {
            out = str(self(ctx).state());
            return KONTOR_OK;
        });
        return out;
    }
    static kontor_status state_put(void* ctx, kontor_str state) {
        return guarded([&] { return self(ctx).put_state(view(state)); });
    }
    static kontor_status file_read(void* ctx, std::int64_t file, std::int64_t offset, void* buffer,
                                   std::size_t size, std::size_t* got) {
        return guarded([&] { return self(ctx).read_some(file, offset, buffer, size, got); });
    }
    static kontor_status file_open(void* ctx, kontor_str path, std::int32_t mode,
                                   std::int64_t* file) {
        return guarded([&] {
            if (!file || mode < 0 || mode > 1) return KONTOR_E_INVALID;
            auto opened = self(ctx).parts_.files.open(view(path), mode == 1);
            if (!opened) return self(ctx).failed(opened.error());
            *file = *opened;
            return KONTOR_OK;
        });
    }
    static kontor_status file_write(void* ctx, std::int64_t file, kontor_str bytes) {
        return guarded([&] {
            auto wrote = self(ctx).parts_.files.write(file, view(bytes));
            return wrote ? KONTOR_OK : self(ctx).failed(wrote.error());
        });
    }
    static kontor_status file_list(void* ctx, kontor_str folder, kontor_str* out) {
        return guarded([&] { return self(ctx).list(view(folder), out); });
    }
    static kontor_status file_commit(void* ctx, std::int64_t file) {
        return guarded([&] {
            auto done = self(ctx).parts_.files.commit(file);
            return done ? KONTOR_OK : self(ctx).failed(done.error());
        });
    }
    static void file_close(void* ctx, std::int64_t file) {
        guarded([&] {
            self(ctx).parts_.files.close(file);
            return KONTOR_OK;
        });
    }
    static kontor_status dial(void* ctx, kontor_str address, std::int64_t* stream,
                              kontor_str* out_json) {
        return guarded([&] { return self(ctx).dial(view(address), stream, out_json); });
    }
    static kontor_status stream_read(void* ctx, std::int64_t stream, std::size_t size,
                                     std::int64_t timeout_ms, kontor_str* out) {
        return guarded([&] { return self(ctx).read_stream(stream, size, timeout_ms, out); });
    }
    static kontor_status stream_write(void* ctx, std::int64_t stream, kontor_str bytes) {
        return guarded([&] {
            auto wrote = self(ctx).streams_.write(stream, view(bytes));
            return wrote ? KONTOR_OK : self(ctx).failed(wrote.error());
        });
    }
    static void stream_close(void* ctx, std::int64_t stream) {
        guarded([&] {
            self(ctx).streams_.close(stream);
            return KONTOR_OK;
        });
    }
};

Services::Services(Parts parts) : parts_(std::move(parts)), streams_(parts_.dialer) {
    table_.size = sizeof(kontor_host);
    table_.ctx = this;
    table_.http = &Calls::http;
    table_.emit = &Calls::emit;
    table_.now_ms = &Calls::now_ms;
    table_.random = &Calls::random;
    table_.sleep_ms = &Calls::sleep_ms;
    table_.cancelled = &Calls::cancelled;
    table_.log = &Calls::log;
    table_.set_error = &Calls::set_error;
    table_.progress = &Calls::progress;
    table_.state_get = &Calls::state_get;
    table_.state_put = &Calls::state_put;
    table_.file_read = &Calls::file_read;
    table_.file_open = &Calls::file_open;
    table_.file_write = &Calls::file_write;
    table_.file_list = &Calls::file_list;
    table_.file_close = &Calls::file_close;
    table_.file_commit = &Calls::file_commit;
    table_.http_begin = &Calls::http_begin;
    table_.http_arrived = &Calls::http_arrived;
    table_.http_finish = &Calls::http_finish;
    table_.dial = &Calls::dial;
    table_.stream_read = &Calls::stream_read;
    table_.stream_write = &Calls::stream_write;
    table_.stream_close = &Calls::stream_close;
}

void Services::begin_call(const Emit* emit, Refusal refusal) {
    emit_ = emit;
    refusal_ = refusal;
    explained_.reset();
    host_error_.reset();
    sink_error_.reset();
}

Result<> Services::end_call(kontor_status status) {
    emit_ = nullptr;
    const int answered = std::exchange(answer_, {}).status;
    begun_.clear();
    streams_.close_all();
    parts_.files.close_all();
    // A plugin that ignores what emit() returned must not make a lost batch look like success.
    if (sink_error_) return tl::unexpected(std::move(*sink_error_));
    if (status == KONTOR_OK) return {};
    Error error{errc_of(status), "the connector gives no reason", {}, {}};
    const bool ours = host_error_ && status_of(host_error_->code) == status;
    if (ours) error = std::move(*host_error_);
    if (explained_) {
        // The host knows best why its service failed; the connector, what it was doing.
        error.message = ours ? with_cause(std::move(explained_->message), error)
                             : std::move(explained_->message);
        for (auto& [key, value] : explained_->args) error.args[key] = std::move(value);
        if (explained_->retry_after) error.retry_after = explained_->retry_after;
    }
    if (!ours && error.code == Errc::kUnavailable && answered > 0)
        if (!error.args.contains("reason")) error.args.merge(answered_args(answered));
    return tl::unexpected(std::move(error));
}

kontor_status Services::failed(const Error& error) {
    host_error_ = error;
    host_error_->message = parts_.redactor.apply(host_error_->message);
    return status_of(error.code);
}

Result<HttpCall> Services::read_call(std::string_view head, std::string_view body) const {
    if (body.size() > kBodyBytesMax) return fail(Errc::kInvalid, "a request's body is too large");
    auto json = parse_json(head, kHeadBytesMax, "the connector's request");
    if (!json || !json->is_object())
        return fail(Errc::kInvalid, "the connector's request is not a JSON object");
    HttpCall call;
    auto& request = call.request;
    request.method = text_of(*json, "method", "GET");
    request.url = text_of(*json, "url");
    call.authenticate = text_of(*json, "auth", "default") != "none";
    call.lane = lane_of(text_of(*json, "lane", "read"));
    call.credits = integer_of(*json, "credits", 1);
    call.idempotent =
        flag_of(*json, "idempotent", request.method == "GET" || request.method == "HEAD");
    request.spool = flag_of(*json, "spool");
    const auto usual_max = request.spool ? kSpoolBytesMax : std::int64_t{32} << 20;
    request.max_body = static_cast<std::size_t>(std::clamp<std::int64_t>(
        integer_of(*json, "max_body", usual_max), 0,
        request.spool ? kSpoolBytesMax : static_cast<std::int64_t>(kAnswerBytesMax)));
    request.timeout = std::chrono::milliseconds(
        std::clamp<std::int64_t>(integer_of(*json, "timeout_ms", 60'000), 1, kTimeoutMax_ms));
    for (const auto& [name, value] : object_of(*json, "headers").items()) {
        const auto key = ascii_lower(name);
        if (!value.is_string() || std::ranges::find(kHostHeaders, key) != kHostHeaders.end() ||
            (key == "authorization" && call.authenticate))
            return fail(Errc::kInvalid, "the connector may not set the header " + key);
        request.headers.push_back({name, value.get<std::string>()});
    }
    call.body = body;
    return call;
}

kontor_status Services::http(std::string_view head, std::string_view body,
                             kontor_http_response* out) {
    if (!out) return KONTOR_E_INVALID;
    *out = {0, {nullptr, 0}, {nullptr, 0}, -1};
    if (parts_.sleeper.cancelled()) return KONTOR_E_CANCELLED;
    auto call = read_call(head, body);
    if (!call) return failed(call.error());
    return hand_over(parts_.requester.run(*call), out);
}

kontor_status Services::http_begin(std::string_view head, std::string_view body,
                                   std::int64_t* ticket) {
    if (!ticket) return KONTOR_E_INVALID;
    *ticket = 0;
    auto call = read_call(head, body);
    if (!call) return failed(call.error());
    if (begun_.size() >= kBegunMax)
        return failed({Errc::kInvalid, "too many requests ahead of time", {}, {}});
    *ticket = next_ticket_++;
    begun_.emplace(*ticket, parts_.requester.begin(std::move(*call), std::string(body)));
    return KONTOR_OK;
}

bool Services::http_arrived(std::int64_t ticket) {
    const auto found = begun_.find(ticket);
    return found != begun_.end() && found->second->arrived();
}

kontor_status Services::http_finish(std::int64_t ticket, kontor_http_response* out) {
    if (!out) return KONTOR_E_INVALID;
    *out = {0, {nullptr, 0}, {nullptr, 0}, -1};
    const auto found = begun_.find(ticket);
    if (found == begun_.end()) return failed({Errc::kInvalid, "no such request", {}, {}});
    const auto begun = std::move(found->second);
    begun_.erase(found);
    if (parts_.sleeper.cancelled()) return KONTOR_E_CANCELLED;
    return hand_over(parts_.requester.finish(*begun), out);
}

// Keeps requests ahead of time going while something else is done: libcurl has no thread.
void Services::move_on() {
    for (auto& [ticket, begun] : begun_) static_cast<void>(begun->arrived());
}

kontor_status Services::hand_over(Result<HttpResponse> answer, kontor_http_response* out) {
    if (!answer) return failed(answer.error());
    answer_ = std::move(*answer);
    if (answer_.spool.valid()) {
        auto file = parts_.files.adopt(std::move(answer_.spool));
        if (!file) return failed(file.error());
        out->spool = *file;
    }
    answer_.headers.erase("set-cookie");  // a session is a credential
    answer_headers_ = dump_json(answer_.headers);
    out->status = answer_.status;
    out->headers = str(answer_headers_);
    out->body = str(answer_.body);
    return KONTOR_OK;
}

kontor_status Services::emit(std::string_view batch, std::string_view checkpoint) {
    if (!emit_)
        return failed({Errc::kInvalid, "emit outside of a call that takes records", {}, {}});
    if (sink_error_) return status_of(sink_error_->code);
    move_on();
    if (refusal_ == Refusal::kIgnored) {
        (void)(*emit_)(batch, checkpoint);
        return KONTOR_OK;
    }
    auto taken = parts_.sleeper.cancelled() ? Result<>(fail(Errc::kCancelled, "cancelled"))
                                            : (*emit_)(batch, checkpoint);
    if (taken) return KONTOR_OK;
    sink_error_ = std::move(taken.error());
    return status_of(sink_error_->code);
}

kontor_status Services::read_some(std::int64_t file, std::int64_t offset, void* buffer,
                                  std::size_t size, std::size_t* got) {
    if (!got || (!buffer && size > 0)) return KONTOR_E_INVALID;
    *got = 0;
    move_on();
    auto read = parts_.files.read(file, offset, static_cast<char*>(buffer), size);
    if (!read) return failed(read.error());
    *got = *read;
    return KONTOR_OK;
}

void Services::log(std::int32_t level, std::string_view event, std::string_view fields) {
    std::string name(cut(event, kEventBytesMax));
    std::ranges::replace_if(
        name, [](unsigned char c) { return c <= 0x20 || c == 0x7f; }, '_');
    std::vector<std::pair<std::string, std::string>> texts;
    auto json = parse_json(fields.empty() ? "{}" : fields, kFieldsBytesMax, "log fields");
    if (json && json->is_object()) {
        for (const auto& [key, value] : json->items())
            texts.emplace_back(key,
                               value.is_string() ? value.get<std::string>() : dump_json(value));
    } else {
        texts.emplace_back("fields", "malformed");
    }
    std::vector<LogField> out;
    out.reserve(texts.size());
    for (const auto& [key, value] : texts) out.emplace_back(key, value);
    parts_.log.log_fields(level_of(level), name, std::move(out));
}

void Services::explain(std::string_view message, std::string_view args) {
    Error error{Errc::kInternal, parts_.redactor.apply(cut(message, kMessageBytesMax)), {}, {}};
    auto json = parse_json(args.empty() ? "{}" : args, kFieldsBytesMax, "error arguments");
    if (json && json->is_object()) {
        for (const auto& [key, value] : json->items())
            if (key != "retry_after_ms" && error.args.size() < 32)
                error.args[key] = parts_.redactor.apply(value.is_string() ? value.get<std::string>()
                                                                          : dump_json(value));
        if (const auto ms = integer_of(*json, "retry_after_ms", -1); ms >= 0)
            error.retry_after = std::chrono::milliseconds(std::min(ms, kRetryAfterMax_ms));
    }
    explained_ = std::move(error);
}

void Services::progress(std::string_view text) {
    if (!parts_.on_progress) return;
    auto json = parse_json(text, kFieldsBytesMax, "progress");
    if (!json) return;
    parts_.on_progress({parts_.redactor.apply(cut(text_of(*json, "stage"), kEventBytesMax)),
                        integer_of(*json, "done"), integer_of(*json, "total")});
}

std::string_view Services::state() {
    if (!state_) {
        auto bytes = read_file(parts_.state_file, kStateBytesMax);
        if (!bytes) {
            failed(bytes.error());
            return {};
        }
        state_ = bytes->value_or("");
    }
    return *state_;
}

kontor_status Services::put_state(std::string_view state) {
    if (state.size() > kStateBytesMax)
        return failed({Errc::kInvalid, "a connector's state is too large", {}, {}});
    if (auto saved = replace_file(parts_.state_file, state); !saved) return failed(saved.error());
    state_ = std::string(state);
    return KONTOR_OK;
}

kontor_status Services::list(std::string_view folder, kontor_str* out) {
    if (!out) return KONTOR_E_INVALID;
    *out = {nullptr, 0};
    auto entries = parts_.files.list(folder);
    if (!entries) return failed(entries.error());
    Json json = Json::array();
    for (const auto& entry : *entries)
        json.push_back(
            {{"path", entry.path}, {"size", entry.size}, {"modified_ms", entry.modified_ms}});
    listing_ = dump_json(json);
    *out = str(listing_);
    return KONTOR_OK;
}

kontor_status Services::dial(std::string_view address, std::int64_t* stream, kontor_str* out_json) {
    if (!stream || !out_json) return KONTOR_E_INVALID;
    *stream = -1;
    *out_json = {nullptr, 0};
    if (parts_.sleeper.cancelled()) return KONTOR_E_CANCELLED;
    auto opened = streams_.dial(address);
    if (!opened) {
        parts_.log.debug("dial.failed", {{"code", to_string(opened.error().code)}});
        return failed(opened.error());
    }
    parts_.log.debug("dial.done", {{"stream", opened->stream}});
    *stream = opened->stream;
    greeting_ = dump_json(Json{{"parameters", opened->parameters}});
    *out_json = str(greeting_);
    return KONTOR_OK;
}

kontor_status Services::read_stream(std::int64_t stream, std::size_t size, std::int64_t timeout_ms,
                                    kontor_str* out) {
    if (!out) return KONTOR_E_INVALID;
    *out = {nullptr, 0};
    auto got = streams_.read(
        stream, size,
        std::chrono::milliseconds(std::clamp<std::int64_t>(timeout_ms, 1, kTimeoutMax_ms)));
    if (!got) return failed(got.error());
    *out = str(*got);
    return KONTOR_OK;
}

}  // namespace kontor::host
