#include "daemon/backup/spool.hpp"

#include <filesystem>
#include <set>

#include "connectors/host/atomic_file.hpp"
#include "sync/backup/file.hpp"

namespace kontor::backup {
namespace {

namespace fs = std::filesystem;

Result<> keep_file(const std::string& from, const std::string& to) {
    const auto now = read_whole(from);
    if (!now) return tl::unexpected<Error>(now.error());
    // Written only if it is another: what is unchanged is not read again by the repository.
    if (const auto before = read_whole(to); before && *before == *now) return {};
    return write_whole(to, *now);
}

/// Where a configuration file goes: its path below the configuration's folder, else its whole path
/// below `elsewhere`, for two folders may have a file of one name.
std::string place_of(const std::string& file, const std::string& folder) {
    const auto below = fs::path(file).lexically_relative(folder);
    if (below.empty() || below.native().starts_with(".."))
        return "elsewhere/" + fs::path(file).relative_path().string();
    return below.string();
}

/// All that people have written for Kontor: surveys and descriptions of CRMs as well, which are
/// read only when they are needed. By name, for a secret may lie beside them.
std::set<std::string> written_files(const config::Loaded& configuration) {
    std::set<std::string> out(configuration.files.begin(), configuration.files.end());
    const auto add = [&](const std::string& file) {
        std::error_code ignored;
        if (fs::is_regular_file(file, ignored)) out.insert(file);
    };
    for (const auto& connection : configuration.config.connections) add(connection.mapping);
    for (const auto* name : {"feedback.toml", "lexicon.toml"})
        add(configuration.folder + "/" + name);
    for (const auto* name : {"surveys", "rest"}) {
        std::error_code ignored;
        for (fs::directory_iterator it(configuration.folder + "/" + name, ignored), end;
             !ignored && it != end; it.increment(ignored))
            if (it->path().extension() == ".toml") add(it->path().string());
    }
    return out;
}

Result<> keep_configuration(const config::Loaded& configuration, const std::string& folder) {
    std::set<std::string> kept;
    for (const auto& file : written_files(configuration)) {
        const auto to = folder + "/" + place_of(file, configuration.folder);
        if (auto made = host::make_private_folder(fs::path(to).parent_path().string()); !made)
            return made;
        if (auto done = keep_file(file, to); !done) return done;
        kept.insert(to);
    }
    // Those that are no longer part of the configuration.
    std::error_code ignored;
    std::set<std::string> gone;
    for (fs::recursive_directory_iterator it(folder, ignored), end; !ignored && it != end;
         it.increment(ignored))
        if (it->is_regular_file() && !kept.contains(it->path().string()))
            gone.insert(it->path().string());
    for (const auto& file : gone) fs::remove(file, ignored);
    return {};
}

}  // namespace

std::string changed_pages_file(const std::string& state_dir) {
    return state_dir + "/backup/pages.changed";
}

Result<Spool> Spool::open(const std::string& state_dir) {
    auto folder = state_dir + "/backup";
    if (auto made = host::make_private_folder(folder); !made) return pass(made);
    auto lock = app::LockFile::acquire(folder + "/lock");
    if (!lock) {
        if (lock.error().code == Errc::kBusy) lock.error().args["reason"] = "backup_running";
        return pass(lock);
    }
    return Spool(state_dir, std::move(folder), std::move(*lock));
}

Result<Extended> Spool::gather(const config::Loaded& configuration, const PointLabel& label) {
    const auto path = state_dir_ + "/replica.db";
    if (!fs::exists(path))
        return fail(Errc::kNotFound, "there is no replica at " + path,
                    {{"path", path}, {"reason", "backup_no_replica"}});
    auto db = replica::Database::open(path, {.access = replica::Access::kReadOnly});
    if (!db) return pass(db);
    if (auto made = host::make_private_folder(tree()); !made) return pass(made);
    if (auto done = keep_configuration(configuration, tree() + "/config"); !done) return pass(done);
    return extend_chain(
        {tree() + "/replica", folder_ + "/pages.hashes", changed_pages_file(state_dir_)}, *db,
        label);
}

}  // namespace kontor::backup
