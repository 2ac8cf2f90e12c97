#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/salesforce/metadata.hpp"

namespace kontor::salesforce {

/// Turns what lists and exports show into the records of a batch. A field that the object does not
/// have stays absent; what is empty there is null.
class Images {
public:
    /// `metadata` and `object` must outlive this.
    Images(Metadata& metadata, const Object& object, const std::vector<std::string>& requested);

    /// The names to be asked for: the id, the stamp, who changed it, and the requested fields.
    [[nodiscard]] const std::vector<std::string>& projection() const { return projection_; }
    /// Throws KONTOR_E_PROTOCOL for a row without id or stamp, or of another object.
    void add(const sdk::Json& row, abi::BatchWriter& out) const;

    /// Where the columns of a CSV file are. Throws KONTOR_E_PROTOCOL if one is missing.
    [[nodiscard]] std::vector<std::size_t> order_of(
        const std::vector<std::string_view>& header) const;
    void add_cells(const std::vector<std::string_view>& cells,
                   const std::vector<std::size_t>& order, abi::BatchWriter& out) const;

private:
    struct Column {
        const Field* field;
        std::uint16_t index;    ///< among the requested fields
        std::size_t projected;  ///< in the projection
    };
    void begin(std::string_view id, std::string_view stamp, std::string_view actor,
               abi::BatchWriter& out) const;

    const Object& object_;
    const Prefixes& prefixes_;
    std::vector<Column> columns_;
    std::vector<std::string> projection_;
};

/// The version of a row: its stamp. Throws KONTOR_E_PROTOCOL if it has none.
[[nodiscard]] std::string version_of(std::string_view stamp, std::string_view object);

}  // namespace kontor::salesforce
