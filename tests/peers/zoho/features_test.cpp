// Scopes, attachments, layouts, approval, views, and what reads leave out.
#include <zlib.h>
#include <catch2/catch.hpp>

#include "tests/peers/base/server.hpp"
#include "tests/peers/zoho/callbacks.hpp"
#include "tests/peers/zoho/credits.hpp"
#include "tests/peers/zoho/test_client.hpp"

#include <algorithm>
#include <mutex>

using nlohmann::json;
namespace zoho = kontor::peer::zoho;
using zoho::TestClient;

namespace {

void set(TestClient& client, const std::string& name, const std::string& value) {
    CHECK(client.control("switch", {{"name", name}, {"value", value}}) == json{{"ok", true}});
}

std::string unpacked(const std::string& gzip) {
    z_stream stream{};
    inflateInit2(&stream, 15 + 16);
    std::string out(1 << 20, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(gzip.data()));
    stream.avail_in = static_cast<uInt>(gzip.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(stream.total_out);
    inflateEnd(&stream);
    return out;
}

json created(const zoho::Answer& answer) {
    INFO(answer.text);
    return answer.json().at("data").at(0);
}

}  // namespace

TEST_CASE("answers are compressed for clients that take it, if so switched") {
    TestClient client(300);
    const std::string target = "Contacts?fields=Last_Name,Email";
    const std::string plain = client.get(target, {{"Accept-Encoding", "gzip"}}).text;
    set(client, "gzip", "true");
    CHECK(client.get(target).text == plain);
    client.check_messages(false);
    const auto packed = client.get(target, {{"Accept-Encoding", "deflate, gzip"}});
    CHECK(kontor::peer::find_header(packed.headers, "Content-Encoding") == "gzip");
    CHECK(packed.text.size() < plain.size() / 2);
    const std::string text = unpacked(packed.text);
    // Every answer has page tokens of its own.
    CHECK(json::parse(text)["data"] == json::parse(plain)["data"]);
}

TEST_CASE("a token does what its scopes say and nothing else") {
    TestClient client(20);
    client.control("scope", {{"scope",
                              "ZohoCRM.modules.contacts.READ,ZohoCRM.modules.notes.ALL,"
                              "ZohoCRM.modules.salesorders.WRITE,ZohoCRM.settings.fields.READ,"
                              "ZohoCRM.users.READ"}});
    CHECK(client.get("Deals?fields=id").status == 200);  // tokens keep the scopes they came with
    client.refresh();
    const auto refused = [&](const zoho::Answer& answer) {
        return answer.status == 401 && answer.json()["code"] == "OAUTH_SCOPE_MISMATCH";
    };
    CHECK(client.get("Contacts?fields=id").status == 200);
    CHECK(client.get("Contacts/deleted").status == 204);
    CHECK(client.get("settings/fields?module=Contacts").status == 200);
    CHECK(client.get("users?type=AllUsers").status == 200);
    CHECK(client.get("Notes?fields=id").status == 200);
    CHECK(refused(client.post("Contacts", {{"data", {{{"Last_Name", "A"}}}}})));
    CHECK(refused(client.get("Deals?fields=id")));
    CHECK(refused(client.get("settings/modules")));
    CHECK(refused(client.get("org")));
    CHECK(refused(client.post("coql", {{"select_query", "select id from Contacts"}})));
    CHECK(refused(client.call("POST", "/crm/bulk/v8/read", "{}")));
    CHECK(refused(client.get("actions/watch")));
    CHECK(refused(client.get("Contacts/search?word=a")));
    CHECK(refused(client.call("DELETE", "/crm/v8/Sales_Orders/1")));
    CHECK(refused(client.get("Sales_Orders?fields=id")));
    CHECK_FALSE(refused(client.put("Sales_Orders", {{"data", {{{"id", "1"}}}}})));
    client.control("scope", {{"scope", ""}});
    client.refresh();
    CHECK(client.get("Deals?fields=id").status == 200);
}

TEST_CASE("files are attached, listed, read and removed") {
    TestClient client(20);
    const std::string id = client.add_contact({{"Last_Name", "A"}});
    const std::string path = "/crm/v8/Contacts/" + id + "/Attachments";
    CHECK(client.call("GET", path + "?fields=id,File_Name").status == 204);
    CHECK(client.call("GET", path).json()["code"] == "REQUIRED_PARAM_MISSING");
    const std::string content("a\0b\r\n--x", 8);
    const auto upload = [&](const std::string& name, const std::string& more = "") {
        return client.call("POST", path,
                           "--BOUND\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" +
                               name + "\"\r\n\r\n" + content + "\r\n" + more + "--BOUND--\r\n",
                           {{"Content-Type", "multipart/form-data; boundary=BOUND"}});
    };
    const json made = created(upload("报价.pdf"));
    CHECK(made["message"] == "attachment uploaded successfully");
    const std::string file = made["details"]["id"];
    json listed = created(client.call("GET", path + "?fields=id,File_Name,Size"));
    CHECK(listed["File_Name"] == "报价.pdf");
    CHECK(listed["Size"] == "8");
    set(client, "attachment_size", "number");
    CHECK(created(client.call("GET", path + "?fields=Size"))["Size"] == 8);
    CHECK(client.call("GET", path + "/" + file).text == content);
    CHECK(created(client.call("POST", path + "?attachmentUrl=https://example.com/x"))["code"] ==
          "SUCCESS");
    CHECK(upload("b",
                 "--BOUND\r\nContent-Disposition: form-data; name=\"attachmentUrl\"\r\n\r\n"
                 "https://example.com\r\n")
              .json()["code"] == "AMBIGUITY_DURING_PROCESSING");
    set(client, "attachment_limit", "7");
    CHECK(upload("c").status == 413);
    // Not through another record, nor twice.
    const std::string other = client.add_contact({{"Last_Name", "B"}});
    CHECK(client.call("DELETE", "/crm/v8/Contacts/" + other + "/Attachments/" + file).status ==
          400);
    CHECK(client.call("DELETE", path + "/" + file).status == 200);
    CHECK(client.call("DELETE", path + "/" + file).status == 400);
    CHECK(client.call("GET", path + "/" + file).status == 204);
    CHECK(client.call("GET", "/crm/v8/Contacts/1/Attachments?fields=id").status == 400);
}

TEST_CASE("a layout demands and leaves out fields of its own") {
    TestClient client(20);
    const json layouts = client.get("settings/layouts?module=Service_Visits").json()["layouts"];
    REQUIRE(layouts.size() == 2);
    CHECK(client.get("settings/layouts?module=Contacts").json()["layouts"].size() == 1);
    const auto insert = [&](json record) {
        return created(client.post("Service_Visits", {{"data", {std::move(record)}}}));
    };
    const json quick{{"id", layouts[1]["id"]}};
    CHECK(insert({{"Name", "A"}})["code"] == "SUCCESS");
    CHECK(insert({{"Name", "A"}, {"Layout", quick}})["details"]["api_name"] == "Outcome");
    CHECK(insert({{"Name", "A"}, {"Layout", {{"id", "1"}}}})["code"] == "INVALID_DATA");
    const json made =
        insert({{"Name", "A"}, {"Layout", quick}, {"Outcome", "Solved"}, {"Odometer", 5}});
    REQUIRE(made["code"] == "SUCCESS");
    const json read =
        created(client.get("Service_Visits/" + made["details"]["id"].get<std::string>()));
    CHECK(read["Layout"]["name"] == "Quick Visit");
    CHECK(read["Odometer"].is_null());
}

TEST_CASE("a layout rule demands a field, if the request or the switch says so") {
    TestClient client(20);
    client.control("fault", {{"kind", "layout_rule"},
                             {"params",
                              {{"module", "Deals"},
                               {"when_field", "Stage"},
                               {"equals", "Closed Lost"},
                               {"field", "Reason_For_Loss__s"},
                               {"name", "Why lost"}}}});
    const json lost{{"Deal_Name", "D"}, {"Stage", "Closed Lost"}};
    const auto insert = [&](const json& more) {
        json body{{"data", {lost}}};
        body.update(more);
        return created(client.post("Deals", body));
    };
    CHECK(insert(json::object())["code"] == "SUCCESS");
    const json asked{{"apply_feature_execution", {{{"name", "layout_rules"}}}}};
    CHECK(insert(asked)["details"]["layout_rule"]["name"] == "Why lost");
    set(client, "layout_rules", "always");
    CHECK(insert(json::object())["code"] == "MANDATORY_NOT_FOUND");
    const json skipped{{"skip_feature_execution", {{{"name", "layout_rules"}}}}};
    CHECK(insert(skipped)["code"] == "SUCCESS");
    set(client, "skip_features", "false");
    CHECK(insert(skipped)["code"] == "MANDATORY_NOT_FOUND");
}

TEST_CASE("drafts are in lists or not, and say what they are when asked for") {
    TestClient client(3);
    const std::string id = client.add_contact({{"Last_Name", "A"}});
    const auto state = [&] {
        return client.get("Contacts/" + id).json()["data"][0]["$state"].get<std::string>();
    };
    const auto count = [&] { return client.get("Contacts?fields=id").json()["data"].size(); };
    CHECK(state() == "save");
    client.control("draft", {{"module", "Contacts"}, {"id", id}});
    CHECK(state() == "draft");
    CHECK(count() == 4);
    set(client, "drafts", "hidden");
    CHECK(count() == 3);
    CHECK(client.get("Contacts/" + id).status == 200);
    client.control("draft", {{"module", "Contacts"}, {"id", id}, {"draft", false}});
    CHECK(count() == 4);
}

TEST_CASE("records that await approval are out of sight and cannot be changed") {
    TestClient client(3);
    const std::string id = client.add_contact({{"Last_Name", "A"}});
    client.control("approval", {{"module", "Contacts"}, {"id", id}});
    const auto count = [&](const std::string& more) {
        const auto answer = client.get("Contacts?fields=id" + more);
        return answer.status == 204 ? 0 : answer.json()["data"].size();
    };
    CHECK(count("") == 3);
    CHECK(count("&approved=both") == 4);
    CHECK(count("&approved=false") == 1);
    CHECK(client.get("Contacts?fields=id&approved=maybe").status == 400);
    CHECK(created(client.put("Contacts/" + id, {{"data", {{{"Phone", "1"}}}}}))["code"] ==
          "NOT_APPROVED");
    set(client, "approval_hides", "false");
    CHECK(count("") == 4);
    client.control("approval", {{"module", "Contacts"}, {"id", id}, {"waits", false}});
    CHECK(created(client.put("Contacts/" + id, {{"data", {{{"Phone", "1"}}}}}))["code"] ==
          "SUCCESS");
}

TEST_CASE("a custom view shows its records, at its price") {
    TestClient client(50);
    const json views = client.get("settings/custom_views?module=Contacts").json()["custom_views"];
    REQUIRE(views.size() == 2);
    const auto list = [&](const json& view, const std::string& more = "") {
        return client.get("Contacts?fields=Owner&cvid=" + view["id"].get<std::string>() + more);
    };
    CHECK(list(views[0]).json()["data"].size() == 50);
    client.add_contact({{"Last_Name", "Mine"}});
    const json mine = list(views[1]).json()["data"];
    for (const json& record : mine) CHECK(record["Owner"]["email"] == "kontor.api@example.com");
    const json log = client.call("GET", "/_control/log").json()["log"];
    CHECK(log.back()["credits"] == 3);
    CHECK(client.get("Contacts?fields=id&cvid=1").status == 400);
    CHECK(list(views[0], "&sort_by=id").status == 400);
    set(client, "cvid_sort_by", "accept");
    CHECK(list(views[0], "&sort_by=id").status == 200);
}

TEST_CASE("rich text and subforms are cut where told, and can be had whole") {
    TestClient client(300);
    const std::string report(300, 'r');
    const std::string id = created(client.post(
        "Service_Visits", {{"data", {{{"Name", "A"}, {"Report", report}}}}}))["details"]["id"];
    set(client, "rich_text_cut", "100");
    CHECK(created(client.get("Service_Visits?fields=Report"))["Report"] == report.substr(0, 100));
    const std::string whole = "Service_Visits/" + id + "/actions/fetch_full_data";
    CHECK(created(client.get(whole))["Report"] == report);
    const json fields = client.get("settings/fields?module=Service_Visits").json()["fields"];
    for (const json& field : fields)
        if (field["api_name"] == "Report") CHECK(field["textarea"]["type"] == "rich_text");

    const std::string product = created(client.get("Products?fields=id"))["id"];
    const std::string account = created(client.get("Accounts?fields=id"))["id"];
    json rows = json::array();
    for (int i = 0; i < 5; ++i)
        rows.push_back({{"Product_Name", {{"id", product}}}, {"Quantity", i}, {"List_Price", 2}});
    const json quote{{"Subject", "Q"}, {"Account_Name", {{"id", account}}}, {"Quoted_Items", rows}};
    const std::string quote_id =
        created(client.post("Quotes", {{"data", {quote}}}))["details"]["id"];
    const auto read = [&] { return created(client.get("Quotes/" + quote_id)); };
    CHECK(read()["Quoted_Items"].size() == 5);
    CHECK_FALSE(read().contains("$has_more"));
    set(client, "subform_cut", "2");
    CHECK(read()["Quoted_Items"].size() == 2);
    CHECK(read()["$has_more"] == json{{"Quoted_Items", true}});
    const std::string rest = "Quotes/" + quote_id + "/Quoted_Items?fields=Quantity";
    CHECK(client.get(rest).json()["data"].size() == 5);
    CHECK(client.get(rest + "&page=2&per_page=3").json()["data"].size() == 2);
    CHECK(client.get(rest + "&page=3&per_page=3").status == 204);
}

TEST_CASE("a pick list value that was renamed is written by its old name") {
    TestClient client(50);
    client.control("fault", {{"kind", "schema"},
                             {"params",
                              {{"change", "rename_value"},
                               {"module", "Contacts"},
                               {"field", "Customer_Level"},
                               {"value", "VIP"},
                               {"to", "Key account"}}}});
    const std::string id = client.add_contact({{"Last_Name", "A"}, {"Customer_Level", "VIP"}});
    const auto read = [&] { return created(client.get("Contacts/" + id))["Customer_Level"]; };
    CHECK(read() == "Key account");
    set(client, "picklist_read", "actual");
    CHECK(read() == "VIP");
}

TEST_CASE("a note changes its record's time only if so switched") {
    TestClient client(20);
    const std::string id = client.add_contact({{"Last_Name", "A"}});
    const auto modified = [&] { return created(client.get("Contacts/" + id))["Modified_Time"]; };
    const json before = modified();
    const auto note = [&] {
        client.advance_s(60);
        CHECK(created(client.post("Contacts/" + id + "/Notes",
                                  {{"data", {{{"Note_Content", "x"}}}}}))["code"] == "SUCCESS");
    };
    note();
    CHECK(modified() == before);
    set(client, "note_bumps_parent", "true");
    note();
    CHECK(modified() != before);
}

TEST_CASE("callbacks go over the network, once, twice or in reverse, with values if asked") {
    std::mutex mutex;
    std::vector<json> got;
    kontor::peer::ServerOptions options;
    options.identity = kontor::peer::make_identity();
    options.handler = [&](const kontor::peer::Request& request) {
        const std::lock_guard lock(mutex);
        got.push_back(json::parse(request.body));
        return kontor::peer::Response{};
    };
    kontor::peer::Server receiver(std::move(options));
    const std::string url = "https://127.0.0.1:" + std::to_string(receiver.port()) + "/notify";

    TestClient client(20);
    client.post("actions/watch", {{"watch",
                                   {{{"channel_id", "77"},
                                     {"events", {"Contacts.all"}},
                                     {"token", "ours"},
                                     {"return_affected_field_values", true},
                                     {"notify_url", url}}}}});
    // All that is due is there before the sender is, and sent before it ends.
    const auto sent = [&] {
        zoho::CallbackSender(client.peer());
        const std::lock_guard lock(mutex);
        return std::exchange(got, {});
    };
    const std::string id = client.add_contact({{"Last_Name", "王"}});
    auto callbacks = sent();
    REQUIRE(callbacks.size() == 1);
    CHECK(kontor::zoho_schema::validate("callback", callbacks[0]) == std::vector<std::string>{});
    CHECK(callbacks[0]["operation"] == "insert");
    CHECK(callbacks[0]["ids"] == json{id});
    CHECK(callbacks[0]["token"] == "ours");
    CHECK(callbacks[0]["affected_values"][0]["values"]["Last_Name"] == "王");

    set(client, "watch_delivery", "twice");
    client.put("Contacts/" + id, {{"data", {{{"Phone", "1"}}}}});
    callbacks = sent();
    REQUIRE(callbacks.size() == 2);
    CHECK(callbacks[0] == callbacks[1]);
    set(client, "watch_delivery", "reversed");
    client.put("Contacts/" + id, {{"data", {{{"Phone", "2"}}}}});
    client.call("DELETE", "/crm/v8/Contacts/" + id);
    callbacks = sent();
    REQUIRE(callbacks.size() == 2);
    CHECK(callbacks[0]["operation"] == "delete");
    CHECK(callbacks[1]["operation"] == "update");
}

TEST_CASE("a callback that is not accepted is sent again as often as the switch says") {
    for (const char* times : {"0", "2"}) {
        CAPTURE(times);
        std::mutex mutex;
        std::vector<std::string> got;
        kontor::peer::ServerOptions options;
        options.identity = kontor::peer::make_identity();
        options.handler = [&](const kontor::peer::Request& request) {
            const std::lock_guard lock(mutex);
            got.push_back(request.body);
            kontor::peer::Response out;
            out.status = request.path() == "/never" || got.size() == 1 ? 500 : 202;
            return out;
        };
        kontor::peer::Server receiver(std::move(options));
        const auto told_at = [&](const std::string& path) {
            TestClient client(20, {{"watch_resend", times}});
            client.post("actions/watch",
                        {{"watch",
                          {{{"channel_id", "77"},
                            {"events", {"Contacts.all"}},
                            {"token", "ours"},
                            {"notify_url",
                             "https://127.0.0.1:" + std::to_string(receiver.port()) + path}}}}});
            got.clear();
            client.add_contact({{"Last_Name", "A"}});
            {
                zoho::CallbackSender sender(client.peer());  // its end waits for what is due
                sender.wake();
            }
            for (const std::string& each : got) CHECK(each == got.front());
            return got.size();
        };
        const bool again = times == std::string("2");
        CHECK(told_at("/second") == (again ? 2 : 1));
        CHECK(told_at("/never") == (again ? 3 : 1));
    }
}

TEST_CASE("a roll-up summary follows its records, whatever happens to them") {
    TestClient client(20);
    const auto insert = [&](const std::string& module, const json& record) -> std::string {
        return created(client.post(module, {{"data", {record}}}))["details"]["id"];
    };
    const std::string one = insert("Accounts", {{"Account_Name", "One"}});
    const std::string other = insert("Accounts", {{"Account_Name", "Other"}});
    const auto order = [&](const std::string& by, const std::string& sum) {
        return client.control("fault", {{"kind", "schema"},
                                        {"params",
                                         {{"change", "add"},
                                          {"module", "Accounts"},
                                          {"field", "Visit_Costs"},
                                          {"type", "rollup_summary"},
                                          {"of", "Service_Visits"},
                                          {"by", by},
                                          {"sum", sum}}}});
    };
    CHECK(order("Contact", "Cost").contains("error"));
    CHECK(order("Account", "Name").contains("error"));
    REQUIRE(order("Account", "Cost") == json{{"ok", true}});
    const json fields = client.get("settings/fields?module=Accounts").json()["fields"];
    const auto found = std::find_if(fields.begin(), fields.end(), [](const json& each) {
        return each["api_name"] == "Visit_Costs";
    });
    REQUIRE(found != fields.end());
    CHECK((*found)["data_type"] == "rollup_summary");
    CHECK((*found)["read_only"] == true);

    const auto sums = [&] {
        std::string out;
        for (const std::string& id : {one, other})
            out += created(client.get("Accounts/" + id))["Visit_Costs"].dump() + " ";
        return out;
    };
    CHECK(sums() == "0.0 0.0 ");
    const std::string visit =
        insert("Service_Visits", {{"Name", "A"}, {"Cost", 10.5}, {"Account", {{"id", one}}}});
    insert("Service_Visits", {{"Name", "B"}, {"Cost", 2}, {"Account", {{"id", one}}}});
    CHECK(sums() == "12.5 0.0 ");
    client.put("Service_Visits/" + visit, {{"data", {{{"Cost", 20}}}}});
    CHECK(sums() == "22.0 0.0 ");
    client.control(
        "edit",
        {{"module", "Service_Visits"}, {"id", visit}, {"set", {{"Account", {{"id", other}}}}}});
    CHECK(sums() == "2.0 20.0 ");
    client.call("DELETE", "/crm/v8/Service_Visits/" + visit);
    CHECK(sums() == "2.0 0.0 ");
    client.control("restore", {{"module", "Service_Visits"}, {"id", visit}});
    CHECK(sums() == "2.0 20.0 ");
    // It is the remote's to fill.
    client.put("Accounts/" + one, {{"data", {{{"Visit_Costs", 7}}}}});
    CHECK(sums() == "2.0 20.0 ");
}

TEST_CASE("records are linked and unlinked in related lists") {
    TestClient client(20, {}, true);
    const std::string contact = client.add_contact({{"Last_Name", "A"}});
    const std::string product =
        created(client.post("Products", {{"data", {{{"Product_Name", "P"}}}}}))["details"]["id"];
    const std::string list = "Contacts/" + contact + "/Products";
    const std::string back = "Products/" + product + "/Contacts";
    CHECK(client.get(list + "?fields=id").status == 204);
    CHECK(client.get(list).json()["code"] == "REQUIRED_PARAM_MISSING");
    const auto add = [&](const std::string& id) {
        return client.put(list, {{"data", {{{"id", id}}}}});
    };
    CHECK(created(add(product))["message"] == "relation added");
    CHECK(created(add(product))["code"] == "SUCCESS");  // they are linked all the same
    CHECK(add("4108880050009999999").status == 400);
    CHECK(created(client.get(list + "?fields=Product_Name"))["Product_Name"] == "P");
    CHECK(created(client.get(back + "?fields=Last_Name"))["id"] == contact);
    CHECK(client.get("settings/related_lists?module=Products").text.find("{ENTITYID}/Contacts") !=
          std::string::npos);
    const auto remove = [&] { return client.call("DELETE", "/crm/v8/" + list + "/" + product); };
    CHECK(created(remove())["message"] == "relation removed");
    CHECK(remove().status == 400);
    CHECK(client.get(back + "?fields=id").status == 204);

    const json link{{"id", contact}, {"other", product}};
    CHECK(client.control("link", link) == json{{"ok", true}});
    CHECK(client.control("link", link).contains("error"));
    CHECK(created(client.get(list + "?fields=id"))["id"] == product);
    client.control("delete", {{"module", "Products"}, {"id", product}});
    CHECK(client.get(list + "?fields=id").status == 204);
    CHECK(client.control("link", {{"id", contact}, {"other", product}, {"linked", false}})
              .contains("error"));
    CHECK(client.call("GET", "/_control/violations").json()["violations"].size() == 1);
}

TEST_CASE("at most ten calls that demand much run at the same time, whatever the edition") {
    using kontor::peer::Request;
    const auto records = [](std::size_t count) {
        json data = json::array();
        for (std::size_t i = 0; i < count; ++i)
            data.push_back({{"Last_Name", "\"}{["}, {"Account_Name", {{"id", "1"}}}});
        return json{{"data", data}, {"trigger", json::array()}}.dump();
    };
    const auto heavy = [](const char* method, const char* target, const std::string& body = "") {
        return zoho::is_heavy(Request{method, target, {}, body});
    };
    CHECK(heavy("POST", "/crm/v8/coql"));
    CHECK(heavy("GET", "/crm/v8/Contacts/search?word=a"));
    CHECK(heavy("GET", "/crm/v8/Contacts?fields=id&cvid=1"));
    CHECK_FALSE(heavy("GET", "/crm/v8/Contacts?fields=id"));
    CHECK_FALSE(heavy("GET", "/_control/dump"));
    for (const char* target : {"/crm/v8/Contacts", "/crm/v8/Contacts/upsert"}) {
        CHECK(heavy("POST", target, records(11)));
        CHECK_FALSE(heavy("POST", target, records(10)));
    }
    CHECK(heavy("PUT", "/crm/v8/Contacts", records(11)));
    CHECK(heavy("DELETE", "/crm/v8/Contacts?ids=1,2,3,4,5,6,7,8,9,10,11"));
    CHECK_FALSE(heavy("DELETE", "/crm/v8/Contacts?ids=1,2,3,4,5,6,7,8,9,10"));
    CHECK_FALSE(heavy("POST", "/crm/bulk/v8/read", "{}"));

    TestClient client(20, {{"edition", "ultimate"}});
    const auto status_among = [&](int calls) {
        Request request{"POST",
                        "/crm/v8/coql",
                        {},
                        R"({"select_query":"select id from Contacts )"
                        R"(where id is not null limit 1"})"};
        request.in_flight = calls + 1;
        request.heavy_in_flight = calls;
        request.headers.emplace_back(
            "Authorization",
            "Zoho-oauthtoken " + client.token(client.refresh_form()).value("access_token", ""));
        return client.peer().handle(request).status;
    };
    CHECK(status_among(10) == 200);
    CHECK(status_among(11) == 429);
    set(client, "concurrency_limit", "false");
    CHECK(status_among(11) == 200);
}

TEST_CASE("CSV takes the other forms too") {
    TestClient client(5, {{"bulk_quote_all", "true"}, {"bulk_bom", "true"}, {"zip_level", "0"}});
    const auto job = client.call(
        "POST", "/crm/bulk/v8/read",
        json{{"query", {{"module", {{"api_name", "Contacts"}}}, {"fields", {"Last_Name"}}}}}
            .dump());
    client.advance_s(1);
    const std::string id = job.json()["data"][0]["details"]["id"];
    client.call("GET", "/crm/bulk/v8/read/" + id);
    const std::string zip = client.call("GET", "/crm/bulk/v8/read/" + id + "/result").text;
    CHECK(zip.find("\xEF\xBB\xBFid,Last_Name\n\"410888") != std::string::npos);
}
