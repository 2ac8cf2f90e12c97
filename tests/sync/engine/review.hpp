#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "tests/sync/engine/device.hpp"

/// What the review tests share: a contact on a remote, and a remote that is as strict as the real
/// host.
namespace kontor::test::review {

using std::chrono::seconds;

/// A remote that, like the real host, cannot be called from within its own pull, and answers each
/// id once.
class StrictRemote final : public remote::Remote {
public:
    explicit StrictRemote(MemoryRemote& inner) : inner_(inner) {}
    bool no_versions = false;  ///< push answers do not tell the new version
    int fail_finds = 0;
    bool checkpoints = false;  ///< a pull can be resumed after each page
    int pulls = 0;

    Result<remote::Identity> check() override { return inner_.check(); }
    Result<std::vector<remote::StreamSpec>> describe() override { return inner_.describe(); }
    Result<std::string> pull(std::string_view stream, std::span<const std::string> fields,
                             std::string_view cursor, remote::RecordSink& sink) override {
        const Inside inside(busy_);
        ++pulls;
        if (!checkpoints) return inner_.pull(stream, fields, cursor, sink);
        Pages pages{sink};
        if (cursor.starts_with('#')) {
            pages.skip = std::stoul(std::string(cursor.substr(1)));
            cursor = "";
        }
        return inner_.pull(stream, fields, cursor, pages);
    }
    Result<bool> list_ids(std::string_view stream, remote::RecordSink& sink) override {
        const Inside inside(busy_);
        return inner_.list_ids(stream, sink);
    }
    Result<> fetch(std::string_view stream, std::span<const std::string> fields,
                   std::span<const std::string> ids, remote::RecordSink& sink) override {
        if (busy_) return fail(Errc::kProtocol, "called from within a call");
        if (std::set<std::string>(ids.begin(), ids.end()).size() != ids.size())
            return fail(Errc::kProtocol, "asked for a record twice");
        const Inside inside(busy_);
        return inner_.fetch(stream, fields, ids, sink);
    }
    Result<> find(std::string_view stream, std::span<const std::string> fields,
                  std::string_view field, std::span<const std::string> values,
                  remote::RecordSink& sink) override {
        if (fail_finds > 0) {
            --fail_finds;
            return fail(Errc::kUnavailable, "connection reset");
        }
        const Inside inside(busy_);
        return inner_.find(stream, fields, field, values, sink);
    }
    Result<std::vector<remote::PushResult>> push(std::string_view stream,
                                                 std::span<const remote::Change> changes) override {
        auto results = inner_.push(stream, changes);
        if (results && no_versions)
            for (auto& result : *results) result.version.clear();
        return results;
    }
    [[nodiscard]] remote::Credits credits() const override { return {}; }

private:
    /// Counts records, so that "#<count>" is where a pull goes on.
    struct Pages final : remote::RecordSink {
        explicit Pages(remote::RecordSink& sink) : next(sink) {}
        Result<> accept(std::span<const remote::RecordView> batch, std::string_view) override {
            const std::size_t old = std::min(batch.size(), skip > count ? skip - count : 0);
            count += batch.size();
            if (old == batch.size()) return {};
            return next.accept(batch.subspan(old), "#" + std::to_string(count));
        }
        remote::RecordSink& next;
        std::size_t skip = 0, count = 0;
    };
    struct Inside {
        explicit Inside(bool& flag) : flag_(flag) { flag_ = true; }
        ~Inside() { flag_ = false; }
        bool& flag_;
    };
    MemoryRemote& inner_;
    bool busy_ = false;
};

struct Fixture {
    Fixture() : Fixture(FakeClock()) {}
    explicit Fixture(const FakeClock& start)
        : clock(start), remote(clock), strict(remote), device(clock) {
        remote.streams = people_streams();
        ada =
            remote.create("Contacts", {{"Last_Name", Value("Lovelace")}, {"Phone", Value("100")}});
        clock.advance(seconds{60});
    }
    void connect(const std::function<void(merge::Mapping&)>& adjust = {}) {
        device.connect("crm", remote, adjust);
        id = std::to_string(device.local("Contacts", ada));
    }
    void sync(int cycles = 1, const engine::CycleOptions& options = {}) {
        for (int i = 0; i < cycles; ++i) device.sync("crm", options);
    }
    void edit(const std::string& assignment) {
        device.sql("UPDATE contact SET " + assignment + " WHERE id = " + id);
    }
    void erase_here() { device.sql("DELETE FROM contact WHERE id = " + id); }
    /// As undo does it: an ordinary insert under the old id.
    void restore_here(const std::string& phone = "100") {
        device.sql("INSERT INTO contact(id, last_name, phone) VALUES(" + id + ", 'Lovelace', '" +
                   phone + "')");
    }
    /// A cycle through a remote that must not be called from within its own calls.
    engine::CycleReport strict_sync(const engine::CycleOptions& options = {}) {
        const engine::WriterGate gate;
        const std::atomic<bool> cancelled{false};
        NullLogger log;
        engine::Observer observer;
        engine::Cycle cycle({.db = device.engine_db(),
                             .remote = strict,
                             .clock = clock,
                             .random = device.random,
                             .log = log,
                             .observer = observer,
                             .gate = gate,
                             .cancelled = cancelled},
                            device.settings("crm"));
        auto report = cycle.run(options);
        clock.advance(seconds{5});
        if (!report) FAIL(report.error().message);
        return *report;
    }
    std::string phone() {
        return device.text("SELECT coalesce(phone, '') FROM contact WHERE id = " + id);
    }
    std::string remote_phone() { return remote.value("Contacts", ada, "Phone").text(); }
    int writes_of(int cycles) {
        const int before = remote.changes_sent;
        sync(cycles);
        return remote.changes_sent - before;
    }
    std::vector<engine::Conflict> open() { return *engine::list_conflicts(device.engine_db(), {}); }
    void resolve(std::int64_t conflict, engine::Side side) {
        REQUIRE(engine::resolve(device.engine_db(), clock, device.random, conflict, side, "uid:1"));
    }
    static void contacts(merge::Mapping& mapping,
                         const std::function<void(merge::StreamMapping&)>& change) {
        for (auto& stream : mapping.streams)
            if (stream.stream == "Contacts") change(stream);
    }
    static merge::GroupMapping& group(merge::StreamMapping& stream, const std::string& name) {
        return *std::ranges::find(stream.groups, name, &merge::GroupMapping::name);
    }

    FakeClock clock;
    MemoryRemote remote;
    StrictRemote strict;
    Device device;
    std::string ada, id;
};

}  // namespace kontor::test::review
