#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/description.hpp"
#include "plugins/fxiaoke/api.hpp"
#include "plugins/fxiaoke/values.hpp"

namespace kontor::fxiaoke {

struct Field {
    sdk::FieldSpec spec;
    Kind kind = Kind::kText;
};

/// An object of the tenant with its fields, as its description shows them. "users" is the staff
/// list, which is no object.
struct Object {
    std::string name;
    sdk::Label label;
    bool custom = false;
    bool tells_nulls = false;  ///< has life_status_before_invalid: see Images
    std::vector<Field> fields;

    [[nodiscard]] const Field* field(std::string_view name) const;
    [[nodiscard]] bool is_users() const { return name == "users"; }
    /// The configured external-id field if this object has it as a unique text; else nullptr.
    [[nodiscard]] const Field* key_field(const Options& options) const;
    [[nodiscard]] sdk::StreamSpec stream(const Options& options) const;
};

/// What is known of the tenant's objects. Kept until refresh(): objects are loaded as they are
/// needed, so that a pull does not pay for all.
class Metadata {
public:
    explicit Metadata(Api& api) : api_(api) {}

    /// Throws KONTOR_E_NOT_FOUND if there is no such object or we may not see it.
    const Object& object(const std::string& name);
    /// Reads the object's description anew. Throws KONTOR_E_INVALID with unknown_field if one of
    /// `names` is not there any more.
    void require_fields(const Object& object, const std::vector<std::string>& names);
    /// Reads everything anew: all configured objects that the tenant has.
    std::vector<const Object*> refresh();

    [[nodiscard]] const Options& options() const { return api_.options(); }

private:
    [[nodiscard]] Object read(const std::string& name);
    void load_fields(Object& object);

    Api& api_;
    std::map<std::string, std::unique_ptr<Object>> objects_;
};

/// One field of a description.
[[nodiscard]] Field parse_field(const std::string& object, const std::string& name,
                                const sdk::Json& json);

}  // namespace kontor::fxiaoke
