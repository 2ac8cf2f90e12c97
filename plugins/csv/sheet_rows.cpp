#include <algorithm>
#include <charconv>

#include "plugins/csv/archive.hpp"
#include "plugins/csv/styles.hpp"
#include "plugins/csv/workbook.hpp"
#include "plugins/csv/workbook_parts.hpp"
#include "plugins/csv/xml_pieces.hpp"

namespace kontor::csv {
namespace {

// "_x000D_" stands for a character that XML cannot hold.
std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        unsigned code = 0;
        const auto hex = text.substr(at, 7);
        if (hex.size() == 7 && hex.starts_with("_x") && hex[6] == '_' &&
            std::from_chars(hex.data() + 2, hex.data() + 6, code, 16).ptr == hex.data() + 6 &&
            code < 0x80) {
            if (code != '\r' && code != 0) out += static_cast<char>(code);
            at += 7;
        } else {
            out += text[at++];
        }
    }
    return out;
}

// The text of <si> or <is>: of its runs, without the readings above them.
std::string text_of(const pugi::xml_node& node) {
    std::string out;
    for (const auto& child : node.children()) {
        const auto name = local_name(child);
        if (name == "t") out += child.text().get();
        if (name == "r") out += child_of(child, "t").text().get();
    }
    return unescaped(out);
}

/// The texts that cells share, by their number.
class Strings {
public:
    void add(const std::string& text) {
        bytes_ += text;
        ends_.push_back(bytes_.size());
        if (bytes_.size() + ends_.size() * sizeof ends_[0] > kStringsBytesMax)
            throw Unreadable(Reason::kTooLarge);
    }
    [[nodiscard]] std::string_view at(std::size_t index) const {
        if (index >= ends_.size()) throw Unreadable(Reason::kNotWorkbook);
        const std::size_t from = index == 0 ? 0 : ends_[index - 1];
        return std::string_view(bytes_).substr(from, ends_[index] - from);
    }

private:
    std::string bytes_;
    std::vector<std::size_t> ends_;
};

// The column of "BC12", from 0.
std::size_t column_of(std::string_view reference) {
    std::size_t out = 0;
    for (const char c : reference) {
        if (c < 'A' || c > 'Z') break;
        out = out * 26 + static_cast<std::size_t>(c - 'A' + 1);
        if (out > kColumnsMax) throw Unreadable(Reason::kTooLarge);
    }
    if (out == 0) throw Unreadable(Reason::kNotWorkbook);
    return out - 1;
}

class SheetRows final : public RowSource {
public:
    SheetRows(sdk::HostFile file, std::int64_t size, const std::string& sheet)
        : file_(std::move(file)), parts_(workbook_parts(file_, size)) {
        if (!parts_.styles.empty()) {
            Part styles(file_, size, parts_.styles);
            if (styles.found()) styles_ = read_styles(styles.read_all(kPartBytesMax));
        }
        if (!parts_.strings.empty()) read_strings(size);
        const auto found =
            std::ranges::find(parts_.sheets, sheet, &std::pair<std::string, std::string>::first);
        if (found == parts_.sheets.end()) throw Unreadable(Reason::kNotWorkbook);
        part_ = std::make_unique<Part>(file_, size, found->second);
        rows_ = std::make_unique<XmlPieces>(
            [this](char* buffer, std::size_t room) { return part_->read(buffer, room); }, "row",
            kSheetBytesMax);
    }

    bool next(Row& row) override {
        const auto* document = rows_->next();
        if (document == nullptr) return false;
        const auto node = document->document_element();
        line_ = node.attribute("r") ? node.attribute("r").as_llong() : line_ + 1;
        count_ = 0;
        std::size_t at = 0;
        for (const auto& cell : node.children()) {
            if (local_name(cell) != "c") continue;
            if (const auto reference = cell.attribute("r")) at = column_of(reference.value());
            if (at >= kColumnsMax) throw Unreadable(Reason::kTooLarge);
            while (count_ <= at) clear(count_++);
            cells_[at] = text(cell);
            ++at;
        }
        row.line = line_;
        row.fault = Reason::kNone;
        row.cells.assign(cells_.begin(), cells_.begin() + static_cast<std::ptrdiff_t>(count_));
        return true;
    }
    [[nodiscard]] bool ragged() const override { return true; }

private:
    void read_strings(std::int64_t size) {
        Part strings(file_, size, parts_.strings);
        if (!strings.found()) return;
        XmlPieces pieces([&](char* buffer, std::size_t room) { return strings.read(buffer, room); },
                         "si", 4 * kStringsBytesMax);
        while (const auto* document = pieces.next())
            strings_.add(text_of(document->document_element()));
    }

    void clear(std::size_t at) {
        if (at == cells_.size())
            cells_.emplace_back();
        else
            cells_[at].clear();
    }

    [[nodiscard]] std::string text(const pugi::xml_node& cell) const {
        const std::string_view type = cell.attribute("t").value();
        if (type == "inlineStr") return text_of(child_of(cell, "is"));
        const char* const value = child_of(cell, "v").text().get();
        if (type == "s") {
            std::size_t index = 0;
            const std::string_view digits = value;
            if (std::from_chars(digits.data(), digits.data() + digits.size(), index).ec !=
                std::errc())
                throw Unreadable(Reason::kNotWorkbook);
            return std::string(strings_.at(index));
        }
        if (type == "str" || type == "d") return unescaped(value);
        if (type == "b") return std::string_view(value) == "1" ? "TRUE" : "FALSE";
        if (type == "e" || *value == '\0') return {};
        const auto style = cell.attribute("s").as_ullong();
        return number_text(value, style < styles_.size() ? styles_[style] : NumberKind::kNumber,
                           parts_.from_1904);
    }

    const sdk::HostFile file_;
    const WorkbookParts parts_;
    std::vector<NumberKind> styles_;
    Strings strings_;
    std::unique_ptr<Part> part_;
    std::unique_ptr<XmlPieces> rows_;
    std::vector<std::string> cells_;
    std::size_t count_ = 0;
    std::int64_t line_ = 0;
};

}  // namespace

std::unique_ptr<RowSource> sheet_rows(sdk::HostFile file, std::int64_t size,
                                      const std::string& sheet) {
    return std::make_unique<SheetRows>(std::move(file), size, sheet);
}

}  // namespace kontor::csv
