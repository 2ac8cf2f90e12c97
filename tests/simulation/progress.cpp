// B1, B3, B4: what a pull has brought, and what its cursor says, after each cycle.
#include <algorithm>
#include <map>
#include <set>

#include "tests/simulation/oracles.hpp"

namespace kontor::simulation {
namespace {

constexpr int kLive = 0;

struct Known {
    int state = kLive;
    std::string version;
};

std::string of(const std::string& connection, const char* columns, const char* tables) {
    return std::string("SELECT s.name, ") + columns +
           " FROM kontor_stream s JOIN kontor_connection c ON c.id = s.connection " + tables +
           " WHERE c.name = '" + connection + "'";
}

/// Without a version nothing is known of it: it was let go, and will be read again.
bool older(const Known& known, const std::string& version) {
    return known.state == kLive && !known.version.empty() && known.version < version;
}

/// By "stream/id".
std::map<std::string, Known> links_of(const Device& device, const std::string& connection) {
    std::map<std::string, Known> out;
    device.each(of(connection, "l.ext_id, l.state, coalesce(l.version, '')",
                   "JOIN kontor_link l ON l.stream = s.id AND l.ext_id IS NOT NULL"),
                [&](const replica::Statement& row) {
                    out[std::string(row.text(0)) + "/" + std::string(row.text(1))] = {
                        static_cast<int>(row.integer(2)), std::string(row.text(3))};
                });
    return out;
}

}  // namespace

void check_cursors(World& world, Device& device, const std::string& connection) {
    if (device.disk().dead()) return;
    const Server& server = device.connection(connection).account->server();
    // Pages by offset shift while others edit: what slips between two is found by a sweep.
    if (!server.traits().keyset) return;
    if (device.connection(connection).epoch != server.epoch()) return;  // the cursor is not of it
    const auto links = links_of(device, connection);
    std::set<std::string> asked;  // who they are: a person decides
    device.each(of(connection, "m.ext_id", "JOIN kontor_match m ON m.stream = s.id"),
                [&](const replica::Statement& row) {
                    asked.insert(std::string(row.text(0)) + "/" + std::string(row.text(1)));
                });
    device.each(of(connection, "s.cursor", ""), [&](const replica::Statement& row) {
        const std::string stream(row.text(0)), cursor(row.text(1));
        if (cursor.empty() || somebody_merged(world, stream)) return;
        for (const auto& [id, record] : server.records(stream)) {
            const Server::Image* image = server.visible(record);
            // What was out of sight, or deleted, comes back under its old stamp.
            if (image == nullptr || image->stamp >= cursor || record.ever_forbidden ||
                record.ever_deleted || asked.contains(stream + "/" + id))
                continue;
            const auto found = links.find(stream + "/" + id);
            if (found == links.end() || older(found->second, image->version))
                world.violation("B3: dev" + std::to_string(device.number()) + " reads " + stream +
                                " of " + connection + " from " + cursor + " on, and has not got " +
                                id + " of " + image->stamp);
        }
    });
}

void check_taken(World& world, Device& device, const std::string& connection,
                 const std::vector<std::string>& streams) {
    const auto links = links_of(device, connection);
    const Server& server = device.connection(connection).account->server();
    for (const auto& [record, version] : device.connection(connection).account->newest()) {
        const auto stream = record.substr(0, record.find('/'));
        if (!streams.empty() && std::ranges::find(streams, stream) == streams.end()) continue;
        const auto* there = server.find(stream, record.substr(stream.size() + 1));
        // It may be another one here by now; or it was to be read by id, and was out of sight.
        if (there == nullptr || there->ever_deleted || there->ever_forbidden) continue;
        const auto found = links.find(record);
        if (found != links.end() && older(found->second, version))
            world.violation("B4: dev" + std::to_string(device.number()) + " was shown " + record +
                            " of " + connection + " as of " + version + " and knows it as of " +
                            found->second.version);
    }
}

void check_doubtful(World& world, Device& device, const std::string& connection) {
    const Account& account = *device.connection(connection).account;
    const Server& server = account.server();
    if (account.doubtful().empty() || server.traits().read_lag_max.count() > 0 ||
        device.connection(connection).epoch != server.epoch())
        return;
    const auto links = links_of(device, connection);
    for (const auto& [record, version] : account.doubtful()) {
        world.tally().add("doubtful images");
        const auto slash = record.find('/');
        const auto* there = server.find(record.substr(0, slash), record.substr(slash + 1));
        // It may have been restored under that stamp before it was read by id.
        if (there != nullptr && !there->now.deleted && there->now.version == version) continue;
        const auto found = links.find(record);
        if (found != links.end() && found->second.state == kLive &&
            found->second.version == version)
            world.violation("B1: dev" + std::to_string(device.number()) + " took " + record +
                            " of " + connection + " as of " + version +
                            ", which only a page that lags has shown");
    }
}

}  // namespace kontor::simulation
