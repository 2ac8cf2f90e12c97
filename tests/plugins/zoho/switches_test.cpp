// Whatever Zoho's documents leave open is a switch of the peer. The connector's main round (load,
// increment, push, delete, restore, sweep) runs with each switch set each other way, one at a time.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "connectors/sdk/canonical.hpp"
#include "tests/plugins/zoho/account.hpp"
#include "tests/plugins/zoho/organisation.hpp"

using namespace kontor;
using test::ids_of;
using test::Organisation;
using test::Switches;

namespace {

// Settings that the connector refuses to read, rather than take them for something else.
const std::set<std::string> kRefused{"bulk_encoding"};

// Other values of switches that are numbers or texts. A new one must be added here.
const std::map<std::string, std::vector<std::string>> kOtherValues{
    {"user_zone", {"America/New_York", "Asia/Kolkata"}},
    {"token_lifetime_s", {"90"}},
    {"grant_lifetime_s", {"60"}},
    {"token_error_description", {"", "Later."}},
    {"more_external_fields", {"1", "3"}},
    {"page_token_lifetime_s", {"1"}},
    {"max_ids", {"50", "200"}},
    {"invalid_id_message", {"no such record"}},
    {"deleted_credits", {"2"}},
    {"watch_resend", {"2"}},
    {"coql_limit_max", {"200"}},
    {"coql_in_max", {"50"}},
    {"bulk_page_size", {"100"}},
    {"bulk_duration_ms", {"0", "90000"}},
    {"bulk_fail_next", {"1"}},
    {"bulk_result_lifetime_s", {"3600"}},
    {"bulk_downloads_per_minute", {"1"}},
    {"zip_level", {"0", "9"}},
    {"credits_daily", {"1000000"}},
    {"rich_text_cut", {"250"}},
    {"subform_cut", {"1"}},
    {"attachment_limit", {"1"}},
    {"body_limit", {"1000000"}},
    {"max_fields", {"60"}},
    {"max_records_per_write", {"200"}},
};

struct Flip {
    std::string name, value;
};

std::vector<Flip> all_flips() {
    std::vector<Flip> out{{"", ""}};
    for (const auto& each : sdk::parse_json(peer::zoho::ZohoPeer::list_switches(), "switches")) {
        const std::string name = each.at("name"), usual = each.at("default");
        std::string values = each.at("values");
        if (values == "number" || values == "text") {
            const auto known = kOtherValues.find(name);
            INFO("no other value for the switch " << name);
            REQUIRE(known != kOtherValues.end());
            for (const auto& value : known->second) out.push_back({name, value});
            continue;
        }
        for (values += '|'; !values.empty(); values.erase(0, values.find('|') + 1))
            if (const auto value = values.substr(0, values.find('|')); value != usual)
                out.push_back({name, value});
    }
    return out;
}

const std::vector<std::string> kContact{"Last_Name", "Email", "Customer_Level", "Owner", "Phone"};
const std::vector<std::string> kLead{"Last_Name", "Converted__s"};
const std::vector<std::string> kQuote{"Subject", "Account_Name", "Quoted_Items"};
const std::vector<std::string> kVisit{"Name", "Report"};
const std::vector<std::string> kNote{"Note_Title", "Parent_Id"};

void check_equal(Organisation& at, const std::string& module, const std::string& field) {
    CAPTURE(module, at.violations());
    const auto theirs = at.dump(module, field);
    const auto& ours = at.mirror[module];
    CHECK(ids_of(ours) == ids_of(theirs));
    for (const auto& [id, value] : theirs) {
        const auto found = ours.find(id);
        if (found == ours.end()) continue;
        const std::string shown = test::shown(found->second, 0);
        if (shown != (value.is_null() ? "<null>" : value.get<std::string>()))
            FAIL(module << " " << id << ": " << shown << " is not " << value.dump());
    }
}

void load(Organisation& at) {
    at.control("fault", R"({"kind":"schema","params":{"change":"rename_value","module":"Contacts",
                            "field":"Customer_Level","value":"VIP","to":"Key account"}})");
    const auto contacts = at.dump("Contacts", "Last_Name");
    at.control("approval", R"({"module":"Contacts","id":")" + contacts.begin()->first + R"("})");
    at.pull("Contacts", kContact);
    at.pull("Leads", kLead);
    at.pull("Notes", kNote);
    at.pull("Service_Visits", kVisit);
    at.pull("users", {"full_name"});
    check_equal(at, "Contacts", "Last_Name");
    check_equal(at, "Leads", "Last_Name");
    check_equal(at, "Notes", "Note_Title");
    CHECK(at.mirror["users"].size() == 5);
    std::size_t vip = 0;
    for (const auto& [id, record] : at.mirror["Contacts"]) {
        CHECK(test::shown(record, 2) != "Key account");
        vip += test::shown(record, 2) == "VIP" ? 1 : 0;
    }
    CHECK(vip > 0);
}

