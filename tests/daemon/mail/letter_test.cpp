// Letters as bytes; tests/programs/mail_test.py sends some.
#include "daemon/mail/letter.hpp"

#include <catch2/catch.hpp>

using namespace kontor;
using namespace kontor::mail;

namespace {

Letter sample() {
    return {"客户反馈 <a@example.com>",
            "li@example.com",
            "",
            "我们做得怎么样？",
            "Hello\n",
            "<p>Hello</p>\n",
            "0123.0@example.com",
            {{"Auto-Submitted", "auto-generated"}}};
}

const Instant kDate = *parse_instant("2026-05-20T04:00:00Z");

}  // namespace

TEST_CASE("a message is the same bytes each time, with CRLF", "[mail]") {
    const auto bytes = compose(sample(), kDate);
    REQUIRE(bytes);
    CHECK(*bytes == *compose(sample(), kDate));
    for (std::size_t at = bytes->find('\n'); at != std::string::npos;
         at = bytes->find('\n', at + 1))
        CHECK((*bytes)[at - 1] == '\r');
    INFO(*bytes);
    for (const char* line :
         {"\r\nTo: li@example.com\r\n", "Date: Wed, 20 May 2026 04:00:00 +0000",
          "Message-Id: <0123.0@example.com>", "Auto-Submitted: auto-generated",
          "Content-Type: multipart/alternative", "=?UTF-8?", "boundary=\"=_kontor_0123.0\""})
        CHECK(bytes->find(line) != std::string::npos);
}

TEST_CASE("nothing slips into headers, and only one person is written to", "[mail]") {
    const auto refused = [](auto change) {
        auto message = sample();
        change(message);
        const auto bytes = compose(message, kDate);
        return !bytes && bytes.error().code == Errc::kInvalid;
    };
    CHECK(refused([](Letter& m) { m.subject = "x\r\nBcc: all@example.com"; }));
    CHECK(refused([](Letter& m) { m.to = "li@example.com\nBcc: all@example.com"; }));
    CHECK(refused([](Letter& m) { m.to = "li@example.com, all@example.com"; }));
    CHECK(refused([](Letter& m) { m.to = "nobody"; }));
    CHECK(refused([](Letter& m) { m.to = ""; }));
    CHECK(refused([](Letter& m) { m.headers[0].second = "a\nb"; }));
    CHECK(address_of("Li <li@example.com>") == "li@example.com");
    CHECK(address_of("a@b, c@d").empty());
}
