#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/description.hpp"
#include "plugins/salesforce/api.hpp"
#include "plugins/salesforce/values.hpp"

namespace kontor::salesforce {

inline constexpr std::size_t kCollectionMax = 200;  ///< records of one request that writes

struct Field {
    sdk::FieldSpec spec;
    Kind kind = Kind::kText;
    bool filterable = true, external_id = false;
    bool nillable = true;
};

/// An object of the organisation with its fields, as its description shows them.
struct Object {
    std::string name;
    sdk::Label label;
    std::string prefix;  ///< the first three characters of its ids; "" if not known
    bool custom = false;
    bool creatable = false, updatable = false, deletable = false;
    bool feed = false;       ///< can be asked for what was deleted
    bool keeps_bin = false;  ///< has IsDeleted: deleted records can be listed for a while
    bool merges = false;     ///< has MasterRecordId
    std::string stamp = "SystemModstamp";  ///< the field that tells when it changed
    bool tells_actor = false;              ///< has LastModifiedById
    std::vector<Field> fields;

    [[nodiscard]] const Field* field(std::string_view name) const;
    /// The configured external-id field if this object has it as a unique text; else nullptr.
    [[nodiscard]] const Field* key_field(const Options& options) const;
    /// Older activities are archived: only queryAll shows them.
    [[nodiscard]] bool archives() const { return name == "Task" || name == "Event"; }
    [[nodiscard]] sdk::StreamSpec stream(const Options& options) const;
};

/// What is known of the organisation's objects. Kept until refresh(): descriptions are loaded as
/// they are needed, so that a pull does not pay for all.
class Metadata {
public:
    explicit Metadata(Api& api) : api_(api) {}

    /// Throws KONTOR_E_NOT_FOUND if there is no such object or we may not see it.
    const Object& object(const std::string& name);
    /// Reads the object's description anew. Throws KONTOR_E_INVALID with unknown_field if one of
    /// `names` is not there any more.
    void require_fields(const Object& object, const std::vector<std::string>& names);
    /// Reads everything anew: all configured objects that the organisation has.
    std::vector<const Object*> refresh();

    /// Streams by the prefixes of their ids.
    const Prefixes& prefixes();
    [[nodiscard]] const Options& options() const { return api_.options(); }

private:
    struct Listed {
        std::string name;
        sdk::Label label;
        std::string prefix;
        bool custom = false;
    };
    const std::vector<Listed>& listed();
    [[nodiscard]] bool wanted(const sdk::Json& brief) const;
    [[nodiscard]] Object read(const std::string& name);

    Api& api_;
    std::vector<Listed> listed_;
    Prefixes prefixes_;
    std::map<std::string, std::unique_ptr<Object>> objects_;
};

/// One field of a description. `streams`: the objects that are replicated, by prefix.
[[nodiscard]] Field parse_field(const std::string& object, const sdk::Json& json,
                                const Prefixes& streams);

}  // namespace kontor::salesforce
