// Secrets: where they come from, and that they get nowhere else.

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <type_traits>

#include "connectors/host/auth.hpp"
#include "connectors/host/redactor.hpp"
#include "tests/connectors/host/support.hpp"

using namespace kontor;
using namespace kontor::host;
using namespace kontor::host::test;

namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
    out << value;
};
static_assert(Printable<std::string> && !Printable<Secret>);
static_assert(!std::is_copy_constructible_v<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);

void write(const std::string& path, const std::string& text, mode_t mode) {
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
}

}  // namespace

TEST_CASE("a secret takes its text over and leaves nothing behind") {
    std::string text = "a rather long secret that is not kept in the string object itself";
    const char* memory = text.data();
    const std::size_t size = text.size();
    const Secret secret(std::move(text));
    CHECK(secret.reveal().starts_with("a rather"));
    CHECK(std::string_view(memory, size).find("rather") == std::string_view::npos);
    CHECK(secret.copy().reveal() == secret.reveal());
}

TEST_CASE("a secret in a file must be ours alone") {
    TempDir dir;
    SystemSecretStore store;
    const auto path = dir / "token";
    write(path, "s3cret\n", 0600);
    const auto good = store.read("file:" + path);
    REQUIRE(good);
    CHECK(good->reveal() == "s3cret");
    ::chmod(path.c_str(), 0400);
    CHECK(store.read("file:" + path));
    for (const mode_t open_mode : {0640, 0604, 0660}) {
        ::chmod(path.c_str(), open_mode);
        const auto bad = store.read("file:" + path);
        REQUIRE_FALSE(bad);
        CHECK(bad.error().code == Errc::kPermission);
        CHECK(bad.error().args.at("path") == path);
    }
    ::chmod(path.c_str(), 0600);
    if (::geteuid() == 0) {
        REQUIRE(::chown(path.c_str(), 12345, 12345) == 0);
        const auto bad = store.read("file:" + path);
        REQUIRE_FALSE(bad);
        CHECK(bad.error().code == Errc::kPermission);
    }
    CHECK(store.read("file:" + (dir / "none")).error().code == Errc::kNotFound);
    CHECK(store.read("file:" + dir.path()).error().code == Errc::kPermission);
    write(dir / "empty", "\n", 0600);
    CHECK(store.read("file:" + (dir / "empty")).error().code == Errc::kNotFound);
    write(dir / "huge", std::string(100'000, 'x'), 0600);
    CHECK(store.read("file:" + (dir / "huge")).error().code == Errc::kConfig);
}

TEST_CASE("a secret written to a file can be read again, and by us only") {
    TempDir dir;
    SystemSecretStore store;
    REQUIRE(store.write("file:" + (dir / "token"), Secret(std::string("one"))));
    REQUIRE(store.write("file:" + (dir / "token"), Secret(std::string("two"))));
    CHECK(store.read("file:" + (dir / "token"))->reveal() == "two");
    struct stat st {};
    REQUIRE(::stat((dir / "token").c_str(), &st) == 0);
    CHECK((st.st_mode & 0777) == 0600);
    CHECK(store.write("env:X", Secret(std::string("a"))).error().code == Errc::kUnsupported);
}

TEST_CASE("credentials of systemd and the environment are found, strays are not") {
    TempDir dir;
    SystemSecretStore store;
    ::unsetenv("CREDENTIALS_DIRECTORY");
    CHECK(store.read("credential:zoho").error().code == Errc::kNotFound);
    write(dir / "zoho", "from systemd", 0440);
    ::setenv("CREDENTIALS_DIRECTORY", dir.path().c_str(), 1);
    CHECK(store.read("credential:zoho")->reveal() == "from systemd");
    CHECK(store.read("credential:../zoho").error().code == Errc::kConfig);
    ::unsetenv("CREDENTIALS_DIRECTORY");
    ::setenv("KONTOR_TEST_SECRET", "from outside", 1);
    CHECK(store.read("env:KONTOR_TEST_SECRET")->reveal() == "from outside");
    ::unsetenv("KONTOR_TEST_SECRET");
    CHECK(store.read("env:KONTOR_TEST_SECRET").error().code == Errc::kNotFound);
}

TEST_CASE("a secret put where a reference belongs is not repeated in the error") {
    SystemSecretStore store;
    for (const char* text : {"1000.abcdef", "hunter2:hunter2", "file:", ""}) {
        const auto got = store.read(text);
        REQUIRE_FALSE(got);
        CHECK(got.error().code == Errc::kConfig);
        CHECK(got.error().message.find("hunter2") == std::string::npos);
        CHECK(got.error().message.find("1000.") == std::string::npos);
    }
}

TEST_CASE("without a keyring the error says so") {
    ::setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
    SystemSecretStore store;
    CHECK(store.read("keyring:zoho").error().code == Errc::kUnavailable);
    CHECK(store.write("keyring:zoho", Secret(std::string("x"))).error().code == Errc::kUnavailable);
}

TEST_CASE("no form of a known secret, and nothing that looks like one, passes the redactor") {
    Redactor redactor;
    redactor.add(Secret(std::string("s3c/ret+x y")));
    for (const char* text :
         {"a s3c/ret+x y b", "url?q=s3c%2Fret%2Bx%20y&z", "Basic czNjL3JldCt4IHk="}) {
        const auto out = redactor.apply(text);
        CHECK(out.find("s3c") == std::string::npos);
        CHECK(out.find("czNj") == std::string::npos);
        CHECK(out.find("***") != std::string::npos);
    }
    for (const char* text : {"Authorization: Zoho-oauthtoken 1000.tok.en", "Bearer 1000.tok.en",
                             "{\"access_token\": \"1000.tok.en\"}", "x&refresh_token=1000.tok.en&y",
                             "CLIENT_SECRET=1000.tok.en"}) {
        INFO(text);
        CHECK(redactor.apply(text).find("1000.tok.en") == std::string::npos);
    }
    CHECK(redactor.apply("pulled 200 Contacts in 84 ms") == "pulled 200 Contacts in 84 ms");
    CHECK(redactor.apply("bearer") == "bearer");
    CHECK(redactor.apply("INVALID_TOKEN: invalid oauth token") ==
          "INVALID_TOKEN: invalid oauth token");
    CHECK(redactor.apply("id_token: abcdef") == "id_token: ***");
}

TEST_CASE("a log line keeps its fields, without the secrets") {
    Redactor redactor;
    redactor.add(Secret(std::string("hunter2")));
    CapturingLogger inner;
    RedactingLogger log(inner, redactor);
    log.debug("event.hunter2", {{"a", "1"}, {"b", "x hunter2 y"}, {"password", "abc"}});
    CHECK(inner.text == "event.*** a=1 b=x *** y password=***\n");
    inner.text.clear();
    std::vector<LogField> many;
    for (int i = 0; i < 50; ++i) many.emplace_back("k", i);
    log.log_fields(LogLevel::kInfo, "many", many);
    CHECK(inner.text == "many k=0 k=1 k=2 k=3 k=4 k=5 k=6 k=7 k=8 k=9 k=10 k=11\n");
}

TEST_CASE("fixed credentials are written as their kinds demand") {
    CHECK(with_scheme("Bearer", Secret(std::string("t"))).reveal() == "Bearer t");
    CHECK(with_scheme("", Secret(std::string("t"))).reveal() == "t");
    CHECK(basic_credentials("Aladdin", Secret(std::string("open sesame"))).reveal() ==
          "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}
