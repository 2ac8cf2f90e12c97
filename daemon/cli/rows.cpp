#include "daemon/cli/rows.hpp"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "daemon/cli/json_view.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

/// Numbers stand right, so that digits align.
bool all_numbers(const json& rows, const std::string& column) {
    bool any = false;
    for (const auto& row : rows) {
        const auto found = row.find(column);
        if (found == row.end() || found->is_null()) continue;
        if (!found->is_number()) return false;
        any = true;
    }
    return any;
}

/// `title` makes the heading of a column.
Table table_of(const json& rows, const std::vector<std::string>& columns,
               const std::function<std::string(const std::string&)>& title) {
    Table table;
    for (const auto& column : columns)
        table.columns.push_back({.title = title(column), .right = all_numbers(rows, column)});
    for (const auto& row : rows) {
        std::vector<std::string> cells;
        for (const auto& column : columns) {
            const auto found = row.find(column);
            cells.push_back(found == row.end() ? std::string() : cell(*found));
        }
        table.add(std::move(cells));
    }
    return table;
}

}  // namespace

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto comma = std::min(text.find(','), text.size());
        auto part = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
        while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
        while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
        if (!part.empty()) parts.emplace_back(part);
    }
    return parts;
}

Outcome<> print_rows(Context& context, const json& document, const json& rows,
                     const std::vector<std::string>& columns, bool words) {
    const auto& args = context.args();
    if (args.has("csv") && (context.json() || args.has("format")))
        return usage(context.language(), "cli.usage.formats");
    std::string format = args.option("format", args.has("csv") ? "csv" : "table");
    if (context.json()) {
        if (args.has("format") && format != "json" && format != "jsonl")
            return usage(context.language(), "cli.usage.formats");
        if (format != "jsonl") format = "json";
    }
    if (format == "json") {
        context.print_json(document);
    } else if (format == "jsonl") {
        for (const auto& row : rows) context.print_line(row);
    } else if (format == "csv") {
        context.write(render_csv(table_of(rows, columns, std::identity()), args.has("bom")));
    } else if (format == "markdown") {
        context.write(render_markdown(table_of(rows, columns, std::identity())));
    } else {
        const auto title = [&](const std::string& name) {
            return words ? context.text_or("cli.column." + name, name) : name;
        };
        context.print(table_of(rows, columns, title));
    }
    return {};
}

}  // namespace kontor::cli
