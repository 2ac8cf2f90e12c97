#include "plugins/postgres/hub/push.hpp"

#include "plugins/postgres/push_run.hpp"

namespace kontor::postgres::hub {
namespace {

class Push final : public PushRun {
public:
    Push(sdk::Host& host, const Options& options, Clock& clock, const Stream& stream,
         std::vector<Change> changes)
        : PushRun(host, stream.table, std::move(changes)), options_(options), clock_(clock) {}

    /// What the turn leaves behind, others would wait for until it is old.
    void over() {
        try {
            clock_.end(session(), turn_);
        } catch (const sdk::Error&) {
            this->host().log(sdk::LogLevel::kInfo, "hub.turn_left", {{"stamp", turn_.stamp}});
        }
    }

protected:
    void connect(std::optional<Session>& session) override {
        hub::connect(session, host(), options_);
        if (turn_.id.empty()) turn_ = clock_.begin(*session);
    }

    [[nodiscard]] Statement statement(const Change& change) const override {
        switch (change.op) {
            case abi::Op::kCreate:
                return insertion(change);
            case abi::Op::kDelete:
                return deletion(change);
            default:
                return update(change);
        }
    }

    [[nodiscard]] Statement identify() const override { return clock_.mark(turn_); }
    void identified(const Session::Outcome& outcome) override {
        if (outcome.rows.empty())
            throw sdk::Error(KONTOR_E_UNAVAILABLE,
                             "the push took longer than the hub waits for one");
    }

    void follow_up(std::size_t i) override {
        const auto& change = changes()[i];
        auto& result = results()[i];
        const auto rows =
            session().rows({"SELECT kontor_id, '', kontor_by FROM " + table().sql_name() +
                                " WHERE kontor_id = $1 AND kontor_deleted_at IS NULL",
                            {change.op == abi::Op::kCreate ? change.key : change.id}},
                           3);
        if (change.op != abi::Op::kCreate) {
            result.status = rows.empty() ? "missing" : "changed";
            return;
        }
        // Made by an earlier attempt of ours, whose answer was lost. Or by another laptop that had
        // it from us, after somebody deleted it: then the next pull has it, and both are merged.
        if (!rows.empty() && rows[0][2] == clock_.device()) {
            take(i, {rows, 1});
            result.action = "none";
            return;
        }
        result.status = "retry";
        result.message = "another laptop has made this record again";
    }

    [[nodiscard]] Ended ended() override {
        const auto landed = clock_.landed(session(), turn_);
        if (!landed) return Ended::kUnknown;
        return *landed ? Ended::kCommitted : Ended::kRolledBack;
    }

private:
    static std::string parameter(Statement& out, Cell value) {
        out.parameters.push_back(std::move(value));
        return "$" + std::to_string(out.parameters.size());
    }

    // As kVersionText says it, of a table that has another name in the statement.
    static std::string returning(const std::string& of = {}) {
        return " RETURNING " + of + "kontor_id, lpad(" + of + "kontor_version::text, 20, '0')";
    }

    // The mark of a deleted record is written over: its id is the same for all.
    [[nodiscard]] Statement insertion(const Change& change) const {
        Statement out;
        auto values = parameter(out, change.key);
        values += ", 1, " + parameter(out, std::to_string(turn_.stamp));
        values += ", " + parameter(out, clock_.device());
        std::string names, again;
        for (const auto& [column, value] : change.values) {
            const auto name = identifier(column->name);
            names += ", " + name;
            again += ", " + name + " = excluded." + name;
            values += ", " + parameter(out, value);
        }
        out.sql = "INSERT INTO " + table().sql_name() +
                  " AS t (kontor_id, kontor_version, kontor_stamp, kontor_by" + names +
                  ") VALUES (" + values +
                  ") ON CONFLICT (kontor_id) DO UPDATE SET kontor_version = t.kontor_version + 1,"
                  " kontor_stamp = excluded.kontor_stamp, kontor_by = excluded.kontor_by,"
                  " kontor_deleted_at = NULL" +
                  again + " WHERE t.kontor_deleted_at IS NOT NULL" + returning("t.");
        return out;
    }

    [[nodiscard]] std::string marked(Statement& out) const {
        auto set = std::string("kontor_version = kontor_version + 1, kontor_stamp = ");
        set += parameter(out, std::to_string(turn_.stamp));
        return set + ", kontor_by = " + parameter(out, clock_.device());
    }

    static std::string where(const Change& change, Statement& out) {
        auto condition = " WHERE kontor_id = " + parameter(out, change.id);
        if (!change.version.empty())
            condition += " AND kontor_version = " + parameter(out, version_number(change.version));
        return condition + " AND kontor_deleted_at IS NULL";
    }

    [[nodiscard]] Statement update(const Change& change) const {
        Statement out;
        auto set = marked(out);
        for (const auto& [column, value] : change.values)
            set += ", " + identifier(column->name) + " = " + parameter(out, value);
        out.sql = "UPDATE " + table().sql_name() + " SET " + set;
        out.sql += where(change, out) + returning();
        return out;
    }

    // What a deleted record said is nobody's business any more.
    [[nodiscard]] Statement deletion(const Change& change) const {
        Statement out;
        auto set = marked(out) + ", kontor_deleted_at = now()";
        for (const auto& column : table().columns)
            if (column.name != kId) set += ", " + identifier(column.name) + " = NULL";
        out.sql = "UPDATE " + table().sql_name() + " SET " + set;
        out.sql += where(change, out) + " RETURNING kontor_id, ''";
        return out;
    }

    const Options& options_;
    Clock& clock_;
    Turn turn_;
};

}  // namespace

std::vector<sdk::PushResult> push(sdk::Host& host, const Options& options, Clock& clock,
                                  const Stream& stream, const sdk::Request& request,
                                  abi::BatchReader changes) {
    Push run(host, options, clock, stream, read_changes(stream.table, request, changes));
    auto out = run.run();
    run.over();
    return out;
}

}  // namespace kontor::postgres::hub
