#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/parse.hpp"
#include "config/table_reader.hpp"

namespace kontor::config {

// What reads one part of a document, for parse.cpp and each other.

/// A path, made absolute by the folder of the file that says it.
void read_path(TableReader& in, std::string_view key, std::string& out);
/// The table `secrets`: name → reference.
void read_secrets(TableReader& in, std::map<std::string, std::string>& out);

/// Where a key was said; no file and line 0 if it was not.
struct Place {
    std::string file;
    int line = 0;
};
[[nodiscard]] Place place_of(const Origins& origins, const std::string& key);

/// The tables of one kind by their names, [KIND.NAME], each into its place in `out`, which is kept
/// in the order of names.
template <class T>
void read_named(const Node& node, const std::string& kind, TableReader::Into into,
                std::vector<T>& out, void (*read)(const Node&, TableReader::Into, T&)) {
    for (const auto& [name, line, column, value] : node.members) {
        const auto key = kind + "." + name;
        const auto complain = [&, line = line, column = column](std::string reason) {
            into.problems.push_back(Problem{into.file, line, column, key, std::move(reason), ""});
        };
        if (!check_connection_name(name).empty()) {
            complain("a " + kind + "'s name is 1 to 32 of the letters a-z, digits, _ and -");
            continue;
        }
        if (value.kind != Node::Kind::kTable) {
            complain("must be a table: [" + key + "]");
            continue;
        }
        auto at = std::find_if(out.begin(), out.end(),
                               [&name = name](const T& item) { return item.name >= name; });
        if (at == out.end() || at->name != name) {
            at = out.insert(at, T{});
            at->name = name;
        }
        if (into.origins != nullptr)
            into.origins->emplace(key, into.file + ":" + std::to_string(line));
        read(value, into, *at);
    }
}

/// [jobs] and [job.NAME]
void read_jobs(const Node& node, TableReader::Into into, Jobs& out);
void read_job(const Node& node, TableReader::Into into, Job& out);
void check_jobs(const Config& config, const Origins& origins, Problems& problems);

/// [backup.NAME]
void read_backups(const Node& node, TableReader::Into into, std::vector<Backup>& out);
void check_backups(const std::vector<Backup>& backups, const Origins& origins, Problems& problems);

}  // namespace kontor::config
