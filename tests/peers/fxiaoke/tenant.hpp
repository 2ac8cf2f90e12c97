#pragma once
// What the tenant holds: objects, records, the clock, and what happens with written values.

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/peers/base/behaviour.hpp"
#include "tests/peers/fxiaoke/model.hpp"
#include "tests/peers/fxiaoke/switches.hpp"

namespace kontor::peer::fxiaoke {

/// Thrown by handlers; becomes an answer with 200.
struct Refusal {
    int code;
    std::string message;
    std::string description;
};

/// The refusal of a call that lacks a parameter or has one of another type.
inline Refusal missing(const std::string& name) {
    return {10006, "the parameter " + name + " is missing or illegal", "缺少参数或参数不合法"};
}

struct Record {
    Json values = Json::object();  ///< in the interface's own encoding, employees as "1000"
    Json pending;                  ///< an update that awaits approval
    bool in_pool = false;
    std::int64_t visible_ms = 0;
};

struct TenantOptions {
    std::uint64_t seed = 1;
    std::uint64_t contacts = 200;
    std::map<std::string, std::uint64_t> counts;  ///< by object, instead of what follows
    std::function<std::int64_t()> clock_ms;
};

class Tenant {
public:
    using Table = std::map<std::string, Record>;  ///< by _id, in its order

    Tenant(const TenantOptions& options, Switches switches);

    std::int64_t now_ms() const { return clock_() + shift_ms_; }
    void advance_ms(std::int64_t ms) { shift_ms_ += ms; }
    double random_fraction();
    std::string random_hex(std::size_t digits);

    /// Throws Refusal for an unknown or hidden object.
    Object& object(const std::string& name);
    Object* find_object(const std::string& name);
    std::vector<Object>& objects() { return objects_; }
    Table& table(const std::string& object) { return tables_[object]; }
    /// Throws Refusal if there is no such record, or it is invalidated and `also_invalid` is false.
    Record& record(const std::string& object, const std::string& id, bool also_invalid = false);

    /// Adds a record; `values` are checked by the caller. Returns its id.
    std::string add(const Object& object, Json values, const std::string& user);
    /// Sets values, moves version and, if `stamp`, the time.
    void change(Record& record, const Json& values, const std::string& user, bool stamp = true);

    Switches switches;
    Behaviour behaviour;
    std::int64_t late_visible_ms = 0;
    std::uint64_t workflows = 0, approvals = 0;  ///< set off by writes of the interface

    static constexpr const char* kTenantId = "71557";

private:
    void generate(const TenantOptions& options);
    std::string new_id(std::uint64_t number);
    Json generated(const Object& object, const std::string& field, std::uint64_t number);
    void number(const Object& object, Json& values);

    std::function<std::int64_t()> clock_;
    std::int64_t shift_ms_ = 0;
    std::mt19937_64 random_;
    std::vector<Object> objects_;
    std::map<std::string, Table> tables_;
    std::map<std::string, std::uint64_t> numbers_;  ///< last auto_number by object
    std::uint64_t made_ = 0;
};

}  // namespace kontor::peer::fxiaoke
