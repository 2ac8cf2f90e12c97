#include "plugins/postgres/push.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "plugins/postgres/copy.hpp"
#include "plugins/postgres/push_run.hpp"
#include "plugins/postgres/reader.hpp"
#include "plugins/postgres/session.hpp"
#include "plugins/postgres/values.hpp"
#include "plugins/postgres/versions.hpp"

namespace kontor::postgres {
namespace {

constexpr std::size_t kCopyFrom = 100;  // new records; for fewer it costs more than it saves

// The same as long as the server has neither crashed nor given way to a standby: either may take a
// transaction with it that had left nothing lasting, and give its number to another one. After a
// crash the server writes a checkpoint (it writes others too); a standby that is promoted begins a
// timeline. "" if the server does not tell.
std::string era(Session& session) {
    try {
        const auto row = session.first_row(
            {"SELECT checkpoint_lsn::pg_catalog.text || pg_catalog.left(pg_catalog.pg_walfile_name("
             "pg_catalog.pg_current_wal_insert_lsn()), 8) FROM pg_catalog.pg_control_checkpoint()",
             {}},
            1);
        return row[0].value_or("");
    } catch (const SqlError&) {
        return {};
    }
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

class Push final : public PushRun {
public:
    Push(sdk::Host& host, const Table& table, const Options& options, std::vector<Change> changes)
        : PushRun(host, table, std::move(changes)), options_(options), writer_(table, options) {}

protected:
    void connect(std::optional<Session>& session) override {
        session.emplace(host(), options_);
        if (!era_) era_ = era(*session);
    }
    [[nodiscard]] Statement statement(const Change& change) const override {
        return writer_.statement(change);
    }
    [[nodiscard]] Statement identify() const override {
        return {"SELECT pg_catalog.pg_current_xact_id()", {}};
    }
    void identified(const Session::Outcome& outcome) override {
        transaction_ = outcome.rows.at(0).at(0).value_or("");
    }
    bool all_at_once() override { return are_alike() ? all_by_copy() : PushRun::all_at_once(); }

    void follow_up(std::size_t i) override {
        const auto& change = changes()[i];
        auto& result = results()[i];
        if (change.op != abi::Op::kCreate) {
            const bool there = !session().rows(writer_.look(change)).empty();
            result.status = there ? "changed" : "missing";
            return;
        }
        // The key is there already: an answer was lost. What the row holds by now, the host reads.
        Session::Outcome earlier;
        if (writer_.has_key(change)) earlier.rows = session().rows(writer_.of_key(change));
        if (take(i, earlier)) {
            result.action = "none";
            return;
        }
        result.status = "invalid";
        result.message = "the database took the record and kept none (a rule or trigger)";
    }

    [[nodiscard]] Ended ended() override {
        const auto rows = session().rows(
            {"SELECT pg_catalog.pg_xact_status($1::pg_catalog.xid8)", {transaction_}});
        const auto how = rows.at(0).at(0).value_or("");
        if (how == "aborted") return Ended::kRolledBack;
        if (how != "committed" || era_->empty() || era(session()) != *era_) return Ended::kUnknown;
        return Ended::kCommitted;
    }

private:
    // Many new records that say something of the same columns.
    [[nodiscard]] bool are_alike() const {
        const auto same = [&](const Change& change) {
            return writer_.has_key(change) &&
                   std::ranges::equal(change.values, changes()[0].values, {},
                                      &std::pair<const Column*, Cell>::first,
                                      &std::pair<const Column*, Cell>::first);
        };
        return changes().size() >= kCopyFrom && std::ranges::all_of(changes(), same);
    }

    // As all_at_once().
    bool all_by_copy() {
        NewRows rows;
        for (const auto& [column, value] : changes()[0].values) rows.columns.push_back(column);
        rows.marks = writer_.marks(true);
        std::map<std::string, std::size_t, std::less<>> at;
        for (std::size_t i = 0; i < changes().size(); ++i) {
            auto& cells = rows.values.emplace_back();
            for (const auto& [column, value] : changes()[i].values) cells.push_back(value);
            rows.keys.push_back(changes()[i].key);
            at[changes()[i].key] = i;
        }
        try {
            session().run("BEGIN");
            for (auto& row :
                 copy_in(session(), table(), options_, rows, written_version_expression(table()))) {
                const auto found = at.find(row.at(0).value_or(""));
                if (found == at.end()) continue;
                row.erase(row.begin());
                take(found->second, {{row}, 1});
            }
            for (std::size_t i = 0; i < changes().size(); ++i)
                if (results()[i].status != "ok") follow_up(i);
            identified(session().run_all({identify()}).at(0));
        } catch (const SqlError& error) {
            return undo(error);
        }
        return commit();
    }

    const Options& options_;
    Writer writer_;
    std::string transaction_;
    std::optional<std::string> era_;  // as the push began
};

}  // namespace

std::vector<sdk::PushResult> push(sdk::Host& host, const Table& table, const Options& options,
                                  const sdk::Request& request, abi::BatchReader changes) {
    return Push(host, table, options, read_changes(table, request, changes)).run();
}

}  // namespace kontor::postgres