void increment(Organisation& at) {
    const auto contacts = at.dump("Contacts", "Last_Name");
    auto next = std::next(contacts.begin(), 3);
    const std::string edited = (next++)->first, gone = (next++)->first;
    at.host.clock_ms += 5'000;
    at.control("edit",
               R"({"module":"Contacts","id":")" + edited + R"(","set":{"Last_Name":"Edited"}})");
    at.control("delete", R"({"module":"Contacts","id":")" + gone + R"("})");
    at.control("create", R"({"module":"Contacts","count":3,"set":{"Last_Name":"New {n}"}})");
    for (const auto& [id, lead] : at.dump("Leads", "Converted__s")) {
        if (lead == true) continue;
        at.control("convert", R"({"module":"Leads","id":")" + id + R"("})");
        break;
    }
    at.host.clock_ms += 60'000;
    at.pull("Contacts", kContact);
    at.pull("Leads", kLead);
    check_equal(at, "Contacts", "Last_Name");
    check_equal(at, "Leads", "Last_Name");

    at.control("restore", R"({"module":"Contacts","id":")" + gone + R"("})");
    at.host.clock_ms += 60'000;
    at.pull("Contacts", kContact);
    // Whether a restore changes the time is not known: the sweep sees it either way.
    const auto swept = at.sweep("Contacts");
    CHECK(swept == ids_of(at.dump("Contacts", "Last_Name")));
    CHECK(swept.count(gone) == 1);
    auto wanted = test::request("Contacts", kContact);
    wanted.ids = {gone};
    at.host.clear();
    at.connector.fetch(wanted);
    REQUIRE(at.host.records().size() == 1);
    CHECK(at.host.records()[0].op == abi::Op::kRecord);
    at.mirror["Contacts"][gone] = at.host.records()[0];
}

void push(Organisation& at) {
    at.connector.describe();
    const auto contacts = at.dump("Contacts", "Last_Name");
    const std::string updated = std::next(contacts.begin(), 10)->first,
                      deleted = std::next(contacts.begin(), 11)->first;
    at.host.clock_ms += 5'000;
    abi::BatchWriter batch;
    batch.begin(abi::Op::kCreate, "", "", "uid-1");
    batch.add(0, "Ours");
    batch.begin(abi::Op::kUpdate, updated);
    batch.add(0, "Updated");
    batch.begin(abi::Op::kDelete, deleted);
    batch.begin(abi::Op::kCreate, "", "", "uid-2");
    batch.add(1, "lacks@example.com");
    batch.begin(abi::Op::kUpdate, "4108880000000000999");
    batch.add(0, "Nobody");
    const auto results = at.push("Contacts", kContact, batch);
    REQUIRE(results.size() == 5);
    CAPTURE(results[0].code, results[0].message, results[1].code, results[4].code);
    for (int i = 0; i < 3; ++i) CHECK(results[i].status == "ok");
    CHECK(results[3].status == "invalid");
    CHECK(results[3].field == "Last_Name");
    CHECK(results[4].status == "missing");
    at.host.clock_ms += 60'000;
    at.pull("Contacts", kContact);
    check_equal(at, "Contacts", "Last_Name");
    CHECK(at.mirror["Contacts"].count(results[0].id) == 1);
    CHECK(at.mirror["Contacts"].count(deleted) == 0);
}

