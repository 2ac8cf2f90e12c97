// Signed statements: what a token server can check of them, and which keys are refused.

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "connectors/host/app_token.hpp"
#include "connectors/host/base64.hpp"
#include "connectors/host/jwt.hpp"
#include "connectors/host/spec.hpp"
#include "tests/connectors/host/support.hpp"

using namespace kontor;
using namespace kontor::host;
using namespace kontor::host::test;

namespace {

struct KeyPair {
    explicit KeyPair(unsigned bits) : key(EVP_RSA_gen(bits), &EVP_PKEY_free) {}
    std::string pem(const EVP_CIPHER* cipher = nullptr) const {
        const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
        PEM_write_bio_PrivateKey(bio.get(), key.get(), cipher,
                                 reinterpret_cast<const unsigned char*>("pass"), cipher ? 4 : 0,
                                 nullptr, nullptr);
        char* data = nullptr;
        const auto size = BIO_get_mem_data(bio.get(), &data);
        return {data, static_cast<std::size_t>(size)};
    }
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key;
};

std::string from_base64url(std::string text) {
    for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
    while (text.size() % 4 != 0) text += '=';
    const auto bytes = from_base64(text);
    REQUIRE(bytes);
    return *bytes;
}

bool verifies(const KeyPair& pair, const std::string& token) {
    const auto last = token.rfind('.');
    const std::string signature = from_base64url(token.substr(last + 1));
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, pair.key.get());
    return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                            signature.size(), reinterpret_cast<const unsigned char*>(token.data()),
                            last) == 1;
}

nlohmann::json part(const std::string& token, int number) {
    std::size_t begin = 0;
    for (int i = 0; i < number; ++i) begin = token.find('.', begin) + 1;
    return nlohmann::json::parse(
        from_base64url(token.substr(begin, token.find('.', begin) - begin)));
}

}  // namespace

TEST_CASE("a statement is signed so that the public key verifies it", "[jwt]") {
    const KeyPair pair(2048), other(2048);
    const auto signer =
        JwtSigner::create(Secret(pair.pem()), {{"iss", "client"}, {"sub", "a@b.c"}}, 180s);
    REQUIRE(signer);
    const auto token = signer->sign(Instant(1'700'000'000s));
    REQUIRE(token);
    const std::string text(token->reveal());
    CHECK(verifies(pair, text));
    CHECK_FALSE(verifies(other, text));
    CHECK(part(text, 0) == nlohmann::json{{"alg", "RS256"}, {"typ", "JWT"}});
    CHECK(part(text, 1) ==
          nlohmann::json{{"iss", "client"}, {"sub", "a@b.c"}, {"exp", 1'700'000'180}});
}

TEST_CASE("what is no usable key is refused without being repeated", "[jwt]") {
    const KeyPair small(1024), fine(2048);
    for (const std::string& pem : {std::string("-----BEGIN hush-----"), std::string(), small.pem(),
                                   fine.pem(EVP_aes_128_cbc())}) {
        const auto signer = JwtSigner::create(Secret(std::string(pem)), {}, 180s);
        REQUIRE_FALSE(signer);
        CHECK(signer.error().code == Errc::kUnauthenticated);
        CHECK(signer.error().message.find("hush") == std::string::npos);
    }
}

TEST_CASE("an exchange by statement sends a new one each time", "[jwt]") {
    const auto spec = PluginSpec::parse(R"({"auth": [{"kind": "login", "exchange": {
        "format": "form", "request": {"grant_type": "jwt-bearer"},
        "assertion": {"claims": {"iss": "{client_id}"}, "lasts_s": 60}}}]})");
    REQUIRE(spec);
    CHECK(spec->auth[0].app_token.claims.at("iss") == "{client_id}");
    CHECK(spec->auth[0].app_token.claims_last == 60s);

    TempDir dir;
    FakeClock clock;
    FakeSleeper sleeper{clock};
    Redactor redactor;
    ScriptedHttp http;
    AppTokenSettings settings;
    settings.spec = spec->auth[0].app_token;
    settings.url = [] { return "https://crm.example/token"; };
    settings.request = Secret(std::string("grant_type=jwt-bearer"));
    int made = 0;
    settings.assertion = [&](Instant now) -> Result<Secret> {
        CHECK(now == clock.now());
        return Secret("statement" + std::to_string(++made));
    };
    settings.token_file = dir / "token";
    AppTokens tokens(std::move(settings), http, clock, sleeper, redactor);
    http.next.push_back(answer(200, R"({"access_token":"t1"})"));
    http.next.push_back(answer(200, R"({"access_token":"t2"})"));
    auto first = tokens.credentials({});
    REQUIRE(first);
    clock.advance(2h);
    REQUIRE(tokens.credentials({}));
    REQUIRE(http.seen.size() == 2);
    CHECK(http.seen[0].body == "grant_type=jwt-bearer&assertion=statement1");
    CHECK(http.seen[1].body == "grant_type=jwt-bearer&assertion=statement2");
}
