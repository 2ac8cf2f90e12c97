#include "plugins/csv/folder.hpp"

#include <algorithm>
#include <array>

#include "plugins/csv/text.hpp"
#include "plugins/csv/workbook.hpp"

namespace kontor::csv {
namespace {

constexpr std::size_t kReadSize = 1u << 20;

std::string_view below_inbox(std::string_view path) {
    return path.substr(std::min(path.size(), kInbox.size() + 1));
}

bool ends_with(std::string_view path, std::string_view ending) {
    return folded(path).ends_with(ending);
}

bool is_table(std::string_view path) {
    const auto name = path.substr(path.rfind('/') + 1);
    // Hidden files, and those that Excel and WPS put beside an open one.
    if (name.starts_with('.') || name.starts_with("~$")) return false;
    return std::ranges::any_of(std::array{".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls"},
                               [&](const char* ending) { return ends_with(name, ending); });
}

// `*` stands for any characters.
bool matches(std::string_view text, std::string_view pattern) {
    std::size_t at = 0, star = std::string_view::npos, retry = 0, p = 0;
    while (at < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            retry = at;
        } else if (p < pattern.size() && pattern[p] == text[at]) {
            ++p, ++at;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            at = ++retry;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

}  // namespace

bool is_workbook(std::string_view path) {
    return ends_with(path, ".xlsx") || ends_with(path, ".xlsm") || ends_with(path, ".xls");
}

std::string Piece::shown() const {
    std::string out(below_inbox(file.path));
    if (!sheet.empty()) out += "#" + sheet;
    return out;
}

std::vector<sdk::ListedFile> Folder::files() {
    std::vector<sdk::ListedFile> out;
    for (bool settled = false; !settled;) {
        out = host_.list_files(kInbox);
        std::erase_if(out, [](const auto& file) { return !is_table(file.path); });
        std::int64_t newest = 0;
        for (const auto& file : out) newest = std::max(newest, file.modified_ms);
        const std::int64_t age = host_.now_ms() - newest;
        settled =
            age >= options_.settle_ms || age < 0;  // a clock that runs ahead is not waited for
        if (!settled) host_.sleep_ms(options_.settle_ms - age);
    }
    std::ranges::stable_sort(out, {}, &sdk::ListedFile::modified_ms);
    return out;
}

std::string Folder::table_of(const sdk::ListedFile& file) const {
    const auto path = below_inbox(file.path);
    if (const auto slash = path.find('/'); slash != std::string_view::npos)
        return std::string(path.substr(0, slash));
    return std::string(path.substr(0, path.rfind('.')));
}

std::string Folder::sheet_table(const sdk::ListedFile& file, const std::string& sheet,
                                bool only) const {
    const std::string whole = std::string(below_inbox(file.path)) + "#" + sheet;
    for (const auto& [table, pattern] : options_.tables)
        if (matches(whole, pattern) || matches(below_inbox(file.path), pattern)) return table;
    const std::string table = table_of(file);
    return only ? table : table + "." + sheet;
}

std::vector<Piece> Folder::pieces(const sdk::ListedFile& file) {
    if (is_workbook(file.path)) {
        std::vector<Piece> out;
        const auto sheets = sheet_names(host_.open_file(file.path), file.size);
        for (const auto& sheet : sheets)
            out.push_back({file, sheet_table(file, sheet, sheets.size() == 1), sheet});
        return out;
    }
    for (const auto& [table, pattern] : options_.tables)
        if (matches(below_inbox(file.path), pattern)) return {{file, table, {}}};
    return {{file, table_of(file), {}}};
}

bool Folder::may_hold(const sdk::ListedFile& file, std::string_view table) const {
    const auto path = below_inbox(file.path);
    for (const auto& [name, pattern] : options_.tables)
        if (name == table && (matches(path, pattern) ||
                              (is_workbook(path) && matches(path, std::string_view(pattern).substr(
                                                                      0, pattern.find('#'))))))
            return true;
    const std::string own = table_of(file);
    return table == own || (is_workbook(path) && table.starts_with(own + "."));
}

Facts Folder::facts(const sdk::ListedFile& file) {
    const sdk::HostFile open = host_.open_file(file.path);
    EncodingDetector detector;
    std::string buffer(kReadSize, '\0');
    for (std::int64_t at = 0;;) {
        const std::size_t got = open.read(at, buffer.data(), buffer.size());
        if (got == 0) break;
        detector.look_at(std::string_view(buffer).substr(0, got));
        at += static_cast<std::int64_t>(got);
    }
    return {options_.reading.encoding.empty() ? detector.encoding() : options_.reading.encoding,
            detector.hash()};
}

std::unique_ptr<RowSource> Folder::open(const Piece& piece, const Facts& facts) {
    if (!piece.sheet.empty())
        return sheet_rows(host_.open_file(piece.file.path), piece.file.size, piece.sheet);
    auto file = std::make_shared<sdk::HostFile>(host_.open_file(piece.file.path));
    auto at = std::make_shared<std::int64_t>(0);
    return csv_rows(
        [file, at](char* buffer, std::size_t size) {
            const std::size_t got = file->read(*at, buffer, size);
            *at += static_cast<std::int64_t>(got);
            return got;
        },
        facts.encoding, options_.reading);
}

}  // namespace kontor::csv
