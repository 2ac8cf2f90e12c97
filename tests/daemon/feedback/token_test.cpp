// Links: only what we signed is read, whole and for its purpose.
#include "daemon/feedback/token.hpp"

#include <catch2/catch.hpp>

using namespace kontor;
using namespace kontor::feedback;

namespace {

const std::string kKey = "00112233445566778899aabbccddeeff";
const Ticket kTicket{kKey, Purpose::kAnswer, parse_instant("2026-06-01T00:00:00Z")};

}  // namespace

TEST_CASE("a link's token comes back as it was signed", "[feedback][token]") {
    const host::Secret secret(std::string("s3cret"));
    for (const auto purpose : {Purpose::kAnswer, Purpose::kUnsubscribe})
        for (const auto expires : {kTicket.expires, std::optional<Instant>()}) {
            const auto token = sign_ticket({kKey, purpose, expires}, secret);
            REQUIRE(token);
            CHECK(token->size() == 52);
            CHECK(token->find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                           "0123456789-_") == std::string::npos);
            const auto ticket = read_ticket(*token, secret);
            REQUIRE(ticket);
            CHECK(ticket->key == kKey);
            CHECK(ticket->purpose == purpose);
            CHECK(ticket->expires == expires);
        }
    CHECK_FALSE(sign_ticket({"nonsense", Purpose::kAnswer, std::nullopt}, secret));
    CHECK_FALSE(sign_ticket(kTicket, host::Secret()));
}

TEST_CASE("a token that was touched anywhere is no token", "[feedback][token]") {
    const host::Secret secret(std::string("s3cret"));
    const auto token = *sign_ticket(kTicket, secret);
    REQUIRE(read_ticket(token, secret));
    for (std::size_t at = 0; at < token.size(); ++at) {
        for (const char c : std::string("A-_9z")) {
            auto forged = token;
            if (forged[at] == c) continue;
            forged[at] = c;
            CHECK_FALSE(read_ticket(forged, secret));
        }
    }
    CHECK_FALSE(read_ticket(token + "A", secret));
    CHECK_FALSE(read_ticket(token.substr(1), secret));
    CHECK_FALSE(read_ticket("", secret));
    CHECK_FALSE(read_ticket(token, host::Secret(std::string("another"))));
    CHECK_FALSE(read_ticket(token, host::Secret()));
}

TEST_CASE("HMAC-SHA256 is RFC 4231's", "[feedback][token]") {
    const auto mac = hmac_sha256("Jefe", "what do ya want for nothing?");
    REQUIRE(mac.size() == 32);
    CHECK(static_cast<unsigned char>(mac[0]) == 0x5b);
    CHECK(static_cast<unsigned char>(mac[1]) == 0xdc);
    CHECK(static_cast<unsigned char>(mac[31]) == 0x43);
}
