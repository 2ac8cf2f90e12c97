#include "plugins/postgres/push.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "plugins/postgres/copy.hpp"
#include "plugins/postgres/ids.hpp"
#include "plugins/postgres/reader.hpp"
#include "plugins/postgres/refusals.hpp"
#include "plugins/postgres/session.hpp"
#include "plugins/postgres/values.hpp"
#include "plugins/postgres/versions.hpp"

namespace kontor::postgres {
namespace {

constexpr std::size_t kCopyFrom = 100;  // new records; for fewer it costs more than it saves
constexpr int kAskAgainMax = 3;
constexpr std::int64_t kAskAgain_ms = 500;

struct Change {
    abi::Op op = abi::Op::kUpdate;
    std::string id, version, key;
    std::vector<std::pair<const Column*, Cell>> values;
};

const char* action_of(abi::Op op) {
    return op == abi::Op::kCreate ? "create" : op == abi::Op::kDelete ? "delete" : "update";
}

bool maybe_done(const sdk::Error& error) {
    const auto status = error.status();
    return status == KONTOR_E_UNAVAILABLE || status == KONTOR_E_TIMEOUT ||
           status == KONTOR_E_PROTOCOL || status == KONTOR_E_INTERNAL ||
           status == KONTOR_E_CANCELLED;
}

/// Builds the statement of one change. Each returns key and version of the row that it wrote.
class Writer {
public:
    Writer(const Table& table, const Options& options) : table_(table), options_(options) {}

    [[nodiscard]] Statement statement(const Change& change) const {
        switch (change.op) {
            case abi::Op::kCreate:
                return insertion(change);
            case abi::Op::kDelete:
                return deletion(change);
            default:
                return update(change);
        }
    }

    /// The row of a create whose key is taken already: by an earlier attempt of ours.
    [[nodiscard]] Statement of_key(const Change& change) const {
        return {"SELECT " + returned_key() + ", '' FROM " + table_.sql_name() + " WHERE " +
                    identifier(table_.key_column) + " = $1",
                {change.key}};
    }

    /// The row of an update or delete that touched none.
    [[nodiscard]] Statement look(const Change& change) const {
        return {"SELECT 1 FROM " + table_.sql_name() + " WHERE " + key_condition(table_, 1),
                key_parameters(table_, {change.id})};
    }

    [[nodiscard]] bool has_key(const Change& change) const {
        return change.op == abi::Op::kCreate && !table_.key_column.empty() && !change.key.empty();
    }

    // The columns that tell others of a change are kept by us where nobody else does.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> marks(bool insert) const {
        std::vector<std::pair<std::string, std::string>> out;
        for (const auto& name : {table_.version_column, table_.modified_column}) {
            const auto* const column = table_.column(name);
            if (column == nullptr || column->generated ||
                !(insert ? column->may_insert : column->may_update) ||
                (insert && column->has_default) ||
                (!out.empty() && out[0].first == identifier(name)))
                continue;
            const auto sql = identifier(name);
            if (column->kind == Kind::kInteger) {
                out.emplace_back(sql, insert ? "1" : "coalesce(" + sql + ", 0) + 1");
                continue;
            }
            std::string now = "pg_catalog.clock_timestamp()";
            if (column->kind == Kind::kLocalInstant)
                now = "(" + now + " AT TIME ZONE " + literal(options_.time_zone) + ")";
            // Never the same twice, nor less than before: the computer's clock may have been set.
            out.emplace_back(
                sql,
                insert ? now : "greatest(" + now + ", " + sql + " + interval '1 microsecond')");
        }
        return out;
    }

private:
    [[nodiscard]] std::string returned_key() const {
        std::string out;
        for (const auto& part : table_.key)
            out += (out.empty() ? "" : ", ") + identifier(part) + "::pg_catalog.text";
        return out;
    }
    [[nodiscard]] std::string returning() const {
        return " RETURNING " + returned_key() + ", " + written_version_expression(table_);
    }

    [[nodiscard]] Statement insertion(const Change& change) const {
        std::string names, values;
        Statement out;
        const auto add = [&](const std::string& name, const std::string& value) {
            names += (names.empty() ? "" : ", ") + name;
            values += (values.empty() ? "" : ", ") + value;
        };
        for (const auto& [column, value] : change.values) {
            out.parameters.push_back(value);
            add(identifier(column->name),
                write_expression(*column, options_, out.parameters.size()));
        }
        if (has_key(change)) {
            out.parameters.emplace_back(change.key);
            add(identifier(table_.key_column), "$" + std::to_string(out.parameters.size()));
        }
        for (const auto& [name, value] : marks(true)) add(name, value);
        out.sql = "INSERT INTO " + table_.sql_name() +
                  (names.empty() ? " DEFAULT VALUES" : " (" + names + ") VALUES (" + values + ")");
        if (has_key(change))
            out.sql += " ON CONFLICT (" + identifier(table_.key_column) + ") DO NOTHING";
        out.sql += returning();
        return out;
    }

