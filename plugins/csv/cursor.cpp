#include "plugins/csv/cursor.hpp"

#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::csv {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::size_t kCursorMax = 65'536;  // the host's limit

class Mixed {
public:
    void add(std::uint64_t number) { out_ = (out_ ^ number) * 1099511628211u + 1; }
    void add(std::string_view text) {
        for (const char c : text) add(static_cast<std::uint8_t>(c));
    }
    [[nodiscard]] std::uint64_t number() const { return out_; }

private:
    std::uint64_t out_ = 0;
};

}  // namespace

Cursor Cursor::decode(std::string_view text) {
    Cursor out;
    if (text.empty()) return out;
    sdk::Json json;
    try {
        json = sdk::parse_json(text, "cursor");
    } catch (const sdk::Error& error) {
        throw sdk::Error(KONTOR_E_INVALID, error.what());
    }
    if (sdk::integer_of(json, "v") != kVersion)
        throw sdk::Error(KONTOR_E_INVALID, "cursor: written by another version");
    for (const auto& [path, seen] : sdk::member(json, "files").items()) {
        const bool waits = seen.is_array() && seen.size() == 5 && seen[4] == "waits";
        if (!seen.is_array() || (seen.size() != 4 && !waits) || !seen[0].is_number_integer() ||
            !seen[1].is_number_integer() || !seen[2].is_number_unsigned() ||
            !seen[3].is_number_integer())
            throw sdk::Error(KONTOR_E_INVALID, "cursor: files");
        out.files[path] = {seen[0], seen[1], seen[2], seen[3], waits};
    }
    if (const auto parents = json.find("parents");
        parents != json.end() && parents->is_number_unsigned())
        out.parents = *parents;
    if (const auto pulled = json.find("pulled");
        pulled != json.end() && pulled->is_number_unsigned())
        out.pulled = *pulled;
    return out;
}

std::string Cursor::encode() const {
    sdk::Json json{{"v", kVersion}, {"files", sdk::Json::object()}};
    for (const auto& [path, seen] : files) {
        json["files"][path] = {seen.size, seen.modified_ms, seen.hash, seen.problems};
        if (seen.waits) json["files"][path].push_back("waits");
    }
    if (parents != 0) json["parents"] = parents;
    if (pulled != 0) json["pulled"] = pulled;
    std::string out = json.dump(-1, ' ', false, sdk::Json::error_handler_t::replace);
    if (out.size() > kCursorMax)
        throw sdk::Error(KONTOR_E_INVALID,
                         "the folder holds too many files: take those away that were taken in");
    return out;
}

const Cursor::Seen* Cursor::unchanged(const sdk::ListedFile& file) const {
    const auto found = files.find(file.path);
    if (found == files.end() || found->second.size != file.size ||
        found->second.modified_ms != file.modified_ms)
        return nullptr;
    return &found->second;
}

bool Cursor::may_have_come(const sdk::ListedFile& file, std::uint64_t now) const {
    const auto found = files.find(file.path);
    return found != files.end() && found->second.waits && parents != now;
}

std::uint64_t fingerprint(const std::vector<sdk::ListedFile>& files) {
    Mixed out;
    for (const auto& file : files) {
        out.add(file.path);
        out.add(static_cast<std::uint64_t>(file.size));
        out.add(static_cast<std::uint64_t>(file.modified_ms));
    }
    return out.number();
}

std::uint64_t fingerprint(const std::vector<std::string_view>& names) {
    Mixed out;
    for (const auto name : names) {
        out.add(name);
        out.add(std::uint64_t{'\n'});
    }
    return out.number();
}

}  // namespace kontor::csv
