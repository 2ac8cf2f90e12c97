#pragma once

/// What a connector says about itself, its streams and the outcome of a push. The SDK turns these
/// into the JSON of docs/connector-abi.md, which says what each member means.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace kontor::sdk {

struct Identity {
    std::string org_id, org_name, user_id, user_name;
    std::int64_t server_time_ms = 0;
    std::int64_t credits_limit = 0;  ///< 0 = not known
    std::int64_t credits_left = -1;  ///< -1 = not known
};

struct Credits {
    std::int64_t limit = 0, left = -1, reset_ms = 0, spent = 0;
};

struct Label {
    std::string en, zh;  ///< zh may be empty
};

struct Choice {
    std::string value, label;
};

struct FieldSpec {
    std::string name;
    Label label;
    std::string type = "text";
    bool custom = false, required = false, read_only = false, create_only = false;
    bool unique = false, may_be_cut = false;
    std::int64_t max_length = 0, precision = 0, scale = 0;
    std::vector<std::string> references;
    std::vector<Choice> choices;
    std::string column_hint, group;
};

struct Capabilities {
    bool pull = true, create = false, update = false, remove = false;
    bool deleted_feed = false, list_ids = false, fetch = false;
    bool fetch_with_push = false;
    std::int64_t deleted_retention_days = 0;
    std::vector<std::string> find_fields;
    std::string key_field;
    std::string cas = "none";
    std::int64_t push_batch_max = 1, fetch_batch_max = 1, modified_resolution_ms = 0;
};

struct StreamSpec {
    std::string name;
    Label label;
    bool custom = false;
    std::string entity_hint;
    Capabilities capabilities;
    std::vector<FieldSpec> fields;
};

struct PushResult {
    std::string status = "unknown";
    std::string id, version, action, code, field, message;
};

[[nodiscard]] std::string to_json(const Identity& identity);
[[nodiscard]] std::string to_json(const Credits& credits);
[[nodiscard]] std::string to_json(const std::vector<StreamSpec>& streams);
[[nodiscard]] std::string to_json(const std::vector<PushResult>& results);

}  // namespace kontor::sdk
