// What Zoho's documents leave open is a switch. Here each one is seen to do what it says: one
// question, asked of an account with the usual setting and of others that are switched. That the
// connector gets along with every setting is tests/plugins/zoho/switches_test.cpp.
#include <functional>
#include <map>
#include <set>

#include "tests/peers/zoho/archive.hpp"
#include "tests/peers/zoho/test_client.hpp"

using kontor::peer::Headers;
using nlohmann::json;
namespace zoho = kontor::peer::zoho;
using zoho::TestClient;

namespace {

using Ask = std::function<std::string(TestClient&)>;

struct Probe {
    std::string name;
    std::map<std::string, std::string> answers;  ///< by setting, "" = the usual one
    Ask ask;
};

std::string code_in(const zoho::Answer& answer) {
    if (answer.text.empty()) return std::to_string(answer.status);
    const json body = answer.json();
    const json& found = body.contains("data") ? body["data"][0] : body;
    return found.value("code", std::to_string(answer.status));
}

std::string status(const zoho::Answer& answer) {
    return std::to_string(answer.status);
}

/// The code of a contact's insert.
Ask insert(const json& more) {
    return [more](TestClient& client) {
        json record = more;
        record["Last_Name"] = "A";
        return code_in(client.post("Contacts", {{"data", {record}}}));
    };
}

/// What a text reads back as.
Ask reads_back(const std::string& text) {
    return [text](TestClient& client) {
        const auto id = client.add_contact({{"Last_Name", "A"}, {"Title", text}});
        return client.get("Contacts/" + id).json()["data"][0]["Title"].dump();
    };
}

Ask get(const std::string& target) {
    return [target](TestClient& client) { return status(client.get(target)); };
}

Ask coql(const std::string& query) {
    return [query](TestClient& client) {
        return code_in(client.post("coql", {{"select_query", query}}));
    };
}

json contact_fields(TestClient& client) {
    return client.get("settings/fields?module=Contacts").json()["fields"];
}

std::string field_of(TestClient& client, const std::string& id, const std::string& field) {
    return client.get("Contacts/" + id).json()["data"][0][field];
}

zoho::Answer bulk_call(TestClient& client, const std::string& method, const std::string& target,
                       const json& body = nullptr) {
    return client.call(method, "/crm/bulk/v8/" + target, body.is_null() ? "" : body.dump());
}

zoho::Answer begin_read(TestClient& client, const std::string& module, const json& fields) {
    return bulk_call(client, "POST", "read",
                     {{"query", {{"module", {{"api_name", module}}}, {"fields", fields}}},
                      {"file_type", "csv"}});
}

std::string read_job(TestClient& client, const json& fields) {
    return begin_read(client, "Contacts", fields).json()["data"][0]["details"]["id"];
}

std::string only_file(const zoho::Answer& answer) {
    const auto files = zoho::read_zip(answer.text, 1U << 30);
    REQUIRE(files.size() == 1);
    return files[0].second;
}

/// A part of the exported CSV: of the line with that number.
Ask exported(const json& fields, std::size_t line) {
    return [fields, line](TestClient& client) {
        client.add_contact({{"Last_Name", "A"},
                            {"Title", R"(say "A")"},
                            {"Newsletter", true},
                            {"Interests", {"Hardware", "Training"}}});
        const auto job = read_job(client, fields);
        client.advance_s(1);
        std::string text = only_file(bulk_call(client, "GET", "read/" + job + "/result"));
        for (std::size_t i = 0; i < line; ++i) text.erase(0, text.find('\n') + 1);
        text.erase(text.find('\n'));
        return line == 0 ? text : text.substr(text.find(',') + 1);
    };
}

/// A bulk write of one record, at a third of its time or when it is done.
Ask bulk_written(bool done) {
    return [done](TestClient& client) -> std::string {
        const auto upload = client.call(
            "POST", "/crm/v8/upload",
            "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.zip\"\r\n\r\n" +
                zoho::make_zip("data.csv", "Last_Name\nNew\n", 6) + "\r\n--B--\r\n",
            {{"Content-Type", "multipart/form-data; boundary=B"},
             {"feature", "bulk-write"},
             {"X-CRM-ORG", "700123456"}});
        const json resource{{"type", "data"},
                            {"module", {{"api_name", "Contacts"}}},
                            {"file_id", upload.json()["details"]["file_id"]}};
        const std::string job =
            bulk_call(client, "POST", "write", {{"operation", "insert"}, {"resource", {resource}}})
                .json()["details"]["id"];
        client.advance_ms(done ? 1000 : 150);
        const json told = bulk_call(client, "GET", "write/" + job).json();
        if (!done) return told["status"];
        const auto text = only_file(bulk_call(client, "GET", "write/" + job + "/result"));
        return text.substr(0, text.find('\n'));
    };
}

std::string credits_used(TestClient& client) {
    return client.call("GET", "/_control/stats").json()["credits_used"].dump();
}

std::vector<Probe> of_tokens() {
    const auto dead = [](TestClient& client) {
        client.use_token("1000.dead");
        return code_in(client.get("org"));
    };
    const auto eleventh = [](TestClient& client) {
        for (int i = 0; i < 9; ++i) client.refresh();
        return client.token(client.refresh_form()).value("error", "none");
    };
    const auto life = [](TestClient& client) {
        return client.token(client.refresh_form())["expires_in"].dump();
    };
    const auto grant_of_two_minutes = [](TestClient& client) {
        const std::string code = client.control("grant", json::object())["grant_code"];
        client.advance_s(120);
        const auto known = client.peer().credentials();
        return client
            .token("grant_type=authorization_code&client_id=" + known.client_id +
                   "&client_secret=" + known.client_secret + "&code=" + code)
            .value("error", "none");
    };
    return {
        {"token_error_code",
         {{"", "INVALID_TOKEN"},
          {"INVALID_OAUTHTOKEN", "INVALID_OAUTHTOKEN"},
          {"AUTHENTICATION_FAILURE", "AUTHENTICATION_FAILURE"}},
         dead},
        {"token_limit_error",
         {{"", "Access Denied"}, {"access_denied", "access_denied"}},
         eleventh},
        {"token_error_description",
         {{"", "You have made too many requests continuously. Please try again after some time."},
          {"Later.", "Later."}},
         [](TestClient& client) {
             for (int i = 0; i < 9; ++i) client.refresh();
             return client.token(client.refresh_form()).value("error_description", "none");
         }},
        {"token_limits", {{"", "Access Denied"}, {"false", "none"}}, eleventh},
        {"expires_in_ms", {{"", "3600"}, {"true", "3600000"}}, life},
        {"token_lifetime_s", {{"", "3600"}, {"90", "90"}}, life},
        {"grant_lifetime_s", {{"", "none"}, {"60", "invalid_code"}}, grant_of_two_minutes}};
}

std::vector<Probe> of_metadata() {
    const auto names = [](const std::string& wanted) {
        return [wanted](TestClient& client) -> std::string {
            for (const json& field : contact_fields(client))
                if (field["api_name"] == wanted) return "there";
            return "not there";
        };
    };
    const auto lacks_json_type = [](TestClient& client) -> std::string {
        for (const json& field : contact_fields(client))
            if (!field.contains("json_type")) return "some lack it";
        return "all have it";
    };
    const auto others = [](TestClient& client) {
        std::string found;
        for (const json& field : contact_fields(client))
            if (field["api_name"].get<std::string>().starts_with("Other_Id_") &&
                field["external"].is_object())
                found += field["api_name"].get<std::string>() + " ";
        return found;
    };
    const auto demanded = [](TestClient& client) {
        const auto insert = [&](const char* module, const json& record) {
            return code_in(client.post(module, {{"data", {record}}})) + " ";
        };
        return insert("Cases", {{"Subject", "A"}}) + insert("Leads", {{"Last_Name", "A"}}) +
               insert("Deals", {{"Deal_Name", "A"}, {"Stage", "Qualification"}});
    };
    return {
        {"more_external_fields", {{"", ""}, {"2", "Other_Id_1 Other_Id_2 "}}, others},
        {"mandatory_fields",
         {{"", "MULTIPLE_OR_MULTI_ERRORS MANDATORY_NOT_FOUND SUCCESS "},
          {"names", "SUCCESS SUCCESS SUCCESS "},
          {"more", "MULTIPLE_OR_MULTI_ERRORS MANDATORY_NOT_FOUND MANDATORY_NOT_FOUND "}},
         demanded},
        {"external_field", {{"", "there"}, {"false", "not there"}}, names("Kontor_Id")},
        {"id_in_fields_metadata", {{"", "there"}, {"false", "not there"}}, names("id")},
        {"json_type_missing", {{"", "all have it"}, {"true", "some lack it"}}, lacks_json_type}};
}

std::vector<Probe> of_reads() {
    const auto id_shown = [](TestClient& client) -> std::string {
        client.check_messages(false);  // our schema wants ids, as the connector does
        const auto page = client.get("Contacts?fields=Last_Name&per_page=1").json();
        return page["data"][0].contains("id") ? "yes" : "no";
    };
    const auto second_page_after_a_minute = [](TestClient& client) {
        const std::string token =
            client.get("Contacts?fields=id&per_page=1").json()["info"]["next_page_token"];
        client.advance_s(60);
        return code_in(client.get("Contacts?fields=id&per_page=1&page_token=" + token));
    };
    const auto at_its_own_time = [](TestClient& client) {
        const auto id = client.add_contact({{"Last_Name", "A"}});
        return status(client.get("Contacts?fields=id",
                                 {{"If-Modified-Since", field_of(client, id, "Modified_Time")}}));
    };
    const auto unknown_id = [](const char* of) {
        return [of](TestClient& client) {
            const json told =
                client
                    .put("Contacts", {{"data", {{{"id", "4108880020009999999"}, {"Title", "x"}}}}})
                    .json()["data"][0];
            if (std::string(of) == "message") return told["message"].get<std::string>();
            return std::string(told["details"].contains("id") ? "id " : "") +
                   (told["details"].contains("api_name") ? "api_name" : "");
        };
    };
    const std::string three = "4108880020000000001,4108880020000000002,4108880020000000003";
    const auto among_a_hundred = [](TestClient& client) {
        kontor::peer::Request request;
        request.method = "GET";
        request.target = "/crm/v8/org";
        request.in_flight = 100;
        request.headers.emplace_back(
            "Authorization",
            "Zoho-oauthtoken " + client.token(client.refresh_form()).value("access_token", ""));
        return std::to_string(client.peer().handle(request).status);
    };
    return {{"concurrency_limit", {{"", "429"}, {"false", "200"}}, among_a_hundred},
            {"wall_2000", {{"", "400"}, {"false", "204"}}, get("Contacts?fields=id&page=11")},
            {"fields_mandatory", {{"", "400"}, {"false", "200"}}, get("Contacts")},
            {"id_always_returned", {{"", "yes"}, {"false", "no"}}, id_shown},
            {"unknown_field", {{"", "200"}, {"invalid", "400"}}, get("Contacts?fields=id,Nope")},
            {"max_ids", {{"", "204"}, {"2", "400"}}, get("Leads?fields=id&ids=" + three)},
            {"max_fields", {{"", "200"}, {"1", "400"}}, get("Contacts?fields=id,Email")},
            {"missing_record",
             {{"", "204"}, {"400", "400"}, {"404", "404"}},
             get("Contacts/4108880020009999999")},
            {"page_token_lifetime_s",
             {{"", "200"}, {"30", "EXPIRED_VALUE"}},
             second_page_after_a_minute},
            {"if_modified_since_inclusive", {{"", "304"}, {"true", "200"}}, at_its_own_time},
            {"invalid_id_message",
             {{"", "the id given seems to be invalid"}, {"no such", "no such"}},
             unknown_id("message")},
            {"invalid_id_details",
             {{"", "id api_name"}, {"id", "id "}, {"api_name", "api_name"}},
             unknown_id("details")},
            {"coql_limit_max",
             {{"", "200"}, {"100", "LIMIT_EXCEEDED"}},
             coql("select id from Contacts where id is not null limit 200")},
            {"coql_where_required",
             {{"", "SYNTAX_ERROR"}, {"false", "200"}},
             coql("select id from Contacts")},
            {"coql_in_max",
             {{"", "204"}, {"2", "LIMIT_EXCEEDED"}},
             coql("select id from Contacts where Last_Name in ('~1', '~2', '~3')")},
            {"coql_lookup_name", {{"", "no"}, {"true", "yes"}}, [](TestClient& client) {
                 const auto page = client.post("coql", {{"select_query",
                                                         "select Account_Name from Contacts where "
                                                         "Account_Name is not null limit 1"}});
                 return std::string(page.json()["data"][0]["Account_Name"].contains("name") ? "yes"
                                                                                            : "no");
             }}};
}

std::vector<Probe> of_deletions() {
    const auto two = [](TestClient& client) {
        std::vector<std::string> ids;
        for (int i = 0; i < 2; ++i) {
            ids.push_back(client.add_contact({{"Last_Name", "A"}}));
            client.advance_s(10);
            client.control("delete", {{"module", "Contacts"}, {"id", ids.back()}});
        }
        return ids;
    };
    const auto first = [two](TestClient& client) -> std::string {
        const auto ids = two(client);
        const auto feed = client.get("Contacts/deleted").json();
        return feed["data"][0]["id"] == ids[0] ? "the older" : "the newer";
    };
    const auto restored = [](TestClient& client) -> std::string {
        const auto id = client.add_contact({{"Last_Name", "A"}});
        const auto before = field_of(client, id, "Modified_Time");
        client.advance_s(10);
        client.control("delete", {{"module", "Contacts"}, {"id", id}});
        client.control("restore", {{"module", "Contacts"}, {"id", id}});
        return field_of(client, id, "Modified_Time") == before ? "kept" : "new";
    };
    const auto merged = [](TestClient& client) {
        const auto winner = client.add_contact({{"Last_Name", "W"}});
        const auto loser = client.add_contact({{"Last_Name", "L"}});
        client.control("merge", {{"module", "Contacts"}, {"winner", winner}, {"losers", {loser}}});
        return status(client.get("Contacts/deleted"));
    };
    const auto price = [](TestClient& client) {
        client.get("Contacts/deleted");
        return credits_used(client);
    };
    const auto wrapped = [](TestClient& client) -> std::string {
        const auto body = client.get("Contacts/deleted?type=odd").json();
        return body.contains("data") ? "a list" : "an object";
    };
    return {{"deleted_order", {{"", "the newer"}, {"asc", "the older"}}, first},
            {"deleted_wall_2000",
             {{"", "204"}, {"true", "400"}},
             get("Contacts/deleted?page=11&per_page=200")},
            {"deleted_credits", {{"", "1"}, {"2", "2"}}, price},
            {"deleted_envelope", {{"", "an object"}, {"data", "a list"}}, wrapped},
            {"restore_bumps_modified", {{"", "kept"}, {"true", "new"}}, restored},
            {"merge_losers_in_deleted", {{"", "200"}, {"false", "204"}}, merged}};
}

std::vector<Probe> of_writes() {
    const auto after_a_formula = [](TestClient& client) {
        const json visit{{"Name", "A"}, {"Cost", 100}};
        const std::string id =
            client.post("Service_Visits", {{"data", {visit}}}).json()["data"][0]["details"]["id"];
        const auto shown = [&](const char* field) {
            return client.get("Service_Visits/" + id).json()["data"][0][field].dump();
        };
        const std::string before = shown("Modified_Time");
        client.advance_s(10);
        client.control("fault", {{"kind", "schema"},
                                 {"params",
                                  {{"change", "formula"},
                                   {"module", "Service_Visits"},
                                   {"field", "Cost_With_Tax"},
                                   {"percent", 20}}}});
        CHECK(shown("Cost_With_Tax") == "120.0");
        return std::string(shown("Modified_Time") == before ? "as before" : "now");
    };
    const auto after_a_roll_up = [](TestClient& client) {
        const std::string account = client.post("Accounts", {{"data", {{{"Account_Name", "A"}}}}})
                                        .json()["data"][0]["details"]["id"];
        client.control("fault", {{"kind", "schema"},
                                 {"params",
                                  {{"change", "add"},
                                   {"module", "Accounts"},
                                   {"field", "Visit_Costs"},
                                   {"type", "rollup_summary"},
                                   {"of", "Service_Visits"},
                                   {"by", "Account"},
                                   {"sum", "Cost"}}}});
        const auto shown = [&](const char* field) {
            return client.get("Accounts/" + account).json()["data"][0][field].dump();
        };
        const std::string before = shown("Modified_Time");
        client.advance_s(10);
        const json visit{{"Name", "V"}, {"Cost", 100}, {"Account", {{"id", account}}}};
        client.post("Service_Visits", {{"data", {visit}}});
        CHECK(shown("Visit_Costs") == "100.0");
        return std::string(shown("Modified_Time") == before ? "as before" : "now");
    };
    const auto after_a_link = [](TestClient& client) {
        const std::string contact = client.add_contact({{"Last_Name", "A"}});
        const std::string product = client.post("Products", {{"data", {{{"Product_Name", "P"}}}}})
                                        .json()["data"][0]["details"]["id"];
        const auto time_of = [&](const std::string& record) {
            return client.get(record).json()["data"][0]["Modified_Time"].dump();
        };
        std::string found;
        const auto see = [&](auto&& change) {
            client.advance_s(10);
            const auto first = time_of("Contacts/" + contact),
                       second = time_of("Products/" + product);
            CHECK(change().status == 200);
            found += time_of("Contacts/" + contact) == first ? "as before, " : "now, ";
            found += time_of("Products/" + product) == second ? "as before; " : "now; ";
        };
        const std::string list = "Contacts/" + contact + "/Products";
        see([&] { return client.put(list, {{"data", {{{"id", product}}}}}); });
        see([&] { return client.call("DELETE", "/crm/v8/" + list + "/" + product); });
        return found;
    };
    const auto same_again = [](TestClient& client) -> std::string {
        const auto id = client.add_contact({{"Last_Name", "A"}});
        const auto before = field_of(client, id, "Modified_Time");
        client.advance_s(10);
        client.put("Contacts", {{"data", {{{"id", id}, {"Last_Name", "A"}}}}});
        return field_of(client, id, "Modified_Time") == before ? "kept" : "new";
    };
    const auto id_or_key = [](TestClient& client) -> std::string {
        const auto one = client.add_contact({{"Last_Name", "A"}, {"Kontor_Id", "k-1"}});
        const auto two = client.add_contact({{"Last_Name", "B"}, {"Kontor_Id", "k-2"}});
        const auto answer =
            client.post("Contacts/upsert", {{"data", {{{"id", one}, {"Kontor_Id", "k-2"}}}},
                                            {"duplicate_check_fields", {"Kontor_Id"}}});
        const json told = answer.json()["data"][0];
        if (told["code"] != "SUCCESS") return told["code"];
        return told["details"]["id"] == two ? "by key" : "by id";
    };
    const auto of_two = [](TestClient& client) -> std::string {
        const json same{{"Last_Name", "A"}, {"Email", "same@example.com"}};
        const auto first = client.add_contact(same);
        client.add_contact(same);
        const auto answer = client.post("Contacts/upsert", {{"data", {same}}});
        return answer.json()["data"][0]["details"]["id"] == first ? "the first" : "the last";
    };
    const auto among_themselves = [](TestClient& client) {
        const json same{{"Last_Name", "A"}, {"Email", "new@example.com"}};
        return client.post("Contacts/upsert", {{"data", {same, same}}})
            .json()["data"][1]["action"]
            .get<std::string>();
    };
    const auto one_newer = [](TestClient& client) {
        const auto older = client.add_contact({{"Last_Name", "A"}});
        client.advance_s(10);
        const auto newer = client.add_contact({{"Last_Name", "B"}});
        return status(client.put(
            "Contacts",
            {{"data", {{{"id", older}, {"Title", "x"}}, {{"id", newer}, {"Title", "x"}}}}},
            {{"If-Unmodified-Since", "2026-11-20T08:00:05+08:00"}}));
    };
    const auto twice = [](TestClient& client) {
        const json same{{"Last_Name", "A"}, {"Email", "same@example.com"}};
        client.add_contact(same);
        return code_in(client.post("Contacts", {{"data", {same}}}));
    };
    const auto two_records = [](TestClient& client) {
        return status(
            client.post("Contacts", {{"data", {{{"Last_Name", "A"}}, {{"Last_Name", "B"}}}}}));
    };
    const auto one_record = [](TestClient& client) {
        return status(client.post("Contacts", {{"data", {{{"Last_Name", "A"}}}}}));
    };
    const auto told_of_it = [](TestClient& client) {
        client.post("actions/watch", {{"watch",
                                       {{{"channel_id", "1000000068001"},
                                         {"events", {"Contacts.all"}},
                                         {"token", "t"},
                                         {"notify_url", "https://example.com/hook"}}}}});
        client.add_contact({{"Last_Name", "A"}});
        return std::to_string(client.peer().take_callbacks().size());
    };
    const auto after_a_rollback = [](TestClient& client) -> std::string {
        client.control("snapshot", json::object());
        const auto lost = client.add_contact({{"Last_Name", "A"}});
        client.control("rollback", json::object());
        return client.add_contact({{"Last_Name", "B"}}) == lost ? "the same id" : "another id";
    };
    return {
        {"formula_bumps", {{"", "as before"}, {"true", "now"}}, after_a_formula},
        {"rollup_bumps", {{"", "as before"}, {"true", "now"}}, after_a_roll_up},
        {"link_bumps_modified",
         {{"", "as before, as before; as before, as before; "}, {"true", "now, now; now, now; "}},
         after_a_link},
        {"insert_status", {{"", "201"}, {"200", "200"}}, one_record},
        {"empty_string_is_null", {{"", "null"}, {"false", "\"\""}}, reads_back("")},
        {"trim_text", {{"", "\"x\""}, {"false", "\" x \""}}, reads_back(" x ")},
        {"picklist_strict",
         {{"", "INVALID_DATA"}, {"false", "SUCCESS"}},
         insert({{"Customer_Level", "Z"}})},
        {"read_only_key",
         {{"", "SUCCESS"}, {"invalid", "INVALID_DATA"}},
         insert({{"Full_Name", "A B"}})},
        {"unknown_key", {{"", "SUCCESS"}, {"invalid", "INVALID_DATA"}}, insert({{"Nope", 1}})},
        {"noop_update_bumps", {{"", "new"}, {"false", "kept"}}, same_again},
        {"upsert_id_wins", {{"", "DUPLICATE_DATA"}, {"false", "by key"}}, id_or_key},
        {"upsert_match", {{"", "the first"}, {"last", "the last"}}, of_two},
        {"upsert_self_match", {{"", "update"}, {"false", "insert"}}, among_themselves},
        {"unmodified_since_mixed", {{"", "207"}, {"412", "412"}}, one_newer},
        {"unique_email", {{"", "SUCCESS"}, {"true", "DUPLICATE_DATA"}}, twice},
        {"max_records_per_write", {{"", "201"}, {"1", "400"}}, two_records},
        {"body_limit", {{"", "201"}, {"10", "413"}}, one_record},
        {"watch_callbacks", {{"", "1"}, {"false", "0"}}, told_of_it},
        {"restore_backup_reuses_ids",
         {{"", "another id"}, {"true", "the same id"}},
         after_a_rollback}};
}

std::vector<Probe> of_bulk_jobs() {
    const auto later = [](std::int64_t seconds, int downloads) {
        return [seconds, downloads](TestClient& client) {
            const auto job = read_job(client, {"Last_Name"});
            client.advance_s(seconds);
            zoho::Answer last;
            for (int i = 0; i < downloads; ++i)
                last = bulk_call(client, "GET", "read/" + job + "/result");
            return status(last);
        };
    };
    const auto result = [](TestClient& client) {
        const auto job = read_job(client, {"Last_Name"});
        client.advance_s(1);
        return bulk_call(client, "GET", "read/" + job).json()["data"][0]["result"];
    };
    const auto token = [result](TestClient& client) -> std::string {
        client.control("switch", {{"name", "bulk_page_size"}, {"value", "10"}});
        const json told = result(client);
        const auto found = told.find("next_page_token");
        return found != told.end() && found->is_string() ? "named" : "none";
    };
    const auto at_once = [](TestClient& client) {
        const auto job = read_job(client, {"Last_Name"});
        return bulk_call(client, "GET", "read/" + job)
            .json()["data"][0]["state"]
            .get<std::string>();
    };
    const auto subform = [](TestClient& client) {
        return code_in(begin_read(client, "Quotes", {"Quoted_Items"}));
    };
    const auto warned = [](TestClient& client) -> std::string {
        for (int i = 0; i < 51; ++i) read_job(client, {"Last_Name"});
        const auto answer = client.get("org");
        return kontor::peer::find_header(answer.headers, "X-API-CREDITS-REMAINING") ? "yes" : "no";
    };
    return {{"bulk_lookup",
             {{"", "id,Account_Name"}, {"name_columns", "id,Account_Name,Account_Name.name"}},
             exported({"Account_Name"}, 0)},
            {"bulk_multiselect_separator",
             {{"", "Hardware;Training"}, {",", "\"Hardware,Training\""}},
             exported({"Interests"}, 21)},
            {"bulk_boolean", {{"", "true"}, {"title", "True"}}, exported({"Newsletter"}, 21)},
            {"bulk_escape",
             {{"", "\"say \"\"A\"\"\""}, {"backslash", "\"say \\\"A\\\"\""}},
             exported({"Title"}, 21)},
            {"bulk_encoding",
             {{"", "id,Email"}, {"utf-16", std::string("\xFF\xFEi\0d\0,\0E\0m\0a\0i\0l\0", 18)}},
             exported({"Email"}, 0)},
            {"bulk_crlf", {{"", "id,Email"}, {"true", "id,Email\r"}}, exported({"Email"}, 0)},
            {"bulk_subform",
             {{"", "FIELD_NOT_SUPPORTED"},
              {"empty", "ADDED_SUCCESSFULLY"},
              {"json", "ADDED_SUCCESSFULLY"}},
             subform},
            {"bulk_duration_ms", {{"", "ADDED"}, {"0", "COMPLETED"}}, at_once},
            {"bulk_result_lifetime_s", {{"", "200"}, {"60", "404"}}, later(61, 1)},
            {"bulk_downloads_per_minute", {{"", "200"}, {"1", "429"}}, later(1, 2)},
            {"bulk_token", {{"", "named"}, {"false", "none"}}, token},
            {"bulk_write_state",
             {{"", "INPROGRESS"}, {"IN PROGRESS", "IN PROGRESS"}},
             bulk_written(false)},
            {"bulk_write_columns",
             {{"", "Last_Name,STATUS,RECORD_ID,ERRORS"}, {"title", "Last_Name,Status,Id,Error"}},
             bulk_written(true)},
            {"edition", {{"", "no"}, {"free", "yes"}}, warned}};
}

// Switches that are seen at work in the other tests of this folder.
const std::set<std::string> kElsewhere{"user_zone",
                                       "bearer_accepted",
                                       "token_error_status",
                                       "consent",
                                       "wall_100000",
                                       "page_token_mode",
                                       "cvid_sort_by",
                                       "approval_hides",
                                       "note_bumps_parent",
                                       "layout_rules",
                                       "picklist_read",
                                       "all_failed_status",
                                       "bulk_quote_all",
                                       "bulk_bom",
                                       "bulk_page_size",
                                       "bulk_fail_next",
                                       "zip_level",
                                       "credits_limit",
                                       "credits_daily",
                                       "retry_after",
                                       "automation",
                                       "automation_bumps",
                                       "drafts",
                                       "skip_features",
                                       "rich_text_cut",
                                       "subform_cut",
                                       "attachment_size",
                                       "attachment_limit",
                                       "watch_delivery",
                                       "watch_resend",
                                       "gzip"};

}  // namespace

TEST_CASE("each switch does what it says") {
    std::set<std::string> seen = kElsewhere;
    for (const auto& part :
         {of_tokens(), of_metadata(), of_reads(), of_deletions(), of_writes(), of_bulk_jobs()}) {
        for (const Probe& probe : part) {
            CHECK(seen.insert(probe.name).second);
            for (const auto& [setting, answer] : probe.answers) {
                CAPTURE(probe.name, setting);
                std::vector<std::pair<std::string, std::string>> switches;
                if (!setting.empty()) switches.emplace_back(probe.name, setting);
                TestClient client(20, std::move(switches));
                CHECK(probe.ask(client) == answer);
            }
        }
    }
    for (const json& each : json::parse(zoho::ZohoPeer::list_switches())) {
        INFO("no test sees " << each["name"]);
        CHECK(seen.erase(each["name"]) == 1);
    }
    CHECK(seen.empty());
}
