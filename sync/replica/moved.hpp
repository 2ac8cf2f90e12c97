#pragma once

#include <string>

#include "sync/base/result.hpp"

namespace kontor::replica {

/// kCorrupt: the replica's file has been moved, deleted or replaced while it was open
/// (Database::has_moved()). What is written to either file then may be lost, or may damage the
/// other.
[[nodiscard]] inline tl::unexpected<Error> moved_error(const std::string& path) {
    return fail(Errc::kCorrupt, path + " has been moved, deleted or replaced",
                {{"reason", "replica_moved"}, {"path", path}});
}

[[nodiscard]] inline bool is_moved_error(const Error& error) {
    const auto reason = error.args.find("reason");
    return reason != error.args.end() && reason->second == "replica_moved";
}

}  // namespace kontor::replica
