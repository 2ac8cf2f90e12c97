#include "daemon/doctor/at_rest.hpp"

#include <unistd.h>

#include <filesystem>

#include "daemon/replica_file.hpp"
#include "sync/replica/migrations.hpp"

namespace kontor::doctor {
namespace {

/// What is wrong with the file; success if it is sound, or of an older version, whose tables
/// differ.
Result<> examine_file(const std::string& path) {
    if (auto known = app::recognise_replica(path); !known) return known;
    replica::OpenOptions options;
    options.access = replica::Access::kReadOnly;
    auto db = replica::Database::open(path, options);
    if (!db) return pass(db);
    auto version = replica::schema_version(*db);
    if (!version) return pass(version);
    if (*version != replica::kSchemaVersion) return {};
    auto problems = replica::check_integrity(*db, replica::IntegrityDepth::kFull);
    if (!problems) return pass(problems);
    // A trigger or a column that somebody has dropped keeps no kontord from starting.
    for (const auto& problem : *problems)
        if (problem.kind == replica::IntegrityProblem::Kind::kDatabase)
            return fail(Errc::kCorrupt, problem.detail);
    return {};
}

}  // namespace

std::vector<Finding> examine_at_rest(const std::string& state_dir) {
    const auto path = state_dir + "/replica.db";
    std::error_code none;
    const auto size = std::filesystem::file_size(path, none);
    if (none) return {};
    std::vector<Finding> out{
        check_disk(state_dir, free_bytes(state_dir), static_cast<std::int64_t>(size)),
        check_writable(path), check_permissions(state_dir, 0700), check_permissions(path, 0600)};
    if (size > 0 && ::access(path.c_str(), R_OK) == 0)
        out.push_back(check_file(path, examine_file(path)));
    return out;
}

}  // namespace kontor::doctor
