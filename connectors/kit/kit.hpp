#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/host/connection.hpp"
#include "connectors/kit/verdict.hpp"

namespace kontor::kit {

/// One check of the port's contract (sync/remote/remote.hpp) or of the engine's needs. Its title
/// and its reason are texts of the catalogue: `kit.check.NAME`, `kit.why.NAME`.
struct CheckInfo {
    std::string_view name;
    bool writes = false;  ///< makes, changes and deletes records
};
/// All of them, in the order in which they run.
[[nodiscard]] std::vector<CheckInfo> all_checks();

struct Options {
    /// Its state folder must be the kit's own. Patience of retries is the kit's.
    host::ConnectionSettings connection;
    bool write = false;             ///< the account is for tests: its records may be written
    std::set<std::string> streams;  ///< empty: all
    std::set<std::string> checks;   ///< empty: all
    /// "Contacts.Region" → the value that records of the kit's get in this field.
    std::map<std::string, std::string> values;
    std::function<Result<>()> change_schema;         ///< adds a field at the remote; may be empty
    std::chrono::milliseconds patience{20'000};      ///< for what remotes show late
    std::chrono::milliseconds cancel_within{5'000};  ///< a cancelled call must have ended
    /// Called before each check. May be empty.
    std::function<void(std::string_view check, std::string_view stream, std::size_t done,
                       std::size_t total)>
        on_step;
    std::stop_token stop;  ///< ends the run early; what was made is still deleted
};

/// What the kit is given. All must outlive run().
struct Deps {
    const Clock& clock;
    Random& random;
    host::SecretStore& secrets;
    /// Instead of libcurl, for each connection. May be empty.
    std::function<std::unique_ptr<host::HttpClient>()> http = {};
};

/// Runs the checks. An error only if the connection cannot be opened or described at all.
[[nodiscard]] Result<Report> run(const Options& options, const Deps& deps);

}  // namespace kontor::kit
