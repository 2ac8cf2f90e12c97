// Each module that can be written: a record is created, changed and deleted by the connector, and
// what the account has of it is looked at after each.
#include <catch2/catch.hpp>

#include "tests/plugins/zoho/account.hpp"
#include "tests/plugins/zoho/organisation.hpp"

using namespace kontor;
using test::Organisation;

namespace {

struct Written {
    const char* field;
    std::string value;     ///< as the engine hands it over
    std::string expected;  ///< JSON at the account; of a reference its id alone
};

struct Module {
    const char* name;
    std::vector<Written> create, update;
};

std::string quoted(const std::string& text) {
    return sdk::Json(text).dump();
}

Written text(const char* field, const std::string& value) {
    return {field, value, quoted(value)};
}

Written reference(const char* field, const std::string& id) {
    return {field, id, quoted(id.substr(id.find(':') + 1))};
}

Written number(const char* field, const std::string& value) {
    return {field, value, value};
}

// The engine's instants, in UTC, and the API user's zone at the account.
Written nine_o_clock(const char* field) {
    return {field, "2026-12-01T01:00:00.000Z", "\"2026-12-01T09:00:00+08:00\""};
}

std::vector<Module> modules(Organisation& at) {
    const auto first = [&](const char* module) { return at.dump(module, "Owner").begin()->first; };
    const std::string account = first("Accounts"), contact = first("Contacts"),
                      deal = first("Deals"), product = first("Products");
    const auto items = [&](const char* field, int quantity) {
        return Written{field,
                       R"([{"Product_Name":{"id":")" + product + R"("},"Quantity":)" +
                           std::to_string(quantity) + R"(,"List_Price":3.5}])",
                       std::to_string(quantity)};
    };
    const Written change = text("Description", "改过\na second line \"quoted\"");
    return {
        {"Leads",
         {text("Last_Name", "审计"),
          text("Company", "Acme"),
          number("Annual_Revenue", "125000.5"),
          text("Email", "a@example.com"),
          {"Email_Opt_Out", "true", "true"},
          {"Interests", R"(["Hardware","Training"])", R"(["Hardware","Training"])"}},
         {text("Company", "Acme & Co"), {"Interests", "", "null"}, change}},
        {"Accounts",
         {text("Account_Name", "审计公司"), number("Account_Number", "12345"),
          text("Industry", "Software"), text("Website", "https://example.com")},
         {text("Industry", "Finance"), reference("Parent_Account", account), change}},
        {"Contacts",
         {text("Last_Name", "O'Brien"), reference("Account_Name", account),
          text("Date_of_Birth", "1980-02-29"), number("Lifetime_Value", "0.25"),
          nine_o_clock("Last_Visit_At"), number("Card_Number", "999999999999999")},
         {{"Account_Name", "", "null"}, text("Title", "Boss"), change}},
        {"Deals",
         {text("Deal_Name", "Audit"), text("Stage", "Qualification"),
          reference("Account_Name", account), number("Amount", "1200.75"),
          text("Closing_Date", "2026-12-31")},
         {text("Stage", "Closed Won"), reference("Contact_Name", contact), change}},
        {"Products",
         {text("Product_Name", "Audit"),
          number("Unit_Price", "12.5"),
          {"Tax", R"(["VAT"])", R"(["VAT"])"},
          {"Taxable", "true", "true"}},
         {{"Taxable", "false", "false"}, number("Qty_in_Stock", "7"), change}},
        {"Quotes",
         {text("Subject", "Audit"), reference("Account_Name", account), items("Quoted_Items", 2)},
         {items("Quoted_Items", 5), text("Carrier", "DHL"), change}},
        {"Sales_Orders",
         {text("Subject", "Audit"), reference("Account_Name", account), items("Ordered_Items", 2)},
         {items("Ordered_Items", 6), text("Status", "Approved"), change}},
        {"Invoices",
         {text("Subject", "Audit"), reference("Account_Name", account), items("Invoiced_Items", 3),
          text("Invoice_Date", "2026-12-01")},
         {items("Invoiced_Items", 7), text("Status", "Delivered"), change}},
        {"Campaigns",
         {text("Campaign_Name", "Audit"), text("Type", "Webinar"),
          number("Expected_Response", "5")},
         {text("Status", "Active"), text("Num_sent", "12"), change}},
        {"Tasks",
         {text("Subject", "Audit"), text("Due_Date", "2026-12-01"), reference("Who_Id", contact),
          reference("What_Id", "Deals:" + deal)},
         {text("Status", "Completed"), reference("What_Id", "Accounts:" + account), change}},
        {"Events",
         {text("Event_Title", "Audit"), nine_o_clock("Start_DateTime"),
          nine_o_clock("End_DateTime"), reference("What_Id", "Accounts:" + account)},
         {text("Venue", "北京"), {"What_Id", "", "null"}, change}},
        {"Calls",
         {text("Subject", "Audit"), text("Call_Type", "Outbound"), nine_o_clock("Call_Start_Time"),
          reference("Who_Id", contact)},
         {text("Call_Result", "Interested"), text("Call_Duration", "12:30"), change}},
        {"Notes",
         {text("Note_Title", "Audit"), text("Note_Content", "你好"),
          reference("Parent_Id", "Contacts:" + contact)},
         {text("Note_Title", "Audited"), text("Note_Content", "再见")}},
        {"Cases",
         {text("Subject", "Audit"), text("Status", "New"), text("Case_Origin", "Web"),
          reference("Related_To", contact)},
         {text("Status", "Escalated"), reference("Product_Name", product), change}},
        {"Service_Visits",
         {text("Name", "Audit"),
          reference("Contact", contact),
          number("Cost", "99.9"),
          nine_o_clock("Started_At"),
          {"Topics", R"(["Repair"])", R"(["Repair"])"}},
         {text("Outcome", "Solved"), number("Hours", "1.25"), {"Follow_Up", "true", "true"}}},
    };
}

std::vector<std::string> names_of(const std::vector<Written>& values) {
    std::vector<std::string> out;
    for (const Written& each : values) out.emplace_back(each.field);
    return out;
}

void fill(abi::BatchWriter& batch, const std::vector<Written>& values) {
    for (std::uint16_t i = 0; i < values.size(); ++i) {
        if (values[i].value.empty())
            batch.add_null(i);
        else
            batch.add(i, std::string_view(values[i].value));
    }
}

void check_there(Organisation& at, const Module& module, const std::string& id,
                 const std::vector<Written>& values) {
    for (const Written& each : values) {
        const auto all = at.dump(module.name, each.field);
        REQUIRE(all.contains(id));
        const sdk::Json& got = all.at(id);
        CAPTURE(module.name, each.field, got.dump());
        const sdk::Json expected = sdk::parse_json(each.expected, "expected");
        if (got.is_object()) {
            CHECK(sdk::member(got, "id") == expected);
        } else if (got.is_array() && !got.empty() && got[0].is_object()) {
            REQUIRE(got.size() == 1);  // one row, whose quantity says which
            CHECK(got[0]["Quantity"].get<double>() == expected.get<double>());
        } else if (got.is_number()) {
            CHECK(got.get<double>() == expected.get<double>());
        } else {
            CHECK(got == expected);
        }
    }
}

}  // namespace

