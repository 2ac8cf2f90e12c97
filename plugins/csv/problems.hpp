#pragma once

#include <map>
#include <string>
#include <string_view>

#include "connectors/sdk/connector.hpp"
#include "plugins/csv/pull.hpp"
#include "plugins/csv/tables.hpp"

namespace kontor::csv {

/// What could not be taken in is a table of its own, so that it is listed in a dry run, can be
/// asked for as any records can, and goes away when the file is put right.
inline constexpr std::string_view kProblems = "csv_problems";

/// More problems of one file than these are told as one.
inline constexpr std::int64_t kProblemsMax = 500;

[[nodiscard]] sdk::StreamSpec problems_stream();

/// Hands over what is wrong with files that changed since `cursor`, and that it is wrong no more.
[[nodiscard]] std::string pull_problems(sdk::Host& host, Folder& folder, Tables& tables,
                                        const Options& options, const sdk::Request& request,
                                        std::string_view cursor);

}  // namespace kontor::csv
