// D9: what the engine holds in memory depends on the size of a page, not on how many records there
// are. Its allocations are counted, SQLite's and the remote's are not, while a remote that makes
// its records as it is asked for them is loaded, pulled, swept and written to. What SQLite takes
// for the two things that are as long as a table, sorting for an index and a sweep's list, is
// counted by itself.
#include <sqlite3.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>

#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;

namespace {

/// Of this process, which has one thread.
struct Held {
    bool counting = false;
    std::size_t now = 0, peak = 0;
};
Held held;

struct alignas(std::max_align_t) Header {
    std::size_t size;
    bool counted;
};

/// Turns counting on or off for a scope.
class Counting {
public:
    explicit Counting(bool on) : before_(std::exchange(held.counting, on)) {}
    ~Counting() { held.counting = before_; }
    Counting(const Counting&) = delete;
    Counting& operator=(const Counting&) = delete;

private:
    bool before_;
};

}  // namespace

void* operator new(std::size_t size) {
    auto* header = static_cast<Header*>(std::malloc(sizeof(Header) + size));
    if (header == nullptr) throw std::bad_alloc();
    *header = {size, held.counting};
    if (held.counting) held.peak = std::max(held.peak, held.now += size);
    return header + 1;
}
// A sanitizer's would not come here by itself.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    try {
        return operator new(size);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}
void operator delete(void* memory) noexcept {
    if (memory == nullptr) return;
    auto* header = static_cast<Header*>(memory) - 1;
    if (header->counted) held.now -= header->size;
    std::free(header);
}
void operator delete(void* memory, std::size_t) noexcept {
    operator delete(memory);
}

namespace {

constexpr std::int64_t kPage = 100;

/// SQLite before Database::open(), which would turn its count of its memory off; and the folder for
/// its temporary files.
struct Sqlite {
    Sqlite() {
        sqlite3_initialize();
        auto name = (std::filesystem::temp_directory_path() / "kontor-bounded-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        replica::keep_temporary_files_in(folder);
    }
    ~Sqlite() { std::filesystem::remove_all(folder); }
    Sqlite(const Sqlite&) = delete;
    Sqlite& operator=(const Sqlite&) = delete;

    /// True if this process has a file open in the folder.
    [[nodiscard]] bool has_files() const {
        std::error_code gone;
        for (const auto& open : std::filesystem::directory_iterator("/proc/self/fd"))
            if (std::filesystem::read_symlink(open, gone).string().starts_with(folder + "/"))
                return true;
        return false;
    }

    std::string folder;
};
const Sqlite sqlite;

/// Has `count` contacts, all as they were at one moment, and keeps nothing of them but how the
/// e-mail addresses are made that it was sent.
class Endless final : public remote::Remote {
public:
    Endless(const Clock& clock, std::int64_t count) : count_(count), clock_(clock) { change(); }

    /// Each record has changed; `told`: a pull shows it, too.
    void change(bool told = true) {
        version_ = format_instant(std::chrono::floor<std::chrono::seconds>(clock_.now()));
        if (told) pulled_ = version_;
    }
    /// The next pull comes from a copy that lags: each record is older there than it was read.
    void lag() {
        pulled_ = format_instant(std::chrono::floor<std::chrono::seconds>(clock_.now()));
        lags_ = true;
    }
    std::int64_t written = 0, read_by_id = 0;

    Result<remote::Identity> check() override {
        remote::Identity out;
        out.org_id = "org";
        out.server_time = clock_.now();
        return out;
    }
    Result<std::vector<remote::StreamSpec>> describe() override { return people_streams(); }
    Result<std::string> pull(std::string_view stream, std::span<const std::string> fields,
                             std::string_view cursor, remote::RecordSink& sink) override {
        const Counting remote(false);
        if (stream == "Contacts" && cursor < pulled_)
            if (auto done =
                    show(0, count_, fields, remote::Fact::kRecord, sink, lags_ ? kOld : version_);
                !done)
                return pass(done);
        if (stream == "Contacts") lags_ = false;
        return pulled_;
    }
    Result<bool> list_ids(std::string_view stream, remote::RecordSink& sink) override {
        const Counting remote(false);
        if (stream == "Contacts")
            if (auto done = show(0, count_, {}, remote::Fact::kId, sink, version_); !done)
                return pass(done);
        return true;
    }
    Result<> fetch(std::string_view, std::span<const std::string> fields,
                   std::span<const std::string> ids, remote::RecordSink& sink) override {
        const Counting remote(false);
        read_by_id += static_cast<std::int64_t>(ids.size());
        for (const auto& id : ids) {
            const auto number = number_of(id);
            if (auto done = show(number, number + 1, fields, remote::Fact::kRecord, sink, version_);
                !done)
                return done;
        }
        return {};
    }
    Result<> find(std::string_view, std::span<const std::string>, std::string_view,
                  std::span<const std::string>, remote::RecordSink&) override {
        return {};
    }
    Result<std::vector<remote::PushResult>> push(std::string_view,
                                                 std::span<const remote::Change> changes) override {
        const Counting remote(false);
        written += static_cast<std::int64_t>(changes.size());
        std::vector<remote::PushResult> out(changes.size());
        for (std::size_t i = 0; i < changes.size(); ++i) {
            out[i].status = remote::PushStatus::kOk;
            out[i].id = changes[i].id;
            for (const auto& field : changes[i].fields)
                if (field.field == "Email")
                    note_email(number_of(changes[i].id), field.value.text());
        }
        return out;
    }
    [[nodiscard]] remote::Credits credits() const override { return {}; }
    [[nodiscard]] std::string phone(std::int64_t n) const {
        return version_ + " c" + std::to_string(n);
    }

private:
    static std::int64_t number_of(const std::string& id) { return std::atoll(id.c_str() + 1); }

