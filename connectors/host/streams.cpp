#include "connectors/host/streams.hpp"

#include <algorithm>

namespace kontor::host {

Result<Streams::Opened> Streams::dial(std::string_view address) {
    if (!dialer_)
        return fail(Errc::kPermission, "this connection has no address that could be dialled");
    if (open_.size() >= kOpenMax)
        return fail(Errc::kInvalid, "the connector has too many streams open");
    auto dialled = dialer_->dial(address);
    if (!dialled) return pass(dialled);
    open_.emplace(next_, std::move(dialled->stream));
    return Opened{next_++, std::move(dialled->parameters)};
}

Result<ByteStream*> Streams::find(std::int64_t stream) const {
    const auto found = open_.find(stream);
    if (found == open_.end()) return fail(Errc::kInvalid, "no such stream");
    return found->second.get();
}

Result<std::string_view> Streams::read(std::int64_t stream, std::size_t size,
                                       std::chrono::milliseconds timeout) {
    auto from = find(stream);
    if (!from) return pass(from);
    size = std::clamp<std::size_t>(size, 1, kReadMax);
    if (bytes_.size() < size) bytes_.resize(size);
    auto got = (*from)->read(bytes_.data(), size, timeout);
    if (!got) {
        close(stream);
        return pass(got);
    }
    return std::string_view(bytes_.data(), *got);
}

Result<> Streams::write(std::int64_t stream, std::string_view bytes) {
    auto to = find(stream);
    if (!to) return pass(to);
    auto done = (*to)->write(bytes);
    if (!done) close(stream);
    return done;
}

}  // namespace kontor::host
