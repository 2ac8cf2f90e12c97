// The local API of a running daemon: records in and out, limits, and problems that say what is
// wrong. Every answer is also held against docs/openapi.json (contract_test.cpp).
#include <sqlite3.h>
#include <sys/stat.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "tests/daemon/daemon_fixture.hpp"

using namespace kontor;
using nlohmann::json;

TEST_CASE("records are created, read, changed, listed, exported and deleted", "[daemon][api]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());

    auto made = daemon.send("POST", "/api/v1/records/contact",
                            {{"fields", {{"last_name", "王"}, {"email", "w@example.com"}}}});
    INFO(made.body);
    REQUIRE(made.status == 201);
    const auto created = json::parse(made.body);
    const auto id = created["ids"][0].get<std::int64_t>();
    const auto path = "/api/v1/records/contact/" + std::to_string(id);
    CHECK(created["record"]["fields"]["last_name"] == "王");

    const auto read = daemon.get(path);
    REQUIRE(read.status == 200);
    const auto etag = read.headers.at("etag");
    auto changed = test::call(daemon.socket(), "PATCH", path, R"({"fields": {"first_name": "伟"}})",
                              {{"If-Match", etag}});
    CHECK(changed.status == 200);
    changed = test::call(daemon.socket(), "PATCH", path, R"({"fields": {"first_name": "x"}})",
                         {{"If-Match", etag}});
    CHECK(changed.status == 409);

    for (const json& no_text : {json::array({"a", "b"}), json{{"a", "b"}}}) {
        changed = daemon.send("PATCH", path, {{"fields", {{"description", no_text}}}});
        CHECK(changed.status == 400);
        CHECK(changed.body.find("description must be text") != std::string::npos);
    }

    const auto page = daemon.json(
        "/api/v1/records/contact?filter=last_name:=:%E7%8E%8B&fields=first_name&total=true");
    REQUIRE(page["records"].size() == 1);
    CHECK(page["records"][0]["fields"] == json{{"first_name", "伟"}});
    CHECK(page["total"] == 1);
    CHECK(page["next"].is_null());

    const auto csv = daemon.get("/api/v1/records/contact?format=csv&fields=last_name,first_name");
    CHECK(csv.headers.at("content-type") == "text/csv; charset=utf-8");
    CHECK(csv.body.find("王,伟\r\n") != std::string::npos);
    CHECK(csv.body.rfind("id,last_name,first_name\r\n", 0) == 0);
    REQUIRE(daemon
                .send("POST", "/api/v1/records/contact",
                      {{"fields", {{"last_name", "=1+1"}, {"phone", "-5"}}}})
                .status == 201);
    const std::string formulas = "/api/v1/records/contact?format=csv&fields=last_name,phone";
    CHECK(daemon.get(formulas).body.find(",=1+1,-5\r\n") != std::string::npos);
    CHECK(daemon.get(formulas + "&defuse=true").body.find(",'=1+1,-5\r\n") != std::string::npos);

    const auto history = daemon.json(path + "/history");
    CHECK(history["entries"][0]["new"] == "伟");
    CHECK(history["entries"][0]["actor"] == "uid:" + std::to_string(::geteuid()));
    const auto why = daemon.json(path + "/why/first_name");
    CHECK(why["value"] == "伟");

    auto undone = daemon.send("POST", "/api/v1/undo",
                              {{"change", history["entries"][0]["seq"]}, {"preview", true}});
    INFO(undone.body);
    CHECK(daemon.send("POST", "/api/v1/undo", {{"since", -1}}).status == 400);
    CHECK(json::parse(undone.body)["undone"] == 1);
    undone = daemon.send("POST", "/api/v1/undo", {{"change", history["entries"][0]["seq"]}});
    CHECK(undone.status == 200);
    CHECK(daemon.json(path)["fields"]["first_name"].is_null());

    CHECK(daemon.send("DELETE", path, nullptr).status == 200);
    CHECK(daemon.get(path).status == 404);
}

