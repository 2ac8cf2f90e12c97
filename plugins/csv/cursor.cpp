#include "plugins/csv/cursor.hpp"

#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::csv {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::size_t kCursorMax = 65'536;  // the host's limit

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
        if (!seen.is_array() || seen.size() != 4 || !seen[0].is_number_integer() ||
            !seen[1].is_number_integer() || !seen[2].is_number_unsigned() ||
            !seen[3].is_number_integer())
            throw sdk::Error(KONTOR_E_INVALID, "cursor: files");
        out.files[path] = {seen[0], seen[1], seen[2], seen[3]};
    }
    return out;
}

std::string Cursor::encode() const {
    sdk::Json json{{"v", kVersion}, {"files", sdk::Json::object()}};
    for (const auto& [path, seen] : files)
        json["files"][path] = {seen.size, seen.modified_ms, seen.hash, seen.problems};
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

}  // namespace kontor::csv
