#include "plugins/postgres/copy.hpp"

#include "plugins/postgres/values.hpp"

namespace kontor::postgres {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

void append_cell(std::string& out, const Cell& cell) {
    if (!cell) {
        out += "\\N";
        return;
    }
    for (const char c : *cell) {
        switch (c) {
            case '\\':
                out += "\\\\";
                break;
            case '\t':
                out += "\\t";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            default:
                out.push_back(c);
        }
    }
}

std::string column(std::size_t i) {
    return "c" + std::to_string(i);
}

}  // namespace

Rows copy_in(Session& session, const Table& table, const Options& options, const NewRows& rows,
             const std::string& version) {
    std::string made = "key pg_catalog.text, n pg_catalog.int4";
    std::string names = identifier(table.key_column);
    std::string values = "key";
    for (std::size_t i = 0; i < rows.columns.size(); ++i) {
        made += ", " + column(i) + " pg_catalog.text";
        names += ", " + identifier(rows.columns[i]->name);
        values += ", " + copied_expression(*rows.columns[i], options, column(i));
    }
    for (const auto& [name, expression] : rows.marks) {
        names += ", " + name;
        values += ", " + expression;
    }
    session.run("CREATE TEMPORARY TABLE kontor_copy (" + made + ") ON COMMIT DROP");
    std::size_t row = 0;
    std::string piece;
    session.copy_in("COPY pg_temp.kontor_copy FROM STDIN", [&]() -> std::string_view {
        piece.clear();
        for (; row < rows.keys.size() && piece.size() < kPieceBytes; ++row) {
            append_cell(piece, rows.keys[row]);
            piece += "\t" + std::to_string(row);
            for (const auto& cell : rows.values[row]) {
                piece.push_back('\t');
                append_cell(piece, cell);
            }
            piece.push_back('\n');
        }
        return piece;
    });
    std::string key;
    for (const auto& part : table.key) key += identifier(part) + "::pg_catalog.text, ";
    return session.rows({"INSERT INTO " + table.sql_name() + " (" + names + ") SELECT " + values +
                             " FROM pg_temp.kontor_copy ORDER BY n ON CONFLICT (" +
                             identifier(table.key_column) + ") DO NOTHING RETURNING " +
                             identifier(table.key_column) + ", " + key + version,
                         {}});
}

}  // namespace kontor::postgres
