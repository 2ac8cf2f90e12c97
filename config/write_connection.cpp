#include "config/node.hpp"
#include "config/parse.hpp"
#include "config/table_reader.hpp"

namespace kontor::config {
namespace {

std::string literal(const Option& option) {
    struct {
        std::string operator()(const std::string& text) const { return toml_string(text); }
        std::string operator()(std::int64_t number) const { return std::to_string(number); }
        std::string operator()(bool flag) const { return flag ? "true" : "false"; }
        std::string operator()(const std::vector<std::string>& list) const {
            std::string out = "[";
            for (const auto& item : list) out += (out.size() > 1 ? ", " : "") + toml_string(item);
            return out + "]";
        }
    } write;
    return std::visit(write, option);
}

std::string number(double value) {
    auto text = std::to_string(value);
    while (text.size() > 3 && text.back() == '0' && text[text.size() - 2] != '.') text.pop_back();
    return text;
}

}  // namespace

std::string write_connection(const Connection& c) {
    const Connection defaults;
    const std::string table = "connection." + quoted_key(c.name);
    std::string out = "# Connection " + c.name + ". kontor.example.toml explains every key.\n";
    out += "[" + table + "]\nplugin = " + toml_string(c.plugin) + "\n";
    if (!c.plugin_sha256.empty()) out += "plugin_sha256 = " + toml_string(c.plugin_sha256) + "\n";
    if (!c.mapping.empty()) out += "mapping = " + toml_string(c.mapping) + "\n";
    if (c.interval.count() != 0)
        out += "interval = " + toml_string(format_duration(c.interval)) + "\n";
    if (!c.ca_file.empty()) out += "ca_file = " + toml_string(c.ca_file) + "\n";
    if (!c.proxy.empty()) out += "proxy = " + toml_string(c.proxy) + "\n";
    if (!c.push) out += "push = false\n";
    if (c.allow_http_loopback) out += "allow_http_loopback = true\n";
    if (!c.jurisdiction.empty()) out += "jurisdiction = " + toml_string(c.jurisdiction) + "\n";
    if (!c.options.empty()) {
        out += "\n[" + table + ".options]\n";
        for (const auto& [name, value] : c.options)
            out += quoted_key(name) + " = " + literal(value) + "\n";
    }
    if (!(c.sign_in == defaults.sign_in)) {
        out += "\n[" + table + ".sign_in]\n";
        if (!c.sign_in.kind.empty()) out += "kind = " + toml_string(c.sign_in.kind) + "\n";
        for (const auto& [name, value] : c.sign_in.values)
            out += quoted_key(name) + " = " + toml_string(value) + "\n";
    }
    if (!c.secrets.empty()) {
        out +=
            "\n# Where the secrets lie; never the secrets themselves.\n[" + table + ".secrets]\n";
        for (const auto& [name, reference] : c.secrets)
            out += quoted_key(name) + " = " + toml_string(reference) + "\n";
    }
    for (const auto& [name, folder] : c.folders) {
        out += "\n[" + table + ".folders." + quoted_key(name) +
               "]\npath = " + toml_string(folder.path) + "\n";
        if (folder.write) out += "write = true\n";
    }
    if (!(c.guards == defaults.guards)) {
        out += "\n[" + table + ".guards]\ndeletes = " + std::to_string(c.guards.deletes) +
               "\nedits = " + std::to_string(c.guards.edits) +
               "\nmissing_share = " + number(c.guards.missing_share) + "\n";
    }
    if (!(c.limits == defaults.limits)) {
        out += "\n[" + table +
               ".limits]\nrequests_per_second = " + number(c.limits.requests_per_second) +
               "\nconcurrency = " + std::to_string(c.limits.concurrency) +
               "\ndaily_credits = " + std::to_string(c.limits.daily_credits) + "\n";
        if (c.limits.credit_reserve >= 0)
            out += "credit_reserve = " + std::to_string(c.limits.credit_reserve) + "\n";
    }
    return out;
}

}  // namespace kontor::config
