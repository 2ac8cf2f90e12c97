#include "connectors/host/conversation.hpp"

#include <limits>

#include "connectors/host/connector_failure.hpp"
#include "connectors/sandbox/syscall_filter.hpp"
#include "sync/base/utf8.hpp"

namespace kontor::host {
namespace {

using frames::Frame;
using frames::Kind;

constexpr std::size_t kNameBytesMax = 128;
constexpr std::size_t kSpecBytesMax = std::size_t{1} << 20;
constexpr std::size_t kArgumentsMax = 16;

// Library's errors, as the process tells them; of the codes only those that Library has.
Error not_loaded(const Frame& frame) {
    Error error{Errc::kInvalid, std::string(frame.texts[0].substr(0, 4'096)), {}, {}};
    for (const auto code : {Errc::kNotFound, Errc::kPermission, Errc::kUnsupported, Errc::kStorage})
        if (frame.numbers[0] == static_cast<std::int64_t>(code)) error.code = code;
    auto rest = frame.texts[1].substr(0, 8'192);
    const auto next = [&rest] {
        const auto end = std::min(rest.find('\0'), rest.size());
        std::string text(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        return text;
    };
    while (!rest.empty() && error.args.size() < kArgumentsMax) {
        auto key = next();
        error.args[std::move(key)] = next();
    }
    return error;
}

bool is_name(std::string_view text) {
    return text.size() <= kNameBytesMax && is_utf8(text);
}

}  // namespace

Result<Frame> Conversation::receive() {
    wire_.next_frame();
    frames::HeadBytes bytes;
    if (auto read = wire_.read(bytes.data(), bytes.size()); !read) return pass(read);
    const auto head = frames::decode_head(bytes, frames::kFromProcessMax);
    if (!head) return tl::unexpected(broken_protocol(head.error().message));
    char* const texts = texts_.room(head->bytes());
    if (auto read = wire_.read(texts, head->bytes()); !read) return pass(read);
    return frames::with_texts(*head, texts);
}

Error Conversation::last_word(const Frame& frame) const {
    switch (static_cast<frames::End>(frame.code)) {
        case frames::End::kNotLoaded:
            if (!greeted_ && !frame.texts[0].empty()) return not_loaded(frame);
            break;
        case frames::End::kNotSecured:
            if (!greeted_) {
                std::string why(frame.texts[0].substr(0, 4'096));
                return connector_failure("connector_not_secured",
                                         "the connector's sandbox cannot be put on: " + why,
                                         {{"why", why}});
            }
            break;
        case frames::End::kRefused:
            if (frame.numbers[0] >= 0 && frame.numbers[0] <= std::numeric_limits<int>::max())
                return refused_call(sandbox::syscall_name(static_cast<int>(frame.numbers[0])));
            break;
        case frames::End::kMemory:
            return out_of_memory(memory_mb_);
    }
    return broken_protocol("a last word that makes no sense");
}

Result<PluginInfo> Conversation::greet() {
    const auto hello = receive();
    if (!hello) return tl::unexpected(hello.error());
    if (hello->kind == Kind::kEnd) return tl::unexpected(last_word(*hello));
    const auto [name, version, spec] = hello->texts;
    if (hello->kind != Kind::kHello || hello->numbers[0] != KONTOR_ABI_VERSION || !is_name(name) ||
        !is_name(version) || spec.size() > kSpecBytesMax)
        return tl::unexpected(broken_protocol("it does not introduce itself"));
    greeted_ = true;
    return PluginInfo{std::string(name), std::string(version), std::string(spec),
                      static_cast<std::uint32_t>(hello->numbers[1])};
}

Result<> Conversation::serve(const Frame& asked, const kontor_host& host) {
    auto answer = relay_.answer(host, asked);
    if (!answer) return pass(answer);
    const bool taken = answer->numbers[0] == KONTOR_OK;
    if (batch_ && taken && Relay::hands_over_records(asked)) batch_();
    wire_.next_frame();
    return wire_.write(*answer);
}

Result<Reply> Conversation::call(Function function, std::string_view first, std::string_view second,
                                 const kontor_host& host) {
    texts_.trim();
    const Frame call{.kind = Kind::kCall,
                     .code = static_cast<std::uint8_t>(function),
                     .call = ++calls_,
                     .texts = {first, second}};
    wire_.next_frame();
    const auto sent = wire_.write(call);
    // A process that is gone may have left word why.
    if (!sent && !is_closed_end(sent.error())) return tl::unexpected(sent.error());
    while (true) {
        const auto frame = receive();
        if (!frame) return tl::unexpected(frame.error());
        if (frame->kind == Kind::kEnd) return tl::unexpected(last_word(*frame));
        if (!sent) return tl::unexpected(sent.error());
        if (frame->call != calls_)
            return tl::unexpected(broken_protocol("it spoke without being asked"));
        if (frame->kind == Kind::kService) {
            if (auto served = serve(*frame, host); !served) return pass(served);
        } else if (frame->kind == Kind::kReturn) {
            Reply reply;
            reply.status = static_cast<kontor_status>(frame->numbers[0]);
            reply.out = {frame->texts[0].data(), frame->texts[0].size()};
            reply.complete = frame->numbers[1] != 0;
            return reply;
        } else {
            return tl::unexpected(broken_protocol("a frame that has no place here"));
        }
    }
}

}  // namespace kontor::host
