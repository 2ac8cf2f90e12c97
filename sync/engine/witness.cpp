#include "sync/engine/witness.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace kontor::engine {
namespace {

using Ids = std::vector<std::string>;

/// Mostly the first that is asked for is there. One request a stream reads that many.
constexpr std::int64_t kFirst = 25;
/// If none of so many is there, it is no longer a matter of single deletions.
constexpr std::int64_t kAll = 250;

/// The last changed of the connection's live records, by stream.
std::map<const StreamPlan*, Ids> last_changed(Context& context, const StreamPlan& of,
                                              std::int64_t skip, std::int64_t limit,
                                              const std::set<std::string>& missing) {
    std::map<const StreamPlan*, Ids> out;
    auto& rows = context.sql.bind(
        "SELECT l.stream, l.ext_id FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream"
        " WHERE s.connection = ? AND l.state = 0 AND l.version <> '' AND l.ext_id IS NOT NULL"
        " ORDER BY l.version DESC, l.id DESC LIMIT ? OFFSET ?",
        of.connection, limit, skip);
    while (Sql::step(rows)) {
        std::string id(rows.text(1));
        const StreamPlan* plan = context.plans.stream(rows.integer(0));
        if (plan == nullptr || (plan->id == of.id && missing.contains(id))) continue;
        out[plan].push_back(std::move(id));
    }
    return out;
}

/// True if one of them is there; nullopt if we may not read them, which tells nothing.
std::optional<bool> one_is_there(Context& context, const StepPorts& ports, const StreamPlan& plan,
                                 Ids ids, StreamCounts& counts) {
    const auto before = counts.seen;
    try {
        fetch_and_merge(context, ports, plan, std::move(ids), counts, Absence::kLeftOpen);
    } catch (const Failure& failure) {
        if (!tells_nothing(failure.error.code)) throw;
        return std::nullopt;
    }
    return counts.seen > before;
}

}  // namespace

void confirm_missing(Context& context, const StepPorts& ports, const StreamPlan& plan,
                     const std::vector<std::string>& missing, StreamCounts& counts) {
    const std::set<std::string> gone(missing.begin(), missing.end());
    std::size_t asked = 0;
    for (const auto& [skip, limit] :
         std::array{std::pair{std::int64_t{0}, kFirst}, std::pair{kFirst, kAll - kFirst}}) {
        bool there = false;
        for (auto& [stream, ids] : last_changed(context, plan, skip, limit, gone)) {
            const auto count = ids.size();
            const auto found = one_is_there(context, ports, *stream, std::move(ids), counts);
            if (!found) continue;
            asked += count;
            there |= *found;
        }
        if (there) return;
    }
    if (asked >= static_cast<std::size_t>(kFirst))
        stop({Errc::kGuard,
              plan.mapping.stream + ": none of the " + std::to_string(asked) +
                  " records that were changed last is there any more",
              {{"stream", plan.mapping.stream}, {"missing", std::to_string(asked)}},
              {}});
}

}  // namespace kontor::engine
