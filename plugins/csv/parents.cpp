#include "plugins/csv/parents.hpp"

#include <algorithm>

#include "connectors/sdk/error.hpp"
#include "plugins/csv/cursor.hpp"
#include "plugins/csv/table_reader.hpp"
#include "plugins/csv/text.hpp"

namespace kontor::csv {
namespace {

bool names_the_row(const Column& column) {
    return column.hint == "name" || column.hint == "full_name";
}

}  // namespace

void Parents::read(const Piece& piece, const Table& table, Index& out) {
    TableReader reader(folder_.open(piece, folder_.facts(piece.file)));
    RowIds ids(table, reader.columns());
    std::size_t key = reader.columns().size(), name = key;
    for (std::size_t i = 0; i < reader.columns().size(); ++i) {
        const Column* column = table.column(reader.columns()[i]);
        if (column == nullptr) continue;
        if (column->name == table.key) key = i;
        if (names_the_row(*column)) name = i;
    }
    Row row;
    while (reader.next(row)) {
        if (row.fault != Reason::kNone) continue;
        const auto id = ids.next(row.cells);
        if (!id) continue;
        if (key < row.cells.size())
            if (const auto text = trimmed(row.cells[key]); !text.empty())
                out.by_key.emplace(text, *id);
        if (name >= row.cells.size()) continue;
        const auto text = folded_name(row.cells[name]);
        if (text.empty()) continue;
        if (const auto [at, fresh] = out.by_name.emplace(text, *id); !fresh && at->second != *id)
            at->second.clear();
    }
}

const Parents::Index& Parents::index_of(const std::string& table) {
    const auto [at, fresh] = indexes_.try_emplace(table);
    if (!fresh) return at->second;
    for (const auto& file : folder_.files()) {
        if (!folder_.may_hold(file, table)) continue;
        // What cannot be read is told among the problems of its own table.
        try {
            for (const Piece& piece : folder_.pieces(file))
                if (piece.table == table) read(piece, tables_.table(table), at->second);
        } catch (const Unreadable&) {
            continue;
        } catch (const sdk::Error& error) {
            if (error.status() != KONTOR_E_NOT_FOUND) throw;  // it was never described
        }
    }
    return at->second;
}

Parents::Answer Parents::find(const Reference& reference, std::string_view cell) {
    const Index& index = index_of(reference.table);
    if (const auto found = index.by_key.find(std::string(trimmed(cell)));
        found != index.by_key.end())
        return {Reason::kNone, found->second};
    const auto found = index.by_name.find(folded_name(cell));
    if (found == index.by_name.end()) return {Reason::kNoParent, {}};
    if (found->second.empty()) return {Reason::kSeveralParents, {}};
    return {Reason::kNone, found->second};
}

std::uint64_t Parents::fingerprint(std::vector<sdk::ListedFile> files) const {
    std::erase_if(files, [&](const sdk::ListedFile& file) {
        return std::ranges::none_of(table_.references, [&](const Reference& each) {
            return folder_.may_hold(file, each.table);
        });
    });
    return csv::fingerprint(files);
}

}  // namespace kontor::csv
