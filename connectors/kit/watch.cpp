#include "connectors/kit/watch.hpp"

namespace kontor::kit {
namespace {

constexpr std::size_t kShortest = 6;  // a shorter secret is a word of any log

// As a dump of bytes shows it; the host knows secrets as they are, percent-encoded and in base64.
std::string hex_of(std::string_view text) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
        out += kDigits[static_cast<unsigned char>(c) >> 4U];
        out += kDigits[static_cast<unsigned char>(c) & 15U];
    }
    return out;
}

}  // namespace

void Watch::log(LogLevel, std::string_view event, std::initializer_list<LogField> fields) {
    Line line{std::string(event), std::string(event)};
    for (const auto& field : fields)
        line.text.append(" ").append(field.key).append("=").append(field.value);
    const std::scoped_lock lock(mutex_);
    lines_.push_back(std::move(line));
}

Result<host::Secret> Watch::read(std::string_view reference) const {
    auto secret = store_.read(reference);
    if (secret) {
        const std::scoped_lock lock(mutex_);
        secrets_.push_back(secret->copy());
    }
    return secret;
}

Result<> Watch::write(std::string_view reference, const host::Secret& secret) {
    return store_.write(reference, secret);
}

bool Watch::has_secret(std::string_view text) const {
    const std::scoped_lock lock(mutex_);
    for (const auto& secret : secrets_)
        if (secret.reveal().size() >= kShortest &&
            (text.find(secret.reveal()) != text.npos ||
             text.find(hex_of(secret.reveal())) != text.npos))
            return true;
    return false;
}

std::string Watch::secret_logged() const {
    std::vector<Line> lines;
    {
        const std::scoped_lock lock(mutex_);
        lines = lines_;
    }
    for (const auto& line : lines)
        if (has_secret(line.text)) return line.event;
    return {};
}

std::string Watch::logged(std::string_view text) const {
    const std::scoped_lock lock(mutex_);
    for (const auto& line : lines_)
        if (line.text.find(text) != std::string::npos) return line.event;
    return {};
}

}  // namespace kontor::kit
