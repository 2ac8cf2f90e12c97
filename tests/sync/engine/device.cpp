#include "tests/sync/engine/device.hpp"

#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "sync/engine/propose.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/migrations.hpp"

namespace kontor::test {
namespace {

template <class T>
T must(Result<T> result) {
    if (!result) FAIL(result.error().message);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::string new_directory() {
    char pattern[] = "/tmp/kontor-device-XXXXXX";
    return mkdtemp(pattern);
}

/// The file of a replica that nobody has written to. Made once: a device begins with a copy of it,
/// for its tables and triggers cost more than most of what a test then does with them.
const std::string& new_replica() {
    static const std::string bytes = [] {
        const std::string directory = new_directory(), path = directory + "/replica.db";
        {
            replica::OpenOptions options;
            options.create = true;
            const auto db = must(replica::Database::open(path, options));
            SeededRandom random{1};
            must(replica::migrate(db, random));
        }
        std::ifstream file(path, std::ios::binary);
        std::string out{std::istreambuf_iterator<char>(file), {}};
        std::filesystem::remove_all(directory);
        return out;
    }();
    return bytes;
}

}  // namespace

Device::Device(FakeClock& clock)
    : clock_(clock), directory_(new_directory()), path_(directory_ + "/replica.db") {
    std::ofstream(path_, std::ios::binary) << new_replica();
    open();
}

void Device::open() {
    replica::OpenOptions options;
    options.create = true;
    local_ = std::make_unique<replica::Database>(must(replica::Database::open(path_, options)));
    must(replica::migrate(*local_, random));
    options.access = replica::Access::kEngine;
    engine_ = std::make_unique<replica::Database>(must(replica::Database::open(path_, options)));
}

void Device::stamp_by_clock() {
    const auto now = [](sqlite3_context* context, int, sqlite3_value**) {
        const auto* clock = static_cast<const FakeClock*>(sqlite3_user_data(context));
        const std::string text = format_instant(clock->now());
        sqlite3_result_text(context, text.c_str(), -1, SQLITE_TRANSIENT);
    };
    // What the triggers call, always with 'now' and the one form of times.
    sqlite3_create_function(local_->raw(), "strftime", 2, SQLITE_UTF8 | SQLITE_INNOCUOUS, &clock_,
                            now, nullptr, nullptr);
}

void Device::back_up() {
    std::filesystem::remove(directory_ + "/backup.db");
    sql("VACUUM INTO '" + directory_ + "/backup.db'");
}

void Device::restore() {
    local_.reset();
    engine_.reset();
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
    std::filesystem::copy_file(directory_ + "/backup.db", path_,
                               std::filesystem::copy_options::overwrite_existing);
    open();
}

Device::~Device() {
    local_.reset();
    engine_.reset();
    std::filesystem::remove_all(directory_);
}

void Device::prepare(const std::string& name, MemoryRemote& remote,
                     const std::function<void(merge::Mapping&)>& adjust) {
    auto proposal = engine::propose(remote.streams, must(replica::Catalogue::load(*local_)), name);
    if (!proposal.entities.empty()) {
        auto transaction = must(replica::Transaction::begin(*local_));
        for (const auto& entity : proposal.entities) must(replica::ensure_entity(*local_, entity));
        must(transaction.commit());
    }
    if (adjust) adjust(proposal.mapping);
    engine::ConnectionSettings settings;
    settings.name = name;
    settings.plugin = "memory " + name;  // none has another's records
    settings.mapping = proposal.mapping;
    settings.streams = remote.streams;
    settings_[name] = std::move(settings);
    remotes_[name] = &remote;
}

void Device::connect(const std::string& name, MemoryRemote& remote,
                     const std::function<void(merge::Mapping&)>& adjust) {
    prepare(name, remote, adjust);
    // The connection exists from its first cycle on; that one only pulls.
    sync(name);
    must(engine::set_push(*engine_, name, true));
}

void Device::remap(const std::string& name, const std::function<void(merge::Mapping&)>& adjust) {
    adjust(settings_.at(name).mapping);
}

Result<engine::CycleReport> Device::try_sync(const std::string& name,
                                             const engine::CycleOptions& options) {
    static const engine::WriterGate gate;
    static const std::atomic<bool> cancelled{false};
    NullLogger log;
    engine::Observer nobody;
    engine::Cycle cycle({.db = *engine_,
                         .remote = *remotes_.at(name),
                         .clock = clock_,
                         .random = random,
                         .log = log,
                         .observer = observer != nullptr ? *observer : nobody,
                         .gate = gate,
                         .cancelled = cancelled,
                         .session = session,
                         .check_mapping = check_mapping},
                        settings_.at(name));
    auto report = cycle.run(options);
    clock_.advance(std::chrono::seconds{5});
    // What `status` shows without counting.
    CHECK(
        number("SELECT count(*) FROM kontor_stream s WHERE s.records <> (SELECT count(*) FROM"
               " kontor_link l WHERE l.stream = s.id AND l.state = 0 AND l.ext_id IS NOT NULL)") ==
        0);
    return report;
}

engine::CycleReport Device::sync(const std::string& name, const engine::CycleOptions& options) {
    return must(try_sync(name, options));
}

void Device::sql(const std::string& text) {
    must(try_sql(text));
}
Result<> Device::try_sql(const std::string& text) {
    return local_->execute(text);
}

std::string Device::text(const std::string& query) {
    auto statement = must(local_->prepare(query));
    if (!must(statement.step())) FAIL("no row: " + query);
    return std::string(statement.text(0));
}

std::int64_t Device::number(const std::string& query) {
    return must(local_->scalar(query));
}

std::int64_t Device::local(const std::string& stream, const std::string& ext_id) {
    return number(
        "SELECT l.record FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream"
        " WHERE s.name = '" +
        stream + "' AND l.ext_id = '" + ext_id + "'");
}

std::string Device::remote_id(const std::string& stream, std::int64_t record) {
    return text(
        "SELECT coalesce((SELECT l.ext_id FROM kontor_link l JOIN kontor_stream s"
        " ON s.id = l.stream WHERE s.name = '" +
        stream + "' AND l.record = " + std::to_string(record) + "), '')");
}

std::vector<remote::StreamSpec> people_streams() {
    auto contacts =
        stream_spec("Contacts", "contact",
                    {text_field("First_Name", "first_name"), text_field("Last_Name", "last_name"),
                     text_field("Phone", "phone"), text_field("Email", "email"),
                     text_field("Mailing_City", "mailing_city", "mailing_address"),
                     text_field("Mailing_Street", "mailing_street", "mailing_address"),
                     reference_field("Account_Name", "account_id", "Accounts")});
    auto accounts = stream_spec("Accounts", "account", {text_field("Account_Name", "name")});
    return {contacts, accounts};
}

int database_steps(const replica::Database& db, const std::function<void()>& work) {
    int count = 0;
    sqlite3_progress_handler(
        db.raw(), 1,
        [](void* counter) {
            ++*static_cast<int*>(counter);
            return 0;
        },
        &count);
    work();
    sqlite3_progress_handler(db.raw(), 0, nullptr, nullptr);
    return count;
}

}  // namespace kontor::test