    [[nodiscard]] std::string where(const Change& change, Statement& out) const {
        auto condition = " WHERE " + key_condition(table_, out.parameters.size() + 1);
        for (auto& part : key_parameters(table_, {change.id}))
            out.parameters.push_back(std::move(part));
        if (change.version.empty() || !has_version(table_)) return condition;
        out.parameters.emplace_back(version_parameter(table_, change.version));
        return condition + " AND " + version_condition(table_, out.parameters.size());
    }

    [[nodiscard]] Statement update(const Change& change) const {
        Statement out;
        std::string set;
        for (const auto& [column, value] : change.values) {
            out.parameters.push_back(value);
            set += (set.empty() ? "" : ", ") + identifier(column->name) + " = " +
                   write_expression(*column, options_, out.parameters.size());
        }
        for (const auto& [name, value] : marks(false))
            set += (set.empty() ? "" : ", ") + name + " = " + value;
        if (set.empty()) set = identifier(table_.key[0]) + " = " + identifier(table_.key[0]);
        out.sql = "UPDATE " + table_.sql_name() + " SET " + set;
        out.sql += where(change, out) + returning();
        return out;
    }

    [[nodiscard]] Statement deletion(const Change& change) const {
        Statement out;
        out.sql = "DELETE FROM " + table_.sql_name();
        out.sql += where(change, out);
        // A deleted row has no version any more.
        out.sql += " RETURNING " + returned_key() + ", ''";
        return out;
    }

    const Table& table_;
    const Options& options_;
};

class Push {
public:
    Push(sdk::Host& host, const Table& table, const Options& options)
        : host_(host), table_(table), options_(options), writer_(table, options) {}

    std::vector<sdk::PushResult> run(const sdk::Request& request, abi::BatchReader batch) {
        read(request, batch);
        results_.resize(changes_.size());
        session_.emplace(host_, options_);
        if (!(are_alike() ? all_by_copy() : all_at_once())) one_by_one();
        return std::move(results_);
    }

private:
    void read(const sdk::Request& request, abi::BatchReader& batch) {
        std::vector<const Column*> columns;
        for (const auto& name : request.fields) {
            const auto* const column = table_.column(name);
            if (column == nullptr)
                throw sdk::Error(KONTOR_E_INVALID, table_.stream + " has no column " + name)
                    .stream(table_.stream)
                    .unknown_field(name);
            columns.push_back(column);
        }
        while (const auto record = batch.next()) {
            Change change{record->op,
                          std::string(record->id),
                          std::string(record->version),
                          std::string(record->key),
                          {}};
            for (unsigned i = 0; i < record->count; ++i) {
                abi::BatchReader::Field field;
                if (!batch.next_field(field)) break;
                if (field.field >= columns.size())
                    throw sdk::Error(KONTOR_E_INVALID, "a change of an unknown field");
                // What identifies the record, or tells of changes, is not for others to write.
                const auto& column = *columns[field.field];
                if (column.name == table_.key_column) continue;
                change.values.emplace_back(&column, parameter(column, field));
            }
            changes_.push_back(std::move(change));
        }
        if (!batch.ok()) throw sdk::Error(KONTOR_E_INVALID, "a malformed batch");
    }

    // Many new records that say something of the same columns.
    [[nodiscard]] bool are_alike() const {
        const auto same = [&](const Change& change) {
            return writer_.has_key(change) &&
                   std::ranges::equal(change.values, changes_[0].values, {},
                                      &std::pair<const Column*, Cell>::first,
                                      &std::pair<const Column*, Cell>::first);
        };
        return changes_.size() >= kCopyFrom && std::ranges::all_of(changes_, same);
    }

    // As all_at_once().
    bool all_by_copy() {
        NewRows rows;
        for (const auto& [column, value] : changes_[0].values) rows.columns.push_back(column);
        rows.marks = writer_.marks(true);
        std::map<std::string, std::size_t, std::less<>> at;
        for (std::size_t i = 0; i < changes_.size(); ++i) {
            auto& cells = rows.values.emplace_back();
            for (const auto& [column, value] : changes_[i].values) cells.push_back(value);
            rows.keys.push_back(changes_[i].key);
            at[changes_[i].key] = i;
        }
        try {
            session_->run("BEGIN");
            for (auto& row :
                 copy_in(*session_, table_, options_, rows, written_version_expression(table_))) {
                const auto found = at.find(row.at(0).value_or(""));
                if (found == at.end()) continue;
                row.erase(row.begin());
                take(found->second, {{row}, 1});
            }
            for (std::size_t i = 0; i < changes_.size(); ++i)
                if (results_[i].status != "ok") follow_up(i);
            transaction_ = session_->rows(kTransaction).at(0).at(0).value_or("");
        } catch (const SqlError& error) {
            return undo(error);
        }
        return commit();
    }

