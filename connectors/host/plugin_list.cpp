#include "connectors/host/plugin_list.hpp"

#include <algorithm>
#include <filesystem>

#include "connectors/host/digest.hpp"
#include "connectors/host/spec.hpp"

namespace kontor::host {
namespace {

constexpr std::size_t kPluginsMax = 1'000;

PluginFile look_at(const std::string& path, const Isolation& isolation) {
    PluginFile out;
    out.path = path;
    auto digest = sha256_file(path);
    if (!digest) {
        out.error = std::move(digest.error());
        return out;
    }
    out.sha256 = std::move(*digest);
    const auto connector = start_connector(path, isolation);
    if (!connector) {
        out.error = connector.error();
        return out;
    }
    const auto& info = (*connector)->info();
    out.name = info.name;
    out.version = info.version;
    out.abi = static_cast<int>(KONTOR_ABI_VERSION);  // no other is accepted
    out.spec_json = info.spec_json;
    for (std::uint8_t number = 0; number < kFunctions; ++number)
        if (const auto function = static_cast<Function>(number); info.has(function))
            out.functions.emplace_back(to_string(function));
    if (auto spec = PluginSpec::parse(out.spec_json); !spec) out.error = std::move(spec.error());
    return out;
}

}  // namespace

Result<std::vector<PluginFile>> list_plugins(const std::string& folder,
                                             const Isolation& isolation) {
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
    for (const auto& path : paths) out.push_back(look_at(path, isolation));
    return out;
}

}  // namespace kontor::host
