#include "tests/peers/zoho/switches.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace kontor::peer_zoho {

namespace {

struct Definition {
    std::string_view name;
    std::string_view initial;
    std::string_view values;  ///< alternatives separated by '|', or "number", or "text"
    std::string_view about;
};

constexpr Definition kDefinitions[] = {
    {"external_field", "true", "true|false",
     "every module has the unique, organisation-wide external field Kontor_Id (start only)"},
    {"user_zone", "Asia/Shanghai", "text", "IANA zone of the API user (start only)"},
    {"id_in_fields_metadata", "true", "true|false", "settings/fields lists the field id"},
    {"json_type_missing", "false", "true|false", "some fields have no json_type"},
    {"bearer_accepted", "false", "true|false", "Authorization: Bearer works too"},
    {"token_error_status", "200", "200|400", "HTTP status of OAuth errors"},
    {"token_limit_error", "Access Denied", "Access Denied|access_denied",
     "error of the eleventh access token within ten minutes"},
    {"token_error_code", "INVALID_TOKEN", "INVALID_TOKEN|INVALID_OAUTHTOKEN|AUTHENTICATION_FAILURE",
     "code for a dead access token"},
    {"token_limits", "true", "true|false", "10 access tokens per 10 minutes, 15 active"},
    {"token_lifetime_s", "3600", "number", "expires_in"},
    {"consent", "accept", "accept|deny", "what the user does on the consent page"},
    {"grant_lifetime_s", "180", "number", "life of a grant code"},
    {"expires_in_ms", "false", "true|false",
     "expires_in in milliseconds beside expires_in_sec, as very old servers"},
    {"wall_2000", "true", "true|false", "page x per_page beyond 2,000 is refused"},
    {"wall_100000", "true", "true|false", "page tokens end at 100,000 records"},
    {"page_token_mode", "key", "key|position",
     "tokens continue after the last key, or at an offset (which skips when records vanish)"},
    {"page_token_lifetime_s", "86400", "number", "life of a page token"},
    {"if_modified_since_inclusive", "false", "true|false", ">= rather than >"},
    {"fields_mandatory", "true", "true|false", "Get Records without fields is refused"},
    {"id_always_returned", "true", "true|false", "id comes along even if not asked for"},
    {"unknown_field", "ignore", "ignore|invalid", "an unknown name in fields="},
    {"max_ids", "100", "number", "most ids in ids="},
    {"missing_record", "204", "204|400|404", "single GET of an unknown or deleted id"},
    {"invalid_id_message", "the id given seems to be invalid", "text", "message of unknown ids"},
    {"invalid_id_details", "both", "both|id|api_name",
     "what details of an unknown id hold beside json_path"},
    {"cvid_sort_by", "refuse", "refuse|accept", "sort_by together with cvid"},
    {"approval_hides", "true", "true|false",
     "records that await approval are hidden unless approved=false or both"},
    {"note_bumps_parent", "false", "true|false",
     "a new note or attachment changes Modified_Time of the record it belongs to"},
    {"layout_rules", "asked", "asked|always",
     "layout rules apply to API writes: only with apply_feature_execution, or always"},
    {"picklist_read", "display", "display|actual",
     "what reads show of a pick list value that was renamed"},
    {"all_failed_status", "400", "400|202", "write where no record succeeded"},
    {"insert_status", "201", "201|200", "insert where all succeeded"},
    {"empty_string_is_null", "true", "true|false", "an empty string reads back as null"},
    {"trim_text", "true", "true|false", "white space around text values is cut off"},
    {"picklist_strict", "true", "true|false", "unknown picklist values are refused"},
    {"read_only_key", "ignore", "ignore|invalid", "a read-only field in a write"},
    {"unknown_key", "ignore", "ignore|invalid", "an unknown field in a write"},
    {"noop_update_bumps", "true", "true|false",
     "an update that changes nothing still changes Modified_Time"},
    {"upsert_id_wins", "true", "true|false", "an id in an upsert selects the record"},
    {"upsert_match", "first", "first|last", "which of several matches is updated"},
    {"upsert_self_match", "true", "true|false",
     "two inputs of one upsert that match each other give one record"},
    {"unmodified_since_mixed", "207", "207|412",
     "If-Unmodified-Since with several records of which some are newer"},
    {"restore_bumps_modified", "false", "true|false", "restoring changes Modified_Time"},
    {"merge_losers_in_deleted", "true", "true|false", "merged records appear as deleted"},
    {"deleted_order", "desc", "asc|desc", "order of the deleted feed by time"},
    {"deleted_wall_2000", "false", "true|false", "deleted feed ends at 2,000 rows"},
    {"deleted_credits", "1", "number", "cost of a deleted call"},
    {"deleted_envelope", "object", "object|data", "errors of deleted and upsert wrapped in data[]"},
    {"coql_limit_max", "2000", "number", "largest LIMIT"},
    {"coql_where_required", "true", "true|false", "COQL without WHERE is refused"},
    {"coql_lookup_name", "false", "true|false", "lookups in COQL carry the name"},
    {"coql_in_max", "100", "number", "values in an IN list"},
    {"bulk_lookup", "id", "id|name_columns", "lookup columns hold the id, or id and name"},
    {"bulk_multiselect_separator", ";", ";|,", "joins multi-select values in CSV"},
    {"bulk_boolean", "lower", "lower|title", "true/false or True/False"},
    {"bulk_quote_all", "false", "true|false", "every CSV cell is quoted"},
    {"bulk_bom", "false", "true|false", "CSV begins with a byte order mark"},
    {"bulk_subform", "refuse", "refuse|empty|json", "subform fields in a bulk read"},
    {"bulk_crlf", "false", "true|false", "CSV lines end with CR LF"},
    {"bulk_page_size", "200000", "number", "records per bulk read job"},
    {"bulk_duration_ms", "300", "number", "time a bulk job takes"},
    {"bulk_fail_next", "0", "number", "how many coming bulk read jobs end in FAILURE"},
    {"bulk_result_lifetime_s", "86400", "number", "life of a bulk read result"},
    {"bulk_downloads_per_minute", "10", "number", "more give 429"},
    {"bulk_token", "true", "true|false", "bulk read results name a next_page_token"},
    {"zip_level", "1", "number", "deflate level of ZIPs, 0 stores"},
    {"bulk_write_state", "INPROGRESS", "INPROGRESS|IN PROGRESS", "spelling while running"},
    {"bulk_write_columns", "upper", "upper|title", "names of the outcome's columns"},
    {"unique_email", "false", "true|false", "Contacts.Email and Leads.Email refuse duplicates"},
    {"credits_limit", "true", "true|false", "daily credits are enforced"},
    {"concurrency_limit", "true", "true|false", "calls at the same time are limited"},
    {"edition", "enterprise", "free|standard|professional|enterprise|ultimate", "API limits"},
    {"credits_daily", "0", "number", "overrides the edition's credits unless 0"},
    {"retry_after", "false", "true|false", "429 carries Retry-After"},
    {"automation", "false", "true|false",
     "workflow: a Deal closed as won gets Probability 100, unless trigger is []"},
    {"restore_backup_reuses_ids", "false", "true|false",
     "after a rollback new records get the ids of records created since the snapshot"},
    {"rich_text_cut", "0", "number", "lists cut longer rich text to so many characters, 0: no"},
    {"subform_cut", "0", "number",
     "reads show so many rows of a subform and say $has_more, 0: all"},
    {"attachment_size", "string", "string|number", "JSON type of an attachment's Size"},
    {"attachment_limit", "20971520", "number", "bytes of an attachment, then 413"},
    {"body_limit", "26214400", "number", "bytes of a request body, then 413"},
    {"max_fields", "50", "number", "names in fields="},
    {"max_records_per_write", "100", "number", "elements of data[]"},
    {"watch_callbacks", "true", "true|false", "notification channels are served"},
    {"watch_delivery", "once", "once|twice|reversed", "how callbacks are delivered"},
    {"gzip", "false", "true|false", "answers are compressed for clients that accept it"},
};

const Definition* find_definition(std::string_view name) {
    for (const auto& definition : kDefinitions) {
        if (definition.name == name) return &definition;
    }
    return nullptr;
}

bool is_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
}

