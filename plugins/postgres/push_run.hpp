#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/postgres/catalog.hpp"
#include "plugins/postgres/session.hpp"

namespace kontor::postgres {

/// One change of a push, with the columns that it is about.
struct Change {
    abi::Op op = abi::Op::kUpdate;
    std::string id, version, key;
    std::vector<std::pair<const Column*, Cell>> values;
};

/// The changes of a batch, without values for the key column: what identifies a record is not for
/// others to write. They point into `table`. Throws sdk::Error (KONTOR_E_INVALID).
[[nodiscard]] std::vector<Change> read_changes(const Table& table, const sdk::Request& request,
                                               abi::BatchReader& batch);

/// Carries out the changes of a push: all in one transaction and one round trip; if that comes to
/// nothing, one by one, each behind a savepoint and with its own result. How a change is said in
/// SQL, and how it is known whether a transaction ended well, is for those who derive from this.
class PushRun {
public:
    /// `table` must outlive this.
    PushRun(sdk::Host& host, const Table& table, std::vector<Change> changes)
        : host_(host), table_(table), changes_(std::move(changes)), results_(changes_.size()) {}
    virtual ~PushRun() = default;
    PushRun(const PushRun&) = delete;
    PushRun& operator=(const PushRun&) = delete;

    /// One result for each change, in order. Once.
    [[nodiscard]] std::vector<sdk::PushResult> run();

protected:
    enum class Ended { kUnknown, kCommitted, kRolledBack };

    virtual void connect(std::optional<Session>& session) = 0;
    /// The statement of a change. The row that it wrote comes back as the parts of its key, and
    /// then its version; no row: see follow_up().
    [[nodiscard]] virtual Statement statement(const Change& change) const = 0;
    /// One statement more in each transaction, which tells it from others; its answer goes to
    /// identified(), which throws sdk::Error to have nothing carried out.
    [[nodiscard]] virtual Statement identify() const = 0;
    virtual void identified(const Session::Outcome& outcome) = 0;
    /// The statement of change `i` touched no row: says why in its result.
    virtual void follow_up(std::size_t i) = 0;
    /// The answer to COMMIT is lost, and session() is anew: how did the transaction end?
    [[nodiscard]] virtual Ended ended() = 0;
    /// False: to be tried one by one, and nothing was carried out.
    virtual bool all_at_once();

    /// Takes what a statement returned as the result of change `i`. False: it touched no row.
    bool take(std::size_t i, const Session::Outcome& outcome);
    /// False: to be tried one by one.
    bool undo(const SqlError& error);
    /// False: nothing was carried out. The commit was refused, by a deferred constraint or a
    /// serialization failure; or the connection broke off, and it is known that it was too early.
    bool commit();

    [[nodiscard]] sdk::Host& host() const { return host_; }
    [[nodiscard]] const Table& table() const { return table_; }
    /// Throws sdk::Error if the server could not be reached again.
    [[nodiscard]] Session& session();
    [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }
    [[nodiscard]] std::vector<sdk::PushResult>& results() { return results_; }

private:
    void one_by_one();
    Ended settle();
    void refuse_all(const char* status, const char* message);

    sdk::Host& host_;
    const Table& table_;
    std::vector<Change> changes_;
    std::vector<sdk::PushResult> results_;
    std::optional<Session> session_;
};

}  // namespace kontor::postgres
