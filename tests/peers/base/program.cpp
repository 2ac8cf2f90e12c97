#include "tests/peers/base/program.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "tests/peers/base/times.hpp"

namespace kontor::peer {

namespace fs = std::filesystem;

Folder::Folder(const std::string& named, const std::string& program) : kept_(!named.empty()) {
    if (kept_) {
        fs::create_directories(named);
        path_ = named;
        return;
    }
    std::string pattern = (fs::temp_directory_path() / (program + ".XXXXXX")).string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
}

Folder::~Folder() {
    std::error_code error;
    if (!kept_) fs::remove_all(path_, error);
}

std::vector<std::pair<std::string, std::string>> split_switches(
    const std::vector<std::string>& texts) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const std::string& text : texts) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos) throw std::invalid_argument("--switch needs NAME=VALUE");
        out.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    return out;
}

std::int64_t system_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::function<std::int64_t()> clock_from(const std::string& instant) {
    const auto start = parse_instant(instant);
    if (!start) throw std::invalid_argument("--now needs an instant such as 2026-05-20T10:00:00Z");
    const std::int64_t shift = *start * 1000 - system_ms();
    return [shift] { return system_ms() + shift; };
}

}  // namespace kontor::peer
