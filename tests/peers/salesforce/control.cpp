#include "tests/peers/salesforce/control.hpp"

#include "tests/peers/base/number.hpp"
#include "tests/peers/base/order.hpp"
#include "tests/peers/base/times.hpp"

namespace kontor::peer::salesforce {

namespace {

/// What orders take; what one of a fault takes depends on its kind.
const Takes kOrderTakes{
    {"time", {"advance_s", "advance_ms"}},
    {"switch", {"name", "value"}},
    {"create", {"object", "set", "count", "user"}},
    {"merge", {"object", "winner", "loser", "user"}},
    {"edit", {"object", "id", "ids", "where", "count", "set", "user", "keep_time"}},
    {"delete", {"object", "id", "ids", "where", "count", "user"}},
    {"undelete", {"object", "id", "ids", "where", "count", "user"}},
    {"purge", {"object", "id", "ids", "where", "count", "user"}}};

/// What faults in the organisation take; what a change of the schema takes depends on the change.
const Takes kFaultTakes{{"expire_access_tokens", {}},
                        {"forget_jobs", {}},
                        {"late_visible", {"seconds"}},
                        {"normalise", {"object", "field", "rule", "length"}},
                        {"reject_record", {"object", "field", "contains", "code", "message"}}};

}  // namespace

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
        return answer(200, dispatch(request.method, name, body, query));
    } catch (const ControlError& error) {
        return answer(400, {{"error", error.message}});
    } catch (const ApiError& error) {
        return answer(400, {{"error", error.message}});
    } catch (const Json::exception& error) {
        return answer(400, {{"error", error.what()}});
    }
}

Json Control::shown(const std::string& name, const Parameters& query) {
    if (name == "switch") return Json::parse(p_.org.switches.list_json());
    if (name == "time") return {{"now_ms", p_.org.now_ms()}};
    if (name == "fault") return {{"fired", p_.faults.fired()}};
    if (name == "stats")
        return {{"requests", p_.activity.requests},
                {"records_written", p_.activity.records_written},
                {"faults_fired", p_.faults.fired()}};
    if (name == "count") {
        Json out = Json::object();
        for (const Object& each : p_.org.objects()) out[each.name] = 0;
        for (auto& [object, count] : out.items())
            for (const auto& [id, record] : p_.org.table(object))
                count = count.get<int>() + (record.deleted() ? 0 : 1);
        return out;
    }
    if (name != "log") throw ControlError{"unknown control request " + name};
    const auto since =
        static_cast<std::uint64_t>(leading_number(find_parameter(query, "since").value_or("")));
    Json list = Json::array();
    for (const LogEntry& each : p_.activity.log)
        if (each.sequence > since)
            list.push_back({{"seq", each.sequence},
                            {"method", each.method},
                            {"path", each.path},
                            {"kind", each.kind},
                            {"object", each.module},
                            {"status", each.status},
                            {"written", each.written},
                            {"fault", each.fault}});
    return list;
}

