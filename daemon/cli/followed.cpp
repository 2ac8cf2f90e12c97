#include "daemon/cli/followed.hpp"

#include <nlohmann/json.hpp>

#include "daemon/cli/json_view.hpp"
#include "daemon/cli/progress.hpp"
#include "sync/base/random.hpp"

namespace kontor::cli {

Outcome<nlohmann::json> post_followed(Context& context, const std::string& path,
                                      nlohmann::json body) {
    if (!context.io().err_terminal || context.json() || context.quiet())
        return context.api().post(path, body);
    SystemRandom random;
    const auto work = random.uid();
    body["work"] = work;
    Progress progress(context);
    auto answer = context.api().post_and_hear(path, body, [&](const SseEvent& event) {
        if (event.type != "work.progress") return;
        const auto data = nlohmann::json::parse(event.data, nullptr, false);
        if (!data.is_object() || text_at(data, "work") != work) return;
        progress.show({.connection = "",
                       .stage = text_at(data, "stage"),
                       .stream = "",
                       .done = integer_at(data, "done"),
                       .total = integer_at(data, "total")},
                      std::chrono::steady_clock::now());
    });
    progress.clear();
    return answer;
}

}  // namespace kontor::cli
