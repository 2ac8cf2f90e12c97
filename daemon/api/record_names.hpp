#pragma once

#include <initializer_list>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "sync/base/value.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/database.hpp"

namespace kontor::api {

/// What the records are called that references point to, each looked up once. For one answer; both
/// given must outlive it.
class RecordNames {
public:
    RecordNames(const replica::Database& db, const replica::Catalogue& catalogue)
        : db_(db), catalogue_(catalogue) {}

    /// Looks the record up that a value of `field` refers to. Nothing for other fields and values,
    /// and for records that are gone or nameless.
    [[nodiscard]] Result<> add(const replica::Field& field, const ValueView& value);

    /// {"owner_id":{"3":{"entity":"user","id":3,"name":"李伟"}}}: by column and value.
    [[nodiscard]] nlohmann::json to_json() const;

    /// {"entity":"user","id":3,"name":"李伟"}: what a value of `field` refers to; null for other
    /// fields and values.
    [[nodiscard]] Result<nlohmann::json> target(const replica::Field& field,
                                                const ValueView& value);
    /// The same of several values of `field`, each under the name of its side; {} for other fields.
    [[nodiscard]] Result<nlohmann::json> targets(
        const replica::Field& field,
        std::initializer_list<std::pair<const char*, ValueView>> sides);
    /// "" for a record that is gone or nameless.
    [[nodiscard]] Result<std::string> name_of(const std::string& entity, std::int64_t id);
    /// What the user of a remote is called here; null if that is not known.
    [[nodiscard]] Result<nlohmann::json> user_name(std::string_view connection,
                                                   std::string_view remote_id);
    /// The same for whoever made a change: "remote:zoho:4108880000000001002". Null for others.
    [[nodiscard]] Result<nlohmann::json> actor_name(std::string_view actor);

private:
    struct Target {
        std::string entity;
        std::int64_t id = 0;
        std::string name;
    };
    static std::optional<Target> target_of(const replica::Field& field, const ValueView& value);
    static nlohmann::json to_json(const Target& target);

    const replica::Database& db_;
    const replica::Catalogue& catalogue_;
    std::map<std::string, std::map<std::string, Target>> known_;  ///< by column and value
    std::map<std::string, replica::Statement> statements_;        ///< by entity
    std::optional<replica::Statement> users_;
};

}  // namespace kontor::api
