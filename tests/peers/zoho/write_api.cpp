#include "tests/peers/zoho/write_api.hpp"

#include <algorithm>

namespace kontor::peer::zoho {

namespace {

std::vector<std::string> split_list(std::string_view list) {
    std::vector<std::string> out;
    while (true) {
        const std::size_t comma = list.find(',');
        if (comma != 0 && !list.empty()) out.emplace_back(list.substr(0, comma));
        if (comma == std::string_view::npos) return out;
        list.remove_prefix(comma + 1);
    }
}

std::string element_path(std::size_t i) {
    return "$.data[" + std::to_string(i) + "]";
}

WriteResult refused(Json error) {
    WriteResult result;
    result.element = std::move(error);
    return result;
}

Json not_an_object(const std::string& path) {
    return error_object("INVALID_DATA", "invalid data",
                        {{"expected_data_type", "jsonobject"}, {"json_path", path}});
}

}  // namespace

struct WriteApi::Batch {
    Json body;
    const Json* data = nullptr;
};

WriteApi::Batch WriteApi::read_batch(Call& call) const {
    Batch batch;
    batch.body = parse_body(call.request.body);
    const auto data = batch.body.find("data");
    const auto count = data != batch.body.end() && data->is_array() ? data->size() : 1;
    call.charge(static_cast<int>(std::clamp<std::size_t>((count + 9) / 10, 1, 10)));
    if (data == batch.body.end())
        refuse(400, "MANDATORY_NOT_FOUND", "required field not found",
               {{"api_name", "data"}, {"json_path", "$.data"}});
    if (!data->is_array() || data->empty())
        refuse(
            400, "INVALID_DATA", "invalid data",
            {{"api_name", "data"}, {"json_path", "$.data"}, {"expected_data_type", "jsonarray"}});
    const auto most = static_cast<std::size_t>(org_.switches.number("max_records_per_write"));
    if (data->size() > most)
        refuse(400, "LIMIT_EXCEEDED", "limit exceeded",
               {{"limit", most}, {"api_name", "data"}, {"json_path", "$.data"}});
    batch.data = &*data;
    return batch;
}

std::vector<ExternalKey> WriteApi::external_keys(const Call& call) const {
    std::vector<ExternalKey> keys;
    const auto header = call.header("X-EXTERNAL");
    if (!header) return keys;
    for (std::string name : split_list(*header)) {
        while (name.starts_with(' ')) name.erase(0, 1);
        const std::size_t dot = name.find('.');
        const Module* module = org_.catalogue.find(name.substr(0, dot));
        const auto field = module == nullptr || dot == std::string::npos
                               ? std::nullopt
                               : module->find_index(std::string_view(name).substr(dot + 1));
        if (!field || !module->fields[*field].external)
            refuse(400, "INVALID_DATA", "invalid external field",
                   {{"param_name", "X-EXTERNAL"}, {"api_name", name}});
        keys.push_back({module, *field});
    }
    return keys;
}

std::optional<std::string> WriteApi::external_record(const Call& call, const Module& module,
                                                     std::string_view value) const {
    for (const ExternalKey& key : external_keys(call)) {
        if (key.module != &module) continue;
        std::string stored;
        append_json_string(stored, value);
        const auto slots = org_.store(module).find_equal(key.field, stored);
        if (!slots.empty()) return record_id(module.number, slots.front());
    }
    return std::nullopt;
}

WriteOptions WriteApi::options(const Call& call, const Json& body) const {
    WriteOptions options;
    options.user_id = org_.catalogue.api_user().id;
    if (const auto trigger = body.find("trigger"); trigger != body.end()) {
        if (!trigger->is_array())
            refuse(400, "INVALID_DATA", "invalid data",
                   {{"api_name", "trigger"},
                    {"json_path", "$.trigger"},
                    {"expected_data_type", "jsonarray"}});
        options.fire_triggers =
            std::find(trigger->begin(), trigger->end(), Json("workflow")) != trigger->end();
    }
    if (const auto header = call.header("If-Unmodified-Since")) {
        options.unmodified_since = parse_instant(*header);
        if (!options.unmodified_since)
            refuse(400, "INVALID_DATA", "invalid data",
                   {{"param_name", "If-Unmodified-Since"}, {"expected_data_type", "datetime"}});
    }
    const auto names_layout_rules = [&](const char* key) {
        const Json features = body.value(key, Json::array());
        return std::any_of(features.begin(), features.end(), [](const Json& feature) {
            return feature.is_object() && feature.value("name", "") == "layout_rules";
        });
    };
    options.layout_rules = names_layout_rules("apply_feature_execution");
    options.no_layout_rules =
        names_layout_rules("skip_feature_execution") && org_.switches.on("skip_features");
    options.external = external_keys(call);
    return options;
}

Response WriteApi::answer(Call& call, const std::vector<WriteResult>& results, int all_ok) const {
    std::string body = R"({"data":[)";
    std::size_t good = 0;
    std::size_t conflicts = 0;
    for (const WriteResult& result : results) {
        good += result.ok ? 1 : 0;
        conflicts += result.element.value("code", "") == "ALREADY_MODIFIED" ? 1 : 0;
        if (&result != results.data()) body += ',';
        body += result.element.dump(-1, ' ', false, Json::error_handler_t::replace);
        if (result.details.empty()) continue;
        body.back() = ',';
        body.append(R"("details":)").append(result.details).append("}");
    }
    body += "]}";
    call.written += static_cast<int>(good);
    int status = all_ok;
    if (conflicts > 0 &&
        (conflicts == results.size() || org_.switches.text("unmodified_since_mixed") == "412")) {
        status = 412;
    } else if (good == 0) {
        status = static_cast<int>(org_.switches.number("all_failed_status"));
    } else if (good < results.size()) {
        status = 207;
    }
    return json_text_response(status, std::move(body));
}

Response WriteApi::insert(Call& call, const Module& module) {
    const Batch batch = read_batch(call);
    WriteOptions how = options(call, batch.body);
    std::vector<WriteResult> results;
    for (std::size_t i = 0; i < batch.data->size(); ++i) {
        how.path = element_path(i);
        const Json& element = (*batch.data)[i];
        results.push_back(element.is_object() ? writer_.insert(module, element, how)
                                              : refused(not_an_object(how.path)));
    }
    return answer(call, std::move(results),
                  static_cast<int>(org_.switches.number("insert_status")));
}

Response WriteApi::update(Call& call, const Module& module, std::string_view id) {
    const Batch batch = read_batch(call);
    WriteOptions how = options(call, batch.body);
    std::vector<WriteResult> results;
    for (std::size_t i = 0; i < batch.data->size(); ++i) {
        how.path = element_path(i);
        const Json& element = (*batch.data)[i];
        if (!element.is_object()) {
            results.push_back(refused(not_an_object(how.path)));
            continue;
        }
        Json given = id.empty() ? element.value("id", Json()) : Json(id);
        for (const ExternalKey& key : how.external) {
            const std::string& name = module.fields[key.field].api_name;
            if (key.module != &module || !id.empty()) continue;
            const Json& value = element.contains(name) ? element[name] : given;
            if (!value.is_string()) continue;
            if (const auto found = external_record(call, module, value.get<std::string>()))
                given = *found;
        }
        if (given.is_null()) {
            results.push_back(
                refused(error_object("MANDATORY_NOT_FOUND", "required field not found",
                                     {{"api_name", "id"}, {"json_path", how.path + ".id"}})));
            continue;
        }
        Json error;
        const auto slot = writer_.find(module, given, how.path, error);
        results.push_back(slot ? writer_.update(module, *slot, element, how) : refused(error));
    }
    return answer(call, results, 200);
}

std::vector<std::size_t> WriteApi::duplicate_fields(const Module& module, const Json& body) const {
    std::vector<std::size_t> out;
    const auto named = body.find("duplicate_check_fields");
    if (named == body.end() || named->is_null()) {
        if (const auto system = module.find_index(module.duplicate_field)) out.push_back(*system);
        for (std::size_t i = 0; i < module.fields.size(); ++i) {
            const Field& field = module.fields[i];
            if (field.unique && field.readable() && field.api_name != module.duplicate_field)
                out.push_back(i);
        }
        return out;
    }
    if (!named->is_array())
        refuse(400, "INVALID_DATA", "invalid data",
               {{"api_name", "duplicate_check_fields"},
                {"json_path", "$.duplicate_check_fields"},
                {"expected_data_type", "jsonarray"}});
    for (std::size_t i = 0; i < named->size(); ++i) {
        const std::string name = (*named)[i].is_string() ? (*named)[i].get<std::string>() : "";
        const auto index = module.find_index(name);
        if (!index || (!module.fields[*index].unique && name != module.duplicate_field))
            refuse(400, "INVALID_DATA", "the field is not available for duplicate check",
                   {{"api_name", name},
                    {"json_path", "$.duplicate_check_fields[" + std::to_string(i) + "]"}});
        out.push_back(*index);
    }
    return out;
}

std::optional<Slot> WriteApi::match(const Module& module, const Json& element,
                                    const std::vector<std::size_t>& fields, Slot before,
                                    const WriteOptions& how, std::string& by) const {
    const ModuleStore& store = org_.store(module);
    for (const std::size_t index : fields) {
        const Field& field = module.fields[index];
        const auto value = element.find(field.api_name);
        if (value == element.end() || value->is_null()) continue;
        std::string stored;
        if (FieldInput(org_, how.external).convert(field, *value, how.path, stored)) continue;
        if (stored.empty()) continue;
        std::vector<Slot> slots = store.find_equal(index, stored);
        std::erase_if(slots, [&](Slot slot) { return slot >= before; });
        if (slots.empty()) continue;
        by = field.api_name;
        return org_.switches.text("upsert_match") == "first" ? slots.front() : slots.back();
    }
    return std::nullopt;
}

Response WriteApi::upsert(Call& call, const Module& module) {
    const Batch batch = read_batch(call);
    WriteOptions how = options(call, batch.body);
    const std::vector<std::size_t> fields = duplicate_fields(module, batch.body);
    const Slot before =
        org_.switches.on("upsert_self_match") ? UINT32_MAX : org_.store(module).size();
    std::vector<WriteResult> results;
    for (std::size_t i = 0; i < batch.data->size(); ++i) {
        how.path = element_path(i);
        const Json& element = (*batch.data)[i];
        if (!element.is_object()) {
            results.push_back(refused(not_an_object(how.path)));
            continue;
        }
        std::string by;
        std::optional<Slot> slot;
        const Json id = element.value("id", Json());
        if (!id.is_null() && org_.switches.on("upsert_id_wins")) {
            Json error;
            slot = writer_.find(module, id, how.path, error);
            if (!slot) {
                results.push_back(refused(error));
                continue;
            }
        } else {
            slot = match(module, element, fields, before, how, by);
        }
        WriteResult result = slot ? writer_.update(module, *slot, element, how)
                                  : writer_.insert(module, element, how);
        if (result.ok) {
            result.element["action"] = slot ? "update" : "insert";
            result.element["duplicate_field"] = by.empty() ? Json() : Json(by);
        }
        results.push_back(std::move(result));
    }
    return answer(call, results, 200);
}

Response WriteApi::remove(Call& call, const Module& module, std::string_view list) {
    const std::vector<std::string> ids = split_list(list);
    call.charge(1);
    if (ids.empty())
        refuse(400, "REQUIRED_PARAM_MISSING", "required param is missing", {{"param_name", "ids"}});
    const auto most = static_cast<std::size_t>(org_.switches.number("max_records_per_write"));
    if (ids.size() > most)
        refuse(400, "LIMIT_EXCEEDED", "limit exceeded", {{"limit", most}, {"param_name", "ids"}});
    WriteOptions how = options(call, Json::object());
    how.fire_triggers = call.parameter("wf_trigger").value_or("true") != "false";
    std::vector<WriteResult> results;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        how.path = "$.ids[" + std::to_string(i) + "]";
        results.push_back(writer_.remove(module, ids[i], how));
    }
    return answer(call, results, 200);
}

