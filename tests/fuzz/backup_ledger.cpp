// What is known here of a repository, out of a file that may be damaged: all of it or nothing, and
// what was read is written and read again.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/backup/ledger.hpp"
#include "tests/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kontor::backup;
    const auto ledger = parse_ledger(as_text(data, size));
    const auto written = to_json(ledger);
    must_hold(to_json(parse_ledger(written)) == written);
    if (written != to_json(Ledger{})) {
        const auto all = nlohmann::json::parse(as_text(data, size));
        must_hold(ledger.last_run.has_value() == all.contains("last_run"));
        must_hold(ledger.drills.size() == std::min<std::size_t>(all["drills"].size(), 200));
    }
    for (const auto& drill : ledger.drills) {
        const auto* newest = ledger.drill_of(drill.snapshot);
        must_hold(newest != nullptr && newest->snapshot == drill.snapshot);
        must_hold(ledger.proven(drill.snapshot) == newest->error.empty());
    }
    if (const auto behind = ledger.behind(kontor::Instant{})) must_hold(behind->count() >= 0);
    return 0;
}
