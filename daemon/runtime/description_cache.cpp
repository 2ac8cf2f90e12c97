#include "daemon/runtime/description_cache.hpp"

#include <nlohmann/json.hpp>

#include "connectors/host/atomic_file.hpp"
#include "connectors/host/description_json.hpp"

namespace kontor::app {

using nlohmann::json;

namespace {

constexpr std::size_t kFileMax = std::size_t{64} << 20;

json label_of(const remote::Label& label) {
    return {{"en", label.en}, {"zh", label.zh}};
}

const char* cas_of(remote::CompareAndSet cas) {
    switch (cas) {
        case remote::CompareAndSet::kSingle:
            return "single";
        case remote::CompareAndSet::kBatch:
            return "batch";
        default:
            return "none";
    }
}

json capabilities_of(const remote::Capabilities& can) {
    return {{"pull", can.pull},
            {"create", can.create},
            {"update", can.update},
            {"delete", can.remove},
            {"deleted_feed", can.deleted_feed},
            {"deleted_retention_days", can.deleted_retention_days},
            {"list_ids", can.list_ids},
            {"fetch", can.fetch},
            {"fetch_with_push", can.fetch_with_push},
            {"find_fields", can.find_fields},
            {"key_field", can.key_field},
            {"cas", cas_of(can.cas)},
            {"push_batch_max", can.push_batch_max},
            {"fetch_batch_max", can.fetch_batch_max},
            {"modified_resolution_ms", can.modified_resolution_ms}};
}

json field_of(const remote::FieldSpec& field) {
    json choices = json::array();
    for (const auto& choice : field.choices)
        choices.push_back({{"value", choice.value}, {"label", choice.label}});
    return {{"name", field.name},
            {"label", label_of(field.label)},
            {"type", remote::to_string(field.type)},
            {"custom", field.custom},
            {"required", field.required},
            {"read_only", field.read_only},
            {"create_only", field.create_only},
            {"unique", field.unique},
            {"may_be_cut", field.may_be_cut},
            {"max_length", field.max_length},
            {"precision", field.precision},
            {"scale", field.scale},
            {"references", field.references},
            {"choices", std::move(choices)},
            {"column_hint", field.column_hint},
            {"group", field.group}};
}

}  // namespace

json to_json(const std::vector<remote::StreamSpec>& streams) {
    json out = json::array();
    for (const auto& stream : streams) {
        json fields = json::array();
        for (const auto& field : stream.fields) fields.push_back(field_of(field));
        out.push_back({{"name", stream.name},
                       {"label", label_of(stream.label)},
                       {"custom", stream.custom},
                       {"entity_hint", stream.entity_hint},
                       {"capabilities", capabilities_of(stream.can)},
                       {"fields", std::move(fields)}});
    }
    return out;
}

std::string DescriptionCache::path_of(const std::string& connection) const {
    return folder_ + "/" + connection + ".json";
}

std::optional<Description> DescriptionCache::load(const std::string& connection) const {
    auto text = host::read_file(path_of(connection), kFileMax);
    if (!text || !*text) return std::nullopt;
    auto streams = host::read_streams(**text);
    const auto document = json::parse(**text, nullptr, false);
    if (!streams || !document.is_object() || !document.contains("at") ||
        !document["at"].is_string())
        return std::nullopt;
    const auto at = parse_instant(document["at"].get<std::string>());
    if (!at) return std::nullopt;
    return Description{*at, std::move(*streams)};
}

Result<> DescriptionCache::save(const std::string& connection,
                                const Description& description) const {
    const json document = {{"at", format_instant(description.at)},
                           {"streams", to_json(description.streams)}};
    if (auto made = host::make_private_folder(folder_); !made) return made;
    auto saved = host::replace_file(path_of(connection),
                                    document.dump(-1, ' ', false, json::error_handler_t::replace),
                                    host::Durability::kQuick);
    ++edition_;
    return saved;
}

}  // namespace kontor::app
