#include "tests/peers/zoho/schema/message_schema.hpp"

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "tests/peers/base/schema.hpp"

namespace kontor::zoho_schema {

namespace {

/// The vendor's lists of codes, messages, states and formats are examples (one date format, no
/// QUEUED): its libraries take any value, and so does this check. Our schemas have the documented
/// ones. What its model has of `status` stays, which tells success from error. Formats become
/// patterns: valijson compiles its expressions for formats anew for each value.
nlohmann::json as_checked(nlohmann::json part, const std::string& name = "") {
    const bool open = name == "code" || name == "message" || name == "state" ||
                      name == "date_format" || name == "type";
    if (open && part.is_object() && part.contains("anyOf"))
        for (auto& each : part["anyOf"]) each.erase("enum");
    if (part.is_object() && part.contains("format") && part["format"].is_string()) {
        constexpr const char* kDate = "[0-9]{4}-[01][0-9]-[0-3][0-9]";
        constexpr const char* kTime = "T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]([.][0-9]+)?";
        constexpr const char* kZone = "(Z|[+-][01][0-9]:[0-5][0-9])";
        const std::string format = part["format"];
        part.erase("format");
        part["pattern"] = std::string("^") + kDate +
                          (format == "date-time" ? std::string(kTime) + kZone : "") + "$";
    }
    if (part.is_structured())
        for (auto& [key, value] : part.items()) value = as_checked(std::move(value), key);
    return part;
}

peer::SchemaRegistry& ours() {
    static peer::SchemaRegistry registry({{"definitions", definitions()}}, "definitions");
    return registry;
}

peer::SchemaRegistry& vendors() {
    static peer::SchemaRegistry registry(
        as_checked(peer::read_json(KONTOR_ZOHO_OAS_DIR "/zoho-crm-v8.schema.json")), "$defs");
    return registry;
}

/// Kinds of ours and what the vendor's model calls them. It has no OAuth, and its COQL answers
/// demand an info that the documents do not show.
const std::map<std::string, std::string, std::less<>> kVendorNames{
    {"list_response", "record.response_wrapper"},
    {"single_response", "record.response_wrapper"},
    {"deleted_response", "record.deleted_records_wrapper"},
    {"write_response", "record.action_wrapper"},
    {"count_response", "record.count_wrapper"},
    {"related_response", "related_records.response_wrapper"},
    {"relation_request", "related_records.body_wrapper"},
    {"relation_response", "related_records.action_wrapper"},
    {"attachments_response", "attachments.response_wrapper"},
    {"error", "record.api_exception"},
    {"fields_response", "fields.response_wrapper"},
    {"modules_response", "modules.response_wrapper"},
    {"layouts_response", "layouts.response_wrapper"},
    {"related_lists_response", "related_lists.response_wrapper"},
    {"custom_views_response", "custom_views.response_wrapper"},
    {"users_response", "users.response_wrapper"},
    {"org_response", "org.response_wrapper"},
    {"currencies_response", "currencies.response_wrapper"},
    {"locking_response", "record_locking.response_wrapper"},
    {"bulk_read_created", "bulk_read.action_wrapper"},
    {"bulk_read_status", "bulk_read.response_wrapper"},
    {"bulk_write_status", "bulk_write.bulk_write_response"},
    {"watch_response", "notifications.action_wrapper"},
    {"insert_request", "record.body_wrapper"},
    {"update_request", "record.body_wrapper"},
    {"upsert_request", "record.body_wrapper"},
    {"coql_request", "coql.body_wrapper"},
    {"bulk_read_request", "bulk_read.body_wrapper"},
    {"bulk_write_request", "bulk_write.request_wrapper"},
    {"watch_request", "notifications.body_wrapper"},
};

/// Path behind /crm/vN or /crm/bulk/vN, without query.
std::vector<std::string> resource(std::string_view path, bool& bulk) {
    std::vector<std::string> out;
    path = path.substr(0, path.find('?'));
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        if (slash != 0) out.emplace_back(path.substr(0, slash));
        if (slash == std::string_view::npos) break;
        path.remove_prefix(slash + 1);
    }
    bulk = out.size() > 1 && out[1] == "bulk";
    const std::size_t head = bulk ? 3 : 2;
    if (out.size() < head || out[0] != "crm") return {};
    out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(head));
    return out;
}

std::string bulk_response_kind(std::string_view method, const std::vector<std::string>& path) {
    const bool read = path[0] == "read";
    if (path.size() == 1 && method == "POST")
        return read ? "bulk_read_created" : "bulk_write_created";
    if (path.size() == 2) return read ? "bulk_read_status" : "bulk_write_status";
    return {};
}

