#include "plugins/carddav/href.hpp"

#include <catch2/catch.hpp>

using namespace kontor::carddav;

TEST_CASE("hrefs are resolved against the request", "[carddav][href]") {
    const char* base = "https://Dav.Example.com:443/a/b";
    CHECK(resolved(base, "/c/d/") == "https://dav.example.com/c/d/");
    CHECK(resolved(base, "d") == "https://dav.example.com/a/d");
    CHECK(resolved(base, "https://other.example.com:8443/x?y") ==
          "https://other.example.com:8443/x");
    for (const char* none : {"", "//evil.example.com/x", "ftp://x/y", "/a\r\nHost: x"})
        CHECK_FALSE(resolved(base, none));
}

TEST_CASE("a member's name is one decoded segment", "[carddav][href]") {
    CHECK(member_name("/dav/book/a%40b.vcf") == "a@b.vcf");
    CHECK(member_name("https://x/book/%E7%8E%8B.vcf") == "王.vcf");
    CHECK(member_url("/book/", "a/../b c.vcf") == "/book/a%2F..%2Fb%20c.vcf");
    for (const char* none :
         {"/dav/book/", "/dav/..", "/dav/%2e%2e", "/dav/%0a", "/dav/%ff", "/a/%2"})
        CHECK(member_name(none).empty());
    CHECK(member_name("/" + std::string(256, 'a')).empty());
}

TEST_CASE("entity tags lose the mark of weakness", "[carddav][href]") {
    CHECK(strong_etag("W/\"1\"") == "\"1\"");
    CHECK(strong_etag("\"1\"") == "\"1\"");
    CHECK(strong_etag("\"\x01\"").empty());
}