    // A letter and a number, which grows with that of the record. They come in that order.
    void note_email(std::int64_t number, const std::string& email) {
        letter_ = email.substr(0, 1);
        ahead_ = number_of(email) - number;
        with_email_ = number + 1;
    }

    Result<> show(std::int64_t from, std::int64_t to, std::span<const std::string> fields,
                  remote::Fact fact, remote::RecordSink& sink, const std::string& version) const {
        for (; from < to; from += kPage) {
            const auto end = std::min(to, from + kPage);
            std::vector<std::string> ids, phones, emails;
            std::vector<std::vector<ValueView>> values;
            for (std::int64_t n = from; n < end; ++n) {
                ids.push_back("c" + std::to_string(n));
                phones.push_back(phone(n));
                emails.push_back(letter_ + std::to_string(n + ahead_));
            }
            std::vector<remote::RecordView> views;
            for (std::size_t i = 0; i < ids.size(); ++i) {
                auto& row = values.emplace_back();
                for (const auto& field : fields)
                    row.push_back(field == "Last_Name" ? ValueView::of(std::string_view(ids[i]))
                                  : field == "Phone"   ? ValueView::of(std::string_view(phones[i]))
                                  : field == "Email" &&
                                          from + static_cast<std::int64_t>(i) < with_email_
                                      ? ValueView::of(std::string_view(emails[i]))
                                      : ValueView::null());
                views.push_back({.fact = fact,
                                 .id = ids[i],
                                 .version = version,
                                 .modified_by = "colleague",
                                 .successor = {},
                                 .fields = row});
            }
            const Counting engine(true);
            if (auto done = sink.accept(views, ""); !done) return done;
        }
        return {};
    }

    inline static const std::string kOld = "2000-01-01T00:00:00Z";

    std::int64_t count_;
    const Clock& clock_;
    std::string version_, pulled_, letter_;
    std::int64_t ahead_ = 0, with_email_ = 0;
    bool lags_ = false;
};

struct Story {
    explicit Story(std::int64_t records) : count(records), remote(clock, records), device(clock) {
        described.streams = people_streams();
        for (auto& stream : described.streams) stream.can.push_batch_max = 100;
        // The guard asks how many there are, and never stops.
        device.prepare("crm", described, [](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams)
                for (auto& group : stream.groups) group.policy = merge::Policy::kRemote;
        });
        device.settings("crm").guard_edits = device.settings("crm").guard_deletes = 10 * count;
    }

    /// The most that the engine held during one cycle.
    std::size_t cycle(bool sweep = false) {
        clock.advance(std::chrono::hours{1});
        NullLogger log;
        engine::Observer nobody;
        engine::WriterGate gate;
        const std::atomic<bool> cancelled{false};
        engine::CycleOptions options;
        options.sweep = sweep;
        options.push = push;
        held.now = held.peak = 0;
        const Counting engine(true);
        engine::Cycle one({.db = device.engine_db(),
                           .remote = remote,
                           .clock = clock,
                           .random = device.random,
                           .log = log,
                           .observer = nobody,
                           .gate = gate,
                           .cancelled = cancelled},
                          device.settings("crm"));
        const auto report = one.run(options);
        REQUIRE(report);
        REQUIRE(!report->problem);
        return held.peak;
    }

