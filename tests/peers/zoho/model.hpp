#pragma once
// The modules and fields of the simulated organisation.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kontor::peer::zoho {

enum class Type : std::uint8_t {
    text,
    textarea,
    email,
    phone,
    website,
    picklist,
    multiselectpicklist,
    lookup,
    ownerlookup,
    userlookup,
    multiuserlookup,
    multi_module_lookup,
    integer,
    bigint,
    real,
    currency,
    percent,
    date,
    datetime,
    boolean,
    autonumber,
    formula,
    rollup_summary,
    subform,
    fileupload,
    imageupload,
    tag,
    participants,
    layout,
    event_reminder,
    rrule,
};

/// Zoho's `data_type` for a type, and back.
std::string_view data_type_name(Type type);
std::optional<Type> type_from_name(std::string_view name);

bool is_text_like(Type type);
bool is_number(Type type);

/// Routines of the generator; the model's text names them without the k, in lower case.
enum class Make : std::uint8_t {
    kNothing,  ///< always null
    kCity,
    kState,
    kCountry,
    kZip,
    kParent,
    kLast,
    kFirst,
    kFull,
    kEmail,
    kHandle,
    kWebsite,
    kPhone,
    kMobile,
    kInt,
    kMoney,
    kReal,
    kBool,
    kDate,
    kActivity,
    kStart,
    kEnd,
    kClock,
    kNumber,
    kStatus,
    kCurrency,
    kRef,
    kCompany,
    kDeal,
    kProduct,
    kSubject,
    kTitle,
    kDepartment,
    kProse,
    kConverted,
    kConvertedTime,
    kLocked,
    kOne,
    kStreet,
    kEarlier,
    kItems,
    kPick,
    kSeveral,
    kUser,
    kWhat,
};

/// How the generated value of a field is made.
struct GeneratorSpec {
    Make code = Make::kNothing;
    std::int64_t low = 0;
    std::int64_t high = 0;
    unsigned fill_percent = 100;
};

/// What a roll-up summary adds up: a number of the records that look this one up.
struct RollUp {
    std::string module, by, sum;
};

struct Field {
    std::string api_name;
    std::string label;
    Type type = Type::text;
    std::int64_t length = 0;  ///< characters; 0 when the type has none
    int decimals = 0;
    bool mandatory = false;
    bool read_only = false;
    bool unique = false;
    bool external = false;
    bool custom = false;
    bool computed = false;  ///< derived by the server on every write
    bool dropped = false;   ///< removed by a schema change
    bool hidden = false;    ///< no permission for the API user
    bool rich = false;      ///< a text area with formatting
    bool retyped = false;   ///< stored values may still have the former type's form
    std::vector<std::string> options;
    std::map<std::string, std::string> display;  ///< of options that were renamed
    std::string target;                          ///< looked-up or subform module
    RollUp roll_up;
    GeneratorSpec generator;
    std::string key;  ///< `"Last_Name":` ready for output

    bool readable() const { return !dropped && !hidden; }
};

/// Positions every module's field list starts with.
enum SystemField : std::size_t {
    kId = 0,
    kCreatedTime,
    kModifiedTime,
    kCreatedBy,
    kModifiedBy,
    kOwner,
    kSystemFields
};

/// A layout beside the standard one.
struct Layout {
    std::string id;
    std::string name;
    std::vector<std::string> without;    ///< fields that are not on it: writes ignore them
    std::vector<std::string> mandatory;  ///< beside the fields' own
};

struct Module {
    std::string api_name;
    std::string singular;
    std::string plural;
    std::string generated_type = "default";  ///< default, custom, subform, web
    std::string duplicate_field;             ///< the system field that upsert checks
    std::string display_field;
    unsigned number = 0;  ///< 1..99, part of every record id
    bool api_supported = true;
    bool stores_records = true;
    bool bulk_read = true;
    bool deleted_feed = true;
    bool hidden = false;        ///< removed from the API user's profile
    bool write_denied = false;  ///< role without create/edit/delete
    std::vector<Field> fields;
    std::vector<Layout> layouts;
    std::unordered_map<std::string, std::size_t> index;

    const Field* find(std::string_view name) const;
    std::optional<std::size_t> find_index(std::string_view name) const;
    std::size_t add(Field field);

    std::uint64_t metadata_id(std::size_t field) const;
    std::string standard_layout_id() const;
    const Layout* find_layout(std::string_view id) const;
};

struct User {
    std::string id;
    std::string name;
    std::string email;
    std::string status;  ///< active, inactive, deleted
    std::string role;
};

/// What differs between organisations from the start.
struct Variant {
    bool external_field = true;             ///< Kontor_Id
    std::int64_t more_external_fields = 0;  ///< Other_Id_1 …
    std::string mandatory = "usual";        ///< as the switch mandatory_fields
};

/// The whole organisation's schema. Modules keep their address for the catalogue's life.
class Catalogue {
public:
    explicit Catalogue(const Variant& variant);

    Module* find(std::string_view api_name);
    const Module* find(std::string_view api_name) const;
    const Module* by_number(unsigned number) const;
    const std::vector<std::unique_ptr<Module>>& modules() const { return modules_; }
    const std::vector<User>& users() const { return users_; }
    const User& api_user() const { return users_[0]; }
    const User& colleague(std::size_t n) const { return users_[1 + n % 3]; }
    const User* find_user(std::string_view id) const;

private:
    void add_module(std::string_view header, std::string_view lines, const Variant& variant);

    std::vector<std::unique_ptr<Module>> modules_;
    std::vector<User> users_;
};

/// Record ids: organisation, module number and slot in 19 digits, increasing with the slot.
std::string record_id(unsigned module_number, std::uint64_t slot);
std::uint64_t record_id_value(unsigned module_number, std::uint64_t slot);

struct RecordAddress {
    unsigned module_number;
    std::uint64_t slot;
};
std::optional<RecordAddress> parse_record_id(std::string_view id);

/// An id of the organisation that is no record (users, fields, layouts, jobs).
std::string system_id(std::uint64_t number);

}  // namespace kontor::peer::zoho
