#include "plugins/postgres/push_run.hpp"

#include "plugins/postgres/ids.hpp"
#include "plugins/postgres/refusals.hpp"
#include "plugins/postgres/values.hpp"

namespace kontor::postgres {
namespace {

constexpr int kAskAgainMax = 3;
constexpr std::int64_t kAskAgain_ms = 500;

const char* action_of(abi::Op op) {
    return op == abi::Op::kCreate ? "create" : op == abi::Op::kDelete ? "delete" : "update";
}

bool maybe_done(const sdk::Error& error) {
    const auto status = error.status();
    return status == KONTOR_E_UNAVAILABLE || status == KONTOR_E_TIMEOUT ||
           status == KONTOR_E_PROTOCOL || status == KONTOR_E_INTERNAL ||
           status == KONTOR_E_CANCELLED;
}

}  // namespace

std::vector<Change> read_changes(const Table& table, const sdk::Request& request,
                                 abi::BatchReader& batch) {
    std::vector<const Column*> columns;
    for (const auto& name : request.fields) {
        const auto* const column = table.column(name);
        if (column == nullptr)
            throw sdk::Error(KONTOR_E_INVALID, table.stream + " has no column " + name)
                .stream(table.stream)
                .unknown_field(name);
        columns.push_back(column);
    }
    std::vector<Change> out;
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
            const auto& column = *columns[field.field];
            if (column.name == table.key_column) continue;
            change.values.emplace_back(&column, parameter(column, field));
        }
        out.push_back(std::move(change));
    }
    if (!batch.ok()) throw sdk::Error(KONTOR_E_INVALID, "a malformed batch");
    return out;
}

std::vector<sdk::PushResult> PushRun::run() {
    connect(session_);
    if (!all_at_once()) one_by_one();
    return std::move(results_);
}

bool PushRun::undo(const SqlError& error) {
    if (ends_all(error)) throw error;
    session_->run("ROLLBACK");
    if (changes_.size() > 1) return false;
    results_[0] = refusal(table_, error);
    return true;
}

bool PushRun::all_at_once() {
    std::vector<Statement> statements{{"BEGIN", {}}};
    for (const auto& change : changes_) statements.push_back(statement(change));
    statements.push_back(identify());
    try {
        const auto outcomes = session_->run_all(statements);
        for (std::size_t i = 0; i < changes_.size(); ++i)
            if (!take(i, outcomes[i + 1])) follow_up(i);
        identified(outcomes.back());
    } catch (const SqlError& error) {
        return undo(error);
    }
    return commit();
}

void PushRun::one_by_one() {
    results_.assign(changes_.size(), {});
    session_->run("BEGIN");
    for (std::size_t i = 0; i < changes_.size(); ++i) {
        host_.check_cancelled();
        try {
            const auto outcomes = session_->run_all(
                {{"SAVEPOINT one", {}}, statement(changes_[i]), {"RELEASE SAVEPOINT one", {}}});
            if (!take(i, outcomes.at(1))) follow_up(i);
        } catch (const SqlError& error) {
            if (ends_all(error)) throw;
            session_->run("ROLLBACK TO SAVEPOINT one");
            results_[i] = refusal(table_, error);
        }
    }
    identified(session_->run_all({identify()}).at(0));
    if (!commit()) refuse_all("retry", "the database did not commit");
}

bool PushRun::take(std::size_t i, const Session::Outcome& outcome) {
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

bool PushRun::commit() {
    try {
        session_->run("COMMIT");
        return true;
    } catch (const SqlError& error) {
        if (ends_all(error)) throw;
        if (changes_.size() == 1) {
            results_[0] = refusal(table_, error);
            return true;
        }
        return false;
    } catch (const sdk::Error& error) {
        if (!maybe_done(error)) throw;
    }
    switch (settle()) {
        case Ended::kRolledBack:
            return false;
        case Ended::kUnknown:
            refuse_all("unknown", "the connection broke off while the database committed");
            break;
        case Ended::kCommitted:
            break;
    }
    return true;
}

Session& PushRun::session() {
    if (!session_) throw sdk::Error(KONTOR_E_UNAVAILABLE, "the database is not reached again");
    return *session_;
}

// The answer to COMMIT is lost.
PushRun::Ended PushRun::settle() {
    auto how = Ended::kUnknown;
    for (int i = 0; i < kAskAgainMax && how == Ended::kUnknown; ++i) {
        try {
            host_.sleep_ms(kAskAgain_ms);
            connect(session_);
            how = ended();
        } catch (const sdk::Error&) {
            continue;
        }
    }
    return how;
}

void PushRun::refuse_all(const char* status, const char* message) {
    for (auto& result : results_) {
        if (result.status != "ok") continue;
        result = {};
        result.status = status;
        result.message = message;
    }
}

}  // namespace kontor::postgres
