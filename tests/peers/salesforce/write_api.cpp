#include "tests/peers/salesforce/write_api.hpp"

#include <array>
#include <ctime>

#include "tests/peers/base/times.hpp"

namespace kontor::peer::salesforce {

namespace {

constexpr std::size_t kCollectionMost = 200;

Json errors_json(const std::vector<ApiError>& errors) {
    Json out = Json::array();
    for (const ApiError& each : errors)
        out.push_back(
            {{"statusCode", each.code}, {"message", each.message}, {"fields", each.fields}});
    return out;
}

Json result_json(const Outcome& outcome, bool upsert) {
    Json out{{"success", outcome.errors.empty()}, {"errors", errors_json(outcome.errors)}};
    if (!outcome.id.empty()) out["id"] = outcome.id;
    if (upsert) out["created"] = outcome.created;
    return out;
}

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < text.size();) {
        const auto comma = std::min(text.find(',', at), text.size());
        out.push_back(text.substr(at, comma - at));
        at = comma + 1;
    }
    return out;
}

std::optional<std::int64_t> http_date_s(const std::string& text) {
    std::tm tm{};
    const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    if (end == nullptr || *end != '\0') return std::nullopt;
    return timegm(&tm);
}

}  // namespace

void WriteApi::require_unmodified(const Call& call, const Object& object, const std::string& id) {
    const auto header = find_header(call.request.headers, "If-Unmodified-Since");
    if (!header || org_.switches.text("unmodified_since") == "ignored") return;
    const auto since = http_date_s(std::string(*header));
    if (!since) throw ApiError{400, "INVALID_HEADER", "If-Unmodified-Since is malformed"};
    const Record* record = org_.find(object.name, id);
    if (record == nullptr) return;
    if (*parse_stamp(record->values.at("SystemModstamp").get<std::string>()) > *since)
        throw ApiError{412, "PRECONDITION_FAILED", "the record was modified since"};
}

Outcome WriteApi::change(Call& call, const Object& object, Json record,
                         const std::string& key_field) {
    record.erase("attributes");
    Outcome out;
    if (!key_field.empty()) {
        const std::string key = record.value(key_field, "");
        record.erase(key_field);
        writer_.check_shape(object, record);
        out = writer_.upsert(object, key_field, key, std::move(record), call.user);
    } else {
        std::string id;
        for (const char* name : {"id", "Id"}) {
            if (record.contains(name)) id = record[name].get<std::string>();
            record.erase(name);
        }
        writer_.check_shape(object, record);
        out = call.is("POST") ? writer_.create(object, std::move(record), call.user)
                              : writer_.update(object, id, std::move(record), call.user);
    }
    if (out.errors.empty()) ++call.written;
    return out;
}

Response WriteApi::row(Call& call) {
    const Object& object = org_.object(call.part(1));
    call.object = object.name;
    Outcome outcome;
    const bool by_key = call.path.size() == 4;
    if (call.is("DELETE")) {
        outcome = writer_.remove(object, call.part(2), call.user);
        if (outcome.errors.empty()) ++call.written;
    } else {
        Json record = call.body;
        if (by_key)
            record[call.part(2)] = call.part(3);
        else if (call.is("PATCH"))
            record["Id"] = call.part(2);
        if (!by_key && call.is("PATCH")) require_unmodified(call, object, call.part(2));
        outcome = change(call, object, std::move(record), by_key ? call.part(2) : "");
    }
    if (!outcome.errors.empty()) {
        ApiError error = outcome.errors.front();
        if (error.status == 404 && error.code != "ENTITY_IS_DELETED") error = not_found();
        throw error;
    }
    if (!call.is("POST") && !by_key) return answer(204, nullptr);
    return answer(outcome.created ? 201 : 200, result_json(outcome, by_key));
}

Response WriteApi::removed(Call& call) {
    Json out = Json::array();
    const std::vector<std::string> ids = split(call.parameter("ids"));
    if (ids.size() > kCollectionMost)
        throw ApiError{400, "EXCEEDED_ID_LIMIT", "record limit reached"};
    for (const std::string& id : ids) {
        const Object* object = nullptr;
        for (const Object& each : org_.objects())
            if (id.starts_with(each.prefix)) object = &each;
        Outcome outcome;
        if (object == nullptr || (id.size() != 15 && id.size() != 18)) {
            outcome.errors.push_back({400, "MALFORMED_ID", "malformed id " + id, {}});
        } else {
            call.object = object->name;
            outcome = writer_.remove(*object, id, call.user);
        }
        if (outcome.errors.empty()) ++call.written;
        out.push_back(result_json(outcome, false));
    }
    return answer(200, out);
}

Response WriteApi::collection(Call& call) {
    if (call.is("DELETE")) return removed(call);
    const bool upsert = call.path.size() == 4;
    const Json& records = call.body.at("records");
    if (!records.is_array() || records.size() > kCollectionMost)
        throw ApiError{400, "EXCEEDED_ID_LIMIT",
                       "record limit reached. cannot submit more than 200 "
                       "records in this call"};
    const auto object_of = [&](const Json& record) -> Object& {
        return org_.object(record.at("attributes").at("type").get<std::string>());
    };
    // What is malformed refuses all of them, before anything is carried out.
    for (const Json& each : records) {
        Json values = each;
        for (const char* name : {"attributes", "id", "Id"}) values.erase(name);
        writer_.check_shape(object_of(each), values);
        if (upsert && !object_of(each).fields.at(call.part(3)).value("externalId", false))
            throw ApiError{400, "INVALID_FIELD", "Field name provided is not an External ID"};
    }
    Json out = Json::array();
    for (const Json& each : records) {
        const Object& object = object_of(each);
        call.object = object.name;
        out.push_back(result_json(change(call, object, each, upsert ? call.part(3) : ""), upsert));
    }
    return answer(200, out);
}

}  // namespace kontor::peer::salesforce
