#include "tests/peers/fxiaoke/switches.hpp"

namespace kontor::peer::fxiaoke {

namespace {

constexpr SwitchDefinition kDefinitions[] = {
    {"query_returns_invalid", "never", "never|filtered|always",
     "queries show invalidated records: never, if life_status is filtered, always"},
    {"get_returns_invalid", "false", "true|false", "get shows invalidated records"},
    {"unknown_id_code", "32000", "32000|10006|40010", "get of an id that is not there"},
    {"custom_create_returns_dataId", "true", "true|false",
     "create of a custom object names the id"},
    {"owner_in_update", "ignore", "ignore|error", "owner among the fields of an update"},
    {"trace_id_required", "true", "true|false", "requests without thirdTraceId are refused"},
    {"dataList_place", "data", "data|top|bare", "where a query's rows are"},
    {"changeOwner_ownerId_form", "list", "list|string", "which form of ownerId is taken"},
    {"null_write", "clears", "clears|ignored", "null in an update (an empty text always clears)"},
    {"expiresIn", "remaining", "remaining|fixed", "life of a token that was given before"},
    {"wrong_family_path", "error", "error|accepted", "a custom object on the path of preset ones"},
    {"team_lock_bump_time", "true", "true|false",
     "changes of team and lock move last_modified_time"},
    {"combined_filters", "and", "and|first|last", "which filters of a query hold"},
    {"include_null", "true", "true|false", "includeNull shows nulls in queries"},
    {"rate_code", "30004", "30004|14001", "code of too many calls"},
    {"missing_user_code", "20012", "20012|20017", "code of a request that names no employee"},
    {"date_header", "true", "true|false", "answers have a Date header"},
    {"version_as_text", "false", "true|false", "version is a text"},
    {"rate_limit", "true", "true|false", "100 calls in 20 s for each path"},
    {"token_limit", "true", "true|false", "10 tokens a minute"},
    {"daily_quota", "0", "number", "calls a day, 0: no limit"},
    {"no_quota", "false", "true|false", "no calls were bought"},
    {"approval", "false", "true|false", "the tenant has approval flows"},
    {"external_field", "true", "true|false", "every object has the unique field kontor_id__c"},
};

}  // namespace

Switches make_switches() {
    return Switches(kDefinitions);
}

}  // namespace kontor::peer::fxiaoke