TEST_CASE("a filter takes the beginning of a time, and none that no time has", "[daemon][api]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    REQUIRE(daemon
                .send("POST", "/api/v1/records/contact",
                      {{"fields", {{"last_name", "A"}, {"date_of_birth", "1996-02-29"}}}})
                .status == 201);
    const auto found = [&](const std::string& filter) {
        const auto answer = daemon.get("/api/v1/records/contact?filter=date_of_birth:" + filter);
        return answer.status == 200 ? static_cast<int>(json::parse(answer.body)["records"].size())
                                    : -answer.status;
    };
    for (const char* part : {"1", "19", "1996", "1996-", "1996-0", "1996-02", "1996-02-2"})
        CHECK(found(std::string("=:") + part) == 1);
    CHECK(found("=:1996-1") == 0);
    CHECK(found("=:1995-02-2") == 0);
    for (const char* none :
         {"1996-13", "1996-2", "1996-02-3", "1996-02-30", "1995-02-29", "x", "-"})
        CHECK(found(std::string("=:") + none) == -400);
}

TEST_CASE("what conflicts and runs are chosen by has to be there", "[daemon][api]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    CHECK(daemon.get("/api/v1/conflicts").status == 200);
    for (const char* unknown :
         {"conflicts?entity=contcat", "conflicts?connection=nope", "conflicts?field=nope",
          "job-runs?job=nope", "runs?connection=nope"}) {
        CAPTURE(unknown);
        CHECK(daemon.get(std::string("/api/v1/") + unknown).status == 404);
    }
    const auto many = daemon.send("POST", "/api/v1/conflicts/resolve",
                                  {{"choose", "ours"}, {"connection", "nope"}});
    CHECK(many.status == 404);
    CHECK(json::parse(many.body)["args"]["reason"] == "no_connection");
}

TEST_CASE("the last change of a value is found however many others have come since",
          "[daemon][api]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    const auto made = daemon.send("POST", "/api/v1/records/contact",
                                  {{"fields", {{"last_name", "Li"}, {"phone", "1"}}}});
    REQUIRE(made.status == 201);
    const auto path = "/api/v1/records/contact/1";
    REQUIRE(daemon.send("PATCH", path, {{"fields", {{"phone", "2"}}}}).status == 200);
    for (int i = 0; i < 1'010; ++i) {
        const auto statement = "UPDATE contact SET title = 'T" + std::to_string(i) + "'";
        const auto done =
            daemon.send("POST", "/api/v1/sql", {{"query", statement}, {"read_only", false}});
        INFO(done.body);
        REQUIRE(done.status == 200);
    }
    const auto undo = [&](const char* field) {
        return daemon.send("POST", "/api/v1/undo",
                           {{"record", {{"entity", "contact"}, {"id", 1}, {"field", field}}}});
    };
    const auto undone = undo("phone");
    INFO(undone.body);
    REQUIRE(undone.status == 200);
    CHECK(daemon.json(path)["fields"]["phone"] == "1");
    CHECK(undo("email").status == 404);
}

TEST_CASE("an undo tells what references lead to", "[daemon][api]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    const auto make = [&](const std::string& entity, const json& fields) {
        return daemon.send("POST", "/api/v1/records/" + entity, {{"fields", fields}}).status;
    };
    REQUIRE(make("account", {{"name", "Acme"}}) == 201);
    REQUIRE(make("account", {{"name", "Zylker"}}) == 201);
    REQUIRE(make("contact", {{"last_name", "Li"}, {"account_id", 1}}) == 201);
    REQUIRE(daemon.send("PATCH", "/api/v1/records/contact/1", {{"fields", {{"account_id", 2}}}})
                .status == 200);
    for (const bool preview : {true, false}) {
        const auto undone = json::parse(
            daemon
                .send("POST", "/api/v1/undo",
                      {{"record", {{"entity", "contact"}, {"id", 1}}}, {"preview", preview}})
                .body);
        INFO(undone.dump());
        const auto& change = undone["changes"][0];
        CHECK(change["then"] == 1);
        CHECK(change["records"]["then"] ==
              json{{"entity", "account"}, {"id", 1}, {"name", "Acme"}});
        CHECK(change["records"]["now"]["name"] == "Zylker");
    }
}

