#include "tests/peers/zoho/watch.hpp"

#include "tests/peers/zoho/output.hpp"

namespace kontor::peer::zoho {

namespace {

constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kWeek = 7 * 86400;
constexpr std::size_t kMaxObjects = 50;
constexpr std::size_t kMaxToken = 50;
constexpr std::size_t kMaxCallbacks = 10000;

Json entry_error(std::string_view code, std::string_view message, Json details) {
    return error_object(code, message, std::move(details));
}

}  // namespace

Json Watch::event_details(const std::string& id, const Channel& channel) const {
    Json events = Json::array();
    std::set<std::string> modules;
    for (const std::string& event : channel.events)
        modules.insert(event.substr(0, event.find('.')));
    for (const std::string& name : modules) {
        const Module* module = org_.catalogue.find(name);
        events.push_back({{"channel_expiry", format_instant(channel.expires_s, org_.zone)},
                          {"resource_uri", org_.base_url + "/crm/v8/" + name},
                          {"resource_id", module == nullptr ? "" : system_id(module->number)},
                          {"resource_name", name},
                          {"channel_id", id}});
    }
    return events;
}

Json Watch::subscribe(const Json& entry, bool partial) {
    if (!entry.is_object())
        return entry_error("INVALID_DATA", "invalid data", {{"expected_data_type", "jsonobject"}});
    const Json id_value = entry.value("channel_id", Json());
    const std::string id = id_value.is_string()           ? id_value.get<std::string>()
                           : id_value.is_number_integer() ? id_value.dump()
                                                          : "";
    if (id.empty())
        return entry_error("MANDATORY_NOT_FOUND", "required field not found",
                           {{"api_name", "channel_id"}});
    if (id.find_first_not_of("0123456789") != std::string::npos || id.size() > 19)
        return entry_error("INVALID_DATA", "invalid data",
                           {{"api_name", "channel_id"}, {"expected_data_type", "bigint"}});
    const auto known = channels_.find(id);
    Channel channel = partial && known != channels_.end() ? known->second : Channel{};
    if (partial && known == channels_.end())
        return entry_error("INVALID_DATA", "invalid data", {{"api_name", "channel_id"}});
    const Json events = entry.value("events", Json());
    if (!partial && (!events.is_array() || events.empty()))
        return entry_error("MANDATORY_NOT_FOUND", "required field not found",
                           {{"api_name", "events"}});
    if (entry.value("_delete_events", Json()) == true) channel.events.clear();
    for (const Json& event : events.is_array() ? events : Json::array()) {
        const std::string text = event.is_string() ? event.get<std::string>() : "";
        const std::size_t dot = text.find('.');
        const Module* module = org_.catalogue.find(text.substr(0, dot));
        const std::string kind = dot == std::string::npos ? "" : text.substr(dot + 1);
        const bool fits = kind == "create" || kind == "edit" || kind == "delete" || kind == "all";
        if (module == nullptr || !module->stores_records || !fits)
            return entry_error("INVALID_DATA", "invalid data", {{"api_name", "events"}});
        channel.events.insert(text);
    }
    channel.token = entry.value("token", channel.token);
    if (channel.token.size() > kMaxToken)
        return entry_error("INVALID_DATA", "invalid data",
                           {{"api_name", "token"}, {"maximum_length", kMaxToken}});
    channel.notify_url = entry.value("notify_url", channel.notify_url);
    if (channel.notify_url.empty())
        return entry_error("MANDATORY_NOT_FOUND", "required field not found",
                           {{"api_name", "notify_url"}});
    channel.with_values = entry.value("return_affected_field_values", channel.with_values);
    const std::int64_t now = org_.now_s();
    const Json expiry = entry.value("channel_expiry", Json());
    const auto wanted = expiry.is_string() ? parse_instant(expiry.get<std::string>())
                                           : std::optional<std::int64_t>();
    if (expiry.is_string() && !wanted)
        return entry_error("INVALID_DATA", "invalid data",
                           {{"api_name", "channel_expiry"}, {"expected_data_type", "datetime"}});
    // At most one week; absent or longer gives one hour.
    if (wanted && *wanted > now && *wanted <= now + kWeek) {
        channel.expires_s = *wanted;
    } else if (!partial || wanted) {
        channel.expires_s = now + kHour;
    }
    channels_[id] = channel;
    return {{"code", "SUCCESS"},
            {"details", {{"events", event_details(id, channel)}}},
            {"message", "Successfully subscribed for actions-watch of the given module"},
            {"status", "success"}};
}

Json Watch::list(std::string_view channel_id) const {
    Json out = Json::array();
    for (const auto& [id, channel] : channels_) {
        if (channel.expires_s <= org_.now_s()) continue;
        if (!channel_id.empty() && id != channel_id) continue;
        for (Json entry : event_details(id, channel)) {
            entry["notify_url"] = channel.notify_url;
            entry["token"] = channel.token;
            entry["events"] = channel.events;
            out.push_back(std::move(entry));
        }
    }
    return out;
}

Response Watch::unsubscribe(Call& call) {
    std::string_view ids = call.parameter("channel_ids").value_or("");
    if (ids.empty()) refuse_missing_parameter("channel_ids");
    Json out = Json::array();
    std::size_t good = 0;
    while (!ids.empty()) {
        const std::size_t comma = ids.find(',');
        const std::string id(ids.substr(0, comma));
        if (channels_.erase(id) > 0) {
            ++good;
            out.push_back({{"code", "SUCCESS"},
                           {"details", {{"resource_uri", nullptr}, {"channel_id", id}}},
                           {"message", "Successfully un-subscribed from notification"},
                           {"status", "success"}});
        } else {
            out.push_back(entry_error("INVALID_DATA", "invalid data", {{"channel_id", id}}));
        }
        if (comma == std::string_view::npos) break;
        ids.remove_prefix(comma + 1);
    }
    const int status = good == out.size() ? 200 : good == 0 ? 400 : 207;
    return json_response(status, {{"watch", std::move(out)}});
}

Response Watch::handle(Call& call) {
    call.charge(1);
    const std::string& method = call.request.method;
    if (method == "GET") {
        Json all = list(call.parameter("channel_id").value_or(""));
        if (all.empty()) return empty_response(204);
        const std::size_t count = all.size();
        return json_response(
            200, {{"watch", std::move(all)},
                  {"info",
                   {{"per_page", 200}, {"count", count}, {"page", 1}, {"more_records", false}}}});
    }
    if (method == "DELETE") return unsubscribe(call);
    if (method != "POST" && method != "PUT" && method != "PATCH") refuse_method(call.path.size());
    const Json body = parse_body(call.request.body);
    const Json entries = body.value("watch", Json());
    if (!entries.is_array() || entries.empty())
        refuse(400, "INVALID_DATA", "invalid data", {{"api_name", "watch"}});
    if (entries.size() > kMaxObjects)
        refuse(400, "LIMIT_EXCEEDED", "limit exceeded",
               {{"limit", kMaxObjects}, {"api_name", "watch"}, {"json_path", "$.watch"}});
    Json out = Json::array();
    std::size_t good = 0;
    for (const Json& entry : entries) {
        out.push_back(subscribe(entry, method == "PATCH"));
        good += out.back()["status"] == "success" ? 1 : 0;
    }
    const int all_good = method == "POST" ? 201 : 200;
    const int status = good == out.size() ? all_good : good == 0 ? 400 : 207;
    return json_response(status, {{"watch", std::move(out)}});
}

Json Watch::affected_values(const Module& module, Slot slot,
                            const std::vector<std::string>& fields) const {
    RowReader reader(org_.store(module));
    reader.seek_any(slot);
    const Output output(org_);
    Json out = Json::object();
    for (const std::string& name : fields) {
        const auto index = module.find_index(name);
        if (!index) continue;
        std::string value;
        output.append_value(value, module, reader, *index);
        out[name] = Json::parse(value, nullptr, false);
    }
    return out;
}

void Watch::changed(const Module& module, Slot slot, ChangeKind kind,
                    const std::vector<std::string>& fields) {
    if (channels_.empty() || !org_.switches.on("watch_callbacks")) return;
    const char* event = kind == ChangeKind::insert   ? "create"
                        : kind == ChangeKind::update ? "edit"
                                                     : "delete";
    const char* operation = kind == ChangeKind::insert   ? "insert"
                            : kind == ChangeKind::update ? "update"
                                                         : "delete";
    for (const auto& [id, channel] : channels_) {
        if (channel.expires_s <= org_.now_s()) continue;
        if (!channel.events.contains(module.api_name + "." + event) &&
            !channel.events.contains(module.api_name + ".all"))
            continue;
        const std::string record = record_id(module.number, slot);
        Json affected = Json::array();
        if (kind == ChangeKind::update) affected.push_back({{record, fields}});
        Json values = Json::array();
        if (channel.with_values && kind != ChangeKind::remove)
            values.push_back(
                {{"record_id", record}, {"values", affected_values(module, slot, fields)}});
        Json body{{"server_time", org_.now_ms()},
                  {"query_params", Json::object()},
                  {"module", module.api_name},
                  {"resource_uri", org_.base_url + "/crm/v8/" + module.api_name},
                  {"ids", {record}},
                  {"affected_fields", affected},
                  {"operation", operation},
                  {"channel_id", id},
                  {"token", channel.token}};
        if (channel.with_values) body["affected_values"] = std::move(values);
        const std::string& delivery = org_.switches.text("watch_delivery");
        for (int i = 0; i < (delivery == "twice" ? 2 : 1); ++i) {
            if (callbacks_.size() >= kMaxCallbacks) break;
            if (delivery == "reversed")
                callbacks_.push_front({channel.notify_url, body.dump()});
            else
                callbacks_.push_back({channel.notify_url, body.dump()});
        }
    }
}

std::vector<Callback> Watch::take_callbacks() {
    std::vector<Callback> out(callbacks_.begin(), callbacks_.end());
    callbacks_.clear();
    return out;
}

void Watch::refused(Callback callback) {
    if (callback.sent_before >= org_.switches.number("watch_resend")) return;
    ++callback.sent_before;
    callbacks_.push_back(std::move(callback));
}

}  // namespace kontor::peer::zoho
