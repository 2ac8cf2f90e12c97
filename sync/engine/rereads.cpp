#include "sync/engine/rereads.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace kontor::engine {
namespace {

/// Records of the table that are in memory at a time.
constexpr std::int64_t kTakeMax = 1'000;

}  // namespace

void Rereads::add(std::vector<std::string> ids, std::span<const remote::RecordView> batch) {
    const std::set<std::string, std::less<>> wanted(ids.begin(), ids.end());
    for (const auto& record : batch)
        if (!record.version.empty() && wanted.contains(record.id)) {
            std::string& newest = listed_[std::string(record.id)];
            newest = std::max(newest, std::string(record.version));
        }
    std::ranges::move(ids, std::back_inserter(ids_));
}

void Rereads::put_aside() {
    if (!std::exchange(put_aside_, true)) {
        need(
            sql_.db().execute("CREATE TEMP TABLE IF NOT EXISTS reread(stream INTEGER, ext_id TEXT,"
                              " version TEXT, PRIMARY KEY(stream, ext_id)) WITHOUT ROWID"));
        sql_.run("DELETE FROM temp.reread WHERE stream = ?",
                 stream_);  // of a pull that was cut off
    }
    for (const std::string& id : ids_) {
        const auto listed = listed_.find(id);
        sql_.run(
            "INSERT INTO temp.reread(stream, ext_id, version) VALUES(?, ?, ?)"
            " ON CONFLICT DO UPDATE SET version = max(version, excluded.version)",
            stream_, id, listed == listed_.end() ? std::string_view() : listed->second);
    }
    ids_.clear();
    listed_.clear();
}

Rereads::Some Rereads::take() {
    if (!put_aside_) return {std::exchange(ids_, {}), std::exchange(listed_, {})};
    put_aside();
    Some out;
    auto& rows = sql_.bind(
        "SELECT ext_id, version FROM temp.reread WHERE stream = ? ORDER BY ext_id LIMIT ?", stream_,
        kTakeMax);
    while (Sql::step(rows)) {
        out.ids.emplace_back(rows.text(0));
        if (!rows.text(1).empty()) out.listed.emplace(rows.text(0), rows.text(1));
    }
    put_aside_ = static_cast<std::int64_t>(out.ids.size()) == kTakeMax;
    if (!out.ids.empty())
        sql_.run("DELETE FROM temp.reread WHERE stream = ? AND ext_id <= ?", stream_,
                 out.ids.back());
    return out;
}

}  // namespace kontor::engine
