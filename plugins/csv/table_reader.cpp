#include "plugins/csv/table_reader.hpp"

#include <algorithm>
#include <set>

#include "plugins/csv/text.hpp"

namespace kontor::csv {
namespace {

constexpr std::size_t kTitleRowsMax = 10;
constexpr std::size_t kNameBytesMax = 120;

std::size_t filled(const std::vector<std::string>& cells) {
    return static_cast<std::size_t>(
        std::ranges::count_if(cells, [](const auto& cell) { return !trimmed(cell).empty(); }));
}

// On one line, and no longer than a name may be.
std::string clean_name(std::string_view header) {
    std::string out;
    for (const char c : trimmed(header)) {
        const bool blank = static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == ' ';
        if (!blank)
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    if (out.size() > kNameBytesMax) {
        std::size_t end = kNameBytesMax;
        while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;
        out.resize(end);
    }
    return std::string(trimmed(out));
}

}  // namespace

TableReader::TableReader(std::unique_ptr<RowSource> rows) : rows_(std::move(rows)) {
    Row row;
    while (ahead_.size() < kTitleRowsMax && rows_->next(row)) {
        Kept kept{row.line, {row.cells.begin(), row.cells.end()}, row.fault};
        if (row.fault == Reason::kNone && filled(kept.cells) == 0) continue;
        ahead_.push_back(std::move(kept));
        if (filled(ahead_.back().cells) > 1) break;
    }
    if (ahead_.empty()) throw Unreadable(Reason::kNoHeader);
    // A title stands alone in its row. Where all rows do, there is one column.
    if (ahead_.back().fault == Reason::kNone && filled(ahead_.back().cells) > 1)
        ahead_.erase(ahead_.begin(), ahead_.end() - 1);
    if (ahead_.front().fault != Reason::kNone) throw Unreadable(ahead_.front().fault);
    name_columns(ahead_.front().cells);
    ahead_.pop_front();
}

void TableReader::name_columns(const std::vector<std::string>& header) {
    std::size_t count = header.size();
    while (count > 0 && trimmed(header[count - 1]).empty()) --count;
    std::set<std::string> taken;
    for (std::size_t i = 0; i < count; ++i) {
        std::string name = clean_name(header[i]);
        if (name.empty()) name = "column " + std::to_string(i + 1);
        std::string unique = name;
        for (int n = 2; !taken.insert(folded(unique)).second; ++n)
            unique = name + " (" + std::to_string(n) + ")";
        columns_.push_back(std::move(unique));
    }
}

void TableReader::check(Row& row) const {
    if (row.fault != Reason::kNone) return;
    while (row.cells.size() > columns_.size() && trimmed(row.cells.back()).empty())
        row.cells.pop_back();
    if (row.cells.size() < columns_.size() && rows_->ragged()) row.cells.resize(columns_.size());
    if (row.cells.size() != columns_.size()) row.fault = Reason::kCellCount;
}

bool TableReader::next(Row& row) {
    for (;;) {
        if (!ahead_.empty()) {
            current_ = std::move(ahead_.front());
            ahead_.pop_front();
            row.line = current_.line;
            row.fault = current_.fault;
            row.cells.assign(current_.cells.begin(), current_.cells.end());
        } else if (!rows_->next(row)) {
            return false;
        }
        const bool empty =
            row.fault == Reason::kNone &&
            std::ranges::all_of(row.cells, [](auto cell) { return trimmed(cell).empty(); });
        if (empty) continue;
        check(row);
        return true;
    }
}

}  // namespace kontor::csv
