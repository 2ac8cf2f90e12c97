// What the oracles leave out is told by the simulated remote: no more than nobody could know. What
// it is asked, and what comes of it, is in the trace (D10).
#include "tests/simulation/server.hpp"

#include <catch2/catch.hpp>

#include "tests/simulation/account.hpp"

using namespace kontor;
using namespace kontor::simulation;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

using Values = std::vector<Value>;

RemoteModel contacts() {
    FieldModel phone, city;
    phone.remote = "Phone";
    phone.columns = {"phone"};
    city.remote = "City";
    city.columns = {"city"};
    RemoteModel out;
    out.streams = {{.name = "Contacts", .entity = "contact", .fields = {phone, city}}};
    return out;
}

ServerTraits stamps_of_minutes() {
    ServerTraits out;
    out.precision = minutes{1};
    return out;
}

struct Minutes {
    WorldTime time;
    Server server{"R0", contacts(), stamps_of_minutes(), time, 1};
    std::string id = server.create("Contacts", {{"Phone", Value("1")}, {"City", Value("a")}}, "x");

    void type(const char* field, const char* value) {
        server.edit("Contacts", id, {{field, Value(value)}}, "colleague");
    }
    std::vector<Value> set_back_from(const char* field) {
        return Server::set_back_from(*server.find("Contacts", id), field);
    }
};

}  // namespace

TEST_CASE("what a field is set back from within the tick of its stamp nobody can tell, nor more",
          "[simulation]") {
    Minutes w;
    w.server.back_up();
    w.time.advance(seconds{10});
    w.type("Phone", "2");
    w.time.advance(minutes{5});
    w.type("City", "b");
    CHECK(w.set_back_from("Phone").empty());  // it is as it was last read
    REQUIRE(w.server.set_back());
    CHECK(w.set_back_from("Phone") == Values{Value("2")});
    CHECK(w.set_back_from("City").empty());  // it was changed under another stamp

    SECTION("until its next change tells") {
        w.time.advance(minutes{1});
        w.type("City", "c");
        CHECK(w.set_back_from("Phone").empty());
    }
    SECTION("and again, if it is set back again") {
        w.time.advance(minutes{1});
        w.type("City", "c");
        REQUIRE(w.server.set_back());
        CHECK(w.set_back_from("Phone") == Values{Value("2")});
    }
}

TEST_CASE("what is set back to an older stamp tells", "[simulation]") {
    Minutes w;
    w.time.advance(seconds{10});
    w.type("Phone", "2");  // before the backup: the tick was over for what it holds
    w.server.back_up();
    w.time.advance(minutes{5});
    w.type("Phone", "3");
    REQUIRE(w.server.set_back());
    CHECK(w.set_back_from("Phone").empty());
    CHECK(w.set_back_from("City").empty());
}

TEST_CASE("a create that arrives twice under its key is no double of itself", "[simulation]") {
    FieldModel email;
    email.remote = "Email";
    RemoteModel model;
    model.streams = {{.name = "Contacts", .entity = "contact", .fields = {email}}};
    ServerTraits traits;
    traits.unique_email = true;
    WorldTime time;
    Server server("R0", model, traits, time, 1);
    remote::Change change;
    change.op = remote::ChangeOp::kCreate;
    change.key = "k";
    change.fields = {{"Email", Value("a@example.com")}};
    const auto first = server.carry_out("Contacts", change, "api");
    const auto second = server.carry_out("Contacts", change, "api");
    CHECK(first.status == remote::PushStatus::kOk);
    CHECK(second.status == remote::PushStatus::kOk);
    CHECK(second.id == first.id);
    change.key = "l";
    CHECK(server.carry_out("Contacts", change, "api").status == remote::PushStatus::kDuplicate);
}

TEST_CASE("what is asked of a remote is in the trace, also where the request is lost",
          "[simulation]") {
    const auto traced = [](const std::function<void(Account&)>& ask) {
        Minutes w;
        Trace trace;
        Account::Hooks hooks;
        hooks.yield = [](std::string_view) {};
        hooks.gone = [] { return false; };
        hooks.violation = [](const std::string& what) { FAIL(what); };
        hooks.parked = [] { return std::set<std::string>(); };
        hooks.known = [](const std::string&, const std::string&) -> std::optional<std::string> {
            return std::nullopt;
        };
        hooks.sent_again = [](Token, const std::string&, std::optional<Instant>) {};
        Account account(w.server, "api", w.time, 1, trace, hooks);
        ask(account);
        return trace.hash();
    };
    class Nowhere final : public remote::RecordSink {
        Result<> accept(std::span<const remote::RecordView>, std::string_view) override {
            return {};
        }
    } nowhere;
    const std::vector<std::string> phone{"Phone"}, city{"City"}, ids{"C1"};

    const auto pushed = [&](const char* value, Fault fault) {
        return traced([&](Account& account) {
            account.arm(fault);
            remote::Change change;
            change.op = remote::ChangeOp::kCreate;
            change.fields = {{"Phone", Value(value)}};
            static_cast<void>(account.push("Contacts", std::span(&change, 1)));
        });
    };
    CHECK(pushed("1", Fault::kLostRequest) == pushed("1", Fault::kLostRequest));
    CHECK(pushed("1", Fault::kLostRequest) != pushed("2", Fault::kLostRequest));
    CHECK(pushed("1", Fault::kLostRequest) != pushed("1", Fault::kRateLimited));
    const auto pulled = [&](const std::vector<std::string>& fields) {
        return traced([&](Account& account) {
            account.arm(Fault::kLostRequest);
            static_cast<void>(account.pull("Contacts", fields, "", nowhere));
        });
    };
    CHECK(pulled(phone) != pulled(city));
    const auto fetched = [&](const std::vector<std::string>& fields) {
        return traced([&](Account& account) {
            account.arm(Fault::kLostRequest);
            static_cast<void>(account.fetch("Contacts", fields, ids, nowhere));
        });
    };
    CHECK(fetched(phone) != fetched(city));
    const auto found = [&](const char* field) {
        return traced([&](Account& account) {
            account.arm(Fault::kLostRequest);
            static_cast<void>(account.find("Contacts", phone, field, ids, nowhere));
        });
    };
    CHECK(found("Phone") != found("City"));
    CHECK(traced([](Account& account) { static_cast<void>(account.describe()); }) !=
          traced([](Account& account) { static_cast<void>(account.credits()); }));
}
