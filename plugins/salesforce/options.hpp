#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::salesforce {

/// The objects that are replicated unless the configuration says otherwise.
[[nodiscard]] const std::vector<std::string>& standard_objects();

/// A connection's options, complete and checked.
struct Options {
    std::string instance_url;
    std::vector<std::string> objects;
    bool custom_objects = true;
    std::string external_id_field = "Kontor_Id__c";
    std::int64_t bulk_from = 10'000;  ///< records; 0 = never
    bool allow_duplicates = false, auto_assign = false;
    std::int64_t overlap_ms = 900'000;  ///< how far each increment looks back behind its cursor

    /// `config` is the JSON of open(). Throws sdk::Error(KONTOR_E_INVALID) naming the option.
    [[nodiscard]] static Options parse(std::string_view config);
};

}  // namespace kontor::salesforce
