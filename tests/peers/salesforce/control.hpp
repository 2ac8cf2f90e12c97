#pragma once
// The control side (/_control): tests change the organisation and order faults through it.

#include <string>
#include <vector>

#include "tests/peers/base/activity.hpp"
#include "tests/peers/base/faults.hpp"
#include "tests/peers/salesforce/auth.hpp"
#include "tests/peers/salesforce/bulk.hpp"
#include "tests/peers/salesforce/read_api.hpp"
#include "tests/peers/salesforce/write_api.hpp"

namespace kontor::peer::salesforce {

class Control {
public:
    struct Parts {
        Org& org;
        Auth& auth;
        Bulk& bulk;
        Faults& faults;
        Activity& activity;
    };
    explicit Control(Parts parts) : p_(parts) {}

    Response handle(const Request& request);

private:
    Json dispatch(const std::string& method, const std::string& name, const Json& body,
                  const Parameters& query);
    Json shown(const std::string& name, const Parameters& query);
    Json records(const std::string& name, const Json& body);
    Json create(const Object& object, const Json& body, const std::string& user);
    Json merge(const Object& object, const Json& body, const std::string& user);
    Json add_fault(const Json& body);
    Json change_schema(const Json& params);
    Response dump(const Parameters& query);
    std::vector<std::string> ids_of(const std::string& object, const Json& body);

    Parts p_;
};

}  // namespace kontor::peer::salesforce
