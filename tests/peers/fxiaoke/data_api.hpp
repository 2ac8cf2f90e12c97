#pragma once
// Calls on records and on descriptions. Handlers return what an answer holds besides the envelope,
// and throw Refusal.

#include <string>

#include "tests/peers/fxiaoke/tenant.hpp"

namespace kontor::peer::fxiaoke {

struct Call {
    const Json& body;
    std::string user;        ///< employee's id
    bool old_style = false;  ///< employees are FSUID_… on the wire
    bool custom_path = false;
    int written = 0;
};

class DataApi {
public:
    explicit DataApi(Tenant& tenant) : tenant_(tenant) {}

    /// `action`: query, get, create, …; the last part of /cgi/crm/[custom/]v2/data/….
    Json data(const std::string& action, Call& call);
    /// /cgi/crm/v2/object/…: list, describe, lock, unlock.
    Json object(const std::string& action, Call& call);
    /// /cgi/user/list
    Json users(const Call& call) const;
    /// /cgi/crm/team/add: changes the team, and perhaps the time.
    Json team(Call& call);

    /// Applies what awaits approval.
    void approve(Record& record);
    /// Checks and stores values as a write does. Throws Refusal.
    Json checked(const Object& object, const Json& given, const std::string& own_id, bool create,
                 const Call& call);

private:
    Json query(Call& call);
    Json get(Call& call);
    Json create(Call& call);
    Json update(Call& call);
    Json invalid(Call& call);
    Json purge(Call& call);
    Json recover(Call& call);
    Json change_owner(Call& call);
    Json lock(Call& call, bool locked);
    const Object& object_of(const Call& call, const Json& holder);
    Json row(const Object& object, const Record& record, const Json& projection, bool nulls,
             bool old_style) const;
    void reject(const Object& object, const Json& fields, const std::string& id);

    Tenant& tenant_;
};

}  // namespace kontor::peer::fxiaoke
