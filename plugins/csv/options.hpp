#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/csv/rows.hpp"
#include "plugins/csv/values.hpp"

namespace kontor::csv {

/// The folders that a connection is granted, by name.
inline constexpr std::string_view kInbox = "inbox", kOutbox = "outbox";

/// The options of a connection.
struct Options {
    /// Throws sdk::Error(KONTOR_E_INVALID) naming the option that is wrong.
    [[nodiscard]] static Options parse(std::string_view config);

    CsvSettings reading;
    Habits habits;
    std::vector<std::pair<std::string, std::string>> tables;  ///< table, pattern of paths
    std::map<std::string, std::string> keys;                  ///< table → column
    std::map<std::string, std::string> entities;              ///< table → kind of record
    std::map<std::string, Type> types;                        ///< "table.column" → type
    std::map<std::string, std::string> references;  ///< "table.column" → table; "-": none
    bool complete = false;                          ///< what is in no file any more is deleted
    std::int64_t settle_ms = 3'000;

    std::vector<std::string> exports;  ///< kinds of records
    std::string out_encoding = "UTF-8";
    bool out_mark = true;  ///< begins with a byte order mark: Excel needs it for UTF-8
    char out_delimiter = ',';
    bool out_chinese = false;  ///< names of columns
    bool defuse = true;
};

}  // namespace kontor::csv
