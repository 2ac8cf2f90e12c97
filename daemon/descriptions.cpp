#include "daemon/descriptions.hpp"

#include <filesystem>
#include <map>

#include "connectors/declarative/read.hpp"
#include "connectors/declarative/spec_json.hpp"
#include "connectors/host/atomic_file.hpp"
#include "connectors/host/digest.hpp"

namespace kontor::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileMax = std::size_t{1} << 20;

DescribedPlugin read(const std::string& name, const std::string& path) {
    DescribedPlugin out;
    out.name = name;
    out.path = path;
    auto text = host::read_file(path, kFileMax);
    if (!text) {
        out.error = std::move(text.error());
        return out;
    }
    if (!*text) {
        out.error = Error{Errc::kNotFound, path + " is not there any more", {}, std::nullopt};
        return out;
    }
    out.text = std::move(**text);
    out.sha256 = host::sha256_hex(out.text);
    config::Problems problems;
    const auto description = declarative::read_description(out.text, path, problems);
    if (!description) {
        out.error = config::to_error(problems);
        return out;
    }
    out.version = description->version;
    out.spec_json = declarative::spec_json(*description);
    return out;
}

void apply(const ConnectorHome& home, DescribedPlugin described,
           host::ConnectionSettings& settings) {
    settings.plugin_path = home.path_of(kDescriptionRunner);
    settings.description_path = std::move(described.path);
    settings.description = std::move(described.text);
    settings.spec_json = std::move(described.spec_json);
}

}  // namespace

Result<std::optional<DescribedPlugin>> find_description(const ConnectorHome& home,
                                                        const std::string& name) {
    std::error_code ignored;
    if (fs::exists(home.folder + "/" + name + ".so", ignored))
        return std::optional<DescribedPlugin>();
    for (const auto& folder : home.descriptions) {
        const auto path = folder + "/" + name + ".toml";
        if (!fs::exists(path, ignored)) continue;
        auto found = read(name, path);
        if (found.error) return tl::unexpected(std::move(*found.error));
        return std::optional(std::move(found));
    }
    return std::optional<DescribedPlugin>();
}

Result<> apply_description(const ConnectorHome& home, const std::string& plugin,
                           host::ConnectionSettings& settings) {
    auto described = find_description(home, plugin);
    if (!described) return pass(described);
    if (*described) apply(home, std::move(**described), settings);
    return {};
}

Result<> apply_description_file(const ConnectorHome& home, const std::string& path,
                                host::ConnectionSettings& settings) {
    auto described = read(fs::path(path).stem().string(), path);
    if (described.error) return tl::unexpected(std::move(*described.error));
    apply(home, std::move(described), settings);
    return {};
}

std::vector<DescribedPlugin> list_descriptions(const ConnectorHome& home) {
    std::map<std::string, std::string> paths;
    for (const auto& folder : home.descriptions) {
        std::error_code ignored;
        for (fs::directory_iterator it(folder, ignored), end; !ignored && it != end;
             it.increment(ignored))
            if (it->path().extension() == ".toml")
                paths.emplace(it->path().stem().string(), it->path().string());
    }
    std::vector<DescribedPlugin> out;
    for (const auto& [name, path] : paths) out.push_back(read(name, path));
    return out;
}

}  // namespace kontor::app
