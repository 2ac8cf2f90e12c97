// The functions that a plugin is given, called as a plugin calls them.

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "connectors/host/services.hpp"
#include "tests/connectors/host/support.hpp"

using namespace kontor;
using namespace kontor::host;
using namespace kontor::host::test;

namespace {

kontor_str str(std::string_view text) {
    return {text.data(), text.size()};
}
std::string text(kontor_str value) {
    return value.data ? std::string(value.data, value.size) : std::string();
}

struct Setup {
    TempDir dir;
    FakeClock clock;
    FakeSleeper sleeper{clock};
    SeededRandom random{7};
    ScriptedHttp http;
    FixedCredentials auth{{}};
    AllowList hosts;
    Redactor redactor;
    CapturingLogger captured;
    RedactingLogger log{captured, redactor};
    Budgets budgets{{}, clock, sleeper, dir / "credits.json"};
    Requester requester{{.http = http,
                         .hosts = hosts,
                         .auth = auth,
                         .budgets = budgets,
                         .clock = clock,
                         .random = random,
                         .sleeper = sleeper,
                         .log = log}};
    GrantedFiles files{{{"inbox", {dir / "in", false}}, {"outbox", {dir / "out", true}}}};
    std::vector<Progress> progress;
    Services services{{.requester = requester,
                       .files = files,
                       .clock = clock,
                       .random = random,
                       .sleeper = sleeper,
                       .log = log,
                       .redactor = redactor,
                       .on_progress = [this](const Progress& p) { progress.push_back(p); },
                       .state_file = dir / "state"}};
    const kontor_host* host = services.table();

    Setup() {
        REQUIRE(hosts.add("https://crm.example"));
        std::filesystem::create_directories(dir / "in/2026");
        std::filesystem::create_directories(dir / "out");
        std::ofstream(dir / "in/2026/a.csv") << "a,b\n1,2\n";
        std::ofstream(dir / "secret") << "not for plugins";
        services.begin_call(nullptr);
    }
    kontor_status http_call(const std::string& head, kontor_http_response* out,
                            const std::string& body = "") {
        return host->http(host->ctx, str(head), str(body), out);
    }
};

}  // namespace

TEST_CASE("a plugin's request is carried out as it says") {
    Setup s;
    s.http.next.push_back(answer(207, "body", {{"x-a", "1"}}));
    kontor_http_response out;
    REQUIRE(s.http_call(R"({"method":"POST","url":"https://crm.example/x","headers":{"X-B":"2"},
                           "lane":"write","credits":10,"later":true})",
                        &out, "{}") == KONTOR_OK);
    CHECK(out.status == 207);
    CHECK(text(out.body) == "body");
    CHECK(text(out.headers) == R"({"x-a":"1"})");
    CHECK(out.spool == -1);
    CHECK(s.http.seen[0].method == "POST");
    CHECK(s.http.seen[0].headers.at("X-B") == "2");
    CHECK(s.http.seen[0].body == "{}");
    CHECK(s.budgets.spending().spent == 10);
}

TEST_CASE("a server that answers that it cannot is told apart from one that is not reached") {
    Setup s;
    kontor_http_response out;
    const std::string head = R"({"method":"POST","url":"https://crm.example/x"})";
    s.http.next.push_back(answer(503, "busy"));
    REQUIRE(s.http_call(head, &out) == KONTOR_OK);
    s.host->set_error(s.host->ctx, str("Contacts: HTTP 503"), str("{}"));
    const auto answered = s.services.end_call(KONTOR_E_UNAVAILABLE);
    REQUIRE_FALSE(answered);
    CHECK(answered.error().code == Errc::kUnavailable);
    CHECK(answered.error().message == "Contacts: HTTP 503");
    CHECK(answered.error().args.at("reason") == "net_status");
    CHECK(answered.error().args.at("status") == "503");
    // So is one that says it in an answer of HTTP 200.
    s.services.begin_call(nullptr);
    s.http.next.push_back(answer(200, R"({"errorCode":50009})"));
    REQUIRE(s.http_call(head, &out) == KONTOR_OK);
    s.host->set_error(s.host->ctx, str("Contacts: temporarily unavailable"), str("{}"));
    const auto said = s.services.end_call(KONTOR_E_UNAVAILABLE);
    REQUIRE_FALSE(said);
    CHECK(said.error().args.at("reason") == "net_said");
    CHECK_FALSE(said.error().args.contains("status"));
    // Of another call, what was answered before says nothing.
    s.services.begin_call(nullptr);
    s.http.next.push_back(fail(Errc::kUnavailable, "cut", {{"reason", "net_cut"}}));
    CHECK(s.http_call(head, &out) == KONTOR_E_UNAVAILABLE);
    const auto cut = s.services.end_call(KONTOR_E_UNAVAILABLE);
    REQUIRE_FALSE(cut);
    CHECK(cut.error().args.at("reason") == "net_cut");
}

