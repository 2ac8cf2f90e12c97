#include "daemon/cli/table.hpp"

#include <algorithm>
#include <numeric>

#include "connectors/sdk/csv_cell.hpp"
#include "daemon/cli/width.hpp"

namespace kontor::cli {
namespace {

constexpr std::string_view kGap = "  ";
/// Where nothing limits the width, a column is no wider than this: what is longer stands out of it,
/// lest one long text fill all other rows with spaces.
constexpr std::size_t kAlignedMax = 256;

std::vector<std::size_t> natural_widths(const Table& table, bool titles) {
    std::vector<std::size_t> widths(table.columns.size(), 0);
    for (std::size_t c = 0; c < widths.size(); ++c) {
        if (titles) widths[c] = display_width(table.columns[c].title);
        for (const auto& row : table.rows) widths[c] = std::max(widths[c], display_width(row[c]));
    }
    return widths;
}

/// The table without the spare columns that there is no room for.
Table fitting(const Table& table, const TableLook& look) {
    std::size_t rank = 0, least = 0;
    const auto widths = natural_widths(table, look.titles);
    const auto room = [&](std::size_t c) {
        return std::min(widths[c], table.columns[c].min) + kGap.size();
    };
    for (std::size_t c = 0; c < widths.size(); ++c) {
        rank = std::max(rank, table.columns[c].spare);
        least += room(c);
    }
    for (; rank > 0 && least > look.width_max + kGap.size(); --rank)
        for (std::size_t c = 0; c < widths.size(); ++c)
            if (table.columns[c].spare == rank) least -= room(c);
    Table out{.columns = {}, .rows = std::vector<std::vector<std::string>>(table.rows.size())};
    for (std::size_t c = 0; c < widths.size(); ++c) {
        if (table.columns[c].spare > rank) continue;
        out.columns.push_back(table.columns[c]);
        for (std::size_t r = 0; r < table.rows.size(); ++r) out.rows[r].push_back(table.rows[r][c]);
    }
    return out;
}

/// Takes cells from the widest column until all fit or nothing more can be taken.
void shrink(std::vector<std::size_t>& widths, const Table& table, std::size_t width_max) {
    const std::size_t gaps = widths.empty() ? 0 : (widths.size() - 1) * kGap.size();
    auto total = std::accumulate(widths.begin(), widths.end(), gaps);
    while (total > width_max) {
        std::size_t widest = widths.size();
        for (std::size_t c = 0; c < widths.size(); ++c) {
            if (widths[c] <= table.columns[c].min) continue;
            if (widest == widths.size() || widths[c] > widths[widest]) widest = c;
        }
        if (widest == widths.size()) return;
        --widths[widest];
        --total;
    }
}

void put_cell(std::string& line, const std::string& shown, std::size_t width, bool right,
              bool last) {
    const auto used = display_width(shown);
    const std::string padding(width > used ? width - used : 0, ' ');
    if (right) line += padding;
    line += shown;
    if (!right && !last) line += padding;
    if (!last) line += kGap;
}

std::string markdown_cell(std::string_view text) {
    std::string cell;
    for (const char c : one_line(text)) {
        if (c == '|' || c == '\\') cell += '\\';
        cell += c;
    }
    return cell;
}

}  // namespace

void Table::add(std::vector<std::string> row) {
    row.resize(columns.size());
    rows.push_back(std::move(row));
}

std::string render_table(const Table& whole, const TableLook& look) {
    Table table{.columns = whole.columns, .rows = {}};
    for (const auto& row : whole.rows) {
        auto& clean = table.rows.emplace_back();
        for (const auto& cell : row) clean.push_back(one_line(cell));
        clean.resize(table.columns.size());
    }
    if (look.width_max > 0) table = fitting(table, look);
    auto widths = natural_widths(table, look.titles);
    if (look.width_max > 0)
        shrink(widths, table, look.width_max);
    else
        for (auto& width : widths) width = std::min(width, kAlignedMax);

    std::string out;
    const auto put_row = [&](const auto& cell_of) {
        std::string line;
        for (std::size_t c = 0; c < widths.size(); ++c)
            put_cell(line, look.width_max > 0 ? clip(cell_of(c), widths[c]) : cell_of(c), widths[c],
                     table.columns[c].right, c + 1 == widths.size());
        line.erase(line.find_last_not_of(' ') + 1);
        return line;
    };
    if (look.titles && !table.columns.empty()) {
        const auto titles = put_row([&](std::size_t c) { return table.columns[c].title; });
        out += look.bold_titles ? "\x1b[1m" + titles + "\x1b[0m\n" : titles + "\n";
    }
    for (const auto& row : table.rows) out += put_row([&](std::size_t c) { return row[c]; }) + "\n";
    return out;
}

std::string render_csv(const Table& table, bool bom) {
    std::string out = bom ? "\xEF\xBB\xBF" : "";
    for (std::size_t c = 0; c < table.columns.size(); ++c)
        out += (c == 0 ? "" : ",") + sdk::csv_cell(table.columns[c].title, true);
    out += "\r\n";
    for (const auto& row : table.rows) {
        for (std::size_t c = 0; c < row.size(); ++c)
            out += (c == 0 ? "" : ",") + sdk::csv_cell(row[c], true);
        out += "\r\n";
    }
    return out;
}

std::string render_markdown(const Table& table) {
    std::string out = "|";
    for (const auto& column : table.columns) out += " " + markdown_cell(column.title) + " |";
    out += "\n|";
    for (const auto& column : table.columns) out += column.right ? " ---: |" : " --- |";
    out += "\n";
    for (const auto& row : table.rows) {
        out += "|";
        for (const auto& cell : row) out += " " + markdown_cell(cell) + " |";
        out += "\n";
    }
    return out;
}

}  // namespace kontor::cli
