#include "daemon/runtime/report_json.hpp"

#include <nlohmann/json.hpp>

#include "daemon/messages/messages.hpp"

namespace kontor::app {

using nlohmann::json;

json to_json(const engine::Progress& progress) {
    return {{"stage", progress.stage},
            {"stream", progress.stream},
            {"done", progress.done},
            {"total", progress.total}};
}

json to_json(const engine::StreamCounts& c) {
    return {{"stream", c.stream},
            {"seen", c.seen},
            {"created_here", c.created_here},
            {"updated_here", c.updated_here},
            {"deleted_here", c.deleted_here},
            {"created_there", c.created_there},
            {"updated_there", c.updated_there},
            {"deleted_there", c.deleted_there},
            {"conflicts", c.conflicts},
            {"blocked", c.blocked},
            {"unknown", c.unknown},
            {"index_wait_ms", c.index_wait.count()}};
}

json to_json(const engine::CycleReport& report) {
    json streams = json::array();
    for (const auto& counts : report.streams) streams.push_back(to_json(counts));
    return {{"run", report.run != 0 ? json(report.run) : json()},
            {"streams", std::move(streams)},
            {"plan_total", report.plan.total()},
            {"pushed", report.pushed}};
}

json to_json(const engine::VerifyCounts& c) {
    json explained = json::object();
    for (const auto& [reason, count] : c.explained)
        explained[std::string(engine::to_string(reason))] = count;
    return {{"stream", c.stream},
            {"entity", c.entity},
            {"ready", c.ready},
            {"whole", c.whole},
            {"compared", c.compared},
            {"equal", c.equal},
            {"values", c.values},
            {"not_shown", c.not_shown},
            {"differ", c.differ},
            {"only_here", c.only_here},
            {"only_there", c.only_there},
            {"explained", std::move(explained)},
            {"not_shown_fields", json(c.not_shown_fields)}};
}

json to_json(const Verified& verified) {
    json streams = json::array();
    for (const auto& counts : verified.report.streams) streams.push_back(to_json(counts));
    const auto& options = verified.report.options;
    return {{"ticket", verified.ticket},
            {"at", format_instant(verified.at)},
            {"sample", options.sample},
            {"seed", options.seed},
            {"unexplained", verified.report.unexplained()},
            {"explained", verified.explained_total},
            {"streams", std::move(streams)},
            {"error", verified.error ? to_json(*verified.error) : json()}};
}

json to_json(const Error& error) {
    return {{"code", to_string(error.code)},
            {"message", messages::render_error(messages::Language::kEnglish, error)},
            {"detail", error.message},
            {"args", error.args}};
}

}  // namespace kontor::app