TEST_CASE("filters understand values as people give them", "[daemon][api]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    const auto make = [&](const std::string& entity, const json& fields) {
        const auto made =
            daemon.send("POST", "/api/v1/records/" + entity, json{{"fields", fields}});
        INFO(made.body);
        REQUIRE(made.status == 201);
    };
    make("call", {{"subject", "one"}, {"start_at", "2026-01-31T09:00:00Z"}});
    make("call", {{"subject", "two"}, {"start_at", "2026-01-31T23:30:00Z"}});
    make("task", {{"subject", "one"}, {"due_date", "2026-01-31"}});
    make("task", {{"subject", "two"}, {"due_date", "2026-02-01"}});
    const auto found = [&](const std::string& entity, const std::string& filter) {
        const auto page =
            daemon.json("/api/v1/records/" + entity + "?fields=subject&filter=" + filter);
        std::string out;
        for (const auto& record : page["records"])
            out += record["fields"]["subject"].get<std::string>() + " ";
        return out;
    };
    // The same instant, written otherwise.
    CHECK(found("call", "start_at:%3D:2026-01-31T17:00:00%2B08:00") == "one ");
    CHECK(found("call", "start_at:%3E%3D:2026-01-31T09:00:00Z") == "one two ");
    CHECK(found("call", "start_at:%3E:2026-01-31T09:00:00Z") == "two ");
    // A beginning stands for all that begins so.
    CHECK(found("call", "start_at:%3D:2026-01-31") == "one two ");
    CHECK(found("call", "start_at:%3C%3D:2026-01-31") == "one two ");
    CHECK(found("call", "start_at:%3E:2026-01-31").empty());
    CHECK(found("task", "due_date:%3D:2026-01") == "one ");
    CHECK(found("task", "due_date:%3C:2026-02") == "one ");
    CHECK(found("task", "owner_id:%3D:user:1").empty());

    const auto refused = [&](const std::string& filter, const std::string& wants) {
        const auto answer = daemon.get("/api/v1/records/" + filter);
        INFO(filter << ": " << answer.body);
        CHECK(answer.status == 400);
        CHECK(answer.body.find(wants) != std::string::npos);
    };
    refused("call?filter=start_at:%3D:yesterday", "a time such as");
    refused("call?filter=start_at:!%3D:2026-01", "a time such as");
    refused("task?filter=due_date:in:2026-01,2026-02", "a date, YYYY-MM-DD");
    refused("task?filter=owner_id:%3D:contact:1", "the id of a record of user");
}

TEST_CASE("the last change of a record is the last that anybody made", "[daemon][api]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    REQUIRE(
        daemon.send("POST", "/api/v1/records/contact", {{"fields", {{"last_name", "A"}}}}).status ==
        201);
    const std::string path = "/api/v1/records/contact/1";
    REQUIRE(daemon.send("PATCH", path, {{"fields", {{"last_name", "B"}}}}).status == 200);
    // Entries of one millisecond are one change.
    const auto edited = SystemClock().now();
    while (SystemClock().now() == edited) continue;
    // As after a sync: the remote's own stamp of that edit comes back.
    REQUIRE(daemon
                .send("POST", "/api/v1/sql",
                      {{"query",
                        "UPDATE contact SET remote_modified_at ="
                        " '2026-05-01T08:00:00.000Z'"},
                       {"read_only", false}})
                .status == 200);
    {
        // And a value that had only not arrived yet.
        replica::OpenOptions options;
        options.access = replica::Access::kEngine;
        auto db = replica::Database::open(daemon.dir.path("state/replica.db"), options);
        REQUIRE(db);
        REQUIRE(db->execute(
            "UPDATE contact SET title = 'x';"
            "INSERT INTO kontor_history(entity, record, field, op, at, run, rule)"
            " SELECT f.entity, 1, f.id, 'u', '2026-05-02T08:00:00.000Z', 1, 'reference_arrived'"
            " FROM kontor_field f JOIN kontor_entity e ON e.id = f.entity"
            " WHERE e.name = 'contact' AND f.name = 'title'"));
        // And one that a sync has put back, for no remote takes it.
        REQUIRE(db->execute(
            "INSERT INTO kontor_history(entity, record, field, op, old, at, rule)"
            " SELECT f.entity, 1, f.id, 'u', 'typed', '2026-05-02T09:00:00.000Z', 'read_only'"
            " FROM kontor_field f JOIN kontor_entity e ON e.id = f.entity"
            " WHERE e.name = 'contact' AND f.name = 'department'"));
    }
    const auto undone =
        daemon.send("POST", "/api/v1/undo", {{"record", {{"entity", "contact"}, {"id", 1}}}});
    INFO(undone.body);
    CHECK(json::parse(undone.body)["undone"] == 1);
    CHECK(json::parse(undone.body)["skipped"] == 0);
    CHECK(daemon.json(path)["fields"]["last_name"] == "A");
    CHECK(daemon.json(path)["fields"]["title"] == "x");
}

