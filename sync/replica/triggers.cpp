#include "sync/replica/triggers.hpp"

#include <algorithm>
#include <functional>
#include <span>

namespace kontor::replica {

namespace {

// SQLite allows 500 SELECTs in a compound and 2000 items in a list.
constexpr std::size_t kFieldsPerStatement = 400;

constexpr const char* kNow = "strftime('%Y-%m-%dT%H:%M:%fZ','now')";
constexpr const char* kInto = "INSERT INTO kontor_history(entity,record,field,op,old,at)\n";

// The highest id that a program may choose.
constexpr std::int64_t kIdMax = 1'000'000'000'000'000;

// Rows of kontor_replaced besides the fields.
constexpr const char* kStashUid = "0";
constexpr const char* kStashSeq = "-1";  // last history row when the old row was put aside

/// Pieces of SQL that all triggers of one entity share. Names are safe (checked by ensure_entity)
/// and quoted all the same; ids are numbers; no values are pasted.
class Writer {
public:
    explicit Writer(const Entity& entity)
        : entity_(entity), id_(std::to_string(entity.id)), table_('"' + entity.name + '"') {}

    [[nodiscard]] std::vector<std::string> all() const {
        std::vector<std::string> out{before_insert(), after_insert(), keep_id(), keep_uid(),
                                     after_delete()};
        if (!entity_.fields.empty()) out.push_back(after_update());
        return out;
    }

private:
    [[nodiscard]] std::string head(const char* suffix, const std::string& event) const {
        return "CREATE TRIGGER \"kontor_" + entity_.name + "_" + suffix + "\" " + event + " ON " +
               table_ + " ";
    }

    /// `entity = E AND record = <record>`, the key of stash, tombstone and history alike.
    [[nodiscard]] std::string of_record(const char* record) const {
        return "entity=" + id_ + " AND record=" + record;
    }
    [[nodiscard]] std::string stash(const char* what, const char* record, const char* field) const {
        return std::string("SELECT ") + what + " FROM kontor_replaced WHERE " + of_record(record) +
               " AND field=" + field;
    }
    [[nodiscard]] std::string drop_stash(const char* record) const {
        return "DELETE FROM kontor_replaced WHERE " + of_record(record) + ";\n";
    }

    [[nodiscard]] static std::string refuse_id(const std::string& which) {
        return "SELECT RAISE(ABORT,'kontor: the id of a record is a number from 1 to " +
               std::to_string(kIdMax) + "') WHERE " + which + ";\n";
    }

    /// True for a uid that may stay: well formed, and no other record's.
    [[nodiscard]] std::string acceptable(const std::string& row) const {
        return "(typeof(" + row + ".uid)='text' AND length(" + row + ".uid)=32 AND " + row +
               ".uid NOT GLOB '*[^0-9a-f]*' AND NOT EXISTS(SELECT 1 FROM " + table_ +
               " AS other WHERE other.uid=" + row + ".uid AND other.id<>" + row + ".id))";
    }

    /// `make` for at most kFieldsPerStatement fields at a time.
    [[nodiscard]] std::string in_parts(
        const std::function<std::string(std::span<const Field>)>& make) const {
        std::string out;
        const std::span<const Field> fields = entity_.fields;
        for (std::size_t at = 0; at < fields.size(); at += kFieldsPerStatement)
            out += make(fields.subspan(at, std::min(kFieldsPerStatement, fields.size() - at)));
        return out;
    }

    /// A table `(field,old[,new])` with a row a field. VALUES is what SQLite reads fastest: it
    /// reads all triggers whenever a program opens the file.
    [[nodiscard]] static std::string rows_of(std::span<const Field> fields, bool with_new) {
        std::string out = "(";
        for (const Field& f : fields) {
            const bool first = &f == &fields.front();
            const std::string id = std::to_string(f.id);
            const std::string column = ".\"" + f.name + '"';
            if (first) {
                out += "SELECT " + id + " AS field,OLD" + column + " AS old";
                if (with_new) out += ",NEW" + column + " AS new";
                continue;
            }
            out += &f == &fields[1] ? "\nUNION ALL VALUES(" : ",(";
            out += id + ",OLD" + column;
            if (with_new) out += ",NEW" + column;
            out += ')';
        }
        return out + ')';
    }

