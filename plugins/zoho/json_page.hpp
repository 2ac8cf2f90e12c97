#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/abi/record_batch.hpp"
#include "plugins/zoho/columns.hpp"

namespace kontor::zoho {

/// Whether an id that an answer holds can be one of Zoho's: digits. Any other would be sent back to
/// it within a list of ids.
[[nodiscard]] bool is_id(std::string_view text);

/// What a page of records was, beside its records.
struct Page {
    std::size_t records = 0;
    bool more = false;
    std::string next_token;
    std::string last_id;           ///< of the last record
    std::int64_t newest_ms = 0;    ///< greatest Modified_Time; 0 = none had one
    bool ordered = true;           ///< Modified_Time never decreased
    std::vector<std::string> ids;  ///< in order, if asked for
    std::vector<std::string> cut;  ///< ids of records of which a value was left out as cut off
};

/// Reads pages of records ({"data": […], "info": {…}}) straight into a record batch: the hot path.
/// Parses on demand with simdjson; nothing is allocated per value. One per column list, reused for
/// all pages; not thread-safe.
class PageReader {
public:
    /// `columns` must outlive it.
    explicit PageReader(const Columns& columns);
    ~PageReader();

    struct Mode {
        bool ids = false;       ///< collect the ids
        bool list = true;       ///< rich text may be cut off here
        bool only_ids = false;  ///< write id and version only, as abi::Op::kId
    };

    /// Appends the page's records to `out`. Throws KONTOR_E_PROTOCOL, saying why, if the page is
    /// not what Zoho sends; `out` must then be cleared.
    Page read(std::string_view body, abi::BatchWriter& out, const Mode& mode);
    Page read(std::string_view body, abi::BatchWriter& out) { return read(body, out, Mode{}); }

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kontor::zoho
