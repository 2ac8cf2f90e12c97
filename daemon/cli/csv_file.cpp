#include "daemon/cli/csv_file.hpp"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "connectors/sdk/csv_reader.hpp"
#include "connectors/sdk/error.hpp"

namespace kontor::cli {

std::optional<nlohmann::json> csv_rows(std::string_view text) {
    sdk::CsvReader reader([&text](char* to, std::size_t size) {
        const auto some = std::min(size, text.size());
        std::memcpy(to, text.data(), some);
        text.remove_prefix(some);
        return some;
    });
    std::vector<std::string_view> cells;
    auto rows = nlohmann::json::array();
    try {
        if (!reader.next(cells) || cells.front().empty()) return std::nullopt;
        const std::vector<std::string> names(cells.begin(), cells.end());
        while (reader.next(cells)) {
            while (cells.size() > names.size() && cells.back().empty()) cells.pop_back();
            if (cells.size() > names.size()) {
                rows.push_back(nullptr);
                continue;
            }
            auto row = nlohmann::json::object();
            for (std::size_t i = 0; i < cells.size(); ++i) row[names[i]] = cells[i];
            rows.push_back(std::move(row));
        }
    } catch (const sdk::Error&) {
        return std::nullopt;
    }
    return rows;
}

}  // namespace kontor::cli
