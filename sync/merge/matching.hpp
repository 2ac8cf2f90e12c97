#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/value.hpp"
#include "sync/merge/mapping.hpp"

namespace kontor::merge {

/// Who a record is, as far as its values tell. Folded, so that equal texts mean the same.
struct Profile {
    std::string name;
    std::string company;
    std::vector<std::string> emails;
    std::vector<std::string> phones;
    std::string number;  ///< a tax number, a product's code
    std::string domain;  ///< of a website
};

/// How sure it is that two records are the same person, company or product.
enum class Likeness { kNone, kPossible, kCertain };

struct Comparison {
    Likeness likeness = Likeness::kNone;
    std::string rule;  ///< what agreed: "email+name"; stable
};

/// The columns that tell who a record of a standard entity is, in a fixed order; empty for entities
/// whose records are never matched.
[[nodiscard]] const std::vector<std::string>& identity_columns(std::string_view entity);

/// `value` gives a column's value; `company` is the name of the account that a contact belongs to.
[[nodiscard]] Profile profile_of(std::string_view entity,
                                 const std::function<Value(std::string_view)>& value,
                                 std::string_view company);

/// Certain is only what agrees in two independent ways and contradicts itself in none: it is linked
/// without asking. Possible is what a person should look at. A shared switchboard number or mailbox
/// alone is neither, where the names differ. Pure, symmetric.
[[nodiscard]] Comparison compare(std::string_view entity, const Profile& a, const Profile& b);

/// True if the two are one telephone number or one e-mail address, written in two ways, and neither
/// says anything that the other does not. For other fields: never.
[[nodiscard]] bool same_but_spelling(const FieldMapping& field, const Value& a, const Value& b);

/// Texts in their folded form: ASCII lower case, full width as half width, without blanks and
/// punctuation.
[[nodiscard]] std::string fold_name(std::string_view text);
/// Digits without what only says how to dial from abroad; "" if they are too few to tell anything.
[[nodiscard]] std::string fold_phone(std::string_view text);

}  // namespace kontor::merge
