#include "plugins/csv/tables.hpp"

#include <algorithm>
#include <unordered_set>

#include "connectors/sdk/error.hpp"
#include "plugins/csv/cursor.hpp"
#include "plugins/csv/headers.hpp"
#include "plugins/csv/text.hpp"

namespace kontor::csv {
namespace {

constexpr std::size_t kRowsLookedAt = 50'000;  // of a file

}  // namespace

struct Tables::Look {
    std::vector<std::string> columns;  // of all files, in the order in which they came
    std::map<std::string, TypeGuess> guesses;
    std::uint64_t rows = 0;
    // Of what may be a key: rows that lack it, or have that of another row of the file.
    std::map<std::string, std::uint64_t> misses;

    static bool is_candidate(const std::string& column) {
        const auto type = meaning_of("contact", column);
        return names_a_key(column) || type.column == "email" || type.column == "mobile";
    }
};

void Tables::look_at(const Piece& piece, Look& look) {
    TableReader reader(folder_.open(piece, folder_.facts(piece.file)));
    const auto& columns = reader.columns();
    std::map<std::size_t, std::unordered_set<std::string>> keys;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (std::ranges::find(look.columns, columns[i]) == look.columns.end())
            look.columns.push_back(columns[i]);
        if (!Look::is_candidate(columns[i])) continue;
        keys[i];
        look.misses.try_emplace(columns[i], 0);
    }
    Row row;
    for (std::size_t count = 0; count < kRowsLookedAt && reader.next(row); ++count) {
        if (row.fault != Reason::kNone) continue;
        ++look.rows;
        for (std::size_t i = 0; i < columns.size(); ++i)
            look.guesses[columns[i]].look_at(row.cells[i]);
        for (auto& [i, values] : keys) {
            const auto value = trimmed(row.cells[i]);
            if (value.empty() || !values.emplace(value).second) ++look.misses[columns[i]];
        }
    }
}

void Tables::look_if_readable(const Piece& piece, Look& look) {
    try {
        look_at(piece, look);
    } catch (const Unreadable&) {
        return;
    }
}

std::string Tables::choose_key(const std::string& name, const Look& look) const {
    for (const auto& wanted : {name, std::string("*")})
        if (const auto given = options_.keys.find(wanted); given != options_.keys.end()) {
            if (std::ranges::find(look.columns, given->second) != look.columns.end())
                return given->second;
            if (wanted == name)
                throw sdk::Error(KONTOR_E_INVALID, "option keys: the table " + name +
                                                       " has no column " + given->second);
        }
    if (const auto known = state_.tables.find(name); known != state_.tables.end())
        return known->second.key;
    if (look.rows == 0) {
        for (const auto& column : look.columns)
            if (names_a_key(column)) return column;
        return {};
    }
    const auto first = [&](auto&& fits) -> std::string {
        for (const auto& column : look.columns)
            if (look.misses.contains(column) && fits(column)) return column;
        return {};
    };
    // What is called an id is one, but for some mistakes, which are told. An address or a number is
    // one only if every row has its own.
    constexpr std::uint64_t kRowsForOneMistake = 5;
    if (auto id = first([&](const std::string& column) {
            return names_a_key(column) && look.misses.at(column) * kRowsForOneMistake <= look.rows;
        });
        !id.empty())
        return id;
    for (const auto* hint : {"email", "mobile"})
        if (auto found = first([&](const std::string& column) {
                return meaning_of("contact", column).column == hint && look.misses.at(column) == 0;
            });
            !found.empty())
            return found;
    return {};
}

Column Tables::column_of(const std::string& table, const std::string& entity,
                         const std::string& name, const TypeGuess& guess) const {
    const Meaning meaning = meaning_of(entity, name);
    Column out;
    out.name = name;
    out.hint = meaning.column;
    out.identifies = identifies(name);
    const auto known = state_.tables.find(table);
    const auto before = known == state_.tables.end()           ? State::Known::Column()
                        : known->second.columns.contains(name) ? known->second.columns.at(name)
                                                               : State::Known::Column();
    const bool decided = known != state_.tables.end() && known->second.columns.contains(name);
    out.order = decided ? before.order : guess.date_order();
    if (const auto given = options_.types.find(table + "." + name); given != options_.types.end())
        out.type = given->second;
    else if (decided)
        out.type = before.type;
    else
        // A standard column is what it is; only for the others few values make a choice.
        out.type = guess.type(
            !meaning.type && !meaning.column.empty() ? std::optional(Type::kText) : meaning.type,
            options_.habits.date_order);
    if (out.type == Type::kChoice)
        for (const auto& [value, count] : guess.choices()) out.choices.push_back(value);
    return out;
}

