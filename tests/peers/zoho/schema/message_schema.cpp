#include "tests/peers/zoho/schema/message_schema.hpp"

#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace kontor::zoho_schema {

namespace {

constexpr std::size_t kMostProblems = 20;

std::shared_ptr<const valijson::Schema> compile(nlohmann::json document,
                                                const std::string& reference) {
    document["allOf"] = nlohmann::json::array({{{"$ref", reference}}});
    auto schema = std::make_shared<valijson::Schema>();
    valijson::SchemaParser parser;
    const valijson::adapters::NlohmannJsonAdapter adapter(document);
    parser.populateSchema(adapter, *schema);
    return schema;
}

std::vector<std::string> problems_of(const valijson::Schema& schema,
                                     const nlohmann::json& message) {
    valijson::Validator validator(valijson::Validator::kStrongTypes);
    valijson::ValidationResults results;
    const valijson::adapters::NlohmannJsonAdapter adapter(message);
    if (validator.validate(schema, adapter, &results)) return {};
    std::vector<std::string> problems;
    valijson::ValidationResults::Error error;
    while (problems.size() < kMostProblems && results.popError(error)) {
        std::string where;
        for (const std::string& part : error.context) where += part;
        problems.push_back(where + ": " + error.description);
    }
    if (problems.empty()) problems.emplace_back("does not fit");
    return problems;
}

/// Compiled schemas by kind, made when first asked for.
class Registry {
public:
    Registry() {
        std::ifstream in(KONTOR_ZOHO_SCHEMA_DIR "/messages.json");
        all_ = nlohmann::json::parse(in, nullptr, false);
    }

    std::shared_ptr<const valijson::Schema> find(const std::string& kind) {
        const std::lock_guard lock(mutex_);
        const auto known = compiled_.find(kind);
        if (known != compiled_.end()) return known->second;
        if (!all_.is_object() || !all_["definitions"].contains(kind)) return nullptr;
        return compiled_[kind] = compile(all_, "#/definitions/" + kind);
    }

private:
    std::mutex mutex_;
    nlohmann::json all_;
    std::map<std::string, std::shared_ptr<const valijson::Schema>> compiled_;
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
    if (what == "modules" || what == "fields" || what == "layouts" || what == "related_lists")
        return what + "_response";
    return {};
}

}  // namespace

std::vector<std::string> validate(std::string_view kind, const nlohmann::json& message) {
    static Registry registry;
    const auto schema = registry.find(std::string(kind));
    if (!schema) return {"no schema for '" + std::string(kind) + "'"};
    return problems_of(*schema, message);
}

std::vector<std::string> validate_against(const nlohmann::json& document,
                                          const std::string& reference,
                                          const nlohmann::json& message) {
    return problems_of(*compile(document, reference), message);
}

std::string request_kind(std::string_view method, std::string_view path) {
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
    if (parts[0] == "actions") return post || method == "PUT" ? "watch_request" : "";
    if (parts.size() == 3 && parts[1] == "actions" && parts[2].ends_with("_tags"))
        return "tags_request";
    if (parts.size() == 2 && parts[1] == "upsert") return "upsert_request";
    if (parts.size() == 1 && post) return "insert_request";
    if (method == "PUT" && parts.size() <= 2) return "update_request";
    return {};
}

std::string response_kind(std::string_view method, std::string_view path, int status) {
    if (path.starts_with("/oauth/v2/token")) return {};
    bool bulk = false;
    const std::vector<std::string> parts = resource(path, bulk);
    if (status == 204 || status == 304) return {};
    const bool writes = method != "GET" && !bulk;
    if (parts.empty()) return "error_response";
    if (writes && (status == 207 || status == 412)) {
        return parts[0] == "actions" ? "watch_response" : "write_response";
    }
    if (status >= 400 || status == 202) return {};
    if (bulk) return bulk_response_kind(method, parts);
    if (parts[0] == "settings") return parts.size() > 1 ? settings_kind(parts[1]) : "";
    if (parts[0] == "users") return "users_response";
    if (parts[0] == "org") return parts.size() > 1 ? "currencies_response" : "org_response";
    if (parts[0] == "coql") return "coql_response";
    if (parts[0] == "upload") return "upload_response";
    if (parts[0] == "actions") return "watch_response";
    if (parts.size() > 2 && parts[2] == "Locking_Information__s") return {};
    if (method != "GET") return "write_response";
    if (parts.size() == 1) return "list_response";
    if (parts[1] == "deleted") return "deleted_response";
    if (parts[1] == "search") return "list_response";
    if (parts[1] == "actions")
        return parts.size() > 2 && parts[2] == "count" ? "count_response" : "";
    if (parts.size() == 2 || parts[2] == "actions") return "single_response";
    return "list_response";
}

}  // namespace kontor::zoho_schema
