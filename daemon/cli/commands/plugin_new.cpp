#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/plugin_template.hpp"
#include "daemon/cli/width.hpp"

namespace kontor::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNameMost = 40;

/// What a plugin, a target and a file may be called.
bool is_name(std::string_view name) {
    const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
    return !name.empty() && name.size() <= kNameMost && letter(name.front()) &&
           std::ranges::all_of(
               name, [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

/// my_crm → MyCrm
std::string class_of(std::string_view name) {
    std::string out;
    bool begins = true;
    for (const char c : name) {
        if (c == '_') {
            begins = true;
            continue;
        }
        out += begins && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        begins = false;
    }
    return out;
}

std::string filled(std::string_view text, std::string_view mark, std::string_view value) {
    std::string out;
    for (std::size_t at = 0; at <= text.size();) {
        const auto found = std::min(text.find(mark, at), text.size());
        out += text.substr(at, found - at);
        if (found < text.size()) out += value;
        at = found + (found < text.size() ? mark.size() : 1);
    }
    return out;
}

Failure not_written(Context& context, const std::string& path) {
    return failed(context.language(), Exit::kFailed, "storage", "cli.new.not_written",
                  {{"path", path}});
}

}  // namespace

Outcome<Exit> run_plugin_new(Context& context) {
    const auto name = context.args().argument("NAME");
    if (!is_name(name))
        return usage(context.language(), "cli.new.name", {{"name", one_line(name)}});
    const fs::path folder = context.args().option("dir", name);
    std::error_code ignored;
    if (fs::exists(folder, ignored) && !fs::is_empty(folder, ignored))
        return tl::unexpected<Failure>(failed(context.language(), Exit::kConflict, "conflict",
                                              "cli.new.exists", {{"path", folder.string()}},
                                              "cli.new.exists.hint"));
    fs::create_directories(folder, ignored);
    nlohmann::json written = nlohmann::json::array();
    for (const auto& file : plugin_template()) {
        const auto path = folder / file.name;
        std::ofstream out(path, std::ios::binary);
        out << filled(filled(file.text, "@NAME@", name), "@CLASS@", class_of(name));
        out.close();
        if (!out) return tl::unexpected<Failure>(not_written(context, path.string()));
        if (file.program)
            fs::permissions(path, fs::perms::owner_exec | fs::perms::group_exec,
                            fs::perm_options::add, ignored);
        written.push_back(path.string());
        context.note(context.text("cli.new.wrote", {{"path", path.string()}}));
    }
    context.note(context.text("cli.new.next", {{"path", folder.string()}}));
    if (context.json()) context.print_json({{"name", name}, {"files", std::move(written)}});
    return Exit::kOk;
}

}  // namespace kontor::cli
