// XML of a broken or hostile CardDAV server, as the answer to everything: discovery, a load, an
// increment, ids, records by id.
#include "connectors/sdk/connector.hpp"
#include "plugins/carddav/connector.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/support/fake_host.hpp"

namespace {

using namespace kontor;

constexpr const char* kBook =
    R"(<multistatus xmlns="DAV:"><response><href>/b/</href><propstat><prop>
    <resourcetype><collection/><addressbook xmlns="urn:ietf:params:xml:ns:carddav"/></resourcetype>
    <supported-report-set><supported-report><report><sync-collection/></report></supported-report>
    </supported-report-set></prop></propstat></response></multistatus>)";

void pull_twice(sdk::Host& host, const char* url) {
    sdk::Request request;
    request.stream = "b";
    request.fields = {"family_name", "given_name", "email", "work_phone", "note", "categories"};
    request.ids = {"a.vcf", "b.vcf"};
    carddav::Connector connector(host, std::string(R"({"options":{"url":")") + url + R"("}})");
    const std::string cursor = connector.pull(request, "");
    must_hold(!cursor.empty());
    (void)connector.pull(request, cursor);
    (void)connector.list_ids(request);
    connector.fetch(request);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    for (const bool with_book : {true, false}) {
        test::FakeHost host;
        int asked = 0;
        host.handler = [&](const test::FakeRequest& request) {
            must_hold(request.url.starts_with("https://dav.example.com/"));
            must_hold(++asked < 100'000);
            test::FakeResponse out;
            out.status = 207;
            const bool first = asked == 1 && with_book;
            out.body = first ? kBook : std::string(as_text(data, size));
            return out;
        };
        sdk::Host sdk_host(host.raw());
        try {
            pull_twice(sdk_host, "https://dav.example.com/b/");
        } catch (const sdk::Error&) {
        }
        for (const auto& record : host.records()) {
            must_hold(!record.id.empty() && record.id.size() <= 256);
            for (const char c : record.id) must_hold(static_cast<unsigned char>(c) >= 0x20);
            must_hold(record.version.size() <= 256);
        }
    }
    return 0;
}