    // False: to be tried one by one.
    bool undo(const SqlError& error) {
        if (ends_all(error)) throw error;
        session_->run("ROLLBACK");
        results_.assign(changes_.size(), {});
        if (changes_.size() > 1) return false;
        results_[0] = refusal(table_, error);
        return true;
    }

    // False: one of them was refused, and nothing was carried out.
    bool all_at_once() {
        std::vector<Statement> statements{{"BEGIN", {}}};
        for (const auto& change : changes_) statements.push_back(writer_.statement(change));
        statements.push_back(kTransaction);
        try {
            const auto outcomes = session_->run_all(statements);
            for (std::size_t i = 0; i < changes_.size(); ++i)
                if (!take(i, outcomes[i + 1])) follow_up(i);
            transaction_ = outcomes.back().rows.at(0).at(0).value_or("");
        } catch (const SqlError& error) {
            return undo(error);
        }
        return commit();
    }

    void one_by_one() {
        session_->run("BEGIN");
        for (std::size_t i = 0; i < changes_.size(); ++i) {
            host_.check_cancelled();
            try {
                const auto outcomes = session_->run_all(
                    {{"SAVEPOINT one", {}}, writer_.statement(changes_[i]), {"RELEASE one", {}}});
                if (!take(i, outcomes.at(1))) follow_up(i);
            } catch (const SqlError& error) {
                if (ends_all(error)) throw;
                session_->run("ROLLBACK TO one");
                results_[i] = refusal(table_, error);
            }
        }
        transaction_ = session_->rows(kTransaction).at(0).at(0).value_or("");
        if (!commit()) refuse_all("retry", "the database did not commit");
    }

    // What a statement returned. False: it touched no row.
    bool take(std::size_t i, const Session::Outcome& outcome) {
        if (outcome.rows.empty()) return false;
        const auto& row = outcome.rows[0];
        std::vector<std::string> key;
        for (std::size_t part = 0; part < table_.key.size(); ++part)
            key.push_back(row.at(part).value_or(""));
        auto& result = results_[i];
        result.status = "ok";
        result.id = join_id(key);
        result.version = row.at(table_.key.size()).value_or("");
        result.action = action_of(changes_[i].op);
        return true;
    }

    void follow_up(std::size_t i) {
        const auto& change = changes_[i];
        auto& result = results_[i];
        if (change.op != abi::Op::kCreate) {
            const bool there = !session_->rows(writer_.look(change)).empty();
            result.status = there ? "changed" : "missing";
            return;
        }
        // The key is there already: an answer was lost. What the row holds by now, the host reads.
        Session::Outcome earlier;
        if (writer_.has_key(change)) earlier.rows = session_->rows(writer_.of_key(change));
        if (take(i, earlier)) {
            result.action = "none";
            return;
        }
        result.status = "invalid";
        result.message = "the database took the record and kept none (a rule or trigger)";
    }

    // False: the commit was refused, by a deferred constraint or a serialization failure.
    bool commit() {
        try {
            session_->run("COMMIT");
            return true;
        } catch (const SqlError& error) {
            if (ends_all(error)) throw;
            if (changes_.size() == 1) {
                results_[0] = refusal(table_, error);
                return true;
            }
            results_.assign(changes_.size(), {});
            return false;
        } catch (const sdk::Error& error) {
            if (!maybe_done(error)) throw;
        }
        settle();
        return true;
    }

    // The answer to COMMIT is lost. The database knows how the transaction ended.
    void settle() {
        std::string ended;
        for (int i = 0; i < kAskAgainMax && ended != "committed" && ended != "aborted"; ++i) {
            try {
                host_.sleep_ms(kAskAgain_ms);
                session_.reset();
                session_.emplace(host_, options_);
                ended = session_
                            ->rows({"SELECT pg_catalog.pg_xact_status($1::pg_catalog.xid8)",
                                    {transaction_}})
                            .at(0)
                            .at(0)
                            .value_or("");
            } catch (const sdk::Error&) {
                continue;
            }
        }
        if (ended == "committed") return;
        if (ended == "aborted") return refuse_all("retry", "the connection broke off");
        refuse_all("unknown", "the connection broke off while the database committed");
    }

    void refuse_all(const char* status, const char* message) {
        for (auto& result : results_) {
            if (result.status != "ok") continue;
            result = {};
            result.status = status;
            result.message = message;
        }
    }

    inline static const Statement kTransaction{"SELECT pg_catalog.pg_current_xact_id()", {}};

    sdk::Host& host_;
    const Table& table_;
    const Options& options_;
    Writer writer_;
    std::vector<Change> changes_;
    std::vector<sdk::PushResult> results_;
    std::optional<Session> session_;
    std::string transaction_;
};

}  // namespace

std::vector<sdk::PushResult> push(sdk::Host& host, const Table& table, const Options& options,
                                  const sdk::Request& request, abi::BatchReader changes) {
    return Push(host, table, options).run(request, changes);
}

}  // namespace kontor::postgres