    /// The value of the column that `which` is the id of.
    [[nodiscard]] static std::string column_by_id(std::span<const Field> fields, const char* which,
                                                  const char* row) {
        std::string out = std::string("CASE ") + which;
        for (const Field& f : fields)
            out += " WHEN " + std::to_string(f.id) + " THEN " + row + ".\"" + f.name + '"';
        return out;
    }

    /// Puts the row that an INSERT OR REPLACE is about to overwrite aside: it fires no delete
    /// trigger (unless recursive_triggers is on), and afterwards the old values are gone.
    [[nodiscard]] std::string before_insert() const {
        std::string sql = head("before_insert", "BEFORE INSERT");
        sql += "WHEN NEW.id>" + std::to_string(kIdMax) + " OR EXISTS(SELECT 1 FROM " + table_ +
               " WHERE id=NEW.id) OR EXISTS(SELECT 1 FROM " + "kontor_replaced WHERE " +
               of_record("NEW.id") + ")\nBEGIN\n";
        // AUTOINCREMENT goes on from the highest: behind the last number there would be no record.
        sql += refuse_id("NEW.id>" + std::to_string(kIdMax));
        sql += drop_stash("NEW.id");
        const std::string lead = "INSERT INTO kontor_replaced(entity,record,field,old)\n";
        sql += lead + "SELECT " + id_ + ",id," + kStashUid + ",uid FROM " + table_ +
               " WHERE id=NEW.id\nUNION ALL SELECT " + id_ + ",id," + kStashSeq +
               ",coalesce((SELECT max(seq) FROM kontor_history),0) FROM " + table_ +
               " WHERE id=NEW.id;\n";
        sql += in_parts([&](std::span<const Field> part) {
            return lead + "SELECT " + id_ + ",NEW.id,f.id," + column_by_id(part, "f.id", "r") +
                   " END FROM " + table_ +
                   " AS r,kontor_field AS f WHERE r.id=NEW.id AND f.entity=" + id_ +
                   " AND f.id BETWEEN " + std::to_string(part.front().id) + " AND " +
                   std::to_string(part.back().id) + ";\n";
        });
        return sql + "END";
    }

    [[nodiscard]] std::string after_insert() const {
        const std::string has_stash = "EXISTS(" + stash("1", "NEW.id", kStashSeq) + ")";
        const std::string stash_uid = "(" + stash("old", "NEW.id", kStashUid) + ")";

        std::string sql = head("after_insert", "AFTER INSERT") + "\nBEGIN\n";
        sql += refuse_id("NEW.id<1");  // before it is inserted, one that SQLite will choose is -1
        sql += std::string(kInto) + "SELECT " + id_ + ",NEW.id,NULL,'i',NULL," + kNow +
               " WHERE NOT " + has_stash + ";\n";
        // With recursive_triggers on, the REPLACE has just logged a delete: it was none.
        sql += "DELETE FROM kontor_history WHERE " + of_record("NEW.id") + " AND seq>(" +
               stash("old", "NEW.id", kStashSeq) + ") AND op='d';\n";
        sql += replaced_fields();
        sql += "UPDATE " + table_ + " SET uid=coalesce(" + stash_uid +
               ",(SELECT uid FROM kontor_tombstone WHERE " + of_record("NEW.id") +
               "),lower(hex(randomblob(16)))) WHERE id=NEW.id AND CASE WHEN " + stash_uid +
               " IS NOT NULL THEN NEW.uid IS NOT " + stash_uid +
               " ELSE (NEW.uid IS NOT NULL OR NOT " + has_stash + ") AND NOT " + acceptable("NEW") +
               " END;\n";
        sql += "DELETE FROM kontor_tombstone WHERE " + of_record("NEW.id") + ";\n";
        sql += drop_stash("NEW.id");
        return sql + "END";
    }

    /// Rows `u` for the fields in which the new row differs from the one put aside. A CASE has no
    /// affinity, so values are compared as they are stored.
    [[nodiscard]] std::string replaced_fields() const {
        return in_parts([&](std::span<const Field> part) {
            return std::string(kInto) + "SELECT " + id_ + ",NEW.id,field,'u',old," + kNow +
                   " FROM kontor_replaced WHERE " + of_record("NEW.id") +
                   " AND field>0 AND old IS NOT " + column_by_id(part, "field", "NEW") +
                   " ELSE old END;\n";
        });
    }

