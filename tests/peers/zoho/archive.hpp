#pragma once
// ZIP files of bulk jobs, and compressed answers.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kontor::peer::zoho {

/// A ZIP with one file. `level` 0 stores, 1..9 deflates.
std::string make_zip(const std::string& name, std::string_view content, int level);

/// The text as a gzip stream.
std::string gzipped(std::string_view text);

/// Names and contents of a ZIP's files; empty when malformed or larger than `limit` unpacked.
std::vector<std::pair<std::string, std::string>> read_zip(std::string_view zip, std::size_t limit);

}  // namespace kontor::peer::zoho
