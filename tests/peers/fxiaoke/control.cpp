#include "tests/peers/fxiaoke/control.hpp"

#include <cstdlib>

#include "tests/peers/base/order.hpp"
#include "tests/peers/base/times.hpp"

namespace kontor::peer::fxiaoke {

namespace {

constexpr std::size_t kViolationsMost = 1000;

/// What orders take; what one of a fault takes depends on its kind.
const Takes kOrderTakes{
    {"time", {"advance_s", "advance_ms"}},
    {"switch", {"name", "value"}},
    {"create", {"object", "set", "count", "user"}},
    {"edit", {"object", "id", "ids", "where", "count", "set", "user", "keep_time"}},
    {"invalid", {"object", "id", "ids", "where", "count", "user"}},
    {"recover", {"object", "id", "ids", "where", "count", "user"}},
    {"purge", {"object", "id", "ids", "where", "count", "user"}},
    {"lock", {"object", "id", "ids", "where", "count", "user", "locked"}},
    {"pool", {"object", "id", "ids", "where", "count", "user", "in_pool"}},
    {"approve", {"object", "id", "ids", "where", "count", "user"}}};

/// What faults in the tenant take; what a change of the schema takes depends on the change.
const Takes kFaultTakes{
    {"expire_access_tokens", {}},
    {"late_visible", {"seconds"}},
    {"normalise", {"object", "field", "rule", "length"}},
    {"reject_record", {"object", "id", "field", "contains", "code", "message"}}};

Response json_response(int status, const Json& body) {
    Response out;
    out.status = status;
    out.headers.emplace_back("Content-Type", "application/json");
    out.body = body.dump();
    return out;
}

std::string user_of(const Json& body) {
    return body.value("user", employees()[1].id);
}

}  // namespace

void Control::add_violation(Json violation) {
    if (violations_.size() < kViolationsMost) violations_.push_back(std::move(violation));
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
    } catch (const Refusal& error) {
        return json_response(400, {{"error", error.message}});
    } catch (const Json::exception& error) {
        return json_response(400, {{"error", error.what()}});
    }
}

Json Control::dispatch(const std::string& method, const std::string& name, const Json& body,
                       const Parameters& query) {
    const Json done{{"ok", true}};
    if (method == "DELETE" && name == "fault") {
        p_.faults.clear();
        p_.tenant.behaviour = {};
        p_.tenant.late_visible_ms = 0;
        return done;
    }
    if (method == "GET") {
        if (name == "violations") return {{"violations", violations_}};
        if (name == "switch") return Json::parse(p_.tenant.switches.list_json());
        if (name == "time") return {{"now_ms", p_.tenant.now_ms()}};
        if (name == "fault") return {{"fired", p_.faults.fired()}};
        if (name == "stats")
            return {{"requests", p_.activity.requests},
                    {"records_written", p_.activity.records_written},
                    {"calls_today", p_.limits.today()},
                    {"workflows", p_.tenant.workflows},
                    {"approvals", p_.tenant.approvals},
                    {"faults_fired", p_.faults.fired()}};
        if (name == "count") {
            Json out = Json::object();
            for (const Object& each : p_.tenant.objects())
                out[each.name] = p_.tenant.table(each.name).size();
            return out;
        }
        if (name == "log") {
            const auto since =
                std::atoll(std::string(find_parameter(query, "since").value_or("0")).c_str());
            Json list = Json::array();
            for (const LogEntry& each : p_.activity.log)
                if (each.sequence > static_cast<std::uint64_t>(since))
                    list.push_back({{"seq", each.sequence},
                                    {"path", each.path},
                                    {"object", each.module},
                                    {"code", each.credits},
                                    {"written", each.written},
                                    {"fault", each.fault}});
            return {{"log", std::move(list)}, {"last", p_.activity.next_sequence - 1}};
        }
    }
    if (method != "POST") throw ControlError{"unknown control request " + method + " " + name};
    take_known(body, name, kOrderTakes);
    if (name == "fault") return add_fault(body);
    if (name == "time") {
        p_.tenant.advance_ms(body.value("advance_s", std::int64_t{0}) * 1000 +
                             body.value("advance_ms", std::int64_t{0}));
        return {{"now_ms", p_.tenant.now_ms()}};
    }
    if (name == "switch") {
        const Json& value = body.at("value");
        if (!p_.tenant.switches.set(body.at("name").get<std::string>(),
                                    value.is_string() ? value.get<std::string>() : value.dump()))
            throw ControlError{"unknown switch or value"};
        return done;
    }
    return records(name, body);
}

std::vector<std::string> Control::ids_of(const std::string& object, const Json& body) {
    if (body.contains("id")) return {body.at("id").get<std::string>()};
    if (body.contains("ids")) return body.at("ids").get<std::vector<std::string>>();
    std::vector<std::string> out;
    const Json where = body.value("where", Json::object());
    const auto count = body.value("count", std::size_t{1'000'000});
    for (const auto& [id, record] : p_.tenant.table(object)) {
        bool fits = out.size() < count && record.values.value("life_status", "") != "invalid";
        for (const auto& [field, value] : where.items())
            fits = fits && record.values.value(field, Json()) == value;
        if (fits) out.push_back(id);
    }
    return out;
}

