// How the address books are found, and to whom no credentials go.
#include "plugins/carddav/discovery.hpp"

#include <catch2/catch.hpp>

#include "tests/plugins/carddav/fake_book.hpp"

using namespace kontor;
using namespace kontor::carddav;
using namespace kontor::test;

namespace {

Account found_at(FakeBook& book, const std::string& url, std::vector<std::string> books = {}) {
    sdk::Host host(book.host.raw());
    Dav dav(host);
    Options options;
    options.url = url;
    options.books = std::move(books);
    return discover(dav, options);
}

}  // namespace

TEST_CASE("books are found from the server, the home, the user and themselves",
          "[carddav][discovery]") {
    FakeBook book;
    for (const char* url :
         {"https://dav.example.com", "https://dav.example.com/", "https://dav.example.com/dav/",
          "https://dav.example.com/dav/p/alice/", "https://dav.example.com/dav/alice/"}) {
        INFO(url);
        const Account account = found_at(book, url);
        CHECK(account.home == "https://dav.example.com/dav/alice/");
        REQUIRE(account.books.size() == 1);
        CHECK(account.books[0].name == "people");
        CHECK(account.books[0].label == "People");
        CHECK(account.books[0].url == "https://dav.example.com/dav/alice/people/");
        CHECK(account.books[0].can_sync);
        CHECK(account.books[0].may_write);
    }
    const Account one = found_at(book, "https://dav.example.com/dav/alice/people/");
    REQUIRE(one.books.size() == 1);
    CHECK(one.home == "https://dav.example.com/dav/alice/people/");
}

TEST_CASE("a book that may only be read is described so", "[carddav][discovery]") {
    FakeBook book;
    book.may_write = false;
    const auto streams = book.connector().describe();
    REQUIRE(streams.size() == 1);
    CHECK_FALSE(streams[0].capabilities.create);
    CHECK_FALSE(streams[0].capabilities.update);
    CHECK_FALSE(streams[0].capabilities.remove);
    CHECK(streams[0].entity_hint == "contact");
    CHECK(streams[0].capabilities.cas == "batch");
    CHECK(book.connector().check().org_id == "https://dav.example.com/dav/alice/");
}

TEST_CASE("books are chosen by name", "[carddav][discovery]") {
    FakeBook book;
    CHECK(found_at(book, "https://dav.example.com", {"people"}).books.size() == 1);
    CHECK_THROWS_WITH(found_at(book, "https://dav.example.com", {"other"}),
                      "option books: there is no address book other");
}

TEST_CASE("no credentials follow the server to another one", "[carddav][discovery]") {
    FakeBook book;
    for (const bool by_redirect : {true, false}) {
        book.host.handler = [&](const FakeRequest&) {
            FakeResponse out;
            if (by_redirect) {
                out.status = 301;
                out.headers["location"] = "https://evil.example.org/dav/";
            } else {
                out.status = 207;
                out.body =
                    R"(<multistatus xmlns="DAV:"><response><href>/</href><propstat><prop>
                       <addressbook-home-set xmlns="urn:ietf:params:xml:ns:carddav">
                       <href xmlns="DAV:">https://evil.example.org/h/</href></addressbook-home-set>
                       </prop></propstat></response></multistatus>)";
            }
            return out;
        };
        book.host.clear();
        CHECK_THROWS_WITH(found_at(book, "https://dav.example.com"),
                          Catch::Matchers::Contains("set option home_url to "
                                                    "https://evil.example.org"));
        for (const auto& request : book.host.requests)
            CHECK(request.url.starts_with("https://dav.example.com"));
    }
}

TEST_CASE("a server without address books says what to do", "[carddav][discovery]") {
    FakeBook book;
    book.host.handler = [](const FakeRequest&) {
        FakeResponse out;
        out.status = 404;
        return out;
    };
    CHECK_THROWS_WITH(found_at(book, "https://dav.example.com"),
                      Catch::Matchers::Contains("no address book was found at "
                                                "https://dav.example.com: set option url"));
    book.host.handler = [](const FakeRequest&) {
        FakeResponse out;
        out.status = 401;
        return out;
    };
    try {
        (void)found_at(book, "https://dav.example.com");
        FAIL("no error");
    } catch (const sdk::Error& error) {
        CHECK(error.status() == KONTOR_E_UNAUTHENTICATED);
    }
}

TEST_CASE("a server that sends us round in circles is left", "[carddav][discovery]") {
    FakeBook book;
    book.host.handler = [](const FakeRequest&) {
        FakeResponse out;
        out.status = 302;
        out.headers["location"] = "/round/";
        return out;
    };
    CHECK_THROWS_AS(found_at(book, "https://dav.example.com"), sdk::Error);
    CHECK(book.host.requests.size() < 20);
}