// Rows of a subform that are changed, added and removed; rich text of any length.
void long_values(Organisation& at) {
    const auto visits = at.dump("Service_Visits", "Report");
    auto wanted = test::request("Service_Visits", kVisit);
    for (const auto& [id, report] : visits) wanted.ids.push_back(id);
    at.host.clear();
    at.connector.fetch(wanted);
    for (const auto& record : at.host.records())
        CHECK(
            test::shown(record, 1) ==
            (visits.at(record.id).is_null() ? "<null>" : visits.at(record.id).get<std::string>()));

    const std::string quote = at.dump("Quotes", "Subject").begin()->first;
    const auto rows = [&] { return at.dump("Quotes", "Quoted_Items").at(quote); };
    const auto fetched = [&] {
        auto one = test::request("Quotes", kQuote);
        one.ids = {quote};
        at.host.clear();
        at.connector.fetch(one);
        REQUIRE(at.host.records().size() == 1);
        return sdk::parse_json(test::shown(at.host.records()[0], 2), "rows");
    };
    abi::BatchWriter batch;
    const auto write = [&](const sdk::Json& value) {
        at.host.clock_ms += 5'000;
        batch.begin(abi::Op::kUpdate, quote);
        batch.add(2, std::string_view(value.dump()));
        const auto results = at.push("Quotes", kQuote, batch);
        CAPTURE(results[0].code, results[0].message);
        CHECK(results[0].status == "ok");
    };
    const std::string product = at.dump("Products", "Product_Name").begin()->first;
    sdk::Json value = fetched();
    CHECK(value.size() == rows().size());
    for (int i = 0; i < 3; ++i)
        value.push_back({{"Product_Name", {{"id", product}}}, {"Quantity", 7 + i}});
    write(value);
    REQUIRE(rows().size() == value.size());
    value = fetched();
    REQUIRE(value.size() == rows().size());
    const std::string kept = value[1]["id"];
    value[1]["Quantity"] = 99;
    value.erase(value.begin());
    write(value);
    CHECK(rows().size() == value.size());
    bool found = false;
    for (const auto& row : rows()) found = found || (row["id"] == kept && row["Quantity"] == 99);
    CHECK(found);
}

}  // namespace

TEST_CASE("the main round holds whatever Zoho's documents leave open", "[zoho][switches]") {
    for (const Flip& flip : all_flips()) {
        for (const char* bulk : {R"({"bulk":"never"})", R"({"bulk":"always"})"}) {
            CAPTURE(flip.name, flip.value, bulk);
            const bool by_pages = std::string_view(bulk).find("never") != std::string_view::npos;
            // What only bulk jobs know makes no difference to pages, and the other way round.
            if (by_pages && (flip.name.starts_with("bulk_") || flip.name == "zip_level")) continue;
            if (kRefused.contains(flip.name)) continue;
            Switches switches;
            if (!flip.name.empty()) switches.emplace_back(flip.name, flip.value);
            Organisation at(bulk, switches, 120);
            load(at);
            increment(at);
            push(at);
            long_values(at);
            CHECK(at.violations() == "");
        }
    }
}