Json Control::records(const std::string& name, const Json& body) {
    const std::string object_name = body.at("object").get<std::string>();
    const Object& object = p_.tenant.object(object_name);
    const std::string user = user_of(body);
    if (name == "create") {
        Json ids = Json::array();
        for (std::int64_t i = 0; i < body.value("count", std::int64_t{1}); ++i) {
            Json values = body.at("set");
            for (auto& [field, value] : values.items())
                if (value.is_string())
                    if (auto text = value.get<std::string>(); text.find("{n}") != std::string::npos)
                        value = text.replace(text.find("{n}"), 3, std::to_string(i));
            ids.push_back(p_.tenant.add(object, std::move(values), user));
        }
        return {{"ids", std::move(ids)}};
    }
    Json ids = Json::array();
    for (const std::string& id : ids_of(object_name, body)) {
        Record& record = p_.tenant.record(object_name, id, true);
        ids.push_back(id);
        if (name == "edit") {
            const std::int64_t time = record.values.at("last_modified_time");
            p_.tenant.change(record, body.at("set"), user);
            if (body.value("keep_time", false)) record.values["last_modified_time"] = time;
        } else if (name == "invalid") {
            p_.tenant.change(record,
                             {{"life_status_before_invalid", record.values.at("life_status")},
                              {"life_status", "invalid"}},
                             user);
        } else if (name == "recover") {
            p_.tenant.change(
                record,
                {{"life_status", record.values.value("life_status_before_invalid", "normal")},
                 {"life_status_before_invalid", nullptr}},
                user);
        } else if (name == "purge") {
            p_.tenant.table(object_name).erase(id);
        } else if (name == "lock") {
            p_.tenant.change(record, {{"lock_status", body.value("locked", true) ? "1" : "0"}},
                             user, p_.tenant.switches.on("team_lock_bump_time"));
        } else if (name == "pool") {
            record.in_pool = body.value("in_pool", true);
        } else if (name == "approve") {
            p_.data.approve(record);
        } else {
            throw ControlError{"unknown control request " + name};
        }
    }
    return {{"ids", std::move(ids)}};
}

Json Control::add_fault(const Json& body) {
    const std::string kind = body.at("kind").get<std::string>();
    if (Faults::known(kind)) {
        p_.faults.add(read_wire_fault(body));
        return {{"ok", true}};
    }
    const Json params = fault_parameters(body, kFaultTakes, {"count"});
    if (kind == "expire_access_tokens") {
        p_.auth.expire_tokens();
    } else if (kind == "late_visible") {
        p_.tenant.late_visible_ms = params.at("seconds").get<std::int64_t>() * 1000;
    } else if (kind == "normalise") {
        p_.tenant.behaviour.normalise.push_back(
            read_normalise_rule(params.value("object", ""), params));
    } else if (kind == "reject_record") {
        RejectRule rule;
        rule.module = params.value("object", "");
        rule.id = params.value("id", "");
        rule.field = params.value("field", "");
        rule.contains = params.value("contains", "");
        rule.code = params.value("code", "320099");
        rule.message = params.value("message", "校验不通过");
        rule.count = body.value("count", std::int64_t{-1});
        p_.tenant.behaviour.reject.push_back(std::move(rule));
    } else if (kind == "schema") {
        return change_schema(params);
    } else {
        throw ControlError{"unknown fault " + kind};
    }
    return {{"ok", true}};
}

Json Control::change_schema(const Json& params) {
    Object* object = p_.tenant.find_object(params.at("object").get<std::string>());
    if (object == nullptr) throw ControlError{"unknown object"};
    const std::string change = params.at("change").get<std::string>();
    if (change == "hide_object")
        take_only(params, change, {"change", "object", "on"});
    else if (change == "add")
        take_only(params, change, {"change", "object", "field", "label", "type", "more"});
    else if (change == "drop")
        take_only(params, change, {"change", "object", "field"});
    else
        take_only(params, change, {"change", "object", "field", "on"});
    if (change == "hide_object") {
        object->hidden = params.value("on", true);
        return {{"ok", true}};
    }
    const std::string field = params.at("field").get<std::string>();
    if (change == "add") {
        Json added = params.value("more", Json::object());
        added.update({{"api_name", field},
                      {"label", params.value("label", field)},
                      {"type", params.value("type", "text")},
                      {"define_type", "custom"},
                      {"is_active", true}});
        object->fields[field] = std::move(added);
        return {{"ok", true}};
    }
    if (!object->has(field)) throw ControlError{"unknown field"};
    if (change == "drop")
        object->fields[field]["dropped"] = true;
    else if (change == "hide_field")
        object->fields[field]["hidden"] = params.value("on", true);
    else if (change == "require")
        object->fields[field]["is_required"] = params.value("on", true);
    else
        throw ControlError{"unknown schema change " + change};
    return {{"ok", true}};
}

Response Control::dump(const Parameters& query) {
    const std::string object(find_parameter(query, "object").value_or(""));
    if (p_.tenant.find_object(object) == nullptr) throw ControlError{"unknown object"};
    const bool invalid = find_parameter(query, "invalid").value_or("") == "true";
    Response out;
    out.headers.emplace_back("Content-Type", "application/x-ndjson");
    for (const auto& [id, record] : p_.tenant.table(object))
        if (invalid || record.values.value("life_status", "") != "invalid")
            out.body += record.values.dump() + "\n";
    return out;
}

}  // namespace kontor::peer::fxiaoke