TEST_CASE("each module that can be written takes a create, an update and a delete",
          "[zoho][modules]") {
    const std::string trigger =
        GENERATE(R"({"bulk":"never"})", R"({"bulk":"never","trigger":["workflow"]})");
    Organisation at(trigger, {{"automation", "true"}}, 200);
    std::set<std::string> written;
    for (const Module& module : modules(at)) {
        CAPTURE(module.name, trigger);
        written.insert(module.name);
        const auto before = test::ids_of(at.dump(module.name, "Owner"));
        at.host.clock_ms += 5'000;
        abi::BatchWriter batch;
        batch.begin(abi::Op::kCreate, "", "", "uid-" + std::string(module.name));
        fill(batch, module.create);
        auto results = at.push(module.name, names_of(module.create), batch);
        REQUIRE(results.size() == 1);
        CAPTURE(results[0].code, results[0].field, results[0].message);
        REQUIRE(results[0].status == "ok");
        const std::string id = results[0].id, version = results[0].version;
        CHECK_FALSE(before.contains(id));
        CHECK(at.dump(module.name, "Owner").size() == before.size() + 1);
        check_there(at, module, id, module.create);
        CHECK(at.dump(module.name, "Kontor_Id").at(id) == "uid-" + std::string(module.name));

        at.host.clock_ms += 5'000;
        batch.begin(abi::Op::kUpdate, id, version);
        fill(batch, module.update);
        results = at.push(module.name, names_of(module.update), batch);
        CAPTURE(results[0].code, results[0].field, results[0].message);
        REQUIRE(results[0].status == "ok");
        CHECK(results[0].version > version);
        check_there(at, module, id, module.update);
        CHECK(at.dump(module.name, "Owner").size() == before.size() + 1);

        at.pull(module.name, names_of(module.update));
        CHECK(at.mirror[module.name].contains(id));

        at.host.clock_ms += 5'000;
        batch.begin(abi::Op::kDelete, id);
        results = at.push(module.name, {}, batch);
        CHECK(results[0].status == "ok");
        CHECK(test::ids_of(at.dump(module.name, "Owner")) == before);
        CHECK(at.violations() == "");
    }
    // Whatever the connector says can be written is written here, or is a module of its kind.
    const std::set<std::string> alike{"Purchase_Orders", "Solutions",   "Vendors",
                                      "Price_Books",     "Services__s", "Appointments__s"};
    for (const auto& stream : at.connector.describe())
        if (stream.capabilities.create) {
            CAPTURE(stream.name);
            CHECK((written.contains(stream.name) || alike.contains(stream.name)));
        }
}