std::string settings_kind(const std::string& what) {
    if (what == "modules" || what == "fields" || what == "layouts" || what == "related_lists" ||
        what == "custom_views")
        return what + "_response";
    return {};
}

/// A list of another module's records below a record: `Contacts/410/Products`.
bool is_related_list(const std::vector<std::string>& path) {
    return path.size() >= 3 && path[1] != "actions" && path[2] != "actions" &&
           path[2] != "Attachments" && path[2] != "Locking_Information__s";
}

/// What was found right: the same answer is sent many times, and most of the peer's work would be
/// to look at it again. Thread-safe.
class RightAnswers {
public:
    /// Of an answer, and of all that says which schema it is held against.
    static std::size_t hash(std::initializer_list<std::string_view> parts) {
        std::size_t out = 0;
        for (const std::string_view part : parts)
            out = out * 0x9e3779b97f4a7c15U + std::hash<std::string_view>()(part);
        return out;
    }
    bool known(std::size_t answer) {
        const std::lock_guard lock(mutex_);
        return hashes_.contains(answer);
    }
    void add(std::size_t answer) {
        const std::lock_guard lock(mutex_);
        if (hashes_.size() == kMost) hashes_.clear();
        hashes_.insert(answer);
    }

private:
    static constexpr std::size_t kMost = 4096;
    std::mutex mutex_;
    std::unordered_set<std::size_t> hashes_;
};

/// Answers that hold one of their own for each element of the request.
std::string elements_kind(std::string_view method, std::string_view path) {
    bool bulk = false;
    const std::vector<std::string> parts = resource(path, bulk);
    if (!parts.empty() && parts[0] == "actions") return "watch_response";
    return method != "POST" && is_related_list(parts) ? "relation_response" : "write_response";
}

/// What is wrong with texts by name, each of which is there once.
std::vector<std::string> text_problems(
    const std::string& kind, const std::string& where,
    const std::vector<std::pair<std::string, std::string>>& texts) {
    std::vector<std::string> problems;
    nlohmann::json values = nlohmann::json::object();
    for (const auto& [name, value] : texts) {
        if (values.contains(name)) problems.push_back(where + ": " + name + " twice");
        values[name] = value;
    }
    for (const std::string& problem : validate(kind, values))
        problems.push_back(where + ": " + problem);
    return problems;
}

bool same_header(std::string_view one, std::string_view other) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                      [&](char a, char b) { return lower(a) == lower(b); });
}

}  // namespace

nlohmann::json definitions() {
    nlohmann::json all = nlohmann::json::object();
    for (const char* file : {"/messages.json", "/errors.json"})
        all.update(peer::read_json(std::string(KONTOR_ZOHO_SCHEMA_DIR) + file).at("definitions"));
    return all;
}

std::vector<std::string> validate(std::string_view kind, const nlohmann::json& message) {
    return ours().problems(std::string(kind), message);
}

bool vendor_model_present() {
    return vendors().present();
}

std::vector<std::string> vendor_problems(std::string_view kind, const nlohmann::json& message) {
    const auto name = kVendorNames.find(kind);
    if (name == kVendorNames.end() || !vendors().present()) return {};
    std::vector<std::string> problems;
    for (const std::string& problem : vendors().problems(name->second, message))
        problems.push_back(name->second + ": " + problem);
    return problems;
}

std::vector<std::string> problems_of_message(std::string_view kind, const nlohmann::json& message) {
    std::vector<std::string> problems = validate(kind, message);
    nlohmann::json known = message;
    // The vendor's model does not know the modules of subforms, nor sizes that are numbers.
    if (kind == "attachments_response" && known.contains("data") && known["data"].is_array())
        for (auto& each : known["data"])
            if (each.is_object() && each.contains("Size") && each["Size"].is_number())
                each.erase("Size");
    if (kind == "modules_response" && known.contains("modules") && known["modules"].is_array())
        std::erase_if(known["modules"].get_ref<nlohmann::json::array_t&>(), [](const auto& module) {
            return module.value("generated_type", "") == "subform";
        });
    for (std::string& problem : vendor_problems(kind, known))
        problems.push_back(std::move(problem));
    return problems;
}

