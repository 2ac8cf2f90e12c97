#include "connectors/host/plugin_list.hpp"

#include <algorithm>
#include <filesystem>

#include "connectors/host/digest.hpp"
#include "connectors/host/library.hpp"
#include "connectors/host/spec.hpp"

namespace kontor::host {
namespace {

constexpr std::size_t kPluginsMax = 1'000;

PluginFile look_at(const std::string& path) {
    PluginFile out;
    out.path = path;
    auto digest = sha256_file(path);
    if (!digest) {
        out.error = std::move(digest.error());
        return out;
    }
    out.sha256 = std::move(*digest);
    auto library = Library::load(path);
    if (!library) {
        out.error = std::move(library.error());
        return out;
    }
    out.name = (*library)->name();
    out.version = (*library)->version();
    out.abi = static_cast<int>(KONTOR_ABI_VERSION);  // load() accepts no other
    out.spec_json = (*library)->spec_json();
    if (auto spec = PluginSpec::parse(out.spec_json); !spec) out.error = std::move(spec.error());
    return out;
}

}  // namespace

Result<std::vector<PluginFile>> list_plugins(const std::string& folder) {
    std::error_code failed;
    std::filesystem::directory_iterator entries(folder, failed);
    if (failed)
        return fail(Errc::kNotFound, "folder " + folder + ": " + failed.message(),
                    {{"path", folder}});
    std::vector<std::string> paths;
    for (const auto end = std::filesystem::directory_iterator(); entries != end;
         entries.increment(failed)) {
        if (failed || paths.size() >= kPluginsMax) break;
        if (entries->path().extension() == ".so") paths.push_back(entries->path().string());
    }
    std::ranges::sort(paths);
    std::vector<PluginFile> out;
    for (const auto& path : paths) out.push_back(look_at(path));
    return out;
}

}  // namespace kontor::host
