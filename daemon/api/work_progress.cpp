#include "daemon/api/work_progress.hpp"

#include <chrono>
#include <optional>
#include <utility>

namespace kontor::api {
namespace {

constexpr std::size_t kWorkNameMax = 64;
/// Each event is kept on disk for a while.
constexpr std::chrono::milliseconds kTellAfter{200};

}  // namespace

Result<HowFar> work_progress(Services& services, const json& body, std::string stage) {
    auto name = text_in(body, "work");
    if (!name) return pass(name);
    if (name->size() > kWorkNameMax)
        return fail(Errc::kInvalid,
                    "work is longer than " + std::to_string(kWorkNameMax) + " bytes",
                    {{"key", "work"}});
    if (name->empty()) return HowFar();
    return HowFar([&services, name = *name, stage = std::move(stage),
                   told = std::optional<std::chrono::milliseconds>()](std::int64_t done,
                                                                      std::int64_t total) mutable {
        const auto now =
            std::chrono::duration_cast<std::chrono::milliseconds>(services.clock.steady());
        if (told && done < total && now - *told < kTellAfter) return;
        told = now;
        services.events.publish(
            "work.progress",
            json{{"work", name}, {"stage", stage}, {"done", done}, {"total", total}}.dump(
                -1, ' ', false, json::error_handler_t::replace));
    });
}

}  // namespace kontor::api