namespace {

std::vector<std::string> problems_of_answer(std::string_view method, std::string_view path,
                                            int status, std::string_view body) {
    if (status == 204 || status == 304)
        return body.empty() ? std::vector<std::string>{}
                            : std::vector<std::string>{"a body where there must be none"};
    const auto message = nlohmann::json::parse(body, nullptr, false);
    if (message.is_discarded()) return {"not JSON"};
    if (path.starts_with("/oauth/v2/token") && message.contains("error"))
        return validate("token_error", message);
    const std::string kind = response_kind(method, path, status);
    if (!kind.empty()) return problems_of_message(kind, message);
    if (status < 400 && status != 202) return {"no schema for this answer"};
    const std::string refusal = error_kind(method, path);
    if (message.contains("code")) {
        std::vector<std::string> problems = validate(refusal, message);
        for (std::string& problem : vendor_problems("error", message))
            problems.push_back(std::move(problem));
        return problems;
    }
    // Where nothing was done, each element of the request has a refusal of its own, or there is one
    // for all of it.
    if (const std::string wrapped = "wrapped_" + refusal;
        ours().has(wrapped) && validate(wrapped, message).empty())
        return {};
    return validate(elements_kind(method, path), message);
}

}  // namespace

std::vector<std::string> response_problems(std::string_view method, std::string_view path,
                                           int status, std::string_view body) {
    static RightAnswers right;
    const std::size_t answer =
        RightAnswers::hash({std::to_string(status), response_kind(method, path, status),
                            error_kind(method, path), elements_kind(method, path), body});
    if (right.known(answer)) return {};
    std::vector<std::string> problems = problems_of_answer(method, path, status, body);
    if (problems.empty()) right.add(answer);
    return problems;
}

std::vector<std::string> header_problems(
    std::string_view method, std::string_view path,
    const std::vector<std::pair<std::string, std::string>>& headers) {
    const std::string kind = header_kind(method, path);
    if (kind.empty()) return {};
    std::vector<std::pair<std::string, std::string>> judged;
    for (const auto& [name, value] : headers)
        for (const char* each : {"If-Modified-Since", "If-Unmodified-Since", "X-EXTERNAL"})
            if (same_header(name, each)) judged.emplace_back(each, value);
    return text_problems(kind, "headers", judged);
}

std::vector<std::string> request_problems(
    std::string_view method, std::string_view path,
    const std::vector<std::pair<std::string, std::string>>& query, std::string_view body) {
    std::vector<std::string> problems;
    if (path.starts_with("/oauth/v2/")) {
        const std::string kind = request_kind(method, path);
        if (kind.empty()) return {"no schema for this request"};
        return text_problems(kind, "parameters", query);
    }
    if (const std::string kind = query_kind(method, path); !kind.empty())
        problems = text_problems(kind, "query", query);
    const std::string kind = request_kind(method, path);
    if (kind.empty()) return problems;
    const auto message = nlohmann::json::parse(body, nullptr, false);
    if (message.is_discarded()) return {"not JSON"};
    for (std::string& problem : problems_of_message(kind, message))
        problems.push_back(std::move(problem));
    return problems;
}

std::string request_kind(std::string_view method, std::string_view path) {
    if (path == "/oauth/v2/token" && method == "POST") return "token_request";
    if (path == "/oauth/v2/token/revoke" && method == "POST") return "revoke_request";
    if (path == "/oauth/v2/auth" && method == "GET") return "consent_request";
    bool bulk = false;
    const std::vector<std::string> parts = resource(path, bulk);
    if (parts.empty()) return {};
    const bool post = method == "POST";
    if (bulk) {
        if (!post || parts.size() != 1) return {};
        return parts[0] == "read" ? "bulk_read_request" : "bulk_write_request";
    }
    if (parts[0] == "coql") return "coql_request";
    if (parts[0] == "upload" || parts[0] == "settings") return {};
    if (parts[0] == "actions")
        return post || method == "PUT" || method == "PATCH" ? "watch_request" : "";
    if (parts.size() > 2 && parts[2] == "Attachments") return {};
    if (parts.size() == 3 && parts[2] == "Locking_Information__s")
        return post || method == "PUT" ? "locking_request" : "";
    if (parts.size() == 3 && parts[2] == "Notes" && post) return "insert_request";
    if (parts.size() == 3 && parts[1] == "actions" && parts[2].ends_with("_tags"))
        return "tags_request";
    if (parts.size() == 2 && parts[1] == "upsert") return "upsert_request";
    if (parts.size() == 1 && post) return "insert_request";
    if (method == "PUT" && parts.size() <= 2) return "update_request";
    if (method == "PUT" && is_related_list(parts)) return "relation_request";
    return {};
}

