// Whatever is written as CSV is read as it was, and whatever is read is read alike in any pieces.
#include <rapidcheck/catch.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>

#include "connectors/sdk/csv_cell.hpp"
#include "connectors/sdk/csv_reader.hpp"
#include "connectors/sdk/error.hpp"
#include "plugins/csv/encoding.hpp"

using namespace kontor;
using Rows = std::vector<std::vector<std::string>>;

namespace {

struct Read {
    Rows rows;
    std::vector<std::int64_t> lines;
    std::vector<sdk::CsvReader::Fault> faults;
    bool operator==(const Read&) const = default;
};

Read read(std::string_view text, char delimiter, std::size_t grain) {
    sdk::CsvFormat format;
    format.delimiter = delimiter;
    format.lenient = true;
    sdk::CsvReader reader(
        [&](char* buffer, std::size_t size) {
            const std::size_t got = std::min({size, text.size(), grain});
            std::memcpy(buffer, text.data(), got);
            text.remove_prefix(got);
            return got;
        },
        format);
    Read out;
    std::vector<std::string_view> cells;
    try {
        while (reader.next(cells)) {
            out.rows.emplace_back(cells.begin(), cells.end());
            out.lines.push_back(reader.line());
            out.faults.push_back(reader.fault());
        }
    } catch (const sdk::Error&) {
        out.lines.push_back(-1);
    }
    return out;
}

rc::Gen<std::string> awkward() {
    return rc::gen::container<std::string>(
        rc::gen::element('a', 'b', ',', ';', '\t', '"', '\n', '\r', ' ', '\'', '='));
}

}  // namespace

TEST_CASE("CSV that was written is read as it was", "[csv][properties]") {
    rc::prop("any delimiter, quotes and line breaks", [] {
        const char delimiter = *rc::gen::element(',', ';', '\t', '|');
        const auto width = *rc::gen::inRange<std::size_t>(1, 5);
        const auto rows = *rc::gen::container<Rows>(
            rc::gen::container<std::vector<std::string>>(width, awkward()));
        const std::string end = *rc::gen::element<std::string>("\n", "\r\n");
        std::string text;
        Rows expected;
        for (const auto& row : rows) {
            std::string line;
            for (std::size_t i = 0; i < row.size(); ++i)
                line += (i == 0 ? "" : std::string(1, delimiter)) +
                        sdk::csv_cell(row[i], false, delimiter);
            text += line + end;
            if (!line.empty()) expected.push_back(row);  // an empty line is no row
        }
        const Read got = read(text, delimiter, *rc::gen::inRange<std::size_t>(1, 9));
        RC_ASSERT(got.rows == expected);
        for (const auto fault : got.faults) RC_ASSERT(fault == sdk::CsvReader::Fault::kNone);
    });
    rc::prop("a defused text is the text again", [] {
        const auto text = *awkward();
        const auto cell = sdk::csv_cell(text, true);
        const Read got = read("x," + cell + "\n", ',', 1 << 20);
        RC_ASSERT(got.rows.size() == 1u);
        // An apostrophe that somebody typed before a formula is the one thing that looks the same.
        RC_PRE(!(text.size() > 1 && text[0] == '\''));
        RC_ASSERT(std::string(sdk::csv_undefused(got.rows[0][1])) == text);
    });
}

TEST_CASE("CSV of any kind is read alike in pieces of any size", "[csv][properties]") {
    rc::prop("rows, lines and faults", [] {
        const auto text = *awkward();
        const Read whole = read(text, ',', 1 << 20);
        RC_ASSERT(read(text, ',', 1) == whole);
        RC_ASSERT(read(text, ',', 3) == whole);
        // Lines only go on.
        RC_ASSERT(std::is_sorted(whole.lines.begin(),
                                 std::find(whole.lines.begin(), whole.lines.end(), -1)));
    });
    rc::prop("GB18030 and UTF-16 and back", [] {
        const auto points =
            *rc::gen::container<std::u32string>(rc::gen::inRange<char32_t>(1, 0xD7FF));
        std::string text;
        for (const char32_t c : points) {
            if (c < 0x80) {
                text += static_cast<char>(c);
            } else if (c < 0x800) {
                text += static_cast<char>(0xC0 | (c >> 6));
                text += static_cast<char>(0x80 | (c & 0x3F));
            } else {
                text += static_cast<char>(0xE0 | (c >> 12));
                text += static_cast<char>(0x80 | (c >> 6 & 0x3F));
                text += static_cast<char>(0x80 | (c & 0x3F));
            }
        }
        for (const std::string encoding : {"GB18030", "UTF-16LE", "UTF-16BE"}) {
            std::string bytes = csv::from_utf8(text, encoding);
            std::string_view rest = bytes;
            const auto source = csv::as_utf8(
                [&](char* buffer, std::size_t size) {
                    const std::size_t got = std::min({size, rest.size(), std::size_t{5}});
                    std::memcpy(buffer, rest.data(), got);
                    rest.remove_prefix(got);
                    return got;
                },
                encoding);
            std::string back;
            char buffer[64];
            while (const std::size_t got = source(buffer, sizeof buffer)) back.append(buffer, got);
            RC_ASSERT(back == text);
        }
    });
}
