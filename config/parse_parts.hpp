#pragma once

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

/// [backup.NAME]
void read_backups(const Node& node, TableReader::Into into, std::vector<Backup>& out);
void check_backups(const std::vector<Backup>& backups, const Origins& origins, Problems& problems);

}  // namespace kontor::config
