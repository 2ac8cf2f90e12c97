#include "connectors/process/host_stub.hpp"

#include <algorithm>
#include <cstring>

namespace kontor::process {
namespace {

using frames::Service;

constexpr int kUnreadMax = 16;  // they have no texts: the daemon can write them all at once

std::string_view view(kontor_str text) {
    return text.data ? std::string_view(text.data, text.size) : std::string_view();
}

kontor_str str(std::string_view text) {
    return {text.data(), text.size()};
}

kontor_status status_of(const frames::Frame& answer) {
    return static_cast<kontor_status>(answer.numbers[0]);
}

kontor_status hand_over(const frames::Frame& answer, kontor_http_response* out) {
    *out = {static_cast<std::int32_t>(answer.numbers[1]), str(answer.texts[0]),
            str(answer.texts[1]), answer.numbers[2]};
    return status_of(answer);
}

enum class Order {
    kOnlyReads,     // may go on its way behind a batch that is refused
    kHasNoFailure,  // so may this; and it returns no status
    kAfterBatch,    // must not happen if the batch before it was refused
};

Order order_of(Service service) {
    switch (service) {
        case Service::kHttpFinish:
        case Service::kFileRead:
        case Service::kStreamRead:
            return Order::kOnlyReads;
        case Service::kNow:
        case Service::kRandom:
        case Service::kSleep:
        case Service::kCancelled:
        case Service::kStateGet:
        case Service::kFileClose:
        case Service::kHttpArrived:
        case Service::kStreamClose:
            return Order::kHasNoFailure;
        default:
            return Order::kAfterBatch;
    }
}

}  // namespace

void HostStub::send(Service service, Numbers numbers, Texts texts) {
    pipe_.send({.kind = frames::Kind::kService,
                .code = static_cast<std::uint8_t>(service),
                .call = call_,
                .numbers = numbers,
                .texts = texts});
}

void HostStub::read_answers() {
    for (; unread_ > 0; --unread_) {
        const auto answer = pipe_.receive();
        if (answer.code == static_cast<std::uint8_t>(Service::kEmit) &&
            status_of(answer) != KONTOR_OK)
            refused_ = status_of(answer);
    }
}

kontor_status HostStub::settle() {
    read_answers();
    return take_refusal();
}

frames::Frame HostStub::ask(Service service, Numbers numbers, Texts texts) {
    const auto order = order_of(service);
    if (order == Order::kAfterBatch)
        if (const auto refused = settle(); refused != KONTOR_OK) return {.numbers = {refused}};
    send(service, numbers, texts);
    read_answers();
    auto answer = pipe_.receive();
    if (order == Order::kOnlyReads && refused_ != KONTOR_OK) answer.numbers[0] = take_refusal();
    return answer;
}

void HostStub::tell(Service service, Numbers numbers, Texts texts) {
    send(service, numbers, texts);
    if (++unread_ >= kUnreadMax) read_answers();
}

kontor_status HostStub::emit(std::string_view batch, std::string_view checkpoint) {
    if (const auto refused = settle(); refused != KONTOR_OK) return refused;
    tell(Service::kEmit, {}, {batch, checkpoint});
    return KONTOR_OK;
}

struct HostStub::Calls {
    static frames::Frame ask(void* ctx, Service service, Numbers numbers, Texts texts = {}) {
        return static_cast<HostStub*>(ctx)->ask(service, numbers, texts);
    }
    static frames::Frame ask(void* ctx, Service service, Texts texts = {}) {
        return ask(ctx, service, Numbers{}, texts);
    }
    static void tell(void* ctx, Service service, Numbers numbers, Texts texts) {
        static_cast<HostStub*>(ctx)->tell(service, numbers, texts);
    }

