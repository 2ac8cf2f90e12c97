#pragma once
// What the organisation holds: objects, records, the clock, and what happens with written values.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/peers/base/behaviour.hpp"
#include "tests/peers/salesforce/model.hpp"
#include "tests/peers/salesforce/switches.hpp"

namespace kontor::peer::salesforce {

/// Thrown by handlers; becomes `[{"errorCode", "message", "fields"}]`.
struct ApiError {
    int status;
    std::string code, message;
    std::vector<std::string> fields{};
};

struct Record {
    Json values = Json::object();  ///< in the interface's own encoding; Id and IsDeleted too
    std::int64_t visible_ms = 0;   ///< before this it is committed and shown to nobody

    bool deleted() const { return values.at("IsDeleted").get<bool>(); }
};

/// What the deleted feed tells.
struct Deletion {
    std::string object, id;
    std::int64_t at_ms = 0;
};

struct OrgOptions {
    std::uint64_t seed = 1;
    std::uint64_t contacts = 200;
    std::map<std::string, std::uint64_t> counts;  ///< by object, instead of what follows
    std::function<std::int64_t()> clock_ms;
};

class Org {
public:
    using Table = std::map<std::string, Record>;  ///< by Id, deleted ones included

    Org(const OrgOptions& options, Switches switches);

    std::int64_t now_ms() const { return clock_() + shift_ms_; }
    void advance_ms(std::int64_t ms) { shift_ms_ += ms; }
    double random_fraction();
    std::string random_hex(std::size_t digits);
    /// An id with this prefix that was not there before.
    std::string new_id(const std::string& prefix);

    /// Throws ApiError for an unknown or hidden object.
    Object& object(const std::string& name);
    Object* find_object(const std::string& name);
    std::vector<Object>& objects() { return objects_; }
    Table& table(const std::string& object) { return tables_[object]; }
    /// nullptr if there is none, or nobody may see it yet.
    Record* find(const std::string& object, const std::string& id);

    /// Adds a record; `values` are checked by the caller. Returns its id.
    std::string add(const Object& object, Json values, const std::string& user);
    /// Sets values and moves the stamps.
    void change(const Object& object, Record& record, const Json& values, const std::string& user);
    void remove(const Object& object, Record& record, const std::string& user);
    void undelete(const Object& object, Record& record, const std::string& user);
    /// Out of the recycle bin: no query shows it any more.
    void purge(const Object& object, const std::string& id);

    /// `2026-05-20T10:00:00.000+0000`, of the stamp of a change now.
    std::string stamp() const;

    Switches switches;
    Behaviour behaviour;
    std::int64_t late_visible_ms = 0;
    std::vector<Deletion> deletions;
    std::string org_id, user_id, colleague_id;

private:
    void generate(const OrgOptions& options);
    Json generated(const Object& object, std::uint64_t number);
    void derive(const Object& object, Json& values) const;

    std::function<std::int64_t()> clock_;
    std::int64_t shift_ms_ = 0;
    std::mt19937_64 random_;
    std::vector<Object> objects_;
    std::map<std::string, Table> tables_;
    std::uint64_t made_ = 0;
};

/// Times as the interface writes them.
std::string format_stamp(std::int64_t ms);
/// Seconds since the Unix epoch of a time with an offset, `+00:00` or `+0000`; nothing if
/// malformed.
std::optional<std::int64_t> parse_stamp(std::string text);

}  // namespace kontor::peer::salesforce
