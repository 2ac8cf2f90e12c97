#pragma once
// Turns JSON values of a write into stored form, with Zoho's validation.

#include <optional>
#include <string>

#include "tests/peers/zoho/api_error.hpp"
#include "tests/peers/zoho/org.hpp"

namespace kontor::peer::zoho {

/// Module and external field of an X-EXTERNAL header.
struct ExternalKey {
    const Module* module;
    std::size_t field;
};

class FieldInput {
public:
    FieldInput(Org& org, const std::vector<ExternalKey>& external)
        : org_(org), external_(external) {}

    /// Converts `value` for `field`; `stored` holds the former stored form on entry (subforms
    /// merge with it). Returns an error object when the value is refused.
    std::optional<Json> convert(const Field& field, const Json& value, const std::string& path,
                                std::string& stored) const;

private:
    Json wrong_type(const Field& field, const std::string& path, std::string_view expected) const;
    std::optional<Json> text(const Field& field, const Json& value, const std::string& path,
                             std::string& stored) const;
    std::optional<Json> picklist(const Field& field, const Json& value, const std::string& path,
                                 std::string& stored) const;
    std::optional<Json> many_picklist(const Field& field, const Json& value,
                                      const std::string& path, std::string& stored) const;
    std::optional<Json> number(const Field& field, const Json& value, const std::string& path,
                               std::string& stored) const;
    std::optional<Json> lookup(const Field& field, const Json& value, const std::string& path,
                               std::string& stored) const;
    std::optional<Json> user(const Field& field, const Json& value, const std::string& path,
                             std::string& stored) const;
    std::optional<Json> layout(const Field& field, const Json& value, const std::string& path,
                               std::string& stored) const;
    std::optional<Json> subform(const Field& field, const Json& value, const std::string& path,
                                std::string& stored) const;
    std::optional<Json> subform_row(const Module& rows, const Json& value, const std::string& path,
                                    Json& row) const;
    std::optional<std::string> external_id(const Json& value) const;

    Org& org_;
    const std::vector<ExternalKey>& external_;
};

/// Number of code points.
std::size_t text_length(std::string_view utf8);

}  // namespace kontor::peer::zoho