    static kontor_status http(void* ctx, kontor_str head, kontor_str body,
                              kontor_http_response* out) {
        if (!out) return KONTOR_E_INVALID;
        return hand_over(ask(ctx, Service::kHttp, Texts{view(head), view(body)}), out);
    }
    static kontor_status http_begin(void* ctx, kontor_str head, kontor_str body,
                                    std::int64_t* ticket) {
        if (!ticket) return KONTOR_E_INVALID;
        const auto answer = ask(ctx, Service::kHttpBegin, Texts{view(head), view(body)});
        *ticket = answer.numbers[1];
        return status_of(answer);
    }
    static std::int32_t http_arrived(void* ctx, std::int64_t ticket) {
        return ask(ctx, Service::kHttpArrived, Numbers{ticket}).numbers[1] != 0 ? 1 : 0;
    }
    static kontor_status http_finish(void* ctx, std::int64_t ticket, kontor_http_response* out) {
        if (!out) return KONTOR_E_INVALID;
        return hand_over(ask(ctx, Service::kHttpFinish, Numbers{ticket}), out);
    }
    static kontor_status emit(void* ctx, kontor_str batch, kontor_str checkpoint) {
        return static_cast<HostStub*>(ctx)->emit(view(batch), view(checkpoint));
    }
    static std::int64_t now_ms(void* ctx) { return ask(ctx, Service::kNow).numbers[1]; }
    static std::uint64_t random(void* ctx) {
        return static_cast<std::uint64_t>(ask(ctx, Service::kRandom).numbers[1]);
    }
    static void sleep_ms(void* ctx, std::int64_t ms) { ask(ctx, Service::kSleep, Numbers{ms}); }
    static std::int32_t cancelled(void* ctx) {
        return ask(ctx, Service::kCancelled).numbers[1] != 0 ? 1 : 0;
    }
    static void log(void* ctx, std::int32_t level, kontor_str event, kontor_str fields) {
        tell(ctx, Service::kLog, Numbers{level}, Texts{view(event), view(fields)});
    }
    static void set_error(void* ctx, kontor_str message, kontor_str args) {
        tell(ctx, Service::kSetError, {}, Texts{view(message), view(args)});
    }
    static void progress(void* ctx, kontor_str json) {
        tell(ctx, Service::kProgress, {}, Texts{view(json)});
    }
    static kontor_str state_get(void* ctx) { return str(ask(ctx, Service::kStateGet).texts[0]); }
    static kontor_status state_put(void* ctx, kontor_str state) {
        return status_of(ask(ctx, Service::kStatePut, Texts{view(state)}));
    }
    static kontor_status file_read(void* ctx, std::int64_t file, std::int64_t offset, void* buffer,
                                   std::size_t size, std::size_t* got) {
        if (!got || (!buffer && size > 0)) return KONTOR_E_INVALID;
        const auto answer =
            ask(ctx, Service::kFileRead,
                Numbers{file, offset,
                        static_cast<std::int64_t>(std::min<std::size_t>(size, INT32_MAX))});
        const auto bytes = answer.texts[0].substr(0, size);
        if (!bytes.empty()) std::memcpy(buffer, bytes.data(), bytes.size());
        *got = bytes.size();
        return status_of(answer);
    }
    static kontor_status file_open(void* ctx, kontor_str path, std::int32_t mode,
                                   std::int64_t* file) {
        if (!file) return KONTOR_E_INVALID;
        const auto answer = ask(ctx, Service::kFileOpen, Numbers{mode}, Texts{view(path)});
        if (status_of(answer) == KONTOR_OK) *file = answer.numbers[1];
        return status_of(answer);
    }
    static kontor_status file_write(void* ctx, std::int64_t file, kontor_str bytes) {
        return status_of(ask(ctx, Service::kFileWrite, Numbers{file}, Texts{view(bytes)}));
    }
    static kontor_status file_list(void* ctx, kontor_str folder, kontor_str* out) {
        if (!out) return KONTOR_E_INVALID;
        const auto answer = ask(ctx, Service::kFileList, Texts{view(folder)});
        *out = str(answer.texts[0]);
        return status_of(answer);
    }
    static kontor_status file_commit(void* ctx, std::int64_t file) {
        return status_of(ask(ctx, Service::kFileCommit, Numbers{file}));
    }
    static void file_close(void* ctx, std::int64_t file) {
        ask(ctx, Service::kFileClose, Numbers{file});
    }
    static kontor_status dial(void* ctx, kontor_str address, std::int64_t* stream,
                              kontor_str* out_json) {
        if (!stream || !out_json) return KONTOR_E_INVALID;
        const auto answer = ask(ctx, Service::kDial, Texts{view(address)});
        *stream = answer.numbers[1];
        *out_json = str(answer.texts[0]);
        return status_of(answer);
    }
    static kontor_status stream_read(void* ctx, std::int64_t stream, std::size_t size,
                                     std::int64_t timeout_ms, kontor_str* out) {
        if (!out) return KONTOR_E_INVALID;
        const auto most = static_cast<std::int64_t>(std::min<std::size_t>(size, INT32_MAX));
        const auto answer = ask(ctx, Service::kStreamRead, Numbers{stream, most, timeout_ms});
        *out = str(answer.texts[0]);
        return status_of(answer);
    }
    static kontor_status stream_write(void* ctx, std::int64_t stream, kontor_str bytes) {
        return status_of(ask(ctx, Service::kStreamWrite, Numbers{stream}, Texts{view(bytes)}));
    }
    static void stream_close(void* ctx, std::int64_t stream) {
        ask(ctx, Service::kStreamClose, Numbers{stream});
    }
};

HostStub::HostStub(Pipe& pipe) : pipe_(pipe) {
    table_ = {.size = sizeof(kontor_host),
              .ctx = this,
              .http = &Calls::http,
              .emit = &Calls::emit,
              .now_ms = &Calls::now_ms,
              .random = &Calls::random,
              .sleep_ms = &Calls::sleep_ms,
              .cancelled = &Calls::cancelled,
              .log = &Calls::log,
              .set_error = &Calls::set_error,
              .progress = &Calls::progress,
              .state_get = &Calls::state_get,
              .state_put = &Calls::state_put,
              .file_read = &Calls::file_read,
              .file_open = &Calls::file_open,
              .file_write = &Calls::file_write,
              .file_list = &Calls::file_list,
              .file_close = &Calls::file_close,
              .http_begin = &Calls::http_begin,
              .http_arrived = &Calls::http_arrived,
              .http_finish = &Calls::http_finish,
              .dial = &Calls::dial,
              .stream_read = &Calls::stream_read,
              .stream_write = &Calls::stream_write,
              .stream_close = &Calls::stream_close,
              .file_commit = &Calls::file_commit};
}

}  // namespace kontor::process
