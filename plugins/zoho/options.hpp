#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::zoho {

/// A Zoho data centre: an organisation's data is in exactly one. Sources: Zoho's multi-DC page and
/// its own SDK. `suffix` completes https://{www,sandbox,developer}.zohoapis.
struct DataCentre {
    std::string_view name, accounts_url, api_suffix, upload_url;
};
[[nodiscard]] const std::vector<DataCentre>& data_centres();

/// The standard modules that are replicated unless the configuration says otherwise.
[[nodiscard]] const std::vector<std::string>& standard_modules();

enum class BulkMode { kAuto, kAlways, kNever };

/// A connection's options, complete and checked.
struct Options {
    std::string api_url;  ///< base of all calls but the upload of bulk files
    std::vector<std::string> modules;
    bool custom_modules = true;
    std::string external_id_field = "Kontor_Id";
    std::vector<std::string> trigger;  ///< automation that our writes set off; empty = none
    BulkMode bulk = BulkMode::kAuto;
    std::int64_t bulk_threshold = 2000;  ///< records from which a first load uses Bulk Read
    std::int64_t overlap_ms = 120'000;   ///< how far each increment looks back behind its cursor
    std::size_t page_fields = 50;        ///< names in one `fields` parameter

    /// `config` is the JSON of open(). Throws sdk::Error(KONTOR_E_INVALID) naming the option.
    [[nodiscard]] static Options parse(std::string_view config);
};

}  // namespace kontor::zoho
