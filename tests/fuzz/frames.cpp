// What a connector's process sends: one that was taken over may send anything at any time. All
// bytes of the input are its side of a conversation; what it asks for, a host without effects
// answers.
#include <algorithm>
#include <cstring>

#include "connectors/host/conversation.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace kontor;

class Process final : public host::Wire {
public:
    explicit Process(std::string_view says) : says_(says) {}
    void next_frame() override {}
    Result<> read(char* to, std::size_t size) override {
        if (size > says_.size()) return fail(Errc::kConnector, "closed");
        std::copy_n(says_.data(), size, to);
        says_.remove_prefix(size);
        return {};
    }
    Result<> write(const frames::Frame& frame) override {
        for (const auto text : frame.texts) must_hold(text.size() <= frames::kFromDaemonMax);
        return {};
    }

private:
    std::string_view says_;
};

kontor_host quiet_host() {
    kontor_host out{};
    out.size = sizeof out;
    out.http = [](void*, kontor_str, kontor_str, kontor_http_response* answer) {
        *answer = {200, {"{}", 2}, {nullptr, 0}, -1};
        return KONTOR_OK;
    };
    out.emit = [](void*, kontor_str, kontor_str) { return KONTOR_OK; };
    out.now_ms = [](void*) -> std::int64_t { return 1; };
    out.random = [](void*) -> std::uint64_t { return 1; };
    out.sleep_ms = [](void*, std::int64_t) {};
    out.cancelled = [](void*) -> std::int32_t { return 0; };
    out.log = [](void*, std::int32_t level, kontor_str, kontor_str) {
        must_hold(level >= 0 && level <= 3);
    };
    out.set_error = [](void*, kontor_str, kontor_str) {};
    out.progress = [](void*, kontor_str) {};
    out.state_get = [](void*) { return kontor_str{"state", 5}; };
    out.state_put = [](void*, kontor_str) { return KONTOR_OK; };
    out.file_read = [](void*, std::int64_t, std::int64_t, void* buffer, std::size_t size,
                       std::size_t* got) {
        if (size > 0) std::memset(buffer, 0, size);  // all of it is there
        *got = size;
        return KONTOR_OK;
    };
    out.file_open = [](void*, kontor_str, std::int32_t mode, std::int64_t* file) {
        must_hold(mode >= -1 && mode <= 1);
        *file = 1;
        return KONTOR_OK;
    };
    out.file_write = [](void*, std::int64_t, kontor_str) { return KONTOR_OK; };
    out.file_list = [](void*, kontor_str, kontor_str* json) {
        *json = {"[]", 2};
        return KONTOR_OK;
    };
    out.file_close = [](void*, std::int64_t) {};
    out.http_begin = [](void*, kontor_str, kontor_str, std::int64_t* ticket) {
        *ticket = 1;
        return KONTOR_OK;
    };
    out.http_arrived = [](void*, std::int64_t) -> std::int32_t { return 1; };
    out.http_finish = [](void*, std::int64_t, kontor_http_response* answer) {
        *answer = {200, {"{}", 2}, {nullptr, 0}, -1};
        return KONTOR_OK;
    };
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Process process(as_text(data, size));
    const auto host = quiet_host();
    host::Conversation conversation(process, 512);
    const auto info = conversation.greet();
    if (!info) {
        must_hold(!info.error().message.empty());
        return 0;
    }
    must_hold(info->spec_json.size() <= size);
    for (int call = 0; call < 3; ++call) {
        const auto reply = conversation.call(host::Function::kPull, "{}", "", host);
        if (!reply) {
            must_hold(!reply.error().message.empty());
            break;
        }
        must_hold(reply->out.size <= size);
    }
    return 0;
}
