#include "tests/peers/salesforce/read_api.hpp"

#include <algorithm>

#include "tests/peers/base/number.hpp"
#include "tests/peers/base/times.hpp"
#include "tests/peers/salesforce/soql.hpp"

namespace kontor::peer::salesforce {

namespace {

constexpr std::size_t kLocatorsMost = 10;
constexpr std::size_t kUrlMost = 16'384;
constexpr std::int64_t kHourMs = 3'600'000;

Json brief(const Org& org, const Object& object) {
    return {{"name", object.name},
            {"label", object.label},
            {"labelPlural", object.label + "s"},
            {"keyPrefix", object.prefix},
            {"custom", object.custom()},
            {"customSetting", false},
            {"deprecatedAndHidden", false},
            {"queryable", true},
            {"retrieveable", true},
            {"createable", object.writable},
            {"updateable", object.writable},
            {"deletable", object.writable},
            {"undeletable", object.writable},
            {"replicateable", object.writable && org.switches.on("deleted_feed")},
            {"urls", {{"sobject", std::string(kRoot) + "/sobjects/" + object.name}}}};
}

}  // namespace

Response ReadApi::root(const std::string& base_url) const {
    const std::string root = kRoot;
    return answer(200, {{"sobjects", root + "/sobjects"},
                        {"query", root + "/query"},
                        {"queryAll", root + "/queryAll"},
                        {"jobs", root + "/jobs"},
                        {"composite", root + "/composite"},
                        {"limits", root + "/limits"},
                        {"identity", base_url + "/id/" + org_.org_id + "/" + org_.user_id}});
}

Response ReadApi::describe_global() const {
    Json list = Json::array();
    for (const Object& each : const_cast<Org&>(org_).objects())
        if (!each.hidden) list.push_back(brief(org_, each));
    return answer(200, {{"encoding", "UTF-8"}, {"maxBatchSize", 200}, {"sobjects", list}});
}

Response ReadApi::describe(const std::string& name) {
    const Object& object = org_.object(name);
    Json out = brief(org_, object);
    out["fields"] = Json::array();
    for (const auto& [field, json] : object.fields) out["fields"].push_back(json);
    out["childRelationships"] = out["recordTypeInfos"] = Json::array();
    return answer(200, out);
}

Json ReadApi::page(const std::string& key, const Locator& locator, std::size_t from) {
    const Object& object = org_.object(locator.object);
    const auto batch = static_cast<std::size_t>(
        std::clamp<std::int64_t>(org_.switches.number("query_batch"), 1, 2000));
    const std::size_t end = std::min(from + batch, locator.ids.size());
    Json records = Json::array();
    for (std::size_t i = from; i < end; ++i)
        if (const Record* record = org_.find(object.name, locator.ids[i]))
            records.push_back(shown(org_, object, *record, locator.fields));
    Json out{{"totalSize", locator.ids.size()},
             {"done", end == locator.ids.size()},
             {"records", std::move(records)}};
    if (end < locator.ids.size())
        out["nextRecordsUrl"] = std::string(kRoot) + "/query/" + key + "-" + std::to_string(end);
    return out;
}

Response ReadApi::query(Call& call) {
    if (call.path.size() > 1) {
        const std::string& text = call.path[1];
        const auto dash = text.rfind('-');
        const auto found = locators_.find(text.substr(0, dash));
        if (dash == std::string::npos || found == locators_.end() ||
            org_.switches.on("locator_lost"))
            throw ApiError{400, "INVALID_QUERY_LOCATOR", "invalid query locator"};
        call.object = found->second.object;
        return answer(200, page(found->first, found->second,
                                static_cast<std::size_t>(leading_number(text.substr(dash + 1)))));
    }
    if (call.request.target.size() > kUrlMost)
        throw ApiError{414, "URI_TOO_LONG", "The length of the URI exceeds the maximum"};
    const Query query = parse_soql(call.parameter("q"));
    call.object = query.object;
    Locator locator{query.object, query.fields, run_query(org_, query, call.path[0] != "query")};
    if (query.count)
        return answer(
            200, {{"totalSize", locator.ids.size()}, {"done", true}, {"records", Json::array()}});
    const std::string key = org_.new_id("01g");
    Json out = page(key, locator, 0);
    if (!out["done"].get<bool>()) {
        // Ids ascend: the first is the oldest.
        if (locators_.size() >= kLocatorsMost) locators_.erase(locators_.begin());
        locators_.emplace(key, std::move(locator));
    }
    return answer(200, out);
}

Response ReadApi::deleted(Call& call) {
    const Object& object = org_.object(call.part(1));
    call.object = object.name;
    const auto start = parse_stamp(call.parameter("start"));
    const auto end = parse_stamp(call.parameter("end"));
    if (!org_.switches.on("deleted_feed")) throw not_found();
    const std::int64_t earliest =
        org_.now_ms() - org_.switches.number("deleted_forgets_after_h") * kHourMs;
    if (!start || !end || *end - *start < 60 || *start * 1000 < earliest)
        throw ApiError{400, "INVALID_REPLICATION_DATE",
                       "startDate must be at least one minute before endDate, and not before what "
                       "is kept"};
    Json list = Json::array();
    for (const Deletion& each : org_.deletions)
        if (each.object == object.name && each.at_ms >= *start * 1000 && each.at_ms < *end * 1000)
            list.push_back({{"id", each.id}, {"deletedDate", format_stamp(each.at_ms)}});
    return answer(200, {{"deletedRecords", list},
                        {"earliestDateAvailable", format_stamp(earliest)},
                        {"latestDateCovered", format_stamp(std::min(*end * 1000, org_.now_ms()))}});
}

Response ReadApi::retrieve(Call& call) {
    const Object& object = org_.object(call.part(2));
    call.object = object.name;
    const auto ids = call.body.at("ids").get<std::vector<std::string>>();
    const auto fields = call.body.at("fields").get<std::vector<std::string>>();
    if (ids.size() > 2000) throw ApiError{400, "EXCEEDED_ID_LIMIT", "more than 2000 ids"};
    for (const std::string& field : fields)
        if (object.field(field) == nullptr)
            throw ApiError{400, "INVALID_FIELD",
                           "No such column '" + field + "' on entity '" + object.name + "'"};
    Json out = Json::array();
    for (const std::string& id : ids) {
        if (id.size() != 15 && id.size() != 18)
            throw ApiError{400, "MALFORMED_ID", "malformed id " + id};
        const Record* record = org_.find(object.name, id);
        const bool there = record != nullptr && !record->deleted();
        out.push_back(there ? shown(org_, object, *record, fields) : Json());
    }
    return answer(200, out);
}

Response ReadApi::row(Call& call) {
    const Object& object = org_.object(call.part(1));
    call.object = object.name;
    const Record* record = org_.find(object.name, call.part(2));
    if (record == nullptr || record->deleted()) throw not_found();
    std::vector<std::string> names;
    for (const auto& [name, field] : object.fields) names.push_back(name);
    return answer(200, shown(org_, object, *record, names));
}

}  // namespace kontor::peer::salesforce
