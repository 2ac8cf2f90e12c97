#pragma once
// The control side (/_control): tests change the tenant and order faults through it.

#include <string>
#include <vector>

#include "tests/peers/base/activity.hpp"
#include "tests/peers/base/faults.hpp"
#include "tests/peers/fxiaoke/auth.hpp"
#include "tests/peers/fxiaoke/data_api.hpp"
#include "tests/peers/fxiaoke/limits.hpp"

namespace kontor::peer::fxiaoke {

class Control {
public:
    struct Parts {
        Tenant& tenant;
        Auth& auth;
        DataApi& data;
        Faults& faults;
        Activity& activity;
        Limits& limits;
    };
    explicit Control(Parts parts) : p_(parts) {}

    Response handle(const Request& request);
    /// A message that did not fit the schemas.
    void add_violation(Json violation);

private:
    Json dispatch(const std::string& method, const std::string& name, const Json& body,
                  const Parameters& query);
    Json records(const std::string& name, const Json& body);
    Json add_fault(const Json& body);
    Json change_schema(const Json& params);
    Response dump(const Parameters& query);
    std::vector<std::string> ids_of(const std::string& object, const Json& body);

    Parts p_;
    std::vector<Json> violations_;
};

}  // namespace kontor::peer::fxiaoke
