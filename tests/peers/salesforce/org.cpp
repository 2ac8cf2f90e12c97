#include "tests/peers/salesforce/org.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "tests/peers/base/times.hpp"

namespace kontor::peer::salesforce {

namespace {

// The three characters that make an id of 15 characters one of 18 that does not depend on case.
std::string with_suffix(std::string id) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    std::string suffix;
    for (std::size_t block = 0; block < 3; ++block) {
        std::size_t bits = 0;
        for (std::size_t i = 0; i < 5; ++i) {
            const char c = id[block * 5 + i];
            if (c >= 'A' && c <= 'Z') bits |= std::size_t{1} << i;
        }
        suffix += kDigits[bits];
    }
    return id + suffix;
}

constexpr std::array<const char*, 6> kFamily{"张", "王", "李", "Smith", "Müller", "O'Neill"};
constexpr std::array<const char*, 5> kGiven{"伟", "芳", "Anna", "John", "秀英"};

}  // namespace

std::string format_stamp(std::int64_t ms) {
    const Zone utc("UTC");
    std::string out = format_instant(ms / 1000, utc).substr(0, 19);
    std::array<char, 16> rest{};
    std::snprintf(rest.data(), rest.size(), ".%03d+0000", static_cast<int>(ms % 1000));
    return out + rest.data();
}

std::optional<std::int64_t> parse_stamp(std::string text) {
    const std::size_t size = text.size();
    if (size > 5 && (text[size - 5] == '+' || text[size - 5] == '-')) text.insert(size - 2, ":");
    return parse_instant(text);
}

Org::Org(const OrgOptions& options, Switches given)
    : switches(std::move(given)),
      clock_(options.clock_ms),
      random_(options.seed),
      objects_(make_objects(switches.on("external_field"))) {
    generate(options);
}

double Org::random_fraction() {
    return std::uniform_real_distribution<double>(0, 1)(random_);
}

std::string Org::random_hex(std::size_t digits) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    for (std::size_t i = 0; i < digits; ++i) out += kHex[random_() & 15];
    return out;
}

std::string Org::new_id(const std::string& prefix) {
    constexpr std::string_view kDigits =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::uint64_t number = ++made_ * 17;
    std::string tail(7, '0');
    for (std::size_t i = 0; i < tail.size(); ++i, number /= 62)
        tail[tail.size() - 1 - i] = kDigits[number % 62];
    return with_suffix(prefix + "5g000" + tail);
}

Object* Org::find_object(const std::string& name) {
    const auto found = std::find_if(objects_.begin(), objects_.end(),
                                    [&](const Object& each) { return each.name == name; });
    return found == objects_.end() ? nullptr : &*found;
}

Object& Org::object(const std::string& name) {
    Object* found = find_object(name);
    if (found == nullptr || found->hidden)
        throw ApiError{404, "NOT_FOUND", "The requested resource does not exist"};
    return *found;
}

Record* Org::find(const std::string& object, const std::string& id) {
    Table& records = table(object);
    const auto found = records.find(id.size() == 15 ? with_suffix(id) : id);
    return found == records.end() || found->second.visible_ms > now_ms() ? nullptr : &found->second;
}

std::string Org::stamp() const {
    const std::int64_t now = now_ms();
    return format_stamp(switches.text("stamp_resolution") == "second" ? now / 1000 * 1000 : now);
}

// What the system makes of other fields.
void Org::derive(const Object& object, Json& values) const {
    if (object.field("LastName") == nullptr) return;
    const Json& first = values["FirstName"];
    const Json& last = values["LastName"];
    std::string name = first.is_string() ? first.get<std::string>() + " " : std::string();
    if (last.is_string()) name += last.get<std::string>();
    values["Name"] = name;
}

std::string Org::add(const Object& object, Json values, const std::string& user) {
    std::string id = new_id(object.prefix);
    const std::string now = stamp();
    for (const auto& [name, field] : object.fields) {
        if (values.contains(name) && !values[name].is_null()) continue;
        const std::string type = field.value("type", "");
        values[name] = type == "boolean" ? Json(false) : Json();
        if (type != "boolean" && field.value("defaultedOnCreate", false) &&
            !field["picklistValues"].empty())
            values[name] = field["picklistValues"][0]["value"];
    }
    values["Id"] = id;
    values["CreatedDate"] = values["LastModifiedDate"] = values["SystemModstamp"] = now;
    values["CreatedById"] = values["LastModifiedById"] = user;
    if (object.field("OwnerId") != nullptr && values["OwnerId"].is_null()) values["OwnerId"] = user;
    if (object.name == "Case") values["CaseNumber"] = id.substr(7, 8);
    derive(object, values);
    Record& record = table(object.name)[id];
    record.values = std::move(values);
    record.visible_ms = late_visible_ms > 0 ? now_ms() + late_visible_ms : 0;
    return id;
}

