#include "connectors/host/relay.hpp"

#include <algorithm>

#include "connectors/host/connector_failure.hpp"

namespace kontor::host {
namespace {

using frames::Service;

kontor_str str(std::string_view text) {
    return {text.data(), text.size()};
}

std::string_view view(kontor_str text) {
    return text.data ? std::string_view(text.data, text.size) : std::string_view();
}

bool is_talk(Service service) {
    return service == Service::kLog || service == Service::kSetError ||
           service == Service::kProgress;
}

bool is_work(const frames::Frame& asked) {
    const auto service = static_cast<Service>(asked.code);
    return service == Service::kHttp || service == Service::kHttpFinish ||
           service == Service::kFileRead || service == Service::kStreamRead ||
           Relay::hands_over_records(asked);
}

void put(frames::Frame& answer, const kontor_http_response& response) {
    answer.numbers[1] = response.status;
    answer.numbers[2] = response.spool;
    answer.texts = {view(response.headers), view(response.body)};
}

}  // namespace

bool Relay::hands_over_records(const frames::Frame& asked) {
    constexpr std::size_t kNoRecords = 4;  // a batch's head (record_batch.hpp)
    return asked.code == static_cast<std::uint8_t>(Service::kEmit) &&
           asked.texts[0].size() > kNoRecords;
}

Result<frames::Frame> Relay::answer(const kontor_host& host, const frames::Frame& asked) {
    if (asked.code >= frames::kServices)
        return tl::unexpected(broken_protocol("it asked for a service that there is not"));
    const auto service = static_cast<Service>(asked.code);
    frames::Frame out{.kind = frames::Kind::kAnswer, .code = asked.code, .call = asked.call};
    const auto [first, second, third] = asked.texts;
    const auto number = asked.numbers[0];
    const auto status = [&out](kontor_status value) { out.numbers[0] = value; };
    kontor_http_response response{0, {nullptr, 0}, {nullptr, 0}, -1};
    switch (service) {
        case Service::kHttp:
            status(host.http(host.ctx, str(first), str(second), &response));
            put(out, response);
            break;
        case Service::kEmit:
            status(host.emit(host.ctx, str(first), str(second)));
            break;
        case Service::kNow:
            out.numbers[1] = host.now_ms(host.ctx);
            break;
        case Service::kRandom:
            out.numbers[1] = static_cast<std::int64_t>(host.random(host.ctx));
            break;
        case Service::kSleep:
            host.sleep_ms(host.ctx, number);
            break;
        case Service::kCancelled:
            out.numbers[1] = host.cancelled(host.ctx);
            break;
        case Service::kLog:
            host.log(host.ctx, static_cast<std::int32_t>(std::clamp<std::int64_t>(number, 0, 3)),
                     str(first), str(second));
            break;
        case Service::kSetError:
            host.set_error(host.ctx, str(first), str(second));
            break;
        case Service::kProgress:
            host.progress(host.ctx, str(first));
            break;
        case Service::kStateGet:
            out.texts[0] = view(host.state_get(host.ctx));
            break;
        case Service::kStatePut:
            status(host.state_put(host.ctx, str(first)));
            break;
        case Service::kFileRead: {
            const auto size = static_cast<std::size_t>(
                std::clamp<std::int64_t>(asked.numbers[2], 0, std::int64_t{kReadMax}));
            std::size_t got = 0;
            char* const bytes = file_.room(size);
            status(host.file_read(host.ctx, number, asked.numbers[1], bytes, size, &got));
            out.texts[0] = std::string_view(bytes, got);
            break;
        }
        case Service::kFileOpen: {
            std::int64_t file = -1;
            const auto mode = number == 0 || number == 1 ? static_cast<std::int32_t>(number) : -1;
            status(host.file_open(host.ctx, str(first), mode, &file));
            out.numbers[1] = file;
            break;
        }
        case Service::kFileWrite:
            status(host.file_write(host.ctx, number, str(first)));
            break;
        case Service::kFileList: {
            kontor_str listing{nullptr, 0};
            status(host.file_list(host.ctx, str(first), &listing));
            out.texts[0] = view(listing);
            break;
        }
        case Service::kFileClose:
            host.file_close(host.ctx, number);
            break;
        case Service::kHttpBegin: {
            std::int64_t ticket = 0;
            status(host.http_begin(host.ctx, str(first), str(second), &ticket));
            out.numbers[1] = ticket;
            break;
        }
        case Service::kHttpArrived:
            out.numbers[1] = host.http_arrived(host.ctx, number);
            break;
        case Service::kHttpFinish:
            status(host.http_finish(host.ctx, number, &response));
            put(out, response);
            break;
        case Service::kDial: {
            std::int64_t stream = -1;
            kontor_str json{nullptr, 0};
            status(host.dial(host.ctx, str(first), &stream, &json));
            out.numbers[1] = stream;
            out.texts[0] = view(json);
            break;
        }
        case Service::kStreamRead: {
            kontor_str bytes{nullptr, 0};
            const auto size = static_cast<std::size_t>(
                std::clamp<std::int64_t>(asked.numbers[1], 0, std::int64_t{kReadMax}));
            status(host.stream_read(host.ctx, number, size, asked.numbers[2], &bytes));
            out.texts[0] = view(bytes);
            break;
        }
        case Service::kStreamWrite:
            status(host.stream_write(host.ctx, number, str(first)));
            break;
        case Service::kStreamClose:
            host.stream_close(host.ctx, number);
            break;
        case Service::kFileCommit:
            status(host.file_commit(host.ctx, number));
            break;
    }
    const bool taken = out.numbers[0] == KONTOR_OK;
    if (is_work(asked) && taken) {
        idle_ = 0;
    } else {
        idle_ += is_talk(service) || !taken ? 100 : 1;
        if (idle_ > kPatience)
            return tl::unexpected(broken_protocol("it asks without end and hands nothing over"));
    }
    return out;
}

}  // namespace kontor::host
