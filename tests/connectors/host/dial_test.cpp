// The host's sign-in against a real PostgreSQL: certificates, passwords, channel binding. The
// server is started by tests/support/postgres_server.py, which says in KONTOR_POSTGRES where it is.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "connectors/host/postgres_sign_in.hpp"
#include "connectors/host/socket_stream.hpp"

namespace kontor::host {
namespace {

nlohmann::json server() {
    const char* const told = std::getenv("KONTOR_POSTGRES");
    if (told == nullptr) throw std::runtime_error("to be run by postgres_server.py");
    return nlohmann::json::parse(told);
}

Result<std::unique_ptr<ByteStream>> reach(const std::string& host, bool trusted = true) {
    SocketOptions options;
    if (trusted) options.extra_ca_file = server()["ca_file"];
    return connect_socket(host, server()["port"], options, {});
}

PostgresAccount account(const std::string& host = "127.0.0.1") {
    const auto info = server();
    return {.host = host,
            .database = info["database"],
            .user = info["user"],
            .password = Secret(info["password"].get<std::string>())};
}

Errc failure(ByteStream& stream, const PostgresAccount& account) {
    const auto done = postgres_sign_in(stream, account);
    REQUIRE_FALSE(done);
    INFO(done.error().message);
    CHECK(done.error().message.find(account.password.reveal()) == std::string::npos);
    return done.error().code;
}

/// Somebody between us who has a certificate of their own that is trusted too.
class Between final : public ByteStream {
public:
    explicit Between(ByteStream& inner) : inner_(inner) {}
    Result<std::size_t> read(char* to, std::size_t size,
                             std::chrono::milliseconds timeout) override {
        return inner_.read(to, size, timeout);
    }
    Result<> write(std::string_view bytes) override { return inner_.write(bytes); }
    Result<> start_tls(const std::string& host) override { return inner_.start_tls(host); }
    [[nodiscard]] std::string end_point_hash() const override { return std::string(32, 'x'); }

private:
    ByteStream& inner_;
};

}  // namespace

TEST_CASE("a real server lets us in, and a query may follow", "[host][dial]") {
    auto stream = reach("127.0.0.1");
    REQUIRE(stream);
    const auto parameters = postgres_sign_in(**stream, account());
    if (!parameters) FAIL(parameters.error().message);
    CHECK(parameters->at("server_encoding") == "UTF8");
    CHECK((*stream)->end_point_hash().size() == 32);
    const std::string query = std::string("Q\0\0\0\x0dSELECT 1\0", 14);
    REQUIRE((*stream)->write(query));
    char answer = 0;
    CHECK((*stream)->read(&answer, 1, std::chrono::seconds(10)) == 1U);
    CHECK(answer == 'T');
    // Nothing more than was asked for: a wait ends in time.
    std::string rest(4'096, '\0');
    CHECK((*stream)->read(rest.data(), rest.size(), std::chrono::seconds(10)));
    const auto late = (*stream)->read(rest.data(), 1, std::chrono::milliseconds(50));
    REQUIRE_FALSE(late);
    CHECK(late.error().code == Errc::kTimeout);
}

TEST_CASE("a wrong password, user or database is told apart", "[host][dial]") {
    auto stream = reach("127.0.0.1");
    REQUIRE(stream);
    auto wrong = account();
    SECTION("password") {
        wrong.password = Secret("something else");
        CHECK(failure(**stream, wrong) == Errc::kUnauthenticated);
    }
    SECTION("user") {
        wrong.user = "nobody";
        CHECK(failure(**stream, wrong) == Errc::kUnauthenticated);
    }
    SECTION("database") {
        wrong.database = "nowhere";
        CHECK(failure(**stream, wrong) == Errc::kNotFound);
    }
}

TEST_CASE("a certificate that is not trusted, or is another's, is refused", "[host][dial]") {
    SECTION("an authority that nobody knows") {
        auto stream = reach("127.0.0.1", false);
        REQUIRE(stream);
        CHECK(failure(**stream, account()) == Errc::kTls);
    }
    SECTION("made out to another name") {
        auto stream = reach("localhost");
        REQUIRE(stream);
        CHECK(failure(**stream, account("localhost")) == Errc::kTls);
    }
}

TEST_CASE("the sign-in is bound to the server's certificate", "[host][dial]") {
    auto stream = reach("127.0.0.1");
    REQUIRE(stream);
    Between between(**stream);
    CHECK(failure(between, account()) == Errc::kUnauthenticated);
}

TEST_CASE("where nobody listens, or a wait is cancelled, the dial ends", "[host][dial]") {
    const auto nobody = connect_socket("127.0.0.1", 1, {}, {});
    REQUIRE_FALSE(nobody);
    CHECK(nobody.error().code == Errc::kUnavailable);
    bool cancelled = false;
    auto stream = connect_socket("127.0.0.1", server()["port"], {}, [&] { return cancelled; });
    REQUIRE(stream);
    cancelled = true;
    char byte = 0;
    const auto read = (*stream)->read(&byte, 1, std::chrono::seconds(60));
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::kCancelled);
}

}  // namespace kontor::host