Table Tables::decide(const std::string& name, const Look& look) {
    Table out;
    out.name = name;
    const auto known = state_.tables.find(name);
    if (const auto given = options_.entities.find(name); given != options_.entities.end())
        out.entity = given->second;
    else if (known != state_.tables.end())
        out.entity = known->second.entity;
    else
        out.entity = entity_of(name, look.columns);
    out.key = choose_key(name, look);
    for (const auto& column : look.columns) {
        const auto guess = look.guesses.find(column);
        out.columns.push_back(column_of(name, out.entity, column,
                                        guess == look.guesses.end() ? TypeGuess() : guess->second));
    }
    auto& kept = state_.tables[name];
    kept.key = out.key;
    kept.entity = out.entity;
    for (const auto& column : out.columns) kept.columns[column.name] = {column.type, column.order};
    return out;
}

// The table whose rows the cells of a column name; "" if there is none, or nobody can tell which.
std::string Tables::named_table(const std::string& table, const std::string& column) const {
    const State::Known& known = state_.tables.at(table);
    if (column == known.key) return {};
    if (const auto given = options_.references.find(table + "." + column);
        given != options_.references.end())
        return state_.tables.contains(given->second) ? given->second : std::string();
    if (const auto before = known.references.find(column); before != known.references.end())
        return before->second;
    const auto names = named_by(known.entity, column);
    std::string found;
    for (const auto& [name, other] : state_.tables) {
        if (names.entity.empty() || other.entity != names.entity || name == table) continue;
        if (!found.empty()) return {};
        found = name;
    }
    return found;
}

// Decides once which columns name rows of other tables; of several that name the same, a key does.
void Tables::link() {
    for (auto& [name, known] : state_.tables)
        for (const bool keys : {true, false})
            for (const auto& each_column : known.columns) {
                const std::string& column = each_column.first;
                if (names_a_key(column) != keys) continue;
                const auto other = named_table(name, column);
                const bool twice = std::ranges::any_of(known.references, [&](const auto& each) {
                    return each.second == other && each.first != column;
                });
                if (other.empty())
                    known.references.erase(column);
                else if (!twice)
                    known.references[column] = other;
            }
}

void Tables::add_references(Table& table) const {
    for (const auto& [column, other] : state_.tables.at(table.name).references) {
        const auto parent = state_.tables.find(other);
        if (parent == state_.tables.end()) continue;
        table.references.push_back({.field = column + " > " + other,
                                    .column = column,
                                    .table = other,
                                    .hint = std::string(reference_to(parent->second.entity))});
    }
}

const std::map<std::string, Table>& Tables::describe() {
    std::map<std::string, Look> looks;
    auto files = folder_.files();
    std::ranges::sort(files, {}, &sdk::ListedFile::path);
    for (const auto& file : files) {
        host_.check_cancelled();
        // What cannot be read is told among the problems; the rest goes on.
        try {
            for (const Piece& piece : folder_.pieces(file))
                look_if_readable(piece, looks[piece.table]);
        } catch (const Unreadable&) {
            continue;
        }
    }
    std::erase_if(looks, [](const auto& entry) { return entry.second.columns.empty(); });
    tables_.clear();
    for (const auto& [name, look] : looks) tables_[name] = decide(name, look);
    link();
    for (auto& [name, table] : tables_) add_references(table);
    state_.save();
    return tables_;
}

const Table& Tables::table(std::string_view name) {
    const std::string wanted(name);
    if (const auto found = tables_.find(wanted); found != tables_.end()) return found->second;
    const auto known = state_.tables.find(wanted);
    if (known == state_.tables.end())
        throw sdk::Error(KONTOR_E_NOT_FOUND, "the folder has no table " + wanted);
    Table table;
    table.name = wanted;
    table.key = known->second.key;
    table.entity = known->second.entity;
    for (const auto& [column, it] : known->second.columns) {
        Column out;
        out.name = column;
        out.type = it.type;
        out.order = it.order;
        out.hint = meaning_of(table.entity, column).column;
        out.identifies = identifies(column);
        table.columns.push_back(std::move(out));
    }
    add_references(table);
    return tables_[wanted] = std::move(table);
}

const Table& Tables::table_to_pull(std::string_view name) {
    const Table& out = table(name);
    state_.tables.at(out.name).pulled = true;
    state_.save();
    return out;
}

bool Tables::was_pulled(std::string_view name) const {
    const auto known = state_.tables.find(std::string(name));
    return known != state_.tables.end() && (known->second.pulled || !state_.knows_pulled);
}

std::uint64_t Tables::pulled_fingerprint() const {
    std::vector<std::string_view> names;
    for (const auto& [name, known] : state_.tables)
        if (was_pulled(name)) names.push_back(name);
    return fingerprint(names);
}

void Tables::end_round() {
    state_.knows_pulled = true;
    state_.save();
}

}  // namespace kontor::csv
