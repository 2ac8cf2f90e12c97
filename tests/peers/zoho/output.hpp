#pragma once
// Stored records as the API shows them: JSON for the record endpoints, text for CSV.

#include <string>
#include <string_view>
#include <vector>

#include "tests/peers/zoho/org.hpp"

namespace kontor::peer::zoho {

/// `"text"` with JSON escapes.
void append_json_string(std::string& out, std::string_view text);
std::string quote_json(std::string_view text);
/// The text of a JSON string literal.
std::string unquote_json(std::string_view literal);

class Output {
public:
    explicit Output(const Org& org) : org_(org) {}

    /// JSON value of one field; `null` when empty.
    void append_value(std::string& out, const Module& module, const RowReader& reader,
                      std::size_t field) const;
    /// What a read leaves out; 0: nothing.
    struct Shown {
        bool id = true;              ///< also if not asked for
        std::int64_t rich_text = 0;  ///< characters of rich text
        std::int64_t rows = 0;       ///< rows of a subform; `$has_more` names those cut
    };
    /// `{"Last_Name":…,"id":"…"}`
    void append_record(std::string& out, const Module& module, const RowReader& reader,
                       const std::vector<std::size_t>& fields, const Shown& shown) const;
    /// Text of one field for a CSV cell, unquoted.
    void append_cell(std::string& out, const Module& module, const RowReader& reader,
                     std::size_t field) const;

    /// `{"name":…,"id":…}` of a user id (unquoted), `null` when unknown.
    void append_user(std::string& out, std::string_view user_id, bool with_email) const;
    /// JSON string literal (or `null`) of a record's name.
    std::string display_name(std::string_view record_id) const;

    /// Fields an API read returns when none are named.
    static std::vector<std::size_t> all_fields(const Module& module);

private:
    void append_reference(std::string& out, std::string_view quoted_id, bool with_module) const;
    void append_renamed(std::string& out, const Field& field, std::string_view stored) const;
    void append_retyped(std::string& out, const Field& field, std::string_view stored) const;

    const Org& org_;
};

}  // namespace kontor::peer::zoho
