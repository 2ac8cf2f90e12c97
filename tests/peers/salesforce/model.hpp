#pragma once
// The organisation's objects and their fields, as describe shows them.

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace kontor::peer::salesforce {

using Json = nlohmann::json;

struct Object {
    std::string name;    ///< Account, Visit__c
    std::string label;   ///< Account, Visit
    std::string prefix;  ///< the first three characters of its ids
    bool hidden = false;
    bool writable = true;
    std::map<std::string, Json> fields;  ///< by name, as in a description

    bool custom() const { return name.ends_with("__c"); }
    const Json* field(const std::string& wanted) const {
        const auto found = fields.find(wanted);
        return found == fields.end() ? nullptr : &found->second;
    }
    std::string type(const std::string& wanted) const {
        const Json* found = field(wanted);
        return found == nullptr ? std::string() : found->value("type", "string");
    }
};

/// All objects. `external_field`: each that can be written has Kontor_Id__c.
std::vector<Object> make_objects(bool external_field);

/// A field of a description with what is usual for its type.
Json make_field(const std::string& name, const std::string& label, const std::string& type);

}  // namespace kontor::peer::salesforce
