#include "plugins/zoho/csv_records.hpp"

#include <simdjson.h>

#include "connectors/sdk/canonical.hpp"
#include "connectors/sdk/error.hpp"
#include "plugins/zoho/json_page.hpp"

namespace kontor::zoho {
namespace {

// "Account_Name.id" is the lookup itself.
std::string_view base_name(std::string_view header) {
    constexpr std::string_view kId = ".id";
    if (header.size() > kId.size() && header.substr(header.size() - kId.size()) == kId)
        header.remove_suffix(kId.size());
    return header;
}

}  // namespace

sdk::CsvFormat bulk_format() {
    sdk::CsvFormat format;
    format.what = "a bulk result: CSV";
    return format;
}

CsvRecords::CsvRecords(sdk::CsvReader& csv, const Columns& columns, As as) : csv_(csv), as_(as) {
    if (!csv_.next(row_)) throw sdk::Error(KONTOR_E_PROTOCOL, "a bulk result: no header row");
    for (std::size_t i = 0; i < row_.size(); ++i) {
        std::string_view name = row_[i];
        if (name == "id" || name == "Id") {
            id_ = i + 1;
            by_position_.push_back(nullptr);
            continue;
        }
        name = base_name(name);
        if (name == "Modified_Time") modified_ = i + 1;
        if (name == "Modified_By") modifier_ = i + 1;
        by_position_.push_back(columns.find(name));
    }
    if (id_ == 0) throw sdk::Error(KONTOR_E_PROTOCOL, "a bulk result: no column id");
}

void CsvRecords::skip(std::int64_t count) {
    while (count-- > 0 && csv_.next(row_)) {
    }
}

std::string_view CsvRecords::instant(std::string_view text, char* buffer) const {
    const auto ms = sdk::parse_instant(text);
    if (!ms) return {};
    sdk::format_instant(*ms, buffer);
    return {buffer, sdk::kInstantSize};
}

bool CsvRecords::next(abi::BatchWriter& out) {
    if (!csv_.next(row_)) return false;
    if (row_.size() != by_position_.size())
        throw sdk::Error(KONTOR_E_PROTOCOL, "a bulk result: a row of another length");
    if (!simdjson::validate_utf8(csv_.raw().data(), csv_.raw().size()))
        throw sdk::Error(KONTOR_E_PROTOCOL, "a bulk result: not UTF-8");
    const std::string_view id = row_[id_ - 1];
    if (!is_id(id))
        throw sdk::Error(KONTOR_E_PROTOCOL, "a bulk result: a record without an id of Zoho's");
    char buffer[sdk::kInstantSize];
    const std::string_view version =
        modified_ == 0 ? std::string_view() : instant(row_[modified_ - 1], buffer);
    if (as_ == As::kIds) {
        out.begin(abi::Op::kId, id, version);
        return true;
    }
    out.begin(abi::Op::kRecord, id, version, {},
              modifier_ == 0 ? std::string_view() : row_[modifier_ - 1]);
    for (std::size_t i = 0; i < row_.size(); ++i)
        if (by_position_[i] != nullptr) cell(*by_position_[i], row_[i], out);
    return true;
}

void CsvRecords::cell(const Column& column, std::string_view text, abi::BatchWriter& out) {
    const std::uint16_t index = column.index;
    if (text.empty()) {
        out.add_null(index);
        return;
    }
    switch (column.kind) {
        case Kind::kInteger:
        case Kind::kDecimal: {
            text_.clear();
            if (!sdk::append_decimal(text, text_))
                out.add(index, text);
            else if (const auto whole = sdk::as_integer(text_); whole)
                out.add(index, *whole);
            else
                out.add(index, std::string_view(text_));
            return;
        }
        case Kind::kBoolean:
            if (text == "true" || text == "True" || text == "TRUE" || text == "1")
                out.add(index, std::int64_t{1});
            else if (text == "false" || text == "False" || text == "FALSE" || text == "0")
                out.add(index, std::int64_t{0});
            else
                out.add(index, text);
            return;
        case Kind::kInstant: {
            char buffer[sdk::kInstantSize];
            const std::string_view canonical = instant(text, buffer);
            out.add(index, canonical.empty() ? text : canonical);
            return;
        }
        case Kind::kChoice: {
            if (text == "-None-") {
                out.add_null(index);
                return;
            }
            const auto found = column.field->renamed.find(text);
            out.add(index,
                    found == column.field->renamed.end() ? text : std::string_view(found->second));
            return;
        }
        case Kind::kList:
        case Kind::kTags:
            items_.clear();
            // Which character joins them is not documented: the semicolon, or a comma.
            for (const char separator = text.find(';') != std::string_view::npos ? ';' : ',';
                 !text.empty();) {
                const auto end = text.find(separator);
                std::string item(text.substr(0, end));
                const auto found = column.field->renamed.find(item);
                if (found != column.field->renamed.end()) item = found->second;
                if (!item.empty() && item != "-None-") items_.push_back(std::move(item));
                if (end == std::string_view::npos) break;
                text.remove_prefix(end + 1);
            }
            if (items_.empty())
                out.add_null(index);
            else
                out.add(index, std::string_view(sdk::canonical_list(std::move(items_))));
            return;
        case Kind::kAnyReference: {
            // The CSV holds the bare id; without its module it is only certain if one is possible.
            const auto& targets = column.field->spec.references;
            if (text.find(':') != std::string_view::npos)
                out.add(index, text);
            else if (targets.size() == 1)
                out.add(index, std::string_view(targets[0] + ":" + std::string(text)));
            return;
        }
        case Kind::kJson:
        case Kind::kRichText:
        case Kind::kNamed:
            return;  // not what Get Records shows: left absent
        default:
            out.add(index, text);
    }
}

}  // namespace kontor::zoho