std::string header_kind(std::string_view method, std::string_view path) {
    bool bulk = false;
    const std::vector<std::string> parts = resource(path, bulk);
    if (parts.empty()) return {};
    const bool records = !bulk && parts[0] != "settings" && parts[0] != "org" &&
                         parts[0] != "coql" && parts[0] != "upload" && parts[0] != "actions";
    if (!records) return "empty_query";
    const bool by_name = parts.size() > 1 && (parts[1] == "deleted" || parts[1] == "search" ||
                                              parts[1] == "actions" || parts[1] == "upsert");
    if (method == "GET") return parts.size() == 1 || by_name ? "list_headers" : "read_headers";
    const bool updates =
        (method == "PUT" && !is_related_list(parts)) || (parts.size() == 2 && parts[1] == "upsert");
    return updates ? "update_headers" : "write_headers";
}

std::string query_kind(std::string_view method, std::string_view path) {
    if (path.starts_with("/oauth/v2/")) return {};
    bool bulk = false;
    const std::vector<std::string> parts = resource(path, bulk);
    if (parts.empty() || bulk) return "empty_query";
    const bool get = method == "GET";
    if (parts[0] == "settings") return "settings_query";
    if (parts[0] == "users") return "users_query";
    if (parts[0] == "actions") return "watch_query";
    if (parts[0] == "org" || parts[0] == "coql" || parts[0] == "upload") return "empty_query";
    if (parts.size() > 2 && parts[2] == "Attachments")
        return get && parts.size() == 3 ? "related_query" : "attachment_query";
    if (method == "DELETE") return is_related_list(parts) ? "empty_query" : "delete_query";
    if (!get) return "empty_query";
    if (parts.size() == 1) return "list_query";
    if (parts[1] == "deleted") return "deleted_query";
    if (parts[1] == "search") return "search_query";
    if (parts[1] == "actions") return "empty_query";
    if (parts.size() == 2 || parts[2] == "actions") return "single_query";
    return parts[2] == "Locking_Information__s" ? "empty_query" : "related_query";
}

std::string error_kind(std::string_view method, std::string_view path) {
    bool bulk = false;
    const std::vector<std::string> parts = resource(path, bulk);
    if (parts.empty()) return "access_error";
    if (bulk) return parts[0] == "read" ? "bulk_read_error" : "bulk_write_error";
    if (parts[0] == "upload") return "bulk_write_error";
    if (parts[0] == "settings" || parts[0] == "users" || parts[0] == "org") return "settings_error";
    if (parts[0] == "coql") return "coql_error";
    if (parts[0] == "actions") return "watch_error";
    if (parts.size() > 2 && parts[2] == "Attachments") return "attachment_error";
    if (method == "GET") return "read_error";
    return method != "POST" && is_related_list(parts) ? "relation_error" : "write_error";
}

std::string response_kind(std::string_view method, std::string_view path, int status) {
    if (path.starts_with("/oauth/v2/token/revoke")) return "revoke_response";
    if (path.starts_with("/oauth/v2/token")) return "token_response";
    bool bulk = false;
    const std::vector<std::string> parts = resource(path, bulk);
    if (status == 204 || status == 304) return {};
    const bool writes = method != "GET" && !bulk;
    if (parts.empty()) return "access_error";
    if (writes && (status == 207 || status == 412)) return elements_kind(method, path);
    if (status >= 400 || status == 202) return {};
    if (bulk) return bulk_response_kind(method, parts);
    if (parts[0] == "settings") return parts.size() > 1 ? settings_kind(parts[1]) : "";
    if (parts[0] == "users") return "users_response";
    if (parts[0] == "org") return parts.size() > 1 ? "currencies_response" : "org_response";
    if (parts[0] == "coql") return "coql_response";
    if (parts[0] == "upload") return "upload_response";
    if (parts[0] == "actions") return "watch_response";
    if (parts.size() > 2 && parts[2] == "Locking_Information__s") return "locking_response";
    if (parts.size() > 2 && parts[2] == "Attachments" && method == "GET")
        return parts.size() == 3 ? "attachments_response" : "";
    if (method == "PUT" || method == "DELETE")
        return is_related_list(parts) ? "relation_response" : "write_response";
    if (method != "GET") return "write_response";
    if (parts.size() == 1) return "list_response";
    if (parts[1] == "deleted") return "deleted_response";
    if (parts[1] == "search") return "list_response";
    if (parts[1] == "actions")
        return parts.size() > 2 && parts[2] == "count" ? "count_response" : "";
    if (parts.size() == 2 || parts[2] == "actions") return "single_response";
    return "related_response";
}

}  // namespace kontor::zoho_schema