bool acceptable(const Definition& definition, std::string_view value) {
    if (definition.values == "text") return true;
    if (definition.values == "number") return is_number(value);
    std::string_view rest = definition.values;
    while (true) {
        const std::size_t bar = rest.find('|');
        if (rest.substr(0, bar) == value) return true;
        if (bar == std::string_view::npos) return false;
        rest.remove_prefix(bar + 1);
    }
}

}  // namespace

Switches::Switches() {
    for (const auto& definition : kDefinitions)
        values_.emplace(definition.name, definition.initial);
}

bool Switches::set(std::string_view name, std::string_view value) {
    const Definition* definition = find_definition(name);
    if (definition == nullptr || !acceptable(*definition, value)) return false;
    values_.find(name)->second = value;
    return true;
}

const std::string& Switches::text(std::string_view name) const {
    const auto it = values_.find(name);
    if (it == values_.end()) throw std::logic_error("no switch " + std::string(name));
    return it->second;
}

std::int64_t Switches::number(std::string_view name) const {
    const std::string& value = text(name);
    std::int64_t out = 0;
    std::from_chars(value.data(), value.data() + value.size(), out);
    return out;
}

std::string Switches::list_json() const {
    nlohmann::ordered_json out = nlohmann::ordered_json::array();
    for (const auto& definition : kDefinitions)
        out.push_back({{"name", definition.name},
                       {"value", text(definition.name)},
                       {"default", definition.initial},
                       {"values", definition.values},
                       {"about", definition.about}});
    return out.dump(1);
}

}  // namespace kontor::peer_zoho
