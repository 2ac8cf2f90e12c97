#pragma once
// The tenant's objects and their fields, as descriptions show them.

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace kontor::peer::fxiaoke {

using Json = nlohmann::json;

struct Object {
    std::string name;   ///< AccountObj, object_Visit__c
    std::string label;  ///< 客户
    bool hidden = false;
    Json fields = Json::object();  ///< by name, as in a description

    bool custom() const { return name.ends_with("__c"); }
    bool has(const std::string& field) const { return fields.contains(field); }
    std::string type(const std::string& field) const {
        return has(field) ? fields.at(field).value("type", "text") : std::string();
    }
};

/// All objects. `external_field`: each has kontor_id__c.
std::vector<Object> make_objects(bool external_field);

struct Employee {
    std::string id;       ///< "1000"
    std::string open_id;  ///< "FSUID_…"
    std::string name;
    std::string email;
    std::string mobile;
    bool stopped = false;
};
const std::vector<Employee>& employees();

}  // namespace kontor::peer::fxiaoke
