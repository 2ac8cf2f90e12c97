#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::fxiaoke {

/// Which of the two generations of the interface is spoken: they differ in how a request says who
/// asks, and in the form of employees' ids ("1000", "FSUID_…").
enum class Generation { kNew, kOld };

/// A cloud that tenants live in, and its gateway.
struct Cloud {
    std::string_view name, api_url;
};
[[nodiscard]] const std::vector<Cloud>& clouds();

/// The objects that are replicated unless the configuration says otherwise.
[[nodiscard]] const std::vector<std::string>& standard_objects();

/// A connection's options, complete and checked.
struct Options {
    std::string api_url;
    Generation generation = Generation::kNew;
    std::string user_id;  ///< employee on whose behalf is read and written
    std::vector<std::string> objects;
    bool custom_objects = true;
    std::string external_id_field = "kontor_id__c";
    bool trigger_approval = false, trigger_workflow = false;
    std::int64_t utc_offset_ms = 8 * 3'600'000;  ///< of the tenant: a date is its midnight
    std::int64_t lag_ms = 120'000;               ///< how late a change may become visible
    std::int64_t overlap_ms = 300'000;  ///< how far each increment looks back behind its cursor

    /// `config` is the JSON of open(). Throws sdk::Error(KONTOR_E_INVALID) naming the option.
    [[nodiscard]] static Options parse(std::string_view config);
};

}  // namespace kontor::fxiaoke