    /// Edits every record, and has the engine take it in without sending it.
    void edit_all(const std::string& value) {
        push = false;
        // What is absorbed at a time has a bound of its own, which 2,000 edits do not reach.
        for (std::int64_t done = 0; done < count; done += 2'000) {
            device.sql("UPDATE contact SET email = '" + value + "' || id WHERE id > " +
                       std::to_string(done) + " AND id <= " + std::to_string(done + 2'000));
            cycle();
        }
    }

    /// A cycle after what they edit has become of another type there.
    std::size_t as_of_type(remote::FieldType type) {
        device.remap("crm", [&](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams)
                for (auto& group : stream.groups)
                    for (auto& field : group.fields)
                        if (field.remote == "Email") field.type = type;
        });
        return cycle();
    }

    std::map<std::string, std::size_t> tell() {
        std::map<std::string, std::size_t> out;
        out["first load"] = cycle();
        REQUIRE(engine::set_push(device.engine_db(), "crm", true));
        REQUIRE(device.number("SELECT count(*) FROM contact") == count);
        clock.advance(std::chrono::hours{1});
        remote.change();
        out["pull: all have changed"] = cycle();
        clock.advance(std::chrono::hours{1});
        remote.change(false);
        out["sweep: all differ"] = cycle(true);
        CHECK(device.text("SELECT phone FROM contact ORDER BY id DESC LIMIT 1") ==
              remote.phone(count - 1));
        clock.advance(std::chrono::hours{1});
        remote.lag();
        remote.read_by_id = 0;
        out["pull: all read by id"] = cycle();
        CHECK(remote.read_by_id == count);
        edit_all("f");
        out["edits, another type"] = as_of_type(remote::FieldType::kInteger);
        CHECK(device.number("SELECT count(*) FROM kontor_shadow") >= count);
        as_of_type(remote::FieldType::kText);
        edit_all("e");
        push = true;
        out["push: all edited here"] = cycle();
        CHECK(remote.written == count);
        device.sql("DELETE FROM contact");
        out["push: all deleted here"] = cycle();
        CHECK(remote.written == 2 * count);
        return out;
    }

    std::int64_t count;
    bool push = true;
    FakeClock clock;
    MemoryRemote described{clock};
    Endless remote;
    Device device;
};

}  // namespace

TEST_CASE("D9: ten times as many records, and no more memory", "[bounded]") {
    const auto few = Story(2'000).tell();
    const auto many = Story(20'000).tell();
    for (const auto& [what, bytes] : few) {
        std::printf("  %-24s %6zu KiB at 2,000 records, %6zu KiB at 20,000\n", what.c_str(),
                    bytes / 1024, many.at(what) / 1024);
        CAPTURE(what);
        CHECK(many.at(what) < bytes + bytes / 4 + 32 * 1024);
    }
}

TEST_CASE("what waits to be sent is counted in no more memory, however much was edited",
          "[bounded]") {
    const auto cost = [](std::int64_t records) {
        Story story(records);
        story.cycle();
        REQUIRE(engine::set_push(story.device.engine_db(), "crm", true));
        story.device.sql("DELETE FROM contact");
        const auto db = replica::Database::open(
            story.device.path(), {.access = replica::Access::kReadOnly, .cache_kib = 256});
        REQUIRE(db);
        const auto before = sqlite3_memory_used();
        sqlite3_memory_highwater(1);
        held.now = held.peak = 0;
        const Counting engine(true);
        const auto status = engine::connection_status(*db);
        REQUIRE(status);
        std::int64_t waiting = 0;
        for (const auto& stream : status->front().streams) waiting += stream.to_push;
        CHECK(waiting == records);
        return sqlite3_memory_highwater(0) - before + static_cast<std::int64_t>(held.peak);
    };
    const auto few = cost(2'000), many = cost(20'000);
    std::printf("  %-24s %6lld KiB at 2,000 records, %6lld KiB at 20,000\n", "status: all deleted",
                static_cast<long long>(few / 1024), static_cast<long long>(many / 1024));
    CHECK(many < few + few / 4 + 32 * 1024);
}

TEST_CASE("SQLite sorts and lists for the engine in files", "[bounded]") {
    FakeClock clock;
    const Device device(clock);
    const auto db = replica::Database::open(
        device.path(), {.access = replica::Access::kEngine, .cache_kib = 1'024});
    REQUIRE(db);
    REQUIRE(sqlite3_memory_used() > 0);
    const std::string many =
        "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n"
        " WHERE i < 400000) ";
    REQUIRE(db->execute("CREATE TABLE t(a TEXT);" + many +
                        "INSERT INTO t SELECT 'key' || (i * 7919 % 400009) FROM n;"
                        "CREATE TEMP TABLE listed(id TEXT PRIMARY KEY) WITHOUT ROWID"));
    for (const std::string& sql : {std::string("CREATE INDEX sorted ON t(a)"),
                                   many + "INSERT INTO listed SELECT 'remote id ' || i FROM n"}) {
        CAPTURE(sql);
        const auto before = sqlite3_memory_used();
        sqlite3_memory_highwater(1);
        REQUIRE(db->execute(sql));
        // In memory, it is more than 9 MiB either way.
        CHECK(sqlite3_memory_highwater(0) - before < 6 * 1024 * 1024);
    }
    CHECK(sqlite.has_files());
}
