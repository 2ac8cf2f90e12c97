#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/declarative/description.hpp"
#include "connectors/sdk/connector.hpp"

namespace kontor::rest {

using sdk::Json;

/// The values of one description in both directions: as the remote has them, and in the canonical
/// forms of docs/values.md. `description` must outlive it. Thread-safe.
class ValueForms {
public:
    ValueForms(const declarative::Description& description, std::int64_t offset_ms)
        : description_(description), offset_ms_(offset_ms) {}

    /// Adds what a row has in this field; false (nothing added) if it makes no sense.
    [[nodiscard]] bool add(const declarative::Field& field, const Json& value, std::uint16_t index,
                           abi::BatchWriter& out) const;
    /// A value for the remote; nullopt if the field cannot hold it.
    [[nodiscard]] std::optional<Json> written(const declarative::Stream& stream,
                                              const declarative::Field& field,
                                              const abi::BatchReader::Field& value) const;

    /// A moment in one of the forms of the description; nullopt if it is blank or has another form.
    [[nodiscard]] std::optional<std::int64_t> moment(const std::string& format,
                                                     const Json& value) const;
    [[nodiscard]] Json written_moment(const std::string& format, std::int64_t ms) const;
    /// Whether a record may have this id: where ids are numbers, no other text is one, and servers
    /// take offence at it.
    [[nodiscard]] static bool may_be_id(const declarative::Stream& stream, std::string_view id);
    /// An id as requests have it.
    [[nodiscard]] static Json written_id(const declarative::Stream& stream, std::string_view id);

private:
    [[nodiscard]] const Json* shape(const std::string& format) const;
    [[nodiscard]] std::optional<std::string> date(const declarative::Field& field,
                                                  const Json& value) const;
    [[nodiscard]] std::optional<Json> written_time(const declarative::Field& field,
                                                   std::string_view text) const;
    [[nodiscard]] std::optional<Json> plain(const declarative::Field& field,
                                            const abi::BatchReader::Field& value) const;
    [[nodiscard]] bool as_number(const declarative::Field& field) const;

    const declarative::Description& description_;
    const std::int64_t offset_ms_;
};

/// The id that a row has there: text or an integer; "" if it has none.
[[nodiscard]] std::string id_text(const Json* value);

}  // namespace kontor::rest
