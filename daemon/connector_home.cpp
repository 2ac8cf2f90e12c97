#include "daemon/connector_home.hpp"

#include <filesystem>

namespace kontor::app {
namespace {

namespace fs = std::filesystem;

// The first place that is there; the last one anyhow.
std::string first_of(std::initializer_list<fs::path> places) {
    std::error_code ignored;
    fs::path found;
    for (const auto& place : places) {
        found = place;
        if (fs::exists(place, ignored)) break;
    }
    return found.string();
}

}  // namespace

ConnectorHome connector_home(const config::Config& config, const std::string& program) {
    std::error_code failed;
    const auto real = fs::canonical(program, failed);
    const auto beside = failed ? fs::path() : real.parent_path();
    const auto prefix = beside.parent_path();
    ConnectorHome out;
    out.folder = config.daemon.plugin_dir;
    if (out.folder.empty()) out.folder = first_of({prefix / "lib" / "kontor", KONTOR_LIBRARY_DIR});
    out.isolation.program =
        first_of({beside / "kontor-connector", prefix / "libexec" / "kontor" / "kontor-connector",
                  KONTOR_LIBEXEC_DIR "/kontor-connector"});
    const auto& set = config.connectors;
    out.isolation.own_process = set.isolation == "process";
    out.isolation.require_landlock = set.landlock == "require";
    out.isolation.memory_mb = static_cast<std::uint64_t>(set.memory_mb);
    out.isolation.processor = std::chrono::ceil<std::chrono::seconds>(set.processor_time);
    out.isolation.silence = set.answer_timeout;
    return out;
}

}  // namespace kontor::app
