// Answers of WebDAV servers: every way to write namespaces, and what must be refused.
#include "plugins/carddav/multistatus.hpp"

#include <catch2/catch.hpp>

#include "connectors/sdk/error.hpp"

using namespace kontor;
using namespace kontor::carddav;

TEST_CASE("namespaces count, prefixes do not", "[carddav][multistatus]") {
    for (const char* xml : {
             R"(<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav"><d:response>
                <d:href>/b/1.vcf</d:href><d:propstat><d:prop><d:getetag>"e"</d:getetag>
                <c:address-data>X</c:address-data></d:prop><d:status>HTTP/1.1 200 OK</d:status>
                </d:propstat></d:response><d:sync-token>t</d:sync-token></d:multistatus>)",
             R"(<multistatus xmlns="DAV:"><response><href> /b/1.vcf </href><propstat><prop>
                <getetag>"e"</getetag><address-data xmlns="urn:ietf:params:xml:ns:carddav"><![CDATA[X]]>
                </address-data></prop></propstat></response><sync-token>t</sync-token></multistatus>)",
             R"(<ns0:multistatus xmlns:ns0="DAV:"><ns0:response><ns0:href>/b/1.vcf</ns0:href>
                <ns0:propstat><ns0:prop><ns0:getetag>&#34;e&quot;</ns0:getetag>
                <q:address-data xmlns:q="urn:ietf:params:xml:ns:carddav">X</q:address-data></ns0:prop>
                </ns0:propstat></ns0:response><ns0:sync-token>t</ns0:sync-token></ns0:multistatus>)"}) {
        const Multistatus found = parse_multistatus(xml, "test");
        REQUIRE(found.resources.size() == 1);
        CHECK(found.resources[0].href == "/b/1.vcf");
        CHECK(found.resources[0].etag == "\"e\"");
        CHECK(found.resources[0].card.front() == 'X');
        CHECK(found.sync_token == "t");
    }
    // The same names in a foreign namespace mean nothing.
    CHECK_THROWS_AS(parse_multistatus(R"(<d:multistatus xmlns:d="urn:x"/>)", "test"), sdk::Error);
    CHECK_THROWS_AS(parse_multistatus("<multistatus/>", "test"), sdk::Error);
}

TEST_CASE("properties that were not found are none", "[carddav][multistatus]") {
    const Multistatus found = parse_multistatus(
        R"(<multistatus xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav"><response>
           <href>/b/</href><propstat><prop><resourcetype><collection/><c:addressbook/></resourcetype>
           <displayname>通讯录</displayname><current-user-principal><href>/p/</href>
           </current-user-principal><supported-report-set><supported-report><report><sync-collection/>
           </report></supported-report></supported-report-set><current-user-privilege-set><privilege>
           <read/></privilege></current-user-privilege-set></prop><status>HTTP/1.1 200 OK</status>
           </propstat><propstat><prop><getetag>"no"</getetag></prop>
           <status>HTTP/1.1 404 Not Found</status></propstat></response>
           <response><href>/b/gone.vcf</href><status>HTTP/1.1 404 Not Found</status></response>
           </multistatus>)",
        "test");
    REQUIRE(found.resources.size() == 2);
    const Resource& book = found.resources[0];
    CHECK(book.is_address_book);
    CHECK(book.is_collection);
    CHECK(book.can_sync);
    CHECK(book.display_name == "通讯录");
    CHECK(book.principal == "/p/");
    CHECK(book.may_write == false);
    CHECK(book.etag.empty());
    CHECK(found.resources[1].status == 404);
}

TEST_CASE("line ends of cards reach us as they were sent", "[carddav][multistatus]") {
    const Multistatus found = parse_multistatus(
        "<multistatus xmlns=\"DAV:\"><response><href>/1</href><propstat><prop>"
        "<address-data xmlns=\"urn:ietf:params:xml:ns:carddav\">A\r\nB&#13;\nC &amp; D\r\n"
        "</address-data></prop></propstat></response></multistatus>",
        "test");
    CHECK(found.resources[0].card == "A\r\nB\r\nC & D\r\n");
}

TEST_CASE("bombs are refused before they cost anything", "[carddav][multistatus]") {
    const std::string bomb =
        "<!DOCTYPE m [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>"
        "<multistatus xmlns=\"DAV:\"><sync-token>&b;</sync-token></multistatus>";
    CHECK_THROWS_WITH(parse_multistatus(bomb, "test"),
                      "test: the answer has a document type of its own");
    const std::string external =
        "<!DOCTYPE m [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"
        "<multistatus xmlns=\"DAV:\"><sync-token>&x;</sync-token></multistatus>";
    CHECK_THROWS_AS(parse_multistatus(external, "test"), sdk::Error);
    // Entities that nobody declared stay text.
    CHECK(parse_multistatus(
              "<multistatus xmlns=\"DAV:\"><sync-token>&x;</sync-token></multistatus>", "test")
              .sync_token == "&x;");
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += "<a>";
    CHECK_THROWS_WITH(parse_multistatus(deep, "test"), "test: the answer is nested too deeply");
    CHECK_THROWS_WITH(parse_multistatus(std::string(kXmlBytesMax + 1, ' '), "test"),
                      "test: the answer is larger than 16 MiB");
    std::string many = "<multistatus xmlns=\"DAV:\">";
    for (std::size_t i = 0; i <= kResourcesMax; ++i) many += "<response/>";
    CHECK_THROWS_WITH(parse_multistatus(many + "</multistatus>", "test"),
                      "test: more than 100,000 resources");
    for (const char* none :
         {"", "{}", "<", "<multistatus xmlns=\"DAV:\">", "<html><body>Hi</body>"})
        CHECK_THROWS_AS(parse_multistatus(none, "test"), sdk::Error);
}

TEST_CASE("preconditions of errors are read", "[carddav][multistatus]") {
    const DavError error = parse_error(
        R"(<d:error xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav"><c:no-uid-conflict>
           <d:href>/b/other.vcf</d:href></c:no-uid-conflict></d:error>)");
    CHECK(error.has("no-uid-conflict"));
    CHECK(error.href == "/b/other.vcf");
    CHECK(parse_error("<html>").conditions.empty());
    CHECK(xml_escaped("<a&\"b\">") == "&lt;a&amp;&quot;b&quot;&gt;");
}
