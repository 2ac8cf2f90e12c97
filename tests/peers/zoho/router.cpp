#include "tests/peers/zoho/router.hpp"

#include "tests/peers/zoho/deleted_api.hpp"

namespace kontor::peer::zoho {

namespace {

[[noreturn]] void unknown_url() {
    refuse(404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one");
}

std::vector<std::string> segments(std::string_view path) {
    std::vector<std::string> out;
    while (!path.empty()) {
        if (path.front() == '/') {
            path.remove_prefix(1);
            continue;
        }
        const std::size_t slash = path.find('/');
        std::string segment(path.substr(0, slash));
        if (segment.find('%') != std::string::npos) segment = url_decode(segment);
        out.push_back(std::move(segment));
        if (slash == std::string_view::npos) break;
        path.remove_prefix(slash);
    }
    return out;
}

bool is_version(std::string_view text) {
    return text == "v8" || text == "v7" || text == "v6";
}

}  // namespace

const Module& Router::module_named(const std::string& name) const {
    const Module* module = org_.catalogue.find(name);
    if (module == nullptr || !module->stores_records)
        refuse(400, "INVALID_MODULE", "the module name given seems to be invalid",
               {{"resource_path_index", 0}});
    if (module->hidden)
        refuse(403, "NO_PERMISSION", "permission denied",
               {{"permissions", {"Crm_Implied_View_" + module->api_name}}});
    return *module;
}

Response Router::route(Call& call, std::string& kind) {
    std::vector<std::string> path = segments(call.request.path());
    if (path.size() < 3 || path[0] != "crm") unknown_url();
    const bool is_bulk = path[1] == "bulk" && is_version(path[2]);
    if (!is_bulk && !is_version(path[1])) unknown_url();
    path.erase(path.begin(), path.begin() + (is_bulk ? 3 : 2));
    call.path = std::move(path);
    if (call.path.empty()) unknown_url();
    if (is_bulk) return bulk(call, kind);
    const std::string& first = call.path[0];
    const std::string& method = call.request.method;
    if (first == "settings") {
        kind = "settings";
        return metadata_.settings(call);
    }
    if (first == "users") {
        kind = "users";
        return metadata_.users(call);
    }
    if (first == "org") {
        kind = "org";
        return metadata_.organisation(call);
    }
    if (first == "coql") {
        kind = "coql";
        if (method != "POST") refuse_method(call.path.size());
        return run_coql(org_, call);
    }
    if (first == "upload") {
        kind = "upload";
        if (method != "POST") refuse_method(call.path.size());
        return bulk_write_.upload(call);
    }
    if (first == "actions" && call.path.size() == 2 && call.path[1] == "watch") {
        kind = "watch";
        return watch_.handle(call);
    }
    return module_route(call, kind);
}

Response Router::bulk(Call& call, std::string& kind) {
    const auto& path = call.path;
    const bool post = call.request.method == "POST";
    const bool get = call.request.method == "GET";
    if (path[0] == "read") {
        kind = path.size() == 1   ? "bulk_read_create"
               : path.size() == 2 ? "bulk_read_status"
                                  : "bulk_read_result";
        if (path.size() == 1)
            return post ? bulk_read_.create(call) : (refuse_method(call.path.size()), Response{});
        if (!get) refuse_method(call.path.size());
        if (path.size() == 2) return bulk_read_.status(call, path[1]);
        if (path.size() == 3 && path[2] == "result") return bulk_read_.result(call, path[1]);
    }
    if (path[0] == "write") {
        kind = path.size() == 1   ? "bulk_write_create"
               : path.size() == 2 ? "bulk_write_status"
                                  : "bulk_write_result";
        if (path.size() == 1)
            return post ? bulk_write_.create(call) : (refuse_method(call.path.size()), Response{});
        if (!get) refuse_method(call.path.size());
        if (path.size() == 2) return bulk_write_.status(call, path[1]);
        if (path.size() == 3 && path[2] == "result") return bulk_write_.result(call, path[1]);
    }
    unknown_url();
}

Response Router::module_route(Call& call, std::string& kind) {
    const Module& module = module_named(call.path[0]);
    call.module = module.api_name;
    const std::string& method = call.request.method;
    if (call.path.size() == 1) {
        if (method == "GET") {
            kind = "list";
            return read_.list(call, module);
        }
        if (method == "POST") {
            kind = "insert";
            return write_.insert(call, module);
        }
        if (method == "PUT") {
            kind = "update";
            return write_.update(call, module, "");
        }
        if (method == "DELETE") {
            kind = "delete";
            return write_.remove(call, module, call.parameter("ids").value_or(""));
        }
        refuse_method(call.path.size());
    }
    const std::string& second = call.path[1];
    if (call.path.size() == 2 && second == "upsert") {
        kind = "upsert";
        if (method != "POST") refuse_method(call.path.size());
        return write_.upsert(call, module);
    }
    if (call.path.size() == 2 && second == "deleted") {
        kind = "deleted";
        if (method != "GET") refuse_method(call.path.size());
        return list_deleted(org_, call, module);
    }
    if (call.path.size() == 2 && second == "search") {
        kind = "search";
        if (method != "GET") refuse_method(call.path.size());
        return read_.search(call, module);
    }
    if (call.path.size() == 3 && second == "actions") {
        kind = call.path[2];
        if (call.path[2] == "count") return read_.count(call, module);
        if (call.path[2] == "add_tags") return write_.tags(call, module, true);
        if (call.path[2] == "remove_tags") return write_.tags(call, module, false);
        unknown_url();
    }
    return record_route(call, module, kind);
}

Response Router::record_route(Call& call, const Module& module, std::string& kind) {
    const std::string& method = call.request.method;
    std::string id = call.path[1];
    if (call.header("X-EXTERNAL")) {
        if (const auto found = write_.external_record(call, module, id)) id = *found;
    } else if (id.empty() || id.find_first_not_of("0123456789") != std::string::npos) {
        unknown_url();
    }
    if (call.path.size() == 2) {
        if (method == "GET") {
            kind = "get";
            return read_.single(call, module, id);
        }
        if (method == "PUT") {
            kind = "update";
            return write_.update(call, module, id);
        }
        if (method == "DELETE") {
            kind = "delete";
            return write_.remove(call, module, id);
        }
        refuse_method(call.path.size());
    }
    if (call.path[2] == "actions" && call.path.size() == 4 && call.path[3] == "fetch_full_data") {
        kind = "get";
        return read_.single(call, module, id, true);
    }
    if (call.path[2] == "Locking_Information__s") {
        kind = "locking";
        return locking(call, module, id);
    }
    if (call.path[2] == "Attachments" && call.path.size() <= 4) {
        kind = "attachments";
        if (!org_.record_visible(id))
            refuse(400, "INVALID_DATA", org_.switches.text("invalid_id_message"),
                   org_.unknown_id_details(id));
        return attachments_.handle(call, id);
    }
    if (call.path.size() != 3 && (call.path.size() != 4 || method != "DELETE")) unknown_url();
    kind = "related";
    return related(call, module, id);
}

/// Adds links to a related list, or removes the one that the path names.
Response Router::relate(Call& call, const Module& listed, const std::string& id) {
    const bool on = call.request.method == "PUT";
    std::vector<std::string> others;
    if (on) {
        const Json body = parse_body(call.request.body);
        const Json data = body.value("data", Json());
        if (!data.is_array() || data.empty())
            refuse(400, "INVALID_DATA", "invalid data",
                   {{"api_name", "data"}, {"json_path", "$.data"}});
        for (const Json& each : data) others.push_back(each.value("id", ""));
    } else if (call.path.size() == 4) {
        others.push_back(call.path[3]);
    } else {
        refuse_method(call.path.size());
    }
    call.charge(1);
    Json out = Json::array();
    std::size_t good = 0;
    for (std::size_t i = 0; i < others.size(); ++i) {
        Json error;
        const std::string path = "$.data[" + std::to_string(i) + "]";
        if (!writer_.find(listed, others[i], path, error) ||
            (!writer_.link(id, others[i], on) && !on)) {
            if (error.is_null())
                error = error_object("INVALID_DATA", "the relation does not exist",
                                     {{"id", others[i]}});
            out.push_back(std::move(error));
            continue;
        }
        ++good;
        out.push_back({{"code", "SUCCESS"},
                       {"details", {{"id", others[i]}}},
                       {"message", on ? "relation added" : "relation removed"},
                       {"status", "success"}});
    }
    const int status = good == out.size() ? 200 : good == 0 ? 400 : 207;
    return json_response(status, {{"data", std::move(out)}});
}

Response Router::locking(Call& call, const Module& module, const std::string& id) {
    call.charge(1);
    Json error;
    const auto slot = writer_.find(module, id, "$", error);
    if (!slot) throw ApiError{400, error};
    ModuleStore& store = org_.store(module);
    const std::string& method = call.request.method;
    if (method == "GET") {
        if (!store.locked(*slot)) return empty_response(204);
        const User& user = org_.catalogue.colleague(0);
        return json_response(
            200,
            {{"data", Json::array({{{"id", system_id(950000 + *slot)},
                                    {"Locked_For_S__s", {{"id", id}}},
                                    {"Locked_By__s", {{"name", user.name}, {"id", user.id}}}}})}});
    }
    if (method != "POST" && method != "PUT" && method != "DELETE") refuse_method(call.path.size());
    store.set_locked(*slot, method != "DELETE");
    return json_response(200, {{"data", Json::array({{{"code", "SUCCESS"},
                                                      {"details", {{"id", id}}},
                                                      {"message", "record locking updated"},
                                                      {"status", "success"}}})}});
}

Response Router::related(Call& call, const Module& module, const std::string& id) {
    if (!org_.record_visible(id))
        refuse(400, "INVALID_DATA", org_.switches.text("invalid_id_message"),
               org_.unknown_id_details(id));
    const auto own = module.find_index(call.path[2]);
    if (own && module.fields[*own].type == Type::subform && call.request.method == "GET")
        return read_.subform_rows(call, module, *own, id);
    for (const auto& list : metadata_.related_lists(module)) {
        if (list.api_name != call.path[2]) continue;
        call.module = list.module->api_name;
        if (!list.field) {
            if (call.request.method == "GET") return read_.linked(call, *list.module, id);
            return relate(call, *list.module, id);
        }
        if (call.request.method == "GET") return read_.related(call, *list.module, *list.field, id);
        if (call.request.method == "POST" && list.api_name == "Notes") {
            Json body = parse_body(call.request.body);
            for (Json& note : body["data"]) {
                if (note.is_object())
                    note["Parent_Id"] = {{"id", id}, {"module", {{"api_name", module.api_name}}}};
            }
            Request rewritten = call.request;
            rewritten.body = body.dump();
            Call inner{rewritten, call.query, call.path, call.charge, call.module, 0, 0};
            Response response = write_.insert(inner, *list.module);
            call.written = inner.written;
            return response;
        }
        refuse_method(call.path.size());
    }
    refuse(400, "INVALID_DATA", "the related list name given seems to be invalid",
           {{"resource_path_index", 2}});
}

}  // namespace kontor::peer::zoho
