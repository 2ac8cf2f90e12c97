#include "tests/peers/zoho/control.hpp"

#include "tests/peers/base/number.hpp"
#include "tests/peers/zoho/output.hpp"

namespace kontor::peer::zoho {

namespace {

constexpr std::size_t kMaxViolations = 1000;

/// What orders take; what one of a fault takes depends on its kind.
const Takes kOrderTakes{
    {"edit", {"module", "id", "ids", "where", "set", "user", "time", "keep_time"}},
    {"create", {"module", "set", "count", "user"}},
    {"delete", {"module", "id", "ids", "where", "permanent", "user"}},
    {"restore", {"module", "id", "ids", "where", "user"}},
    {"merge", {"module", "winner", "losers", "set", "user"}},
    {"convert", {"module", "id", "ids", "where", "user", "deal"}},
    {"link", {"id", "other", "linked"}},
    {"lock", {"module", "id", "ids", "where", "locked"}},
    {"approval", {"module", "id", "ids", "where", "waits"}},
    {"draft", {"module", "id", "ids", "where", "draft"}},
    {"bulk_edit", {"module", "count", "skip", "set", "same_time", "user"}},
    {"grant", {}},
    {"scope", {"scope"}},
    {"time", {"advance_s", "advance_ms"}},
    {"switch", {"name", "value"}},
    {"snapshot", {"name"}},
    {"rollback", {"name"}}};

std::int64_t number_parameter(const Parameters& query, std::string_view name,
                              std::int64_t fallback) {
    const auto text = find_parameter(query, name);
    return text ? leading_number(*text, fallback) : fallback;
}

}  // namespace

void Control::add_violation(Json violation) {
    if (violations_.size() < kMaxViolations) violations_.push_back(std::move(violation));
}

Response Control::handle(const Request& request) {
    const Parameters query = parse_query(request.query());
    std::string name(request.path().substr(std::string_view("/_control").size()));
    while (name.starts_with('/')) name.erase(0, 1);
    try {
        if (request.method == "GET" && name == "dump") return dump(query);
        Json body = Json::object();
        if (!request.body.empty()) {
            body = Json::parse(request.body, nullptr, false);
            if (!body.is_object()) throw ControlError{"the body is not a JSON object"};
        }
        return json_response(200, dispatch(request.method, name, body, query));
    } catch (const ControlError& error) {
        return json_response(400, {{"error", error.message}});
    } catch (const ApiError& error) {
        return json_response(400, {{"error", error.body.dump()}});
    } catch (const Json::exception& error) {
        return json_response(400, {{"error", error.what()}});
    }
}

Json Control::dispatch(const std::string& method, const std::string& name, const Json& body,
                       const Parameters& query) {
    if (method == "GET") {
        if (name.empty() || name == "ping") return {{"ok", true}};
        if (name == "log") return log(query);
        if (name == "stats") return stats();
        if (name == "count") return counts();
        if (name == "switch") return Json::parse(p_.org.switches.list_json());
        if (name == "violations") return {{"violations", violations_}};
        if (name == "time")
            return {{"now", format_instant(p_.org.now_s(), Zone("UTC"))},
                    {"now_ms", p_.org.now_ms()}};
        if (name == "fault") {
            Json list = Json::array();
            for (const WireFault& fault : p_.faults.all())
                list.push_back({{"kind", fault.kind}, {"count", fault.count}});
            return {{"faults", list}, {"fired", p_.faults.fired()}};
        }
    }
    if (method == "DELETE" && name == "fault") {
        clear_faults();
        return {{"ok", true}};
    }
    if (method == "POST") {
        take_known(body, name, kOrderTakes);
        if (name == "fault") return add_fault(body);
        if (name == "edit") return edit(body);
        if (name == "create") return create(body);
        if (name == "delete") return erase(body);
        if (name == "restore") return restore(body);
        if (name == "merge") return merge(body);
        if (name == "convert") return convert(body);
        if (name == "link") return link(body);
        if (name == "lock") return lock(body);
        if (name == "bulk_edit") return bulk_edit(body);
        if (name == "grant") return {{"grant_code", p_.oauth.new_grant_code()}};
        if (name == "scope") {
            p_.oauth.set_scope(body.at("scope").get<std::string>());
            return {{"ok", true}};
        }
        if (name == "approval") return mark(body, "waits", p_.org.pending);
        if (name == "draft") return mark(body, "draft", p_.org.drafts);
        if (name == "time") {
            p_.org.advance_ms(body.value("advance_s", std::int64_t{0}) * 1000 +
                              body.value("advance_ms", std::int64_t{0}));
            return {{"now_ms", p_.org.now_ms()}};
        }
        if (name == "switch") {
            const Json& value = body.at("value");
            const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
            if (!p_.org.switches.set(body.at("name").get<std::string>(), text))
                throw ControlError{"unknown switch or value"};
            return {{"ok", true}};
        }
        if (name == "snapshot") {
            snapshots_[body.value("name", "default")] = p_.org.snapshot();
            return {{"ok", true}};
        }
        if (name == "rollback") {
            const auto found = snapshots_.find(body.value("name", "default"));
            if (found == snapshots_.end()) throw ControlError{"no such snapshot"};
            p_.org.rollback(*found->second);
            return {{"ok", true}};
        }
    }
    throw ControlError{"unknown control request " + method + " " + name};
}

Response Control::dump(const Parameters& query) const {
    const Module* module = p_.org.catalogue.find(find_parameter(query, "module").value_or(""));
    if (module == nullptr || !module->stores_records) throw ControlError{"unknown module"};
    std::vector<std::size_t> fields;
    if (const auto named = find_parameter(query, "fields"); named && !named->empty()) {
        std::string_view rest = *named;
        while (true) {
            const std::size_t comma = rest.find(',');
            const auto index = module->find_index(rest.substr(0, comma));
            if (!index) throw ControlError{"unknown field " + std::string(rest.substr(0, comma))};
            fields.push_back(*index);
            if (comma == std::string_view::npos) break;
            rest.remove_prefix(comma + 1);
        }
    } else {
        fields = Output::all_fields(*module);
    }
    const bool with_deleted = find_parameter(query, "deleted").value_or("") == "true";
    const std::int64_t limit = number_parameter(query, "limit", INT64_MAX);
    Slot slot = 0;
    if (const auto after = find_parameter(query, "after")) {
        const auto found = p_.org.slot_of(*module, *after);
        if (!found) throw ControlError{"unknown id in after"};
        slot = *found + 1;
    }
    const ModuleStore& store = p_.org.store(*module);
    const Output output(p_.org);
    RowReader reader(store);
    Response response;
    response.headers.emplace_back("Content-Type", "application/x-ndjson");
    std::int64_t count = 0;
    for (; slot < store.size() && count < limit; ++slot) {
        if (!store.exists(slot)) continue;
        const bool deleted = !store.visible(slot);
        if (deleted && !with_deleted) continue;
        reader.seek_any(slot);
        output.append_record(response.body, *module, reader, fields, Output::Shown{});
        if (with_deleted)
            response.body.insert(response.body.size() - 1,
                                 deleted ? ",\"$deleted\":true" : ",\"$deleted\":false");
        response.body += '\n';
        ++count;
    }
    return response;
}

Json Control::log(const Parameters& query) const {
    const auto since = static_cast<std::uint64_t>(number_parameter(query, "since", 0));
    Json list = Json::array();
    for (const LogEntry& entry : p_.activity.log) {
        if (entry.sequence <= since) continue;
        list.push_back({{"seq", entry.sequence},
                        {"at_ms", entry.at_ms},
                        {"method", entry.method},
                        {"path", entry.path},
                        {"module", entry.module},
                        {"kind", entry.kind},
                        {"status", entry.status},
                        {"credits", entry.credits},
                        {"written", entry.written},
                        {"fault", entry.fault}});
    }
    return {{"log", std::move(list)}, {"last", p_.activity.next_sequence - 1}};
}

Json Control::stats() const {
    Json statuses = Json::object();
    for (const auto& [status, count] : p_.activity.statuses)
        statuses[std::to_string(status)] = count;
    return {{"requests", p_.activity.requests},
            {"statuses", statuses},
            {"records_written", p_.activity.records_written},
            {"credits_used", p_.credits.used(p_.org.now_s())},
            {"credits_total", p_.credits.total()},
            {"faults_fired", p_.faults.fired()},
            {"in_flight_most", p_.activity.in_flight_most}};
}

Json Control::counts() const {
    Json out = Json::object();
    for (const auto& module : p_.org.catalogue.modules()) {
        if (module->stores_records) out[module->api_name] = p_.org.store(*module).live_count();
    }
    return out;
}

}  // namespace kontor::peer::zoho
