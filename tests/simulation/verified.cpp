// What `kontor verify` says once a world has come to rest: nothing that it cannot account for.
#include <atomic>

#include "sync/engine/verifier.hpp"
#include "tests/simulation/limits.hpp"
#include "tests/simulation/oracles.hpp"

namespace kontor::simulation {
namespace {

using engine::VerifyFinding;
using Reason = engine::VerifyReason;

class Verified {
public:
    Verified(World& world, Device& device, const std::string& connection)
        : world_(world),
          device_(device),
          name_(connection),
          connected_(device.connection(connection)),
          limits_(world, device, connection) {}

    void run() {
        // Only a look: what it is shown, the replica does not keep.
        connected_.account->rehearse(true);
        engine::Observer observer;
        const std::atomic<bool> cancelled{false};
        engine::Verifier verifier({.db = device_.api(),
                                   .remote = *connected_.account,
                                   .observer = observer,
                                   .cancelled = cancelled,
                                   .finding = [&](const auto& found) { judge(found); }},
                                  connected_.settings);
        const auto report = verifier.run({});
        connected_.account->rehearse(false);
        if (!report) return wrong(report.error().message);
        for (const auto& counts : report->streams)
            world_.tally().add("records verified", counts.compared);
    }

private:
    void wrong(const std::string& what) {
        world_.violation("C1: dev" + std::to_string(device_.number()) + " verifies " + name_ +
                         ": " + what);
    }

    void judge(const VerifyFinding& found) {
        // Of a remote that a person has accepted, what it lacks stays missing here.
        const bool missing = connected_.accepted && found.kind == VerifyFinding::Kind::kOnlyHere;
        if (found.reason != Reason::kNone && (found.reason != Reason::kNotFetched || missing))
            return;
        if (found.kind == VerifyFinding::Kind::kValue && found.reason == Reason::kNone &&
            has_found_limit(found))
            return;
        wrong(std::string(to_string(found.kind)) + " " + std::string(to_string(found.reason)) +
              " " + found.stream + " " + found.ext_id + " " + found.remote_field + " of " +
              found.entity + " " + std::to_string(found.record) + ": here '" + found.ours.text() +
              "', there '" + found.theirs.text() + "'");
    }

    // What the replica cannot know, verifying finds.
    bool has_found_limit(const VerifyFinding& found) {
        const StreamModel& stream = connected_.account->server().model().stream(found.stream);
        const FieldModel* field = stream.field(found.remote_field);
        if (field == nullptr) return false;
        const char* why = limits_.unread(stream, found.ext_id, *field);
        if (limits_.hidden_in_tick(stream, found.ext_id)) why = "records hidden within their tick";
        if (why == nullptr && limits_.set_back_in_tick(stream, found.ext_id, *field, found.ours))
            why = "fields set back within their tick";
        if (why != nullptr) world_.tally().add(std::string(why) + ", found by verifying");
        return why != nullptr;
    }

    World& world_;
    Device& device_;
    const std::string& name_;
    Device::Connected& connected_;
    const Limits limits_;
};

}  // namespace

void check_verified(World& world, Device& device, const std::string& connection) {
    Verified(world, device, connection).run();
}

}  // namespace kontor::simulation
