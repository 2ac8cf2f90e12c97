#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "sync/engine/epoch.hpp"
#include "tests/sync/engine/device.hpp"

namespace kontor::test {

/// One device beside a remote with three contacts and manual policies, for what was known of a
/// remote and is known no more.
struct EpochFixture {
    explicit EpochFixture(bool key = true) : remote(clock), device(clock) {
        remote.streams = people_streams();
        if (!key)
            for (auto& stream : remote.streams) stream.can.key_field.clear();
        for (const char* name : {"Ada", "Bob", "Cy"})
            ids.push_back(
                remote.create("Contacts", {{"Last_Name", Value(name)}, {"Phone", Value("100")}}));
        clock.advance(std::chrono::seconds{60});
        device.connect("crm", remote, [](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams)
                for (auto& group : stream.groups) group.policy = merge::Policy::kManual;
        });
        device.sync("crm");
    }
    /// The remote as it was when it was backed up: with no more than those three.
    MemoryRemote backed_up() {
        MemoryRemote out(clock);
        out.streams = remote.streams;
        for (const char* name : {"Ada", "Bob", "Cy"})
            out.create("Contacts", {{"Last_Name", Value(name)}, {"Phone", Value("100")}});
        return out;
    }
    void set_phone(const std::string& name, const std::string& phone) {
        device.sql("UPDATE contact SET phone = '" + phone + "' WHERE last_name = '" + name + "'");
    }
    std::string phone(const std::string& name) {
        return device.text("SELECT coalesce(phone, '') FROM contact WHERE last_name = '" + name +
                           "'");
    }
    std::string there(int n) { return remote.value("Contacts", ids[n], "Phone").text(); }
    std::vector<engine::Conflict> open() { return *engine::list_conflicts(device.engine_db(), {}); }
    void later() { clock.advance(std::chrono::hours{1}); }

    FakeClock clock;
    MemoryRemote remote;
    Device device;
    std::vector<std::string> ids;
};

}  // namespace kontor::test