TEST_CASE("an edit that waits for another program keeps nobody else waiting", "[daemon][api]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    REQUIRE(daemon.send("POST", "/api/v1/records/contact", {{"fields", {{"last_name", "Li"}}}})
                .status == 201);
    const std::string path = "/api/v1/records/contact/1";
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open(daemon.dir.path("state/replica.db").c_str(), &other) == SQLITE_OK);
    REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
    std::atomic<int> status{0};
    std::thread edit([&] {
        status = daemon.send("PATCH", path, {{"fields", {{"phone", "1"}}}}).status;
    });
    for (int i = 0; i < 20; ++i) {
        CHECK(daemon.get(path).status == 200);
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    CHECK(status == 0);
    CHECK(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK);
    edit.join();
    sqlite3_close(other);
    CHECK(status == 200);
    CHECK(daemon.json(path)["fields"]["phone"] == "1");
}

TEST_CASE("a client that sends on before it reads gets all answers, in order", "[daemon][api]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    const std::string note(200'000, 'x');
    REQUIRE(daemon
                .send("POST", "/api/v1/records/contact",
                      {{"fields", {{"last_name", "Li"}, {"description", note}}}})
                .status == 201);
    test::RawConnection client(daemon.socket());
    std::string requests;
    constexpr int kCount = 40;  // more than a socket's buffer holds
    for (int i = 0; i < kCount; ++i)
        requests += "GET /api/v1/records/contact/1 HTTP/1.1\r\nHost: x\r\n" +
                    std::string(i == kCount - 1 ? "Connection: close\r\n" : "") + "\r\n";
    REQUIRE(client.send(requests));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const auto all = client.read_all();
    int answers = 0;
    for (auto at = all.find("HTTP/1.1 200"); at != std::string::npos;
         at = all.find("HTTP/1.1 200", at + 1))
        ++answers;
    CHECK(answers == kCount);
    CHECK(all.size() > kCount * note.size());
    CHECK(all.ends_with("}}"));
}