TEST_CASE("a draft is no missing record, whether lists show it or not", "[zoho][switches]") {
    for (const char* drafts : {"listed", "hidden"}) {
        CAPTURE(drafts);
        Organisation at(R"({"bulk":"never"})", {{"drafts", drafts}}, 60);
        at.pull("Contacts", kContact);
        const std::string id = at.dump("Contacts", "Last_Name").begin()->first;
        at.control("draft", R"({"module":"Contacts","id":")" + id + R"("})");
        at.host.clock_ms += 60'000;
        at.pull("Contacts", kContact);
        CHECK(at.mirror["Contacts"].count(id) == 1);
        CHECK(at.sweep("Contacts").count(id) == (drafts == std::string("listed") ? 1 : 0));
        // What a sweep misses is asked for by id before it counts as gone.
        auto wanted = test::request("Contacts", kContact);
        wanted.ids = {id};
        at.host.clear();
        at.connector.fetch(wanted);
        REQUIRE(at.host.records().size() == 1);
        CHECK(at.host.records()[0].op == abi::Op::kRecord);
        CHECK(at.violations() == "");
    }
}

TEST_CASE("an export in another encoding is refused, and nothing of it is taken",
          "[zoho][switches]") {
    Organisation at(R"({"bulk":"always"})", {{"bulk_encoding", "utf-16"}}, 60);
    CHECK_THROWS_AS(at.pull("Contacts", kContact), sdk::Error);
    CHECK(at.host.records().empty());
    Organisation pages(R"({"bulk":"never"})", {{"bulk_encoding", "utf-16"}}, 60);
    pages.pull("Contacts", kContact);
    check_equal(pages, "Contacts", "Last_Name");
}

TEST_CASE("quotes in an export are read as they are, or the export is refused",
          "[zoho][switches]") {
    const std::vector<std::string> texts{
        "say \"A\"", "\"A\" she said", "5\" pipe",     "a \",\"",         "\",",
        "\\",        "C:\\",           "\",\"\"\\\",", "A\n\"next\" line"};
    for (const char* escape : {"doubled", "backslash"}) {
        for (const std::string& text : texts) {
            CAPTURE(escape, text);
            Organisation at(R"({"bulk":"always"})", {{"bulk_escape", escape}}, 20);
            at.control("create", R"({"module":"Contacts","set":{"Last_Name":)" +
                                     sdk::Json(text).dump() + R"(,"Phone":"+86 1"}})");
            try {
                at.pull("Contacts", kContact);
            } catch (const sdk::Error& error) {
                CHECK(error.status() == KONTOR_E_PROTOCOL);
                CHECK(escape == std::string("backslash"));
                continue;
            }
            check_equal(at, "Contacts", "Last_Name");
        }
    }
}

TEST_CASE(
    "what a formula that was changed makes of a record comes with its next change, if it bears no "
    "new time",
    "[zoho][switches]") {
    const std::vector<std::string> fields{"Name", "Cost_With_Tax"};
    for (const bool bumps : {true, false}) {
        CAPTURE(bumps);
        Organisation at(R"({"bulk":"never"})", {{"formula_bumps", bumps ? "true" : "false"}}, 60);
        const auto made = sdk::parse_json(
            at.control("create",
                       R"({"module":"Service_Visits","set":{"Name":"Visit","Cost":100}})"),
            "answer");
        const std::string id = made["id"];
        at.pull("Service_Visits", fields);
        const auto shown = [&] { return test::shown(at.mirror["Service_Visits"].at(id), 1); };
        CHECK(shown() == "113");
        // A quiet hour: what a pull looks back at holds the record no more.
        at.host.clock_ms += 3'600'000;
        at.pull("Service_Visits", fields);
        at.control("fault", R"({"kind":"schema","params":{"change":"formula",
            "module":"Service_Visits","field":"Cost_With_Tax","percent":20}})");
        at.host.clock_ms += 60'000;
        at.pull("Service_Visits", fields);
        CHECK(shown() == (bumps ? "120" : "113"));
        at.control("edit",
                   R"({"module":"Service_Visits","id":")" + id + R"(","set":{"Name":"Renamed"}})");
        at.host.clock_ms += 60'000;
        at.pull("Service_Visits", fields);
        CHECK(shown() == "120");
        CHECK(at.violations() == "");
    }
}

