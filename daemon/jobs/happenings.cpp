#include "daemon/jobs/happenings.hpp"

#include <algorithm>

namespace kontor::jobs {
namespace {

using replica::Database;

struct Column {
    std::int64_t entity = 0;
    std::int64_t field = 0;
    std::string table, name;  ///< as the catalogue spells them
};

Result<Column> find_column(const Database& db, const config::JobEvent& event) {
    auto rows = db.prepare(
        "SELECT e.id,f.id,e.name,f.name FROM kontor_entity e JOIN kontor_field f ON f.entity=e.id"
        " WHERE e.name=?1 AND f.name=?2");
    if (!rows) return pass(rows);
    rows->bind(1, event.entity);
    rows->bind(2, event.column);
    auto row = rows->step();
    if (!row) return pass(row);
    if (!*row)
        return fail(Errc::kNotFound, "there is no " + event.entity + "." + event.column,
                    {{"entity", event.entity}, {"column", event.column}});
    return Column{rows->integer(0), rows->integer(1), std::string(rows->text(2)),
                  std::string(rows->text(3))};
}

/// Whether the column had that value right after an entry: the next entry's old one says, else the
/// row.
Result<bool> became(const Database& db, const Column& column, std::int64_t record, std::int64_t seq,
                    const std::string& value) {
    auto rows = db.prepare(
        "SELECT CAST(CASE WHEN field IS NULL THEN NULL ELSE old END AS TEXT) IS ?5 FROM"
        " (SELECT field,old FROM kontor_history WHERE entity=?1 AND record=?2 AND seq>?3 AND"
        "  ((field=?4 AND op IN('u','d','r')) OR (field IS NULL AND op='d')) ORDER BY seq LIMIT "
        "1)");
    if (!rows) return pass(rows);
    rows->bind(1, column.entity);
    rows->bind(2, record);
    rows->bind(3, seq);
    rows->bind(4, column.field);
    rows->bind(5, value);
    auto row = rows->step();
    if (!row) return pass(row);
    if (*row) return rows->integer(0) != 0;
    auto now = db.prepare("SELECT CAST(\"" + column.name + "\" AS TEXT) IS ?2 FROM \"" +
                          column.table + "\" WHERE id=?1");
    if (!now) return pass(now);
    now->bind(1, record);
    now->bind(2, value);
    auto found = now->step();
    if (!found) return pass(found);
    return *found && now->integer(0) != 0;
}

}  // namespace

Result<std::vector<std::string>> happened(const Database& db, const config::JobEvent& event,
                                          std::int64_t after, std::int64_t until) {
    std::vector<std::string> out;
    const auto column = find_column(db, event);
    if (!column) return tl::unexpected<Error>(column.error());
    auto rows = db.prepare(
        "SELECT seq,record FROM kontor_history WHERE seq>?1 AND seq<=?2 AND entity=?3 AND"
        " ((field=?4 AND op IN('u','r')) OR (?5 AND field IS NULL AND op='i')) ORDER BY seq");
    if (!rows) return pass(rows);
    rows->bind(1, after);
    rows->bind(2, until);
    rows->bind(3, column->entity);
    rows->bind(4, column->field);
    rows->bind(5, event.becomes || event.made ? 1 : 0);
    while (out.size() < kHappenedMax) {
        auto row = rows->step();
        if (!row) return pass(row);
        if (!*row) break;
        const auto record = rows->integer(1);
        if (event.becomes) {
            auto is = became(db, *column, record, rows->integer(0), *event.becomes);
            if (!is) return pass(is);
            if (!*is) continue;
        }
        auto name = column->table + ":" + std::to_string(record);
        if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(std::move(name));
    }
    return out;
}

Result<std::int64_t> newest_entry(const Database& db) {
    return db.scalar("SELECT max(seq) FROM kontor_history");
}

}  // namespace kontor::jobs