    // Without OF: `SET rowid = …` changes the id too, and would not be seen as a change of `id`.
    [[nodiscard]] std::string keep_id() const {
        return head("keep_id", "BEFORE UPDATE") +
               "WHEN NEW.id IS NOT OLD.id\nBEGIN\n"
               "SELECT RAISE(ABORT,'kontor: the id of a record cannot be changed');\nEND";
    }

    /// The triggers above may give a uid: to a row without an acceptable one, and back to a row
    /// that was replaced. Nobody may take one away.
    [[nodiscard]] std::string keep_uid() const {
        return head("keep_uid", "BEFORE UPDATE OF uid") + "WHEN NEW.uid IS NOT OLD.uid AND (NOT " +
               acceptable("NEW") + " OR (" + acceptable("OLD") + " AND NOT EXISTS(" +
               stash("1", "OLD.id", kStashUid) + " AND old=NEW.uid)))\nBEGIN\n" +
               "SELECT RAISE(ABORT,'kontor: the uid of a record cannot be changed');\nEND";
    }

    /// Values of one column have one affinity, so that equal values of different class (1 and 1.0)
    /// cannot meet here and IS NOT is exact. The + keeps the affinity of the first row's column
    /// from being applied to all.
    [[nodiscard]] std::string after_update() const {
        std::string event = "AFTER UPDATE OF ";
        for (const Field& f : entity_.fields) {
            if (&f != &entity_.fields.front()) event += ',';
            event += '"' + f.name + '"';
        }
        std::string sql = head("after_update", event) + "\nBEGIN\n";
        sql += in_parts([&](std::span<const Field> part) {
            return std::string(kInto) + "SELECT " + id_ + ",OLD.id,field,'u',old," + kNow +
                   " FROM " + rows_of(part, true) + "\nWHERE +old IS NOT +new;\n";
        });
        // An UPSERT has put the row aside and then updates it.
        sql += drop_stash("OLD.id");
        return sql + "END";
    }

    // The tombstone is deleted and inserted, for a conflict clause here would give way to that of
    // the statement that fired the trigger.
    [[nodiscard]] std::string after_delete() const {
        std::string sql = head("after_delete", "AFTER DELETE") + "\nBEGIN\n";
        sql += in_parts([&](std::span<const Field> part) {
            return std::string(kInto) + "SELECT " + id_ + ",OLD.id,field,'d',old," + kNow +
                   " FROM " + rows_of(part, false) + "\nWHERE old IS NOT NULL;\n";
        });
        sql += std::string(kInto) + "VALUES(" + id_ + ",OLD.id,NULL,'d',OLD.uid," + kNow + ");\n";
        sql += "DELETE FROM kontor_tombstone WHERE " + of_record("OLD.id") + ";\n";
        sql += "INSERT INTO kontor_tombstone(entity,record,uid,image,at) VALUES(" + id_ +
               ",OLD.id,OLD.uid,''," + kNow + ");\n";
        return sql + "END";
    }

    const Entity& entity_;
    std::string id_;
    std::string table_;
};

constexpr const char* kSuffixes[] = {"before_insert", "after_insert", "keep_id",
                                     "keep_uid",      "after_delete", "after_update"};

}  // namespace

std::vector<std::string> capture_triggers(const Entity& entity) {
    return Writer(entity).all();
}

Result<std::vector<std::string>> missing_triggers(const Database& db, const Entity& entity) {
    auto present =
        db.prepare("SELECT 1 FROM sqlite_schema WHERE type='trigger' AND tbl_name=?1 AND sql=?2");
    if (!present) return pass(present);
    std::vector<std::string> missing;
    for (std::string& trigger : capture_triggers(entity)) {
        present->bind(1, entity.name);
        present->bind(2, trigger);
        auto row = present->step();
        if (!row) return pass(row);
        if (!*row) missing.push_back(std::move(trigger));
        present->reset();
    }
    return missing;
}

Result<> rebuild_triggers(const Database& db, const Entity& entity) {
    std::string sql;
    for (const char* suffix : kSuffixes)
        sql += "DROP TRIGGER IF EXISTS \"kontor_" + entity.name + "_" + suffix + "\";\n";
    for (const std::string& trigger : capture_triggers(entity)) sql += trigger + ";\n";
    if (auto done = db.execute(sql); !done)
        return in_context("capture triggers of " + entity.name, done.error());
    return {};
}

}  // namespace kontor::replica