TEST_CASE("each edit by plain SQL is noticed, also after a quiet time", "[daemon][api]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open(daemon.dir.path("state/replica.db").c_str(), &other) == SQLITE_OK);
    sqlite3_busy_timeout(other, 10'000);
    for (int i = 0; i < 3; ++i) {
        test::RawConnection events(daemon.socket());
        REQUIRE(events.send("GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n"));
        REQUIRE(events.read_until("retry:").find("retry:") != std::string::npos);
        REQUIRE(sqlite3_exec(other, "INSERT INTO contact(last_name) VALUES('Li')", nullptr, nullptr,
                             nullptr) == SQLITE_OK);
        const auto one = events.read_until("event: replica.changed");
        CHECK(one.find("event: replica.changed") != std::string::npos);
        if (i == 1) std::this_thread::sleep_for(std::chrono::milliseconds(2'500));
    }
    sqlite3_close(other);
}

TEST_CASE("mistakes are problems with a code, a place and a hint", "[daemon][api]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    const auto code_of = [](const test::Answer& answer) {
        CHECK(answer.headers.at("content-type") == "application/problem+json");
        return json::parse(answer.body)["code"].get<std::string>();
    };
    CHECK(code_of(daemon.get("/api/v1/records/contcat")) == "not_found");
    CHECK(code_of(daemon.get("/api/v1/records/contact?filter=last_name")) == "invalid");
    CHECK(code_of(daemon.get("/api/v1/records/contact?limit=99999999")) == "invalid");
    // What could never be found is no filter.
    for (const char* wrong : {"filter=amount:%3E=:abc", "filter=amount:in:1,x",
                              "filter=amount:=:", "filter=closing_date:%3C:soon", "filter=id:=:x",
                              "sort=", "fields=", "fields=,"})
        CHECK(code_of(daemon.get(std::string("/api/v1/records/deal?") + wrong)) == "invalid");
    for (const char* right : {"filter=amount:%3E=:2.5", "filter=closing_date:%3C:2026-05",
                              "filter=name:=:abc", "filter=owner_id:isnull", "sort=-amount"})
        CHECK(daemon.get(std::string("/api/v1/records/deal?") + right).status == 200);
    CHECK(code_of(daemon.get("/api/v1/records/contact/0")) == "invalid");
    CHECK(daemon.get("/api/v1/records/contact/abc")
              .body.find("id must be a positive whole number, not 'abc'") != std::string::npos);
    CHECK(code_of(daemon.send("POST", "/api/v1/records/contact",
                              {{"fields", {{"lst_name", "x"}}}})) == "not_found");
    CHECK(code_of(daemon.send("POST", "/api/v1/records/contact", {{"felds", 1}})) == "invalid");
    CHECK(daemon.get("/nowhere").status == 404);
    CHECK(daemon.send("PATCH", "/api/v1/status", {}).status == 405);

    const auto chinese = test::call(daemon.socket(), "GET", "/api/v1/records/contact/999", "",
                                    {{"Accept-Language", "zh-CN"}});
    CHECK(json::parse(chinese.body)["message"].get<std::string>().rfind("没有记录 contact 999",
                                                                        0) == 0);
    const auto meant = daemon.get("/api/v1/records/contcat");
    CHECK(json::parse(meant.body)["hint"] == "Did you mean contact?");
}

TEST_CASE("hostile requests are refused with a reason, and the daemon goes on", "[daemon][api]") {
    test::Daemon daemon(
        "[api]\nread_timeout = \"200ms\"\nidle_timeout = \"300ms\"\nconnections = 4\n");
    REQUIRE(daemon.start());
    const auto status_of = [&](const std::string& text) {
        test::RawConnection connection(daemon.socket());
        connection.send(text);
        return test::parse_answer(connection.read_all()).status;
    };
    const std::string post = "POST /api/v1/sql HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    CHECK(status_of("nonsense\r\n\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n") == 431);
    CHECK(status_of(post + "Content-Length: 99999999\r\n\r\n") == 413);
    CHECK(status_of("GET /%zz HTTP/1.1\r\nConnection: close\r\n\r\n") == 400);
    CHECK(status_of(post + "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}") == 415);
    const std::string deep(200, '[');
    CHECK(daemon.send("POST", "/api/v1/sql", "x").status == 400);
    CHECK(test::call(daemon.socket(), "POST", "/api/v1/sql", "{\"query\":" + deep).status == 400);
    // A request that never ends is cut off.
    test::RawConnection slow(daemon.socket());
    slow.send(post + "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
    CHECK(slow.read_all().size() < 1'000);
    {
        std::vector<std::unique_ptr<test::RawConnection>> many;
        for (int i = 0; i < 4; ++i)
            many.push_back(std::make_unique<test::RawConnection>(daemon.socket()));
        test::RawConnection last(daemon.socket());
        CHECK(test::parse_answer(last.read_all()).status == 503);
    }
    CHECK(daemon.until("/healthz", [](const json& j) { return j["status"] == "ok"; }));
}

TEST_CASE("the socket is ours alone", "[daemon][api]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    struct stat status {};
    REQUIRE(::stat(daemon.socket().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    REQUIRE(::stat(daemon.dir.path("run").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0700);
}

TEST_CASE("SQL reads, writes only when said, and stays within bounds", "[daemon][api]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    const auto sql = [&](const json& body) { return daemon.send("POST", "/api/v1/sql", body); };
    auto answer = sql({{"query", "INSERT INTO contact(last_name) VALUES('A')"}});
    CHECK(answer.status == 403);
    answer = sql({{"query", "INSERT INTO contact(last_name) VALUES(?)"},
                  {"params", {"B"}},
                  {"read_only", false}});
    INFO(answer.body);
    CHECK(answer.status == 200);
    answer = sql({{"query", "SELECT id, last_name FROM contact"}});
    CHECK(json::parse(answer.body)["rows"] == json::array({json::array({1, "B"})}));
    answer = sql({{"query", "SELECT x'00ff', x'', 'ÿ'"}});
    CHECK(json::parse(answer.body)["rows"] == json::array({json::array({"x'00ff'", "x''", "ÿ"})}));
    CHECK(sql({{"query", "SELECT 1; DELETE FROM contact"}, {"read_only", false}}).status == 400);
    CHECK(sql({{"query", "DELETE FROM kontor_history"}, {"read_only", false}}).status == 400);
    CHECK(sql({{"query", "DROP TABLE contact"}, {"read_only", false}}).status == 400);
    CHECK(sql({{"query", "ATTACH '/tmp/x' AS x"}, {"read_only", false}}).status == 400);
    CHECK(sql({{"query", "SELEC"}}).status == 400);
    for (const int limit : {0, -1, 100'001})
        CHECK(sql({{"query", "SELECT 1"}, {"limit", limit}}).status == 400);
    CHECK(sql({{"query", "SELECT load_extension('x')"}}).status == 400);
    CHECK(sql({{"query", "SELECT fts3_tokenizer('simple')"}}).status == 400);
    // No more than 32 MiB in one value, in one row, in all.
    CHECK(sql({{"query", "SELECT zeroblob(40000000)"}}).status == 400);
    answer = sql({{"query", "SELECT zeroblob(12000000), zeroblob(12000000)"}});
    CHECK(answer.body.size() < 1'000);
    CHECK(json::parse(answer.body)["truncated"] == true);
    CHECK(daemon.json("/api/v1/records/contact/1/history")["entries"][0]["actor"] ==
          "uid:" + std::to_string(::geteuid()));
}

TEST_CASE("new records are found", "[daemon][api][search]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    REQUIRE(
        daemon.send("POST", "/api/v1/records/contact", {{"fields", {{"last_name", "Lovelace"}}}})
            .status == 201);
    CHECK(daemon.until("/api/v1/search?q=lovelace",
                       [](const json& j) { return j["hits"].size() == 1; }));
}

TEST_CASE("what has just been written is found by the next search", "[daemon][api][search]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    for (const char* name : {"Lovelace", "Hopper", "Hamilton"}) {
        REQUIRE(daemon.send("POST", "/api/v1/records/contact", {{"fields", {{"last_name", name}}}})
                    .status == 201);
        const auto found = daemon.json("/api/v1/search?q=" + std::string(name));
        CHECK(found["hits"].size() == 1);
        CHECK(found["complete"] == true);
    }
}

TEST_CASE("the daemon examines itself", "[daemon][api]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    const auto found = daemon.json("/api/v1/doctor");
    INFO(found.dump(1));
    CHECK(found["checks"].size() >= 6);
    for (const auto& check : found["checks"])
        if (check["check"] != "disk") CHECK(check["ok"] == true);
}
