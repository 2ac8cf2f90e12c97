// What the oracles leave out is told by the simulated remote: no more than nobody could know.
#include "tests/simulation/server.hpp"

#include <catch2/catch.hpp>

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
