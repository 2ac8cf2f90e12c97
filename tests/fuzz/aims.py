"""What each fuzz target aims at: the source whose coverage counts, and one known defect of it.

A target: its files or folders, then the defect's name and its edits (tests/support/planting.py). The
target must find the defect; what replays its seeds must not, else they would have found it.
"""

DECODER = "connectors/host/batch_decoder.cpp"
DESCRIPTIONS = "connectors/host/description_json.cpp"
CONVERSATION = "connectors/host/conversation.cpp"
OAUTH = "connectors/host/oauth_server.cpp"
DECIMAL = "sync/base/decimal.cpp"
QUERY = "sync/replica/query.cpp"
SEARCH = "sync/search/query.cpp"
MAPPING = "config/mapping_file.cpp"
DESCRIPTION = "connectors/declarative/read.cpp"
HTTP = "daemon/api/http.cpp"
SSE = "daemon/cli/sse.cpp"
REDIRECT = "daemon/cli/redirect.cpp"
FORM = "daemon/form/form_body.cpp"
ANSWERS = "daemon/feedback/answers.cpp"
INCOMING = "daemon/mail/incoming.cpp"
REPLY = "daemon/feedback/reply.cpp"
CSV_READER = "connectors/sdk/csv_reader.hpp"
TABLE = "plugins/csv/table.cpp"
PIECES = "plugins/csv/xml_pieces.cpp"
VCARD = "plugins/carddav/vcard.cpp"
HREF = "plugins/carddav/href.cpp"
FXIAOKE = "plugins/fxiaoke/values.cpp"
POSTGRES = "plugins/postgres/reader.cpp"
REST = "plugins/rest/read.cpp"
SALESFORCE = "plugins/salesforce/ids.cpp"
LIMESURVEY = "plugins/limesurvey/export.cpp"
SIGN_IN = "connectors/host/postgres_sign_in.cpp"
IMAP = "daemon/mail/imap_answer.cpp"
SPEC = "connectors/host/spec.cpp"
APP_TOKEN = "connectors/host/app_token.cpp"
BULK = "plugins/zoho/csv_records.cpp"
FIELDS = "plugins/zoho/metadata.cpp"
HUB = "plugins/postgres/hub/pull.cpp"
EMPLOYEES = "plugins/fxiaoke/users.cpp"
RETRY = "connectors/host/retry.cpp"
NEEDED = "connectors/host/needed_libraries.cpp"
MANIFEST = "sync/backup/manifest.cpp"
TOKEN = "daemon/feedback/token.cpp"
SERVICES = "connectors/host/services.cpp"
ZOHO = "plugins/zoho/json_page.cpp"
RESTIC = "daemon/backup/restic_answers.cpp"
LEDGER = "daemon/backup/ledger.cpp"
LEXICON = "daemon/feedback/lexicon_file.cpp"
LOG = "sync/backup/write_ahead_log.cpp"
SEALED = "daemon/backup/sealed.cpp"
DELTA = "sync/backup/page_delta.cpp"
CHAIN = "sync/backup/chain.cpp"
CHANGED = "sync/backup/changed_pages.cpp"
HEAD = "connectors/host/curl_transfer.cpp"