void Org::change(const Object& object, Record& record, const Json& values,
                 const std::string& user) {
    record.values.update(values);
    record.values["LastModifiedDate"] = record.values["SystemModstamp"] = stamp();
    record.values["LastModifiedById"] = user;
    derive(object, record.values);
    if (late_visible_ms > 0) record.visible_ms = now_ms() + late_visible_ms;
}

void Org::remove(const Object& object, Record& record, const std::string& user) {
    change(object, record, {{"IsDeleted", true}}, user);
    deletions.push_back({object.name, record.values.at("Id").get<std::string>(), now_ms()});
}

void Org::undelete(const Object& object, Record& record, const std::string& user) {
    const std::string id = record.values.at("Id").get<std::string>();
    if (switches.on("undelete_moves_stamp"))
        change(object, record, {{"IsDeleted", false}}, user);
    else
        record.values["IsDeleted"] = false;
    std::erase_if(deletions, [&](const Deletion& each) { return each.id == id; });
}

void Org::purge(const Object& object, const std::string& id) {
    Record* record = find(object.name, id);
    if (record != nullptr && !record->deleted()) deletions.push_back({object.name, id, now_ms()});
    table(object.name).erase(id);
}

Json Org::generated(const Object& object, std::uint64_t number) {
    Json values = Json::object();
    const std::string digits = std::to_string(number);
    const auto some_id = [&](const char* of) {
        const Table& records = table(of);
        if (records.empty()) return Json();
        return Json(std::next(records.begin(), static_cast<std::ptrdiff_t>(number % records.size()))
                        ->first);
    };
    for (const auto& [name, field] : object.fields) {
        const std::string type = field.value("type", "");
        if (!field.value("createable", false) && name != "Name") continue;
        if (name == "Kontor_Id__c" || name == "OwnerId" || name == "ParentId" ||
            name == "ManagerId")
            continue;
        const bool fill = !field.value("nillable", true) || (number + name.size()) % 4 != 0;
        if (!fill) continue;
        if (name == "LastName")
            values[name] = kFamily[number % kFamily.size()];
        else if (name == "FirstName")
            values[name] = kGiven[number % kGiven.size()] + digits;
        else if (type == "email")
            values[name] = "p" + digits + "@example.com";
        else if (type == "phone")
            values[name] = "+86 138 " + std::to_string(10'000'000 + number);
        else if (type == "boolean")
            values[name] = number % 2 == 0;
        else if (type == "int")
            values[name] = number % 5000;
        else if (type == "double" || type == "currency" || type == "percent")
            values[name] = static_cast<double>(number % 90) * 1.25;
        else if (type == "date")
            values[name] =
                "2026-0" + std::to_string(1 + number % 9) + "-1" + std::to_string(number % 10);
        else if (type == "datetime")
            values[name] =
                format_stamp(1'700'000'000'000 + static_cast<std::int64_t>(number) * 60'000);
        else if (type == "time")
            values[name] = "09:30:00.000Z";
        else if (type == "reference")
            values[name] = some_id(field["referenceTo"][0].get<std::string>().c_str());
        else if (!field["picklistValues"].empty())
            values[name] =
                field["picklistValues"][number % field["picklistValues"].size()]["value"];
        else if (type == "string" || type == "textarea" || type == "url")
            values[name] = object.label + " " + name + " " + digits;
    }
    return values;
}

void Org::generate(const OrgOptions& options) {
    org_id = add(object("Organization"), {{"Name", "示例公司 Ltd"}}, "");
    user_id = add(object("User"),
                  {{"Username", "admin@example.com"},
                   {"LastName", "Admin"},
                   {"IsActive", true},
                   {"Email", "admin@example.com"}},
                  "");
    colleague_id = add(object("User"),
                       {{"Username", "li@example.com"},
                        {"FirstName", "Lei"},
                        {"LastName", "Li"},
                        {"IsActive", true},
                        {"Email", "li@example.com"}},
                       user_id);
    const std::int64_t shift = shift_ms_;
    for (const char* name : {"Account", "Contact", "Lead", "Opportunity", "Product2", "Campaign",
                             "Task", "Event", "Case", "Visit__c"}) {
        const bool contacts = std::string_view(name) == "Contact";
        std::uint64_t count = contacts ? options.contacts : options.contacts / 4;
        if (const auto given = options.counts.find(name); given != options.counts.end())
            count = given->second;
        const Object& object_of_it = object(name);
        for (std::uint64_t i = 0; i < count; ++i) {
            // Five of each second, the oldest first.
            shift_ms_ = shift - 86'400'000 - static_cast<std::int64_t>(count - i) / 5 * 1000;
            add(object_of_it, generated(object_of_it, i), i % 3 == 0 ? colleague_id : user_id);
        }
    }
    shift_ms_ = shift;
}

}  // namespace kontor::peer::salesforce
