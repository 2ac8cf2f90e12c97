#pragma once

// A schema of its own in the real PostgreSQL that tests/support/postgres_server.py has started, and
// the connector on it as the engine has it: in a process of its own, through the host.

#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "connectors/host/connection.hpp"
#include "tests/connectors/host/support.hpp"

namespace kontor::test {

/// One record as the sink was given it; absent fields are not in the map.
struct Seen {
    remote::Fact fact = remote::Fact::kRecord;
    std::string id, version;
    std::map<std::string, Value> fields;
};

class Sink final : public remote::RecordSink {
public:
    explicit Sink(std::vector<std::string> fields = {}) : fields_(std::move(fields)) {}
    Result<> accept(std::span<const remote::RecordView> batch,
                    std::string_view checkpoint) override;
    [[nodiscard]] const Seen* find(const std::string& id) const;
    /// The ids of this kind of news, sorted.
    [[nodiscard]] std::vector<std::string> ids(remote::Fact fact = remote::Fact::kRecord) const;

    std::vector<Seen> records;
    std::vector<std::string> checkpoints;
    int fail_after = -1;  ///< batches that are taken before one is refused

private:
    std::vector<std::string> fields_;
};

class Database {
public:
    Database();
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// Runs SQL as the connector's user, in the schema; the lines of the answer.
    std::vector<std::string> sql(const std::string& text) const;
    std::vector<std::string> sql_as_administrator(const std::string& text) const;

    /// Another program's transaction, which stays open until it is committed.
    class Transaction {
    public:
        Transaction(const Database& database, const std::string& sql);
        void commit();
        ~Transaction();
        Transaction(const Transaction&) = delete;
        Transaction& operator=(const Transaction&) = delete;

    private:
        std::FILE* psql_;
    };

    nlohmann::json options;
    host::ConnectionSettings settings;
    host::test::MemorySecrets secrets;
    host::test::CapturingLogger log;

    [[nodiscard]] Result<std::unique_ptr<remote::Remote>> try_open();
    [[nodiscard]] std::unique_ptr<remote::Remote> open();
    /// The stream as described now.
    remote::StreamSpec described(const std::string& stream);

private:
    [[nodiscard]] std::string psql() const;

    nlohmann::json info_;
    host::test::TempDir dir_;
    SystemClock clock_;
    SeededRandom random_{7};
};

/// Pulls, and fails the test if that fails.
std::string pull(remote::Remote& remote, const std::string& stream,
                 const std::vector<std::string>& fields, const std::string& cursor, Sink& sink);
remote::Change create(const std::string& key, std::map<std::string, Value> fields);
remote::Change update(const Seen& base, std::map<std::string, Value> fields);
remote::Change remove(const Seen& base);

}  // namespace kontor::test