Response WriteApi::tags(Call& call, const Module& module, bool add) {
    const Json body = parse_body(call.request.body);
    const Json ids = body.value("ids", Json::array());
    const Json tags = body.value("tags", Json::array());
    call.charge(static_cast<int>((ids.size() + 49) / 50 + (ids.empty() ? 1 : 0)));
    if (!tags.is_array() || tags.empty() || !ids.is_array() || ids.empty()) {
        const std::string missing = tags.empty() ? "tags" : "ids";
        refuse(400, "MANDATORY_NOT_FOUND", "required field not found",
               {{"api_name", missing}, {"json_path", "$." + missing}});
    }
    if (ids.size() > 500)
        refuse(400, "LIMIT_EXCEEDED", "limit exceeded",
               {{"limit", 500}, {"api_name", "ids"}, {"json_path", "$.ids"}});
    const bool over_write = body.value("over_write", Json()) == true;
    const auto index = module.find_index("Tag");
    if (!index)
        refuse(400, "INVALID_MODULE", "the module name given seems to be invalid",
               {{"resource_path_index", 0}});
    std::vector<WriteResult> results;
    for (const Json& id : ids) {
        Json error;
        const auto slot = writer_.find(module, id, "$", error);
        if (!slot) {
            results.push_back(refused(error));
            continue;
        }
        Row row = org_.store(module).load(*slot);
        Json now =
            row[*index].empty() || (add && over_write) ? Json::array() : Json::parse(row[*index]);
        for (const Json& tag : tags) {
            const std::string name = tag.is_object() ? tag.value("name", "") : "";
            const auto known = std::find_if(
                now.begin(), now.end(), [&](const Json& t) { return t.value("name", "") == name; });
            if (add && known == now.end() && !name.empty())
                now.push_back({{"name", name},
                               {"id", system_id(600000 + std::hash<std::string>()(name) % 99999)},
                               {"color_code", nullptr}});
            if (!add && known != now.end()) now.erase(known);
        }
        row.set(*index, now.empty() ? "" : now.dump());
        org_.store(module).write(*slot, row, org_.now_s());
        WriteResult result;
        result.ok = true;
        result.slot = *slot;
        result.element = {{"code", "SUCCESS"},
                          {"details", {{"id", id}, {"tags", now}}},
                          {"message", "tags updated successfully"},
                          {"status", "success"}};
        results.push_back(std::move(result));
    }
    return answer(call, results, 200);
}

}  // namespace kontor::peer::zoho
