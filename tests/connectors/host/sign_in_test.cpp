// The host's sign-in to PostgreSQL: what it says, and what it takes from a server that lies. The
// server is a script, so that each message is exactly what the case needs. SCRAM is checked by the
// example of RFC 7677.
#include <catch2/catch.hpp>

#include "connectors/host/base64.hpp"
#include "connectors/host/dialer.hpp"
#include "connectors/host/postgres_sign_in.hpp"
#include "connectors/host/scram.hpp"
#include "tests/connectors/host/scripted_stream.hpp"

namespace kontor::host {
namespace {

using namespace test;

const std::string kZero(1, '\0');
const std::string kReady = message('Z', "I");

PostgresAccount account(const std::string& password = "pencil", bool plain_allowed = false) {
    return {.host = "db.example.com",
            .database = "crm",
            .user = "kontor",
            .password = Secret(std::string(password)),
            .plain_allowed = plain_allowed};
}

Errc code_of(const std::string& bytes, bool plain_allowed = false) {
    ScriptedStream stream(bytes);
    const auto done = postgres_sign_in(stream, account("pencil", plain_allowed));
    REQUIRE_FALSE(done);
    CHECK(stream.written.find("pencil") == std::string::npos);
    CHECK(done.error().message.find("pencil") == std::string::npos);
    return done.error().code;
}

}  // namespace

TEST_CASE("SCRAM-SHA-256 says what the example of RFC 7677 says", "[host][scram]") {
    Scram scram("user", Secret("pencil"), {}, "rOprNGfwEbeRWgbNEkqO");
    CHECK(scram.mechanism() == "SCRAM-SHA-256");
    CHECK(scram.first() == "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    const auto answer = scram.answer(
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    REQUIRE(answer);
    CHECK(*answer ==
          "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
          "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    CHECK(scram.verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
    const auto other = scram.verify("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    REQUIRE_FALSE(other);
    CHECK(other.error().code == Errc::kUnauthenticated);
    CHECK_FALSE(scram.verify("e=other-error"));
}

TEST_CASE("SCRAM refuses a server's first message that makes no sense", "[host][scram]") {
    const std::string bad =
        GENERATE(as<std::string>(), "", "r=abc", "r=abcd,s=c2FsdA==", "r=abcd,s=c2FsdA==,i=0",
                 "r=abcd,s=c2FsdA==,i=4096x", "r=abcd,s=c2FsdA==,i=99999999",
                 "r=abcd,s=!!!!,i=4096", "r=abcd,s=,i=4096", "r=xyzd,s=c2FsdA==,i=4096",
                 "r=abc,s=c2FsdA==,i=4096", "s=c2FsdA==,r=abcd,i=4096");
    Scram scram("", Secret("pencil"), {}, "abc");
    const auto answer = scram.answer(bad);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Errc::kProtocol);
    CHECK_FALSE(scram.verify("v="));
}

TEST_CASE("SCRAM is bound to the TLS connection where both sides can", "[host][scram]") {
    CHECK(Scram("", Secret("x"), {.offered = true, .data = "h"}, "n").first() ==
          "p=tls-server-end-point,,n=,r=n");
    CHECK(Scram("", Secret("x"), {.offered = true, .data = "h"}, "n").mechanism() ==
          "SCRAM-SHA-256-PLUS");
    // We could, and the server is said not to: it learns that.
    CHECK(Scram("", Secret("x"), {.offered = false, .data = "h"}, "n").first() == "y,,n=,r=n");
    CHECK(Scram("", Secret("x"), {.offered = true, .data = ""}, "n").first() == "n,,n=,r=n");
}

TEST_CASE("a password is prepared as RFC 4013 says", "[host][scram]") {
    // The Roman numeral nine becomes two letters, a soft hyphen nothing.
    const auto answer_for = [](const std::string& password) {
        Scram scram("", Secret(std::string(password)), {}, "abc");
        return *scram.answer("r=abcd,s=c2FsdA==,i=1");
    };
    CHECK(answer_for("\u2168") == answer_for("IX"));
    CHECK(answer_for("I\u00ADX") == answer_for("IX"));
    CHECK(answer_for("IY") != answer_for("IX"));
    CHECK(answer_for("密码") != answer_for("密碼"));
}

TEST_CASE("base64 takes and gives what RFC 4648 says", "[host]") {
    for (const std::string text : {"", "f", "fo", "foo", "foob"})
        CHECK(from_base64(to_base64(text)) == text);
    CHECK(to_base64("fo") == "Zm8=");
    CHECK_FALSE(from_base64("Zm8"));
    CHECK_FALSE(from_base64("Zm8!"));
}

TEST_CASE("the sign-in asks for TLS first and names user and database", "[host][sign-in]") {
    ScriptedStream stream("S" + authentication(0) +
                          message('S', "server_version" + kZero + "15.9" + kZero) +
                          message('K', "12345678") + kReady + "left");
    stream.piece = GENERATE(1, 7, 1'000);
    const auto done = postgres_sign_in(stream, account());
    REQUIRE(done);
    CHECK(done->at("server_version") == "15.9");
    CHECK(stream.tls_host == "db.example.com");
    CHECK(stream.written.substr(0, 8) == big_endian(8) + big_endian(80877103));
    CHECK(stream.written.find("user" + kZero + "kontor" + kZero + "database" + kZero + "crm") !=
          std::string::npos);
    CHECK(stream.to_read == "left");  // is the connector's
}

TEST_CASE("without TLS nothing is said, but to this machine when allowed", "[host][sign-in]") {
    CHECK(code_of("N" + authentication(0) + kReady) == Errc::kTls);
    ScriptedStream stream("N" + authentication(0) + kReady);
    CHECK(postgres_sign_in(stream, account("pencil", true)));
    CHECK(stream.tls_host.empty());
}

TEST_CASE("an MD5 password is hashed twice", "[host][sign-in]") {
    ScriptedStream stream("S" + authentication(5, "salt") + authentication(0) + kReady);
    REQUIRE(postgres_sign_in(stream, account()));
    // md5(md5("pencil" "kontor") "salt"), by md5sum.
    CHECK(stream.written.find("md56e03f815d802bdd0a010916214eb40e0") != std::string::npos);
    CHECK(stream.written.find("pencil") == std::string::npos);
}

TEST_CASE("a password in clear goes through TLS only", "[host][sign-in]") {
    ScriptedStream stream("S" + authentication(3) + authentication(0) + kReady);
    REQUIRE(postgres_sign_in(stream, account()));
    CHECK(stream.written.find("pencil" + kZero) != std::string::npos);
}

TEST_CASE("what a server refuses is told by its kind", "[host][sign-in]") {
    const auto [state, code] = GENERATE(table<std::string, Errc>({
        {"28P01", Errc::kUnauthenticated},
        {"28000", Errc::kUnauthenticated},
        {"3D000", Errc::kNotFound},
        {"42501", Errc::kPermission},
        {"53300", Errc::kUnavailable},
        {"57P03", Errc::kUnavailable},
        {"XX000", Errc::kProtocol},
    }));
    CHECK(code_of("S" + error_response(state, "no")) == code);
    CHECK(code_of("S" + authentication(0) + error_response(state, "no")) == code);
}

TEST_CASE("a server that is starting up is one that is reached", "[host][sign-in]") {
    ScriptedStream stream("S" + error_response("57P03", "the database system is starting up"));
    const auto got = postgres_sign_in(stream, account());
    REQUIRE_FALSE(got);
    CHECK(got.error().args.at("reason") == "net_said");
    ScriptedStream silent("S");
    CHECK_FALSE(postgres_sign_in(silent, account()).error().args.contains("reason"));
}

TEST_CASE("a server that lies or babbles is an error, not more", "[host][sign-in]") {
    CHECK(code_of("") == Errc::kUnavailable);
    CHECK(code_of("H") == Errc::kProtocol);
    CHECK(code_of("S") == Errc::kUnavailable);
    CHECK(code_of("SHTTP/1.1 400 Bad Request\r\n") == Errc::kProtocol);
    CHECK(code_of("SR" + big_endian(3)) == Errc::kProtocol);
    CHECK(code_of("SR" + big_endian(0x7fffffff)) == Errc::kProtocol);
    CHECK(code_of("SR" + big_endian(100) + "cut") == Errc::kUnavailable);
    CHECK(code_of("S" + message('R', "ab")) == Errc::kProtocol);
    CHECK(code_of("S" + kReady) == Errc::kProtocol);  // ready without having let us in
    CHECK(code_of("S" + authentication(0) + authentication(0)) == Errc::kProtocol);
    CHECK(code_of("S" + authentication(7)) == Errc::kUnsupported);
    CHECK(code_of("S" + authentication(5, "sal")) == Errc::kProtocol);
    CHECK(code_of("S" + authentication(10, "OTHER" + kZero + kZero)) == Errc::kProtocol);
    CHECK(code_of("S" + authentication(11, "r=a,s=b,i=1")) == Errc::kProtocol);
    CHECK(code_of("S" + authentication(12, "v=")) == Errc::kProtocol);
    CHECK(code_of("S" + message('S', "name without a value" + kZero)) == Errc::kProtocol);
    CHECK(code_of("S" + message('D', "row")) == Errc::kProtocol);
    CHECK(code_of("S" + error_response("28P01", "\xff\xfe")) == Errc::kUnauthenticated);
    CHECK(code_of("S" + error_response("28\xff\xfe", "no")) == Errc::kProtocol);
    CHECK(code_of("N" + authentication(3)) == Errc::kTls);
    std::string endless = "S";
    for (int i = 0; i < 10'000; ++i) endless += message('N', "notice");
    CHECK(code_of(endless) == Errc::kProtocol);
}

TEST_CASE("a server must prove that it knows the password as well", "[host][sign-in]") {
    const auto offers = authentication(10, "SCRAM-SHA-256" + kZero + kZero);
    ScriptedStream stream("S" + offers);
    stream.on_write = [](std::string_view bytes) -> std::string {
        const auto nonce = bytes.find(",r=");
        if (nonce == std::string_view::npos) return {};
        if (bytes.find("p=") != std::string_view::npos) return authentication(0) + kReady;
        return authentication(
            11, "r=" + std::string(bytes.substr(nonce + 3)) + "srv,s=c2FsdA==,i=4096");
    };
    SECTION("it says that all is well without a proof") {
        const auto done = postgres_sign_in(stream, account());
        REQUIRE_FALSE(done);
        CHECK(done.error().code == Errc::kProtocol);
    }
    SECTION("its proof is wrong") {
        const auto before = stream.on_write;
        stream.on_write = [before](std::string_view bytes) {
            auto out = before(bytes);
            return out.ends_with(kReady)
                       ? authentication(12, "v=" + to_base64(std::string(32, 'x'))) + out
                       : out;
        };
        const auto done = postgres_sign_in(stream, account());
        REQUIRE_FALSE(done);
        CHECK(done.error().code == Errc::kUnauthenticated);
    }
    SECTION("it has the proof of our password made again and again") {
        const auto before = stream.on_write;
        stream.on_write = [before](std::string_view bytes) {
            const auto out = before(bytes);
            return out.ends_with(kReady) ? out : out + out;
        };
        const auto done = postgres_sign_in(stream, account());
        REQUIRE_FALSE(done);
        CHECK(done.error().code == Errc::kProtocol);
        CHECK(stream.written.find(",p=") == stream.written.rfind(",p="));
    }
    SECTION("we have no password") {
        const auto done = postgres_sign_in(stream, account(""));
        REQUIRE_FALSE(done);
        CHECK(done.error().code == Errc::kUnauthenticated);
        CHECK(done.error().args.at("secret") == "password");
    }
}

TEST_CASE("an address to dial is host, port and database", "[host][dial]") {
    const auto address = DialAddress::parse("postgresql://DB.example.com:5432/my crm/x");
    REQUIRE(address);
    CHECK(address->host == "db.example.com");
    CHECK(address->port == 5432);
    CHECK(address->database == "my crm/x");
    CHECK(DialAddress::parse("postgresql://[::1]:5432/crm")->host == "[::1]");
    for (const auto* bad : {"", "http://h:1/x", "postgresql://h:1/", "postgresql://h:1",
                            "postgresql://h/x", "postgresql://:1/x", "postgresql://u@h:1/x",
                            "postgresql://u:p@h:1/x", "postgresql://h:1?x/y", "postgresql://h:0/x",
                            "postgresql://h:99999/x", "postgresql://h h:1/x", "postgresql:///x"})
        CHECK_FALSE(DialAddress::parse(bad));
}

TEST_CASE("only what the connection allows is dialled", "[host][dial]") {
    int connected = 0;
    Dialer::Settings settings;
    settings.addresses = {"postgresql://db:5432/crm"};
    settings.user = "kontor";
    settings.connect = [&](const std::string& host,
                           int port) -> Result<std::unique_ptr<ByteStream>> {
        ++connected;
        CHECK(host == "db");
        CHECK(port == 5432);
        return std::make_unique<ScriptedStream>("S" + authentication(0) + kReady);
    };
    const Dialer dialer(std::move(settings));
    for (const auto* other : {"postgresql://db:5432/other", "postgresql://db:5433/crm",
                              "postgresql://evil:5432/crm", "postgresql://DB:5432/crm", ""}) {
        const auto refused = dialer.dial(other);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::kPermission);
    }
    CHECK(connected == 0);
    CHECK(dialer.dial("postgresql://db:5432/crm"));
    CHECK(connected == 1);
}

}  // namespace kontor::host
