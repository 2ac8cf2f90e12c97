#include "tests/peers/salesforce/switches.hpp"

namespace kontor::peer::salesforce {

namespace {

constexpr SwitchDefinition kDefinitions[] = {
    {"stamp_resolution", "second", "second|millisecond", "what SystemModstamp is rounded down to"},
    {"query_batch", "2000", "number", "rows of one answer to a query; fewer than were asked for"},
    {"locator_lost", "false", "true|false",
     "a query locator is unknown as soon as it is asked for"},
    {"numbers", "exponent", "exponent|plain",
     "large numbers of a bulk job as 1.0E7 or as 10000000.0"},
    {"missing_id_code", "INVALID_CROSS_REFERENCE_KEY",
     "INVALID_CROSS_REFERENCE_KEY|ENTITY_IS_DELETED|NOT_FOUND",
     "a collection's change of an id that is not there"},
    {"unmodified_since", "kept", "kept|ignored", "If-Unmodified-Since"},
    {"deleted_feed", "true", "true|false", "objects can be asked for what was deleted"},
    {"deleted_forgets_after_h", "360", "number", "hours that the deleted feed reaches back"},
    {"undelete_moves_stamp", "true", "true|false", "undeleting moves SystemModstamp"},
    {"trim_text", "true", "true|false", "blanks around a text are cut"},
    {"bulk", "true", "true|false", "the organisation may use Bulk API 2.0"},
    {"bulk_polls", "1", "number", "how often a job is asked for before it is done"},
    {"bulk_fails", "false", "true|false", "query jobs end as Failed"},
    {"daily_limit", "0", "number", "requests a day, 0: no limit"},
    {"external_field", "true", "true|false", "every object has the external id Kontor_Id__c"},
    {"date_header", "true", "true|false", "answers have a Date header"},
};

}  // namespace

Switches make_switches() {
    return Switches(kDefinitions);
}

}  // namespace kontor::peer::salesforce
