#include "connectors/host/description_json.hpp"

#include <simdjson.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "connectors/host/json_text.hpp"

namespace kontor::host {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kDescriptionBytesMax = std::size_t{64} << 20;
constexpr std::size_t kResultsBytesMax = std::size_t{64} << 20;
constexpr std::size_t kSmallBytesMax = std::size_t{1} << 20;
constexpr std::size_t kStreamsMax = 5'000;
constexpr std::size_t kFieldsMax = 10'000;
constexpr std::size_t kChoicesMax = 100'000;
constexpr std::size_t kMemberBytesMax = 256;
constexpr int kBatchMax = 100'000;

bool is_name(const std::string& text) {
    return !text.empty() && text.size() <= kMemberBytesMax &&
           std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

int small(const Json& json, const char* key, int fallback, int low, int high) {
    return static_cast<int>(std::clamp<std::int64_t>(integer_of(json, key, fallback), low, high));
}

remote::Label read_label(const Json& json) {
    const auto& label = object_of(json, "label");
    return {text_of(label, "en"), text_of(label, "zh")};
}

tl::unexpected<Error> bad(const std::string& stream, const std::string& field,
                          const std::string& why) {
    return fail(Errc::kProtocol,
                "the description of " + stream + (field.empty() ? "" : "." + field) + " " + why,
                {{"stream", stream}, {"field", field}});
}

remote::Capabilities read_capabilities(const Json& json) {
    remote::Capabilities can;
    can.pull = flag_of(json, "pull", true);
    can.create = flag_of(json, "create");
    can.update = flag_of(json, "update");
    can.remove = flag_of(json, "delete");
    can.deleted_feed = flag_of(json, "deleted_feed");
    can.deleted_retention_days = small(json, "deleted_retention_days", 0, 0, 100'000);
    can.list_ids = flag_of(json, "list_ids");
    can.fetch = flag_of(json, "fetch");
    can.fetch_with_push = can.fetch && flag_of(json, "fetch_with_push");
    can.find_fields = texts_of(json, "find_fields");
    can.key_field = text_of(json, "key_field");
    const auto cas = text_of(json, "cas", "none");
    can.cas = cas == "batch"    ? remote::CompareAndSet::kBatch
              : cas == "single" ? remote::CompareAndSet::kSingle
                                : remote::CompareAndSet::kNone;
    can.push_batch_max = small(json, "push_batch_max", 1, 1, kBatchMax);
    can.fetch_batch_max = small(json, "fetch_batch_max", 1, 1, kBatchMax);
    can.modified_resolution_ms = small(json, "modified_resolution_ms", 1, 1, 86'400'000);
    return can;
}

Result<remote::FieldSpec> read_field(const Json& json, const std::string& stream) {
    remote::FieldSpec field;
    field.name = text_of(json, "name");
    if (!is_name(field.name)) return bad(stream, "", "has a field with a malformed name");
    const auto type = remote::field_type_from(text_of(json, "type"));
    if (!type) return bad(stream, field.name, "has a type that is not known");
    field.type = *type;
    field.label = read_label(json);
    field.custom = flag_of(json, "custom");
    field.required = flag_of(json, "required");
    field.read_only = flag_of(json, "read_only");
    field.create_only = flag_of(json, "create_only");
    field.unique = flag_of(json, "unique");
    field.may_be_cut = flag_of(json, "may_be_cut");
    field.max_length = small(json, "max_length", 0, 0, 1'000'000'000);
    field.precision = small(json, "precision", 0, 0, 1'000);
    field.scale = small(json, "scale", 0, 0, 1'000);
    field.references = texts_of(json, "references");
    field.column_hint = text_of(json, "column_hint");
    field.group = text_of(json, "group");
    const auto& choices = array_of(json, "choices");
    if (choices.size() > kChoicesMax) return bad(stream, field.name, "has too many choices");
    for (const auto& choice : choices) {
        const auto value = text_of(choice, "value");
        field.choices.push_back({value, text_of(choice, "label", value)});
    }
    return field;
}

Result<remote::StreamSpec> read_stream(const Json& json) {
    remote::StreamSpec stream;
    stream.name = text_of(json, "name");
    if (!is_name(stream.name))
        return fail(Errc::kProtocol, "the description has a stream with a malformed name");
    stream.label = read_label(json);
    stream.custom = flag_of(json, "custom");
    stream.entity_hint = text_of(json, "entity_hint");
    stream.can = read_capabilities(object_of(json, "capabilities"));
    const auto& fields = array_of(json, "fields");
    if (fields.size() > kFieldsMax) return bad(stream.name, "", "has too many fields");
    std::set<std::string> names;
    for (const auto& each : fields) {
        auto field = read_field(each, stream.name);
        if (!field) return pass(field);
        if (!names.insert(field->name).second) return bad(stream.name, field->name, "comes twice");
        stream.fields.push_back(std::move(*field));
    }
    for (const auto& name : stream.can.find_fields)
        if (!names.contains(name)) return bad(stream.name, name, "is searchable but not described");
    if (!stream.can.key_field.empty() && !names.contains(stream.can.key_field))
        return bad(stream.name, stream.can.key_field, "is the key but not described");
    return stream;
}

remote::PushStatus push_status(std::string_view name) {
    using enum remote::PushStatus;
    for (const auto status :
         {kOk, kChanged, kDuplicate, kInvalid, kLocked, kForbidden, kMissing, kRetry})
        if (remote::to_string(status) == name) return status;
    return kUnknown;  // also for one that a newer plugin may know: the engine then reads back
}

}  // namespace

Result<std::vector<remote::StreamSpec>> read_streams(std::string_view text) {
    auto json = parse_json(text, kDescriptionBytesMax, "the connector's description");
    if (!json) return pass(json);
    if (!json->is_object() || !json->contains("streams") || !(*json)["streams"].is_array())
        return fail(Errc::kProtocol, "the connector's description has no streams");
    if ((*json)["streams"].size() > kStreamsMax)
        return fail(Errc::kProtocol, "the connector's description has too many streams");
    std::vector<remote::StreamSpec> streams;
    std::set<std::string> names;
    for (const auto& each : (*json)["streams"]) {
        auto stream = read_stream(each);
        if (!stream) return pass(stream);
        if (!names.insert(stream->name).second) return bad(stream->name, "", "comes twice");
        streams.push_back(std::move(*stream));
    }
    return streams;
}

Result<remote::Identity> read_identity(std::string_view text) {
    auto json = parse_json(text, kSmallBytesMax, "the connector's check");
    if (!json) return pass(json);
    if (!json->is_object()) return fail(Errc::kProtocol, "the connector's check is not an object");
    remote::Identity out;
    out.org_id = text_of(*json, "org_id");
    out.org_name = text_of(*json, "org_name");
    if (out.org_name.empty()) out.org_name = out.org_id;
    out.user_id = text_of(*json, "user_id");
    out.user_name = text_of(*json, "user_name");
    out.server_time = Instant(std::chrono::milliseconds(integer_of(*json, "server_time_ms")));
    out.credits_limit = std::max<std::int64_t>(0, integer_of(*json, "credits_limit"));
    out.credits_left = integer_of(*json, "credits_left", -1);
    return out;
}

// As many as records pushed, hence the faster parser.
Result<std::vector<remote::PushResult>> read_push_results(std::string_view text) {
    constexpr std::string_view kWhat = "the connector's push results";
    if (text.size() > kResultsBytesMax)
        return fail(Errc::kProtocol, std::string(kWhat) + " are larger than " +
                                         std::to_string(kResultsBytesMax) + " bytes");
    simdjson::dom::parser parser;
    simdjson::dom::element json;
    if (parser.allocate(text.size(), kJsonDepthMax) != simdjson::SUCCESS ||
        parser.parse(text.data(), text.size()).get(json) != simdjson::SUCCESS)
        return fail(Errc::kProtocol, std::string(kWhat) + " are not valid JSON");
    std::vector<remote::PushResult> out;
    simdjson::dom::array results;
    if (json["results"].get(results) != simdjson::SUCCESS) return out;
    out.reserve(results.size());
    for (const auto each : results) {
        const auto text_of = [&](std::string_view key) {
            std::string_view found;
            return each[key].get(found) == simdjson::SUCCESS ? found : std::string_view();
        };
        remote::PushResult result;
        result.status = push_status(text_of("status"));
        result.id = text_of("id");
        result.version = text_of("version");
        result.code = text_of("code");
        result.field = text_of("field");
        result.message = text_of("message");
        out.push_back(std::move(result));
    }
    return out;
}

remote::Credits read_credits(std::string_view text) {
    remote::Credits out;
    const auto json = parse_json(text, kSmallBytesMax, "the connector's credits");
    if (!json) return out;
    out.limit = std::max<std::int64_t>(0, integer_of(*json, "limit"));
    out.left = std::max<std::int64_t>(-1, integer_of(*json, "left", -1));
    out.spent = std::max<std::int64_t>(0, integer_of(*json, "spent"));
    return out;
}

}  // namespace kontor::host