TEST_CASE("a write that a proxy has let nothing of through was not carried out, and says so") {
    Setup s;
    s.http.next.push_back(
        fail(Errc::kProxy, "the proxy answers 407", {{"proxy", "http://p"}, {kSentArg, "no"}}));
    kontor_http_response out;
    const auto status =
        s.http_call(R"({"method":"POST","url":"https://crm.example/x","credits":10})", &out, "{}");
    // A connector takes UNAVAILABLE, TIMEOUT, PROTOCOL and INTERNAL for "perhaps carried out".
    CHECK(status == KONTOR_E_UNAUTHENTICATED);
    CHECK(s.budgets.spending().spent == 0);
    const auto ended = s.services.end_call(status);
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == Errc::kProxy);
    CHECK(ended.error().args.at("proxy") == "http://p");
}

TEST_CASE("a request that is malformed, goes elsewhere or plays the host is refused") {
    Setup s;
    kontor_http_response out;
    for (const char* head :
         {"", "[]", "{", R"({"url":"https://user:pw@crm.example/"})", R"({"url":""})",
          R"({"url":"https://crm.example/","headers":{"Host":"evil.example"}})",
          R"({"url":"https://crm.example/","headers":{"Authorization":"Bearer x"}})",
          R"({"url":"https://crm.example/","headers":{"Transfer-Encoding":"chunked"}})",
          R"({"url":"https://crm.example/","headers":{"X":1}})",
          R"({"url":"https://crm.example/","credits":-1})"}) {
        INFO(head);
        CHECK(s.http_call(head, &out) == KONTOR_E_INVALID);
    }
    CHECK(s.http_call(R"({"url":"https://evil.example/"})", &out) == KONTOR_E_PERMISSION);
    CHECK(s.http_call(R"({"url":"https://crm.example/"})", nullptr) == KONTOR_E_INVALID);
    CHECK(s.http.seen.empty());
}

TEST_CASE("a request ahead of time is sent at once and read later") {
    Setup s;
    std::int64_t ticket = 0;
    kontor_http_response out;
    const std::string head =
        R"({"method":"POST","url":"https://crm.example/q","idempotent":true,"credits":3})";
    REQUIRE(s.host->http_begin(s.host->ctx, str(head), str("query"), &ticket) == KONTOR_OK);
    REQUIRE(s.http.seen.size() == 1);
    CHECK(s.http.seen[0].body == "query");
    CHECK(s.budgets.spending().spent == 3);
    s.http.arrives = false;
    CHECK(s.host->http_arrived(s.host->ctx, ticket) == 0);
    s.http.arrives = true;
    CHECK(s.host->http_arrived(s.host->ctx, ticket) == 1);
    s.http.next.push_back(answer(200, "body"));
    REQUIRE(s.host->http_finish(s.host->ctx, ticket, &out) == KONTOR_OK);
    CHECK(text(out.body) == "body");
    CHECK(s.host->http_finish(s.host->ctx, ticket, &out) == KONTOR_E_INVALID);
    CHECK(s.host->http_arrived(s.host->ctx, ticket) == 0);
    CHECK(s.http.under_way == 0);
    CHECK(s.http.seen.size() == 1);
    CHECK(s.budgets.spending().spent == 3);
}

TEST_CASE("a request ahead of time that fails is tried again as any other") {
    Setup s;
    std::int64_t ticket = 0;
    kontor_http_response out;
    const auto head = str(R"({"url":"https://crm.example/x"})");
    SECTION("on the way") {
        s.http.next.push_back(fail(Errc::kUnavailable, "cut"));
    }
    SECTION("there") {
        s.http.next.push_back(answer(503));
    }
    s.http.next.push_back(answer(200, "body"));
    REQUIRE(s.host->http_begin(s.host->ctx, head, str(""), &ticket) == KONTOR_OK);
    REQUIRE(s.host->http_finish(s.host->ctx, ticket, &out) == KONTOR_OK);
    CHECK(text(out.body) == "body");
    CHECK(s.http.seen.size() == 2);
    CHECK(s.sleeper.waits.size() == 1);
}

TEST_CASE("what cannot be sent ahead of time is sent when it is finished") {
    Setup s;
    std::int64_t ticket = 0;
    kontor_http_response out;
    std::string url = "https://crm.example/x";
    kontor_status expected = KONTOR_OK;
    SECTION("libcurl would not") {
        s.http.refuse_to_begin = true;
    }
    SECTION("it goes elsewhere, and is refused then") {
        url = "https://evil.example/";
        expected = KONTOR_E_PERMISSION;
    }
    const std::string head = R"({"url":")" + url + "\"}";
    REQUIRE(s.host->http_begin(s.host->ctx, str(head), str(""), &ticket) == KONTOR_OK);
    CHECK(s.host->http_arrived(s.host->ctx, ticket) == 0);
    CHECK(s.budgets.spending().spent == 0);
    s.http.next.push_back(answer(200, "body"));
    CHECK(s.host->http_finish(s.host->ctx, ticket, &out) == expected);
    CHECK(s.http.under_way == 0);
}

TEST_CASE("requests do not run ahead without end") {
    Setup s;
    std::int64_t ticket = 0;
    const auto begin = [&](const char* head) {
        return s.host->http_begin(s.host->ctx, str(head), str(""), &ticket);
    };
    CHECK(begin("[") == KONTOR_E_INVALID);
    for (std::size_t i = 0; i < Services::kBegunMax; ++i)
        REQUIRE(begin(R"({"url":"https://crm.example/"})") == KONTOR_OK);
    CHECK(begin(R"({"url":"https://crm.example/"})") == KONTOR_E_INVALID);
    CHECK(s.http.under_way == static_cast<int>(Services::kBegunMax));
    CHECK(s.services.end_call(KONTOR_OK));
    CHECK(s.http.under_way == 0);  // given up with the plugin's call
}

TEST_CASE("cancellation ends requests ahead of time") {
    Setup s;
    std::int64_t ticket = 0, late = 0;
    kontor_http_response out;
    const auto head = str(R"({"url":"https://crm.example/x"})");
    REQUIRE(s.host->http_begin(s.host->ctx, head, str(""), &ticket) == KONTOR_OK);
    s.sleeper.stopped = true;
    CHECK(s.host->http_finish(s.host->ctx, ticket, &out) == KONTOR_E_CANCELLED);
    CHECK(s.http.under_way == 0);
    REQUIRE(s.host->http_begin(s.host->ctx, head, str(""), &late) == KONTOR_OK);
    CHECK(s.http.seen.size() == 1);
    CHECK(s.host->http_finish(s.host->ctx, late, &out) == KONTOR_E_CANCELLED);
}

TEST_CASE("a plugin that returns a host's status without a word gets the host's explanation") {
    Setup s;
    kontor_http_response out;
    CHECK(s.http_call(R"({"url":"https://evil.example/"})", &out) == KONTOR_E_PERMISSION);
    const auto same = s.services.end_call(KONTOR_E_PERMISSION);
    REQUIRE_FALSE(same);
    CHECK(same.error().args.at("host") == "https://evil.example");
    s.services.begin_call(nullptr);
    const auto other = s.services.end_call(KONTOR_E_PROTOCOL);
    REQUIRE_FALSE(other);
    CHECK(other.error().code == Errc::kProtocol);
    CHECK(other.error().args.empty());
}

TEST_CASE("what a plugin says of an error is kept, cut and cleared of secrets") {
    Setup s;
    s.redactor.add(Secret(std::string("hunter2")));
    s.host->set_error(s.host->ctx, str("it is hunter2 " + std::string(10'000, 'x')),
                      str(R"({"stream":"hunter2","retry_after_ms":2500,"n":3})"));
    const auto got = s.services.end_call(KONTOR_E_RATE_LIMITED);
    REQUIRE_FALSE(got);
    CHECK(got.error().message.starts_with("it is *** x"));
    CHECK(got.error().message.size() <= 4'096);
    CHECK(got.error().args.at("stream") == "***");
    CHECK(got.error().args.at("n") == "3");
    CHECK(got.error().retry_after == 2'500ms);
    s.services.begin_call(nullptr);
    s.host->set_error(s.host->ctx, str("why"), str("[[["));
    CHECK(s.services.end_call(KONTOR_E_INTERNAL).error().message == "why");
}

TEST_CASE("state is kept for the next run, up to its limit") {
    Setup s;
    CHECK(text(s.host->state_get(s.host->ctx)).empty());
    const std::string most(Services::kStateBytesMax, 's');
    CHECK(s.host->state_put(s.host->ctx, str(most)) == KONTOR_OK);
    CHECK(s.host->state_put(s.host->ctx, str(most + "s")) == KONTOR_E_INVALID);
    Setup other;
    std::filesystem::copy_file(s.dir / "state", other.dir / "state");
    CHECK(text(other.host->state_get(other.host->ctx)) == most);
    CHECK(other.host->state_put(other.host->ctx, str("")) == KONTOR_OK);
    CHECK(text(other.host->state_get(other.host->ctx)).empty());
}

TEST_CASE("a plugin's log lines and progress arrive, whatever they hold") {
    Setup s;
    s.redactor.add(Secret(std::string("hunter2")));
    s.host->log(s.host->ctx, 0, str("pull page"), str(R"({"n":200,"t":"x hunter2","o":{"a":1}})"));
    s.host->log(s.host->ctx, 99, str("odd"), str("{{{"));
    s.host->log(s.host->ctx, -1, {nullptr, 0}, {nullptr, 0});
    CHECK(s.captured.text == "pull_page n=200 o={\"a\":1} t=x ***\nodd fields=malformed\n\n");
    s.host->progress(s.host->ctx, str(R"({"stage":"bulk_wait","done":1,"total":3})"));
    s.host->progress(s.host->ctx, str("nonsense"));
    REQUIRE(s.progress.size() == 1);
    CHECK(s.progress[0].stage == "bulk_wait");
    CHECK(s.progress[0].total == 3);
}

TEST_CASE("time, chance, sleep and cancellation are the host's") {
    Setup s;
    CHECK(s.host->now_ms(s.host->ctx) == 1'790'000'000'000);
    CHECK(s.host->random(s.host->ctx) != s.host->random(s.host->ctx));
    s.host->sleep_ms(s.host->ctx, 1'500);
    s.host->sleep_ms(s.host->ctx, -5);
    CHECK(s.host->now_ms(s.host->ctx) == 1'790'000'001'500);
    CHECK(s.host->cancelled(s.host->ctx) == 0);
    s.sleeper.stopped = true;
    CHECK(s.host->cancelled(s.host->ctx) != 0);
    kontor_http_response out;
    CHECK(s.http_call(R"({"url":"https://crm.example/"})", &out) == KONTOR_E_CANCELLED);
    const Services::Emit emit = [](std::string_view, std::string_view) -> Result<> { return {}; };
    s.services.begin_call(&emit);
    CHECK(s.host->emit(s.host->ctx, str("x"), str("")) == KONTOR_E_CANCELLED);
}

TEST_CASE("emit belongs to calls that take records") {
    Setup s;
    CHECK(s.host->emit(s.host->ctx, str("x"), str("")) == KONTOR_E_INVALID);
}

TEST_CASE("granted files can be listed, read and, where allowed, written") {
    Setup s;
    kontor_str listing;
    REQUIRE(s.host->file_list(s.host->ctx, str("inbox"), &listing) == KONTOR_OK);
    CHECK(text(listing).find(R"("path":"inbox/2026/a.csv","size":8)") != std::string::npos);
    std::int64_t file = 0;
    REQUIRE(s.host->file_open(s.host->ctx, str("inbox/2026/a.csv"), 0, &file) == KONTOR_OK);
    char buffer[16];
    std::size_t got = 0;
    REQUIRE(s.host->file_read(s.host->ctx, file, 4, buffer, sizeof buffer, &got) == KONTOR_OK);
    CHECK(std::string(buffer, got) == "1,2\n");
    REQUIRE(s.host->file_read(s.host->ctx, file, 100, buffer, sizeof buffer, &got) == KONTOR_OK);
    CHECK(got == 0);
    CHECK(s.host->file_write(s.host->ctx, file, str("x")) == KONTOR_E_PERMISSION);
    s.host->file_close(s.host->ctx, file);
    CHECK(s.host->file_read(s.host->ctx, file, 0, buffer, 1, &got) == KONTOR_E_INVALID);
    REQUIRE(s.host->file_open(s.host->ctx, str("outbox/new.csv"), 1, &file) == KONTOR_OK);
    REQUIRE(s.host->file_write(s.host->ctx, file, str("hello")) == KONTOR_OK);
    // Nobody sees half a file.
    CHECK_FALSE(std::filesystem::exists(s.dir / "out/new.csv"));
    REQUIRE(s.host->file_list(s.host->ctx, str("outbox"), &listing) == KONTOR_OK);
    CHECK(text(listing) == "[]");
    REQUIRE(s.host->file_commit(s.host->ctx, file) == KONTOR_OK);
    CHECK(std::filesystem::file_size(s.dir / "out/new.csv") == 5);
    CHECK(s.host->file_write(s.host->ctx, file, str("more")) == KONTOR_E_PERMISSION);
    CHECK(s.host->file_commit(s.host->ctx, file) == KONTOR_E_INVALID);
    CHECK(s.host->file_open(s.host->ctx, str("outbox/new.csv"), 1, &file) == KONTOR_E_INVALID);

    // Another's file of that name is never replaced, and nothing is left of ours.
    REQUIRE(s.host->file_open(s.host->ctx, str("outbox/late.csv"), 1, &file) == KONTOR_OK);
    std::ofstream(s.dir / "out/late.csv") << "theirs";
    CHECK(s.host->file_commit(s.host->ctx, file) == KONTOR_E_INVALID);
    s.host->file_close(s.host->ctx, file);
    CHECK(std::filesystem::file_size(s.dir / "out/late.csv") == 6);
    REQUIRE(s.host->file_open(s.host->ctx, str("outbox/never.csv"), 1, &file) == KONTOR_OK);
    static_cast<void>(s.services.end_call(KONTOR_OK));
    CHECK(std::distance(std::filesystem::directory_iterator(s.dir / "out"), {}) == 2);
}

TEST_CASE("no path leads out of a grant") {
    Setup s;
    std::filesystem::create_symlink(s.dir / "secret", s.dir / "in/link");
    std::filesystem::create_directory_symlink(s.dir.path(), s.dir / "in/up");
    REQUIRE(::mkfifo((s.dir / "in/pipe").c_str(), 0600) == 0);
    std::int64_t file = 0;
    for (const char* path :
         {"inbox/../secret", "inbox/2026/../../secret", "../secret", "/etc/passwd", "inbox//x",
          "inbox/./2026/a.csv", "inbox/link", "inbox/up/secret", "inbox", "inbox/", "", "other/x",
          "inbox/2026", "inbox/pipe", "inbox/a\\..\\b"}) {
        INFO(path);
        const auto status = s.host->file_open(s.host->ctx, str(path), 0, &file);
        CHECK((status == KONTOR_E_PERMISSION || status == KONTOR_E_NOT_FOUND));
    }
    CHECK(s.host->file_open(s.host->ctx, str(std::string_view("inbox/2026/a.csv\0x", 18)), 0,
                            &file) == KONTOR_E_PERMISSION);
    CHECK(s.host->file_open(s.host->ctx, str("inbox/new"), 1, &file) == KONTOR_E_PERMISSION);
    kontor_str listing;
    for (const char* folder : {"..", "inbox/..", "inbox/up", "/", "secret"})
        CHECK(s.host->file_list(s.host->ctx, str(folder), &listing) != KONTOR_OK);
    REQUIRE(s.host->file_list(s.host->ctx, str("inbox"), &listing) == KONTOR_OK);
    CHECK(text(listing).find("link") == std::string::npos);
    CHECK(text(listing).find("secret") == std::string::npos);
}

TEST_CASE("a plugin cannot hold more files open than allowed, and none after the call") {
    Setup s;
    std::int64_t file = 0;
    for (std::size_t i = 0; i < GrantedFiles::kOpenMax; ++i)
        REQUIRE(s.host->file_open(s.host->ctx, str("inbox/2026/a.csv"), 0, &file) == KONTOR_OK);
    CHECK(s.host->file_open(s.host->ctx, str("inbox/2026/a.csv"), 0, &file) == KONTOR_E_INVALID);
    REQUIRE(s.services.end_call(KONTOR_OK));
    CHECK(s.host->file_open(s.host->ctx, str("inbox/2026/a.csv"), 0, &file) == KONTOR_OK);
}
