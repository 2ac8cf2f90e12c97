#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/description.hpp"
#include "plugins/zoho/api.hpp"
#include "plugins/zoho/values.hpp"

namespace kontor::zoho {

struct Field {
    sdk::FieldSpec spec;
    Kind kind = Kind::kText;
    Renamed renamed;          ///< choices and lists only
    bool external = false;    ///< flagged as external id
    bool rows = false;        ///< an array of records: a subform, or links of a lookup to several
    std::string rows_module;  ///< what they are records of, if Zoho says
};

/// A module of the organisation with its fields, as Zoho's settings API shows them.
struct Module {
    std::string name;
    sdk::Label label;
    bool custom = false, creatable = true, editable = true, deletable = true;
    std::vector<Field> fields;

    [[nodiscard]] const Field* field(std::string_view name) const;
    [[nodiscard]] bool is_users() const { return name == "users"; }
    /// False for modules that can only be read whole.
    [[nodiscard]] bool has_modified_time() const;
    [[nodiscard]] bool has_deleted_feed() const;
    [[nodiscard]] bool has_bulk_read() const;
    /// The configured external-id field if this module has it and it is unique; else nullptr.
    [[nodiscard]] const Field* key_field(const Options& options) const;
    [[nodiscard]] sdk::StreamSpec stream(const Options& options) const;
};

/// What is known of the organisation's modules. Kept until refresh(): modules are loaded as they
/// are needed, so that a pull does not pay for all.
class Metadata {
public:
    explicit Metadata(Api& api) : api_(api) {}

    /// Throws KONTOR_E_NOT_FOUND if there is no such module or we may not see it.
    const Module& module(const std::string& name);
    /// Reads everything anew: all configured modules that the organisation has.
    std::vector<const Module*> refresh();

private:
    void load_fields(Module& module);

    Api& api_;
    std::map<std::string, std::unique_ptr<Module>> modules_;
};

/// One element of settings/fields. Tolerates what Zoho is known to leave out.
[[nodiscard]] Field parse_field(const std::string& module, const sdk::Json& json);

}  // namespace kontor::zoho