TEST_CASE(
    "what a workflow sets in another record comes with its next change, if it bears no new time",
    "[zoho][switches]") {
    const std::vector<std::string> fields{"Account_Name", "Account_Type"};
    for (const bool bumps : {true, false}) {
        CAPTURE(bumps);
        Organisation at(R"({"bulk":"never","trigger":["workflow"]})",
                        {{"automation", "true"}, {"automation_bumps", bumps ? "true" : "false"}},
                        60);
        at.pull("Accounts", fields);
        const auto types = at.dump("Accounts", "Account_Type");
        const auto found = std::find_if(types.begin(), types.end(), [](const auto& account) {
            return account.second != "Customer";
        });
        REQUIRE(found != types.end());
        const std::string account = found->first;
        const auto shown = [&] { return test::shown(at.mirror["Accounts"][account], 1); };

        at.host.clock_ms += 60'000;
        abi::BatchWriter batch;
        batch.begin(abi::Op::kCreate, "", "", "uid-1");
        batch.add(0, "Won");
        batch.add(1, "Closed Won");
        batch.add(2, account);
        const auto won = at.push("Deals", {"Deal_Name", "Stage", "Account_Name"}, batch);
        REQUIRE(won.at(0).status == "ok");
        REQUIRE(at.dump("Accounts", "Account_Type")[account] == "Customer");
        at.host.clock_ms += 60'000;
        at.pull("Accounts", fields);
        CHECK((shown() == "Customer") == bumps);

        at.control("edit", R"({"module":"Accounts","id":")" + account +
                               R"(","set":{"Account_Name":"Renamed"}})");
        at.host.clock_ms += 60'000;
        at.pull("Accounts", fields);
        CHECK(shown() == "Customer");
        CHECK(at.violations() == "");
    }
}

TEST_CASE(
    "what a roll-up summary becomes comes with its record's next change, if it bears no new time",
    "[zoho][switches]") {
    const std::vector<std::string> fields{"Account_Name", "Visit_Costs"};
    for (const bool bumps : {true, false}) {
        for (const char* bulk : {R"({"bulk":"never"})", R"({"bulk":"always"})"}) {
            CAPTURE(bumps, bulk);
            Organisation at(bulk, {{"rollup_bumps", bumps ? "true" : "false"}}, 60);
            at.control("fault", R"({"kind":"schema","params":{"change":"add","module":"Accounts",
                "field":"Visit_Costs","type":"rollup_summary","of":"Service_Visits","by":"Account",
                "sum":"Cost"}})");
            at.connector.describe();
            at.pull("Accounts", fields);
            const std::string account = at.mirror["Accounts"].begin()->first;
            const auto theirs = [&] {
                const double value = at.dump("Accounts", "Visit_Costs").at(account);
                return std::to_string(std::llround(value * 100));
            };
            const auto shown = [&] {
                return std::to_string(std::llround(
                    std::stod(test::shown(at.mirror["Accounts"].at(account), 1)) * 100));
            };
            CHECK(shown() == theirs());
            // A quiet hour: what a pull looks back at holds the record no more.
            at.host.clock_ms += 3'600'000;
            at.pull("Accounts", fields);
            const std::string before = shown();
            at.control("create", R"({"module":"Service_Visits","set":{"Name":"V","Cost":7777,
                                     "Account":{"id":")" +
                                     account + R"("}}})");
            REQUIRE(theirs() != before);
            at.host.clock_ms += 60'000;
            at.pull("Accounts", fields);
            CHECK(shown() == (bumps ? theirs() : before));
            // A sweep compares times: it sees no more than an increment. Reading by id does.
            CHECK(at.sweep("Accounts") == ids_of(at.dump("Accounts", "Account_Name")));
            auto wanted = test::request("Accounts", fields);
            wanted.ids = {account};
            at.host.clear();
            at.connector.fetch(wanted);
            REQUIRE(at.host.records().size() == 1);
            CHECK(std::to_string(std::llround(std::stod(test::shown(at.host.records()[0], 1)) *
                                              100)) == theirs());
            at.control("edit", R"({"module":"Accounts","id":")" + account +
                                   R"(","set":{"Account_Name":"Renamed"}})");
            at.host.clock_ms += 60'000;
            at.pull("Accounts", fields);
            CHECK(shown() == theirs());
            CHECK(at.violations() == "");
        }
    }
}

