#include "tests/plugins/postgres/database.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "tests/support/eventually.hpp"

namespace kontor::test {

Result<> Sink::accept(std::span<const remote::RecordView> batch, std::string_view checkpoint) {
    if (fail_after == 0) return fail(Errc::kStorage, "the disk is full");
    if (fail_after > 0) --fail_after;
    checkpoints.emplace_back(checkpoint);
    for (const auto& record : batch) {
        Seen one{record.fact, std::string(record.id), std::string(record.version), {}};
        for (std::size_t i = 0; i < record.fields.size(); ++i)
            if (record.fields[i].kind != Kind::kAbsent)
                one.fields.emplace(fields_.at(i), Value(record.fields[i]));
        records.push_back(std::move(one));
    }
    return {};
}

const Seen* Sink::find(const std::string& id) const {
    const auto found = std::ranges::find(records, id, &Seen::id);
    return found == records.end() ? nullptr : &*found;
}

std::vector<std::string> Sink::ids(remote::Fact fact) const {
    std::vector<std::string> out;
    for (const auto& record : records)
        if (record.fact == fact) out.push_back(record.id);
    std::ranges::sort(out);
    return out;
}

Database::Database() {
    const char* const told = std::getenv("KONTOR_POSTGRES");
    if (told == nullptr) throw std::runtime_error("to be run by postgres_server.py");
    info_ = nlohmann::json::parse(told);
    sql_as_administrator("DROP SCHEMA IF EXISTS t CASCADE; CREATE SCHEMA t AUTHORIZATION " +
                         info_["user"].get<std::string>());
    options = {{"host", info_["host"]},
               {"port", info_["port"]},
               {"database", info_["database"]},
               {"schema", "t"}};
    settings.name = "hub";
    settings.plugin_path = KONTOR_PLUGINS "/postgres.so";
    settings.isolation.program = KONTOR_CONNECTOR_PROGRAM;
    settings.auth.kind = "password";
    settings.auth.values = {{"user", info_["user"]}};
    settings.auth.secrets = {{"password", "m:password"}};
    settings.ca_file = info_["ca_file"];
    settings.state_folder = dir_ / "state";
    secrets.texts = {{"m:password", info_["password"]}};
}

Database::~Database() {
    CHECK(log.text.find(info_["password"].get<std::string>()) == std::string::npos);
}

std::string Database::psql() const {
    return "psql -X -q -A -t -v ON_ERROR_STOP=1 -U postgres -h " +
           info_["socket_dir"].get<std::string>() + " -p " + info_["port"].dump() + " -d " +
           info_["database"].get<std::string>();
}

std::vector<std::string> Database::sql_as_administrator(const std::string& text) const {
    const auto file = dir_ / "sql";
    std::ofstream(file) << "SET client_min_messages = warning;" << text;
    std::FILE* const answer = ::popen((psql() + " -f " + file).c_str(), "r");
    std::string all;
    char piece[4'096];
    while (const auto got = std::fread(piece, 1, sizeof piece, answer)) all.append(piece, got);
    if (::pclose(answer) != 0) FAIL("psql refuses: " << text);
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < all.size();) {
        const auto end = all.find('\n', at);
        lines.push_back(all.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

std::vector<std::string> Database::sql(const std::string& text) const {
    return sql_as_administrator("SET ROLE " + info_["user"].get<std::string>() +
                                "; SET search_path = t;\n" + text);
}

Database::Transaction::Transaction(const Database& database, const std::string& text)
    : psql_(::popen((database.psql() + " >/dev/null").c_str(), "w")) {
    std::fputs(("SET search_path = t; BEGIN; " + text + ";\n").c_str(), psql_);
    std::fflush(psql_);
    REQUIRE(eventually([&] {
        return database.sql_as_administrator(
                   "SELECT count(*) FROM pg_stat_activity"
                   " WHERE state = 'idle in transaction'") == std::vector<std::string>{"1"};
    }));
}

void Database::Transaction::commit() {
    std::fputs("COMMIT;\n", psql_);
    CHECK(::pclose(psql_) == 0);
    psql_ = nullptr;
}

Database::Transaction::~Transaction() {
    if (psql_ != nullptr) ::pclose(psql_);
}

Result<std::unique_ptr<remote::Remote>> Database::try_open() {
    settings.options_json = options.dump();
    return host::open_connection(
        settings, {.clock = clock_, .random = random_, .log = log, .secrets = secrets});
}

std::unique_ptr<remote::Remote> Database::open() {
    auto opened = try_open();
    if (!opened) FAIL(opened.error().message);
    return std::move(*opened);
}

remote::StreamSpec Database::described(const std::string& stream) {
    auto streams = open()->describe();
    if (!streams) FAIL(streams.error().message);
    const auto found = std::ranges::find(*streams, stream, &remote::StreamSpec::name);
    if (found == streams->end()) FAIL("no stream " << stream);
    return *found;
}

std::string pull(remote::Remote& remote, const std::string& stream,
                 const std::vector<std::string>& fields, const std::string& cursor, Sink& sink) {
    auto next = remote.pull(stream, fields, cursor, sink);
    if (!next) FAIL(next.error().message);
    return *next;
}

remote::Change create(const std::string& key, std::map<std::string, Value> fields) {
    remote::Change out;
    out.op = remote::ChangeOp::kCreate;
    out.key = key;
    for (auto& [name, value] : fields) out.fields.push_back({name, value});
    return out;
}

remote::Change update(const Seen& base, std::map<std::string, Value> fields) {
    auto out = create("", std::move(fields));
    out.op = remote::ChangeOp::kUpdate;
    out.id = base.id;
    out.expect_version = base.version;
    return out;
}

remote::Change remove(const Seen& base) {
    auto out = update(base, {});
    out.op = remote::ChangeOp::kDelete;
    return out;
}

}  // namespace kontor::test
