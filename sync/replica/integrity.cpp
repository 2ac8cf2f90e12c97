#include "sync/replica/integrity.hpp"

#include <algorithm>
#include <set>

#include "sync/replica/catalogue.hpp"
#include "sync/replica/triggers.hpp"

namespace kontor::replica {

namespace {

using Problems = std::vector<IntegrityProblem>;
using Kind = IntegrityProblem::Kind;

Result<std::vector<std::string>> texts(const Database& db, std::string_view sql,
                                       const std::string& argument = {}) {
    auto query = db.prepare(sql);
    if (!query) return pass(query);
    if (!argument.empty()) query->bind(1, argument);
    std::vector<std::string> out;
    while (true) {
        auto row = query->step();
        if (!row) return pass(row);
        if (!*row) return out;
        out.emplace_back(query->text(0));
    }
}

Result<> check_file(const Database& db, IntegrityDepth depth, Problems& problems) {
    auto found = texts(db, depth == IntegrityDepth::kQuick ? "PRAGMA quick_check(100)"
                                                           : "PRAGMA integrity_check(100)");
    if (!found) return pass(found);
    for (std::string& text : *found)
        if (text != "ok") problems.push_back({Kind::kDatabase, std::move(text)});
    return {};
}

/// False if there is no table to look further at.
Result<bool> check_columns(const Database& db, const Entity& entity, Problems& problems) {
    auto columns = texts(db, "SELECT name FROM pragma_table_info(?1)", entity.name);
    if (!columns) return pass(columns);
    if (columns->empty()) {
        problems.push_back({Kind::kTable, entity.name});
        return false;
    }
    std::set<std::string> wanted{"id", "uid"};
    for (const Field& f : entity.fields) wanted.insert(f.name);
    const std::set<std::string> present(columns->begin(), columns->end());
    std::vector<std::string> different;
    std::ranges::set_symmetric_difference(wanted, present, std::back_inserter(different));
    for (const std::string& name : different)
        problems.push_back({Kind::kColumn, entity.name + "." + name});
    return true;
}

std::string name_in_quotes(const std::string& sql) {
    const auto begin = sql.find('"') + 1;
    return sql.substr(begin, sql.find('"', begin) - begin);
}

Result<> check_triggers(const Database& db, const Entity& entity, Problems& problems) {
    auto missing = missing_triggers(db, entity);
    if (!missing) return pass(missing);
    for (const std::string& trigger : *missing)
        problems.push_back({Kind::kTrigger, name_in_quotes(trigger)});
    return {};
}

Result<> check_index(const Database& db, const Entity& entity, Problems& problems) {
    const std::string name = "kontor_" + entity.name + "_uid";
    auto present = texts(db, "SELECT name FROM sqlite_schema WHERE type='index' AND name=?1", name);
    if (!present) return pass(present);
    if (present->empty()) problems.push_back({Kind::kIndex, name});
    return {};
}

}  // namespace

std::string_view to_string(IntegrityProblem::Kind kind) {
    switch (kind) {
        case Kind::kDatabase:
            return "database";
        case Kind::kTable:
            return "table";
        case Kind::kColumn:
            return "column";
        case Kind::kTrigger:
            return "trigger";
        case Kind::kIndex:
            return "index";
    }
    return "";
}

Result<std::vector<IntegrityProblem>> check_integrity(const Database& db, IntegrityDepth depth) {
    Problems problems;
    if (auto done = check_file(db, depth, problems); !done) return pass(done);
    auto catalogue = Catalogue::load(db);
    if (!catalogue) return pass(catalogue);
    for (const Entity& entity : catalogue->entities()) {
        auto has_table = check_columns(db, entity, problems);
        if (!has_table) return pass(has_table);
        if (!*has_table) continue;
        if (auto done = check_triggers(db, entity, problems); !done) return pass(done);
        if (auto done = check_index(db, entity, problems); !done) return pass(done);
    }
    return problems;
}

}  // namespace kontor::replica