TEST_CASE("a link of a related list makes no edit, whether it changes the time or not",
          "[zoho][switches]") {
    for (const bool bumps : {true, false}) {
        CAPTURE(bumps);
        Organisation at(R"({"bulk":"never"})", {{"link_bumps_modified", bumps ? "true" : "false"}},
                        60);
        at.pull("Contacts", kContact);
        const std::string contact = at.mirror["Contacts"].begin()->first;
        const std::string product = at.dump("Products", "Product_Name").begin()->first;
        at.host.clock_ms += 3'600'000;
        at.pull("Contacts", kContact);
        const auto before = at.mirror["Contacts"].at(contact);
        for (const char* linked : {"true", "false"}) {
            CAPTURE(linked);
            at.host.clock_ms += 3'600'000;
            at.control("link", R"({"id":")" + contact + R"(","other":")" + product +
                                   R"(","linked":)" + linked + "}");
            at.host.clock_ms += 60'000;
            at.pull("Contacts", kContact);
            const auto records = at.host.records();
            CHECK(std::any_of(records.begin(), records.end(),
                              [&](const auto& each) { return each.id == contact; }) == bumps);
            CHECK(at.mirror["Contacts"].at(contact).fields == before.fields);
            CHECK(at.sweep("Contacts") == ids_of(at.dump("Contacts", "Last_Name")));
        }
        // Nor does it hinder a write that is bound to the time last seen.
        abi::BatchWriter batch;
        batch.begin(abi::Op::kUpdate, contact, at.mirror["Contacts"].at(contact).version);
        batch.add(0, "Updated");
        CHECK(at.push("Contacts", kContact, batch).at(0).status == "ok");
        CHECK(at.violations() == "");
    }
}

TEST_CASE("a callback that gets lost loses nothing, whether it is sent again or not",
          "[zoho][switches]") {
    for (const char* times : {"0", "2"}) {
        CAPTURE(times);
        Organisation at(R"({"bulk":"never"})", {{"watch_resend", times}}, 60);
        // The account has a channel, whoever made it; nobody ever answers there.
        const auto made = at.api("POST", "/crm/v8/actions/watch",
                                 R"({"watch":[{"channel_id":"77","events":["Contacts.all"],
                                     "token":"t","notify_url":"https://127.0.0.1:9/hook"}]})");
        REQUIRE(made.status == 201);
        at.pull("Contacts", kContact);
        const std::string edited = at.mirror["Contacts"].begin()->first,
                          gone = std::next(at.mirror["Contacts"].begin())->first;
        at.host.clock_ms += 5'000;
        at.control("edit", R"({"module":"Contacts","id":")" + edited +
                               R"(","set":{"Last_Name":"Edited"}})");
        at.control("delete", R"({"module":"Contacts","id":")" + gone + R"("})");
        at.control("create", R"({"module":"Contacts","set":{"Last_Name":"New"}})");
        std::size_t tried = 0;
        while (at.peer.callbacks_due()) {
            for (auto& each : at.peer.take_callbacks()) {
                ++tried;
                at.peer.callback_refused(std::move(each));
            }
        }
        CHECK(tried == (times == std::string("0") ? 3 : 9));
        at.host.clock_ms += 60'000;
        at.pull("Contacts", kContact);
        check_equal(at, "Contacts", "Last_Name");
        CHECK(at.mirror["Contacts"].count(gone) == 0);
        CHECK(at.violations() == "");
    }
}