Json Control::dispatch(const std::string& method, const std::string& name, const Json& body,
                       const Parameters& query) {
    Json done{{"ok", true}};
    if (method == "DELETE" && name == "fault") {
        p_.faults.clear();
        p_.org.behaviour = {};
        p_.org.late_visible_ms = 0;
        return done;
    }
    if (method == "GET") return shown(name, query);
    take_known(body, name, kOrderTakes);
    if (name == "fault") return add_fault(body);
    if (name == "time") {
        p_.org.advance_ms(body.value("advance_s", std::int64_t{0}) * 1000 +
                          body.value("advance_ms", std::int64_t{0}));
        return {{"now_ms", p_.org.now_ms()}};
    }
    if (name == "switch") {
        const Json& value = body.at("value");
        if (!p_.org.switches.set(body.at("name").get<std::string>(),
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
    for (const auto& [id, record] : p_.org.table(object)) {
        bool fits = out.size() < count && !record.deleted();
        for (const auto& [field, value] : where.items())
            fits = fits && record.values.value(field, Json()) == value;
        if (fits) out.push_back(id);
    }
    return out;
}

Json Control::create(const Object& object, const Json& body, const std::string& user) {
    Json ids = Json::array();
    for (std::int64_t i = 0; i < body.value("count", std::int64_t{1}); ++i) {
        Json values = body.at("set");
        for (auto& [field, value] : values.items())
            if (value.is_string())
                if (auto text = value.get<std::string>(); text.find("{n}") != std::string::npos)
                    value = text.replace(text.find("{n}"), 3, std::to_string(i));
        ids.push_back(p_.org.add(object, std::move(values), user));
    }
    return {{"ids", std::move(ids)}};
}

// The loser goes into the recycle bin and says where it went; what pointed to it points to the
// winner.
Json Control::merge(const Object& object, const Json& body, const std::string& user) {
    const std::string loser = body.at("loser"), winner = body.at("winner");
    Record* gone = p_.org.find(object.name, loser);
    Record* kept = p_.org.find(object.name, winner);
    if (gone == nullptr || kept == nullptr) throw ControlError{"no such record"};
    for (const Object& other : p_.org.objects())
        for (const auto& [name, field] : other.fields)
            for (auto& [id, record] : p_.org.table(other.name))
                if (field["type"] == "reference" && name != "MasterRecordId" &&
                    record.values.value(name, Json()) == loser)
                    p_.org.change(other, record, {{name, winner}}, user);
    gone->values["MasterRecordId"] = winner;
    p_.org.remove(object, *gone, user);
    p_.org.change(object, *kept, Json::object(), user);
    return {{"ok", true}};
}

Json Control::records(const std::string& name, const Json& body) {
    const std::string object_name = body.at("object").get<std::string>();
    const Object& object = p_.org.object(object_name);
    const std::string user = body.value("user", p_.org.colleague_id);
    if (name == "create") return create(object, body, user);
    if (name == "merge") return merge(object, body, user);
    Json ids = Json::array();
    for (const std::string& id : ids_of(object_name, body)) {
        Record* record = p_.org.find(object_name, id);
        if (record == nullptr) throw ControlError{"no such record " + id};
        ids.push_back(id);
        if (name == "edit") {
            const Json stamp = record->values.at("SystemModstamp");
            p_.org.change(object, *record, body.at("set"), user);
            if (body.value("keep_time", false)) record->values["SystemModstamp"] = stamp;
        } else if (name == "delete") {
            p_.org.remove(object, *record, user);
        } else if (name == "undelete") {
            p_.org.undelete(object, *record, user);
        } else if (name == "purge") {
            p_.org.purge(object, id);
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
    } else if (kind == "forget_jobs") {
        p_.bulk.forget();
    } else if (kind == "late_visible") {
        p_.org.late_visible_ms = params.at("seconds").get<std::int64_t>() * 1000;
    } else if (kind == "normalise") {
        p_.org.behaviour.normalise.push_back(
            read_normalise_rule(params.value("object", ""), params));
    } else if (kind == "reject_record") {
        RejectRule rule;
        rule.module = params.value("object", "");
        rule.field = params.value("field", "");
        rule.contains = params.value("contains", "");
        rule.code = params.value("code", "FIELD_CUSTOM_VALIDATION_EXCEPTION");
        rule.message = params.value("message", "refused by a rule of the company");
        rule.count = body.value("count", std::int64_t{-1});
        p_.org.behaviour.reject.push_back(std::move(rule));
    } else if (kind == "schema") {
        return change_schema(params);
    } else {
        throw ControlError{"unknown fault " + kind};
    }
    return {{"ok", true}};
}

Json Control::change_schema(const Json& params) {
    Object* object = p_.org.find_object(params.at("object").get<std::string>());
    if (object == nullptr) throw ControlError{"unknown object"};
    const std::string change = params.at("change").get<std::string>();
    if (change == "hide_object")
        take_only(params, change, {"change", "object", "on"});
    else if (change == "add")
        take_only(params, change, {"change", "object", "field", "label", "type", "length", "more"});
    else if (change == "set")
        take_only(params, change, {"change", "object", "field", "more"});
    else
        take_only(params, change, {"change", "object", "field"});
    if (change == "hide_object") {
        object->hidden = params.value("on", true);
        return {{"ok", true}};
    }
    const std::string field = params.at("field").get<std::string>();
    if (change == "add") {
        Json added =
            make_field(field, params.value("label", field), params.value("type", "string"));
        added["length"] = params.value("length", 255);
        added.update(params.value("more", Json::object()));
        object->fields[field] = std::move(added);
        return {{"ok", true}};
    }
    if (object->field(field) == nullptr) throw ControlError{"unknown field"};
    if (change == "drop")
        object->fields.erase(field);
    else if (change == "set")
        object->fields[field].update(params.at("more"));
    else
        throw ControlError{"unknown schema change " + change};
    return {{"ok", true}};
}

Response Control::dump(const Parameters& query) {
    const std::string object(find_parameter(query, "object").value_or(""));
    if (p_.org.find_object(object) == nullptr) throw ControlError{"unknown object"};
    Response out;
    out.headers.emplace_back("Content-Type", "application/x-ndjson");
    for (const auto& [id, record] : p_.org.table(object))
        if (!record.deleted()) out.body += record.values.dump() + "\n";
    return out;
}

}  // namespace kontor::peer::salesforce
