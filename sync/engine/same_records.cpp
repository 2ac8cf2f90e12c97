#include "sync/engine/same_records.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sync/engine/state.hpp"

namespace kontor::engine {
namespace {

constexpr std::int64_t kAskedFor = 20;

struct OtherStream {
    std::int64_t id = 0;
    std::string connection;
};

std::optional<OtherStream> loaded_by_another(Sql& sql, const StreamPlan& plan) {
    auto& rows = sql.bind(
        "SELECT s.id, c.name FROM kontor_connection me"
        " JOIN kontor_connection c ON c.plugin = me.plugin AND c.org_id = me.org_id AND c.id <> "
        "me.id"
        " JOIN kontor_stream s ON s.connection = c.id AND s.name = ? AND s.loaded"
        " WHERE me.id = ? AND me.org_id <> '' ORDER BY s.id LIMIT 1",
        plan.mapping.stream, plan.connection);
    std::optional<OtherStream> out;
    if (Sql::step(rows)) out = OtherStream{rows.integer(0), std::string(rows.text(1))};
    rows.reset();
    return out;
}

using Versions = std::map<std::string, std::string>;

// The newest: those of long ago may have changed without that connection.
Versions some_of(Sql& sql, std::int64_t stream) {
    auto& rows = sql.bind(
        "SELECT ext_id, version FROM kontor_link WHERE stream = ? AND state = ? AND ext_id <> ''"
        " AND version <> '' ORDER BY id DESC LIMIT ?",
        stream, static_cast<int>(replica::LinkState::kLive), kAskedFor);
    Versions out;
    while (Sql::step(rows)) out.emplace(rows.text(0), rows.text(1));
    return out;
}

// Ids alone say little: two folders, or two surveys of a server, count from 1 each.
class SameVersions final : public remote::RecordSink {
public:
    explicit SameVersions(const Versions& known) : known_(known) {}
    Result<> accept(std::span<const remote::RecordView> batch, std::string_view) override {
        for (const auto& record : batch) {
            const auto known = known_.find(std::string(record.id));
            if (record.fact == remote::Fact::kRecord && known != known_.end() &&
                known->second == record.version)
                ++count_;
        }
        return {};
    }
    [[nodiscard]] std::size_t count() const { return count_; }

private:
    const Versions& known_;
    std::size_t count_ = 0;
};

}  // namespace

void refuse_same_records(Context& context, remote::Remote& remote, const StreamPlan& plan) {
    if (plan.loaded) return;
    const auto other = loaded_by_another(context.sql, plan);
    if (!other) return;
    const auto known = some_of(context.sql, other->id);
    if (known.empty()) return;
    std::vector<std::string> ids;
    for (const auto& [id, version] : known) ids.push_back(id);
    SameVersions same(known);
    need(remote.fetch(plan.mapping.stream, plan.remote_fields, ids, same));
    if (same.count() * 2 < known.size()) return;
    stop({Errc::kConflict,
          plan.connection_name + " leads to the records that connection " + other->connection +
              " has brought here: each would be here twice, and be sent to where it is already",
          {{"reason", "same_records"},
           {"connection", plan.connection_name},
           {"other", other->connection},
           {"stream", plan.mapping.stream}},
          {}});
}

}  // namespace kontor::engine
