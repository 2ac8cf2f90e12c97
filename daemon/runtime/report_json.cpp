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
            {"unknown", c.unknown}};
}

json to_json(const engine::PlannedChange& change) {
    return {{"side", change.side == engine::PlannedChange::Side::kHere ? "here" : "there"},
            {"stream", change.stream},
            {"entity", change.entity},
            {"record", change.record},
            {"ext_id", change.ext_id},
            {"op", change.op},
            {"fields", change.fields}};
}

json to_json(const engine::CycleReport& report) {
    json streams = json::array();
    for (const auto& counts : report.streams) streams.push_back(to_json(counts));
    return {{"run", report.run},
            {"streams", std::move(streams)},
            {"plan_total", report.plan_total},
            {"pushed", report.pushed}};
}

json to_json(const Error& error) {
    return {{"code", to_string(error.code)},
            {"message", messages::render_error(messages::Language::kEnglish, error)},
            {"detail", error.message}};
}

}  // namespace kontor::app
