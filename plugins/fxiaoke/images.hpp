#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/fxiaoke/metadata.hpp"
#include "plugins/fxiaoke/query.hpp"

namespace kontor::fxiaoke {

/// What every reading of rows needs to know of a row.
struct Stamp {
    std::string id;
    std::int64_t modified_ms = 0;
    bool gone = false;  ///< invalidated (作废) or deleted: in the recycle bin
};
/// Throws KONTOR_E_PROTOCOL for a row without id or time.
[[nodiscard]] Stamp stamp_of(const sdk::Json& row, std::string_view object);
[[nodiscard]] std::string version_of(const Stamp& stamp);

/// Turns rows into the records of a batch. Deleted rows become abi::Op::kDeleted. A field that the
/// object does not have stays absent; so does one that a row leaves out, unless the server is seen
/// to leave nulls out.
class Images {
public:
    /// `metadata` and `object` must outlive this.
    Images(Metadata& metadata, const Object& object, const std::vector<std::string>& requested);

    /// The names to be asked for.
    [[nodiscard]] const std::vector<std::string>& projection() const { return projection_; }
    /// Throws sdk::Error with unknown_field if a requested field is not there any more; then
    /// nothing of the rows has been added.
    void add(const sdk::Json& rows, abi::BatchWriter& out);
    void add_row(const sdk::Json& row, const Stamp& stamp, abi::BatchWriter& out) const;

    /// The records with these ids, or kMissing, kForbidden.
    void by_ids(Lister& lister, std::span<const std::string> ids, abi::BatchWriter& out);

private:
    struct Column {
        const Field* field;
        std::uint16_t index;
    };
    void look_for_missing(const sdk::Json& rows);
    void absent(Lister& lister, const std::string& id, abi::BatchWriter& out);

    Metadata& metadata_;
    const Object& object_;
    std::int64_t utc_offset_ms_;
    std::vector<Column> columns_;
    std::vector<std::string> projection_;
    bool looked_ = false;
};

}  // namespace kontor::fxiaoke
