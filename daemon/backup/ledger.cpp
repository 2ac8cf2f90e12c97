#include "daemon/backup/ledger.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sync/backup/file.hpp"
#include "sync/backup/json_number.hpp"

namespace kontor::backup {
namespace {

using nlohmann::json;

constexpr std::size_t kDrillsMax = 200;

RunEntry read_run(const json& in) {
    RunEntry out;
    in.at("at").get_to(out.at);
    in.at("snapshot").get_to(out.snapshot);
    in.at("shows").get_to(out.shows);
    take_number(in.at("ms"), out.ms);
    take_number(in.at("bytes_added"), out.bytes_added);
    in.at("error").get_to(out.error);
    out.notes = in.value("notes", out.notes);  // older versions have none
    return out;
}

DrillEntry read_drill(const json& in) {
    DrillEntry out;
    in.at("at").get_to(out.at);
    in.at("snapshot").get_to(out.snapshot);
    in.at("shows").get_to(out.shows);
    take_number(in.at("ms"), out.ms);
    take_number(in.at("bytes"), out.bytes);
    in.at("error").get_to(out.error);
    out.notes = in.value("notes", out.notes);
    return out;
}

}  // namespace

void Ledger::add(RunEntry run) {
    if (run.error.empty()) last_good_run = run;
    last_run = std::move(run);
}

void Ledger::add(DrillEntry drill) {
    drills.push_back(std::move(drill));
    if (drills.size() > kDrillsMax) drills.erase(drills.begin());
}

const DrillEntry* Ledger::drill_of(const std::string& snapshot) const {
    for (auto it = drills.rbegin(); it != drills.rend(); ++it)
        if (it->snapshot == snapshot) return &*it;
    return nullptr;
}

bool Ledger::proven(const std::string& snapshot) const {
    const auto* drill = drill_of(snapshot);
    return drill != nullptr && drill->error.empty();
}

std::optional<std::chrono::seconds> Ledger::behind(Instant now) const {
    const auto shows = last_good_run ? parse_instant(last_good_run->shows) : std::nullopt;
    if (!shows) return std::nullopt;
    return std::max(std::chrono::floor<std::chrono::seconds>(now - *shows),
                    std::chrono::seconds(0));
}

const DrillEntry* Ledger::last_proof() const {
    for (auto it = drills.rbegin(); it != drills.rend(); ++it)
        if (it->error.empty()) return &*it;
    return nullptr;
}

json entry_json(const RunEntry& run) {
    return {{"at", run.at},      {"snapshot", run.snapshot},       {"shows", run.shows},
            {"ms", run.ms},      {"bytes_added", run.bytes_added}, {"error", run.error},
            {"notes", run.notes}};
}

json entry_json(const DrillEntry& drill) {
    return {{"at", drill.at},      {"snapshot", drill.snapshot}, {"shows", drill.shows},
            {"ms", drill.ms},      {"bytes", drill.bytes},       {"error", drill.error},
            {"notes", drill.notes}};
}

Ledger parse_ledger(std::string_view text) {
    Ledger out;
    try {
        const json in = json::parse(text);
        if (in.contains("last_run")) out.last_run = read_run(in["last_run"]);
        if (in.contains("last_good_run")) out.last_good_run = read_run(in["last_good_run"]);
        out.pruning = in.value("pruning", false);  // older versions have none
        for (const auto& item : in.at("drills").get_ref<const json::array_t&>())
            out.add(read_drill(item));
    } catch (const json::exception&) {
        return Ledger{};
    }
    return out;
}

std::string to_json(const Ledger& ledger) {
    json out{{"drills", json::array()}, {"pruning", ledger.pruning}};
    if (ledger.last_run) out["last_run"] = entry_json(*ledger.last_run);
    if (ledger.last_good_run) out["last_good_run"] = entry_json(*ledger.last_good_run);
    for (const auto& drill : ledger.drills) out["drills"].push_back(entry_json(drill));
    // Other programs' last words are in it, as they came.
    return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<Ledger> load_ledger(const std::string& path) {
    const auto text = read_whole(path);
    if (!text && text.error().code == Errc::kNotFound) return Ledger{};
    if (!text) return tl::unexpected<Error>(text.error());
    return parse_ledger(*text);
}

Result<> save_ledger(const std::string& path, const Ledger& ledger) {
    return write_whole(path, to_json(ledger));
}

}  // namespace kontor::backup