AIMS = {
    "record_batch": ([DECODER], "an id may hold control characters", {DECODER: [(
        "c < 0x20 || c == 0x7f", "c == 0x7f")]}),
    "frames": ([CONVERSATION, "connectors/host/relay.cpp", "connectors/frames"],
               "the last argument of a last word need not end", {CONVERSATION: [(
                   "rest.remove_prefix(std::min(end + 1, rest.size()));",
                   "rest.remove_prefix(end + 1);")]}),
    "plugin_answers": ([DESCRIPTIONS, "connectors/host/json_text.cpp"],
                       "a stream may have no name", {DESCRIPTIONS: [(
                           "return !text.empty() && text.size()", "return text.size()")]}),
    "oauth_answer": ([OAUTH], "a lifetime may be negative", {OAUTH: [(
        "if (seconds > 0) return", "if (seconds != 0) return")]}),
    "stored_values": (["sync/merge/group_values.cpp", "sync/merge/mapping_json.cpp", DECIMAL],
                      "1.50 passes for canonical", {DECIMAL: [(
                          "!fraction.empty() && fraction.back() != '0' &&", "!fraction.empty() &&")]}),
    "config_file": (["config/parse.cpp", "config/parse_backup.cpp", "config/parse_jobs.cpp",
                     "config/parse_parts.cpp", "config/table_reader.cpp", "config/node.cpp", MAPPING],
                    "a mapping with just three mistakes is taken", {MAPPING: [(
                        "if (problems.size() != before) return std::nullopt;",
                        "if (problems.size() != before && problems.size() != before + 3) return std::nullopt;")]}),
    "description_file": (["connectors/declarative"], "a description with one mistake is taken", {
        DESCRIPTION: [("if (problems.size() != before) return std::nullopt;",
                       "if (problems.size() > before + 1) return std::nullopt;")]}),
    "vcard": ([VCARD, "plugins/carddav/contact.cpp", "plugins/carddav/slots.cpp",
               "plugins/carddav/text.cpp"],
              "a card may lack its end", {VCARD: [(
                  "if (!ended) refuse(", "if (!ended && out.properties_.empty()) refuse(")]}),
    "carddav_answers": (["plugins/carddav/multistatus.cpp", "plugins/carddav/discovery.cpp",
                         "plugins/carddav/pull.cpp", "plugins/carddav/images.cpp", HREF,
                         "plugins/carddav/dav.cpp"],
                        "a card's name may hold control characters", {HREF: [(
                            "has_control(*name) || *name ==", "*name ==")]}),
    "csv_folder": (["plugins/csv/table_reader.cpp", "plugins/csv/pull.cpp", "plugins/csv/headers.cpp", "plugins/csv/values.cpp",
                    "plugins/csv/encoding.cpp", "plugins/csv/csv_rows.cpp", "plugins/csv/tables.cpp",
                    TABLE, "plugins/csv/parents.cpp"],
                   "rows that are the same have one id", {TABLE: [(
                       "if (count > 1) out += \"-\" + std::to_string(count);", "")]}),
    "sheet_xml": ([PIECES], "an element's start that lacks one letter in a piece is passed over", {PIECES: [(
        "at_ = std::max(at_, buffer_.size() - std::min(buffer_.size(), open_.size()));",
        "at_ = std::max(at_, buffer_.size() - std::min(buffer_.size(), open_.size() - 2));")]}),
    "postgres_wire": (["plugins/postgres/wire.cpp", "plugins/postgres/session.cpp", POSTGRES,
                       "plugins/postgres/catalog.cpp", "plugins/postgres/values.cpp",
                       "plugins/postgres/description.cpp", "plugins/postgres/pull.cpp",
                       "plugins/postgres/push.cpp"],
                      "a row may lack its last column", {POSTGRES: [(
                          "if (row.size() < column_count())", "if (row.size() + 1 < column_count())")]}),
    "fxiaoke_pull": (["plugins/fxiaoke/images.cpp", "plugins/fxiaoke/pull.cpp", FXIAOKE,
                      "plugins/fxiaoke/answer.cpp", "plugins/fxiaoke/cursor.cpp",
                      "plugins/fxiaoke/changes.cpp", "plugins/fxiaoke/query.cpp", "plugins/fxiaoke/push.cpp"],
                     "a list of persons has a first one", {FXIAOKE: [(
                         "if (list->empty() || list->front().empty() ||",
                         "if (list->front().empty() ||")]}),
    "salesforce_answers": (["plugins/salesforce"], "an empty text passes for an id", {SALESFORCE: [(
        "return (text.size() == 15 || text.size() == 18) &&", "return text.size() <= 18 &&")]}),
    "rest_answers": (["plugins/rest"], "the first of a list is read though there is none", {REST: [(
        "return found->empty() ? nullptr : &(*found)[0];", "return &(*found)[0];")]}),
    "limesurvey_export": (["plugins/limesurvey"], "a response without members has a first one", {
        LIMESURVEY: [("row.is_object() && row.size() == 1 && row.begin()->is_object()",
                      "row.is_object() && row.begin()->is_object()")]}),
    "zoho_page": ([ZOHO, "plugins/zoho/columns.cpp"], "an id may be of any length", {ZOHO: [(
        "return !text.empty() && text.size() <= kIdSizeMax &&", "return !text.empty() &&")]}),
    "zoho_csv": ([CSV_READER, "connectors/sdk/csv_reader.cpp"], "a row of 65 cells has room for 64", {
        CSV_READER: [("if (count_ == spans_.size()) spans_.resize", "if (count_ > spans_.size()) spans_.resize")]}),
    "api_request": ([HTTP, "daemon/api/json_io.cpp"], "a % before the last character is decoded", {HTTP: [(
        "if (i + 2 >= text.size()) return std::nullopt;", "if (i + 1 >= text.size()) return std::nullopt;")]}),
    "list_query": (["daemon/api/record_query.cpp", "daemon/api/record_filter.cpp", QUERY],
                   "a place to go on from may lack a value", {QUERY: [(
                       "if (after.size() != keys.size())", "if (after.size() > keys.size())")]}),
    "search_query": ([SEARCH, "sync/search/scan.cpp"], "two short numbers are joined to nothing", {SEARCH: [(
        "if (digits.joined.size() < kDigitGram) return all_of(separately);", "")]}),
    "event_stream": ([SSE], "an id with a zero byte behind its second character is taken", {SSE: [(
        "name == \"id\" && value.find('\\0') == std::string::npos", "name == \"id\" && value.find('\\0') > 1")]}),
    "redirect": ([REDIRECT, HTTP], "an address that says neither yes nor no is taken", {REDIRECT: [(
        "if (out.code.empty() && out.error.empty()) return std::nullopt;", "")]}),
    "survey": (["daemon/feedback/survey_file.cpp", ANSWERS], "an answer of blanks is an answer", {ANSWERS: [(
        "if (question.kind == QuestionKind::kText) for (auto& value : values) value = tidy(value); "
        "std::erase(values, \"\");",
        "std::erase(values, \"\"); "
        "if (question.kind == QuestionKind::kText) for (auto& value : values) value = tidy(value);")]}),
    "form_body": ([FORM, HTTP], "a field without a name is taken", {FORM: [(
        "!name || name->empty() ||", "!name ||")]}),
    "incoming_mail": ([INCOMING, REPLY], "what a person forwards passes for a report", {REPLY: [(
        "if (!message.report) return Bounce::kNone;", "")]}),
    "postgres_sign_in": ([SIGN_IN, "connectors/host/scram.cpp"], "a server need not prove that it knows the password", {
        SIGN_IN: [("if (scram_ && !verified_) return senseless();", "")]}),
    "imap_answers": ([IMAP], "a message's body may lack its value", {IMAP: [(
        "if (value == std::string::npos) return no_imap();", "")]}),
    "zoho_bulk": (["plugins/zoho/zip_stream.cpp", BULK], "a row may be longer than the header", {BULK: [(
        "if (row_.size() != by_position_.size())", "if (row_.size() < by_position_.size())")]}),
    "zoho_answers": ([FIELDS, "plugins/zoho/users.cpp", "plugins/zoho/bulk_job.cpp",
                      "plugins/zoho/find.cpp", "plugins/zoho/answer.cpp", "plugins/zoho/changes_pull.cpp",
                      "plugins/zoho/rows.cpp", "plugins/zoho/coql.cpp", "plugins/zoho/push_results.cpp"],
                     "a module may have a field twice", {FIELDS: [(
                         "name == \"id\" || module.field(name) != nullptr) continue;",
                         "name == \"id\") continue;")]}),
    "fxiaoke_description": (["plugins/fxiaoke/metadata.cpp", EMPLOYEES], "an employee may have no id", {EMPLOYEES: [(
        "if (sdk::text_of(each, \"openUserId\").empty())", "if (!each.is_object())")]}),
    "hub_answers": (["plugins/postgres/hub"], "a row may have no columns", {HUB: [(
        "if (row.size() < columns)", "if (row.size() + 5 < columns)")]}),
    "connector_spec": ([SPEC], "a token may last less than nothing", {SPEC: [(
        "std::clamp<std::int64_t>(integer_of(ask, \"lasts_s\", 3'600), 1, 90 * 86'400)",
        "std::min<std::int64_t>(integer_of(ask, \"lasts_s\", 3'600), 90 * 86'400)")]}),
    "app_token_answers": ([APP_TOKEN], "a cookie's name may go on", {APP_TOKEN: [(
        "pair.starts_with(name) && pair[name.size()] == '='", "pair.starts_with(name)")]}),
    "retry_after": ([RETRY], "a time that is over is waited for backwards", {RETRY: [(
        "return std::clamp<std::chrono::milliseconds>(wait, std::chrono::milliseconds(0), std::chrono::seconds(kMax_s));",
        "return std::min<std::chrono::milliseconds>(wait, std::chrono::seconds(kMax_s));")]}),
    "needed_libraries": ([NEEDED], "a library may be named by its path", {NEEDED: [(
        "if (name.empty() || name.find('/') != std::string::npos) return std::nullopt;",
        "if (name.empty() || name.front() == '/') return std::nullopt;")]}),
    "backup_manifest": ([MANIFEST], "a backup may be of no format, or of a point before the first", {
        MANIFEST: [("out.format < 1 || out.point < 0 ||", "")]}),
    "feedback_links": ([TOKEN], "a token may be written in two ways", {TOKEN: [(
        "if (text.find_first_of(\"+/=\") != std::string::npos) return std::nullopt;", "")]}),
    "plugin_calls": ([SERVICES], "a header of the host's may be set, in capitals", {SERVICES: [(
        "const auto key = ascii_lower(name);", "const auto& key = name;")]}),
    "restic_answers": ([RESTIC], "a backup's id may be an option of restic's", {RESTIC: [(
        "if (id.size() != kIdSize || !is_id(id))", "if (id.empty())")]}),
    "backup_ledger": ([LEDGER], "half a ledger counts", {LEDGER: [("return Ledger{}; } return out;", "} return out;")]}),
    "lexicon_file": ([LEXICON, "daemon/feedback/lexicon.cpp"], "a theme may be called anything", {LEXICON: [(
        "if (!is_id(member.name))", "if (member.name.empty())")]}),
    "sealed_secrets": ([SEALED], "what was changed is opened", {SEALED: [(
        "CMS_decrypt(message.get(), nullptr, nullptr, nullptr, to.get(), CMS_BINARY) == 1;",
        "CMS_decrypt(message.get(), nullptr, nullptr, nullptr, to.get(), CMS_BINARY) >= 0;")]}),
    "page_delta": ([DELTA], "a page may be shorter than it says", {DELTA: [(
        "if (ZSTD_isError(size) != 0U || size != page_bytes)", "if (ZSTD_isError(size) != 0U)")]}),
    "backup_delta": ([CHAIN, DELTA], "there may be a page 0 in a backup", {CHAIN: [(
        "page == 0 || page > manifest->size.pages ||", "page > manifest->size.pages ||")]}),
    "changed_pages": ([CHANGED], "notes that lack one end the process", {CHANGED: [(
        "catch (const json::exception&) {", "catch (const json::exception& wrong) { if (wrong.id == 403) throw;")]}),
    "http_head": ([HEAD], "a value may end with blanks", {HEAD: [(
        "static_cast<unsigned char>(line.back()) <= ' ')", "static_cast<unsigned char>(line.back()) < ' ')")]}),
    "write_ahead_log": ([LOG], "there may be a page 0", {LOG: [(
        "if (page == 0 || Sum{", "if (Sum{")]}),
}
