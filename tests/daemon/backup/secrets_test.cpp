// Secrets are in a backup only where they are asked for, under a passphrase of their own.
#include <openssl/cms.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>

#include "daemon/backup/sealed.hpp"
#include "sync/backup/file.hpp"
#include "tests/daemon/backup/office.hpp"

namespace kontor::backup {

using test::Office;
namespace fs = std::filesystem;

namespace {

/// Secrets in memory; "env:" can be read and not be written.
class Pocket final : public host::SecretStore {
public:
    std::map<std::string, std::string> texts;
    Result<host::Secret> read(std::string_view reference) const override {
        const auto found = texts.find(std::string(reference));
        if (found == texts.end()) return fail(Errc::kNotFound, "no such secret");
        return host::Secret(std::string(found->second));
    }
    Result<> write(std::string_view reference, const host::Secret& secret) override {
        if (reference.starts_with("env:")) return fail(Errc::kUnsupported, "it cannot be written");
        texts[std::string(reference)] = secret.reveal();
        return {};
    }
};

host::Secret secret(const std::string& text) {
    return host::Secret(std::string(text));
}

std::string reason_of(const Error& error) {
    const auto found = error.args.find("reason");
    return found == error.args.end() ? "" : found->second;
}

}  // namespace

TEST_CASE("what is sealed is opened by its passphrase, and by openssl", "[backup][secrets]") {
    const replica::test::TempDir dir;
    const std::string text = "line 1\nline 2\r\n\xe5\xaf\x86";
    const auto sealed = seal(text, secret("two words"));
    REQUIRE(sealed);
    CHECK(sealed->find("line 1") == std::string::npos);
    CHECK(unseal(*sealed, secret("two words")).value() == text);
    const auto wrong = unseal(*sealed, secret("two wordz"));
    REQUIRE_FALSE(wrong);
    CHECK(reason_of(wrong.error()) == "backup_secrets_passphrase");

    REQUIRE(write_whole(dir.path("sealed"), *sealed));
    const auto said = test::shell("openssl cms -decrypt -binary -inform DER -in " +
                                  dir.path("sealed") + " -pwri_password 'two words'");
    CHECK(said.status == 0);
    CHECK(said.text == text);

    // A byte that is changed in the text, its tag or its key.
    for (const std::size_t from_end : {1U, 20U, 60U}) {
        auto changed = *sealed;
        changed[changed.size() - from_end] ^= 1;
        CHECK_FALSE(unseal(changed, secret("two words")));
    }
    CHECK_FALSE(unseal("", secret("two words")));
    CHECK_FALSE(unseal("no message", secret("two words")));
}

namespace {

/// A message to whoever knows the passphrase `word`, made by another program. Null cipher: one
/// whose bytes can be changed unnoticed.
std::string message_of_others(const EVP_CIPHER* sealing, int iterations, const std::string& text) {
    CMS_ContentInfo* message = sealing != nullptr ? CMS_AuthEnvelopedData_create(sealing)
                                                  : CMS_EnvelopedData_create(EVP_aes_256_cbc());
    auto* word = static_cast<unsigned char*>(OPENSSL_memdup("word", 4));
    REQUIRE(CMS_add0_recipient_password(message, iterations, -1, -1, word, 4, EVP_aes_256_cbc()) !=
            nullptr);
    CMS_set_detached(message, 0);
    BIO* from = BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
    REQUIRE(CMS_final(message, from, nullptr, CMS_BINARY) == 1);
    unsigned char* bytes = nullptr;
    const int size = i2d_CMS_ContentInfo(message, &bytes);
    REQUIRE(size > 0);
    std::string out(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    BIO_free_all(from);
    CMS_ContentInfo_free(message);
    return out;
}

/// The message with only the first byte of its tag, which is at its end.
std::string with_short_tag(std::string message) {
    message.resize(message.size() - 15);
    message[message.size() - 2] = 1;
    for (const std::size_t length : {2U, 19U, 23U}) {
        REQUIRE(message[length - 1] == '\x82');
        REQUIRE(static_cast<unsigned char>(message[length + 1]) >= 15);
        message[length + 1] =
            static_cast<char>(static_cast<unsigned char>(message[length + 1]) - 15);
    }
    return message;
}

}  // namespace

TEST_CASE("a message that could have been changed unnoticed is not opened", "[backup][secrets]") {
    const auto opened = [](const std::string& message) {
        const auto text = unseal(message, secret("word"));
        return text ? *text : reason_of(text.error());
    };
    const std::string text(200, 'x');
    const auto ours = message_of_others(EVP_aes_256_gcm(), 2'000, text);
    CHECK(opened(ours) == text);
    CHECK(opened(message_of_others(nullptr, 2'000, text)) == "backup_damaged");
    CHECK(opened(with_short_tag(ours)) == "backup_damaged");
    // With a number of iterations that nobody waits for.
    CHECK(opened(message_of_others(EVP_aes_256_gcm(), 6'000'001, text)) == "backup_damaged");
    CHECK(opened("no message") == "backup_damaged");
}

TEST_CASE("secrets come back with their own passphrase, and are nowhere without it",
          "[backup][secrets]") {
    Office office;
    const auto file = [&](const std::string& name) { return "file:" + office.dir.path(name); };
    config::Connection zoho;
    zoho.name = "zoho";
    zoho.secrets = {{"refresh_token", file("zoho.token")},
                    {"client_secret", "env:ZOHO"},
                    {"proxy", "keyring:gone"}};
    office.target.password = file("passphrase");
    office.target.secrets_password = file("other passphrase");
    office.loaded.config.connections = {zoho};
    office.loaded.config.backups = {office.target};
    office.loaded.config.jobs.alert.password = file("mail");
    office.loaded.config.jobs.alert.webhook = "https://example.com/not-a-secret";
    REQUIRE(write_whole(office.loaded.folder + "/feedback.toml",
                        "link_key = \"" + file("link_key") + "\"\n"));
    Pocket here;
    here.texts = {{file("zoho.token"), "TOKEN"},
                  {"env:ZOHO", "CLIENT"},
                  {file("passphrase"), "REPOSITORY"},
                  {file("other passphrase"), "OTHER"},
                  {file("mail"), "MAIL"},
                  {file("link_key"), "LINKS"}};
    const auto backups = [&] {
        return Backups(office.state, {here, office.clock, office.random,
                                      [](const std::string& name) {
                                          const char* text = std::getenv(name.c_str());
                                          return std::string(text == nullptr ? "" : text);
                                      },
                                      [] { return false; }, "test"});
    };
    const auto restore = [&](const std::string& machine, const host::Secret* passphrase,
                             host::SecretStore& to) {
        RestoreRequest request;
        request.state_dir = office.dir.path(machine);
        request.secrets_passphrase = passphrase;
        request.secrets_to = &to;
        return restore_replica(backups().repository(office.target), request, office.clock,
                               office.random);
    };
    REQUIRE(backups().create(office.target));

    // Two places, of which one has them.
    auto bare = office.target;
    bare.name = "bare";
    bare.secrets_password.clear();
    const auto run = backups().run(office.target, office.loaded, {});
    REQUIRE(run);
    CHECK(run->notes == std::vector<std::string>{
                            "the secret keyring:gone cannot be read and is not in the backup"});
    for (const auto* text : {"TOKEN", "CLIENT", "REPOSITORY", "OTHER", "MAIL", "LINKS"})
        CHECK(test::shell(std::string("grep -r ") + text + " " + office.state).status == 1);
    // The drill opens them as well.
    CHECK(backups().drill(office.target, "")->notes.empty());
    here.texts[file("other passphrase")] = "ANOTHER";
    const auto unopened = backups().drill(office.target, "");
    REQUIRE(unopened);
    CHECK(unopened->error.empty());
    CHECK(unopened->notes ==
          std::vector<std::string>{"the secrets in it cannot be read: the passphrase does not "
                                   "open the secrets"});
    here.texts[file("other passphrase")] = "OTHER";
    // Nothing is stored anew if they are as they were.
    const auto sealed = read_whole(office.state + "/backup/tree/secrets.cms");
    REQUIRE(sealed);
    REQUIRE(backups().run(office.target, office.loaded, {}));
    CHECK(read_whole(office.state + "/backup/tree/secrets.cms").value() == *sealed);

    const auto right = secret("OTHER");
    const auto wrong = secret("REPOSITORY");
    Pocket there;
    const auto refused = restore("new", &wrong, there);
    REQUIRE_FALSE(refused);
    CHECK(reason_of(refused.error()) == "backup_secrets_passphrase");
    CHECK_FALSE(fs::exists(office.dir.path("new/replica.db")));
    CHECK(there.texts.empty());

    there.texts = {{file("mail"), "NEWER"}};
    const auto restored = restore("new", &right, there);
    REQUIRE(restored);
    CHECK(there.texts == std::map<std::string, std::string>{{file("zoho.token"), "TOKEN"},
                                                            {file("passphrase"), "REPOSITORY"},
                                                            {file("mail"), "NEWER"},
                                                            {file("link_key"), "LINKS"}});
    CHECK(restored->secrets.there == std::vector<std::string>{file("mail")});
    CHECK(restored->secrets.written.size() == 3);
    REQUIRE(restored->secrets.refused.size() == 1);
    CHECK(restored->secrets.refused.begin()->first == "env:ZOHO");

    // Without being asked, nothing is put anywhere; and a place that is to have none has none.
    Pocket untouched;
    REQUIRE(restore("another", nullptr, untouched));
    CHECK(untouched.texts.empty());
    REQUIRE(backups().run(bare, office.loaded, {}));
    const auto none = restore("third", &right, untouched);
    REQUIRE_FALSE(none);
    CHECK(reason_of(none.error()) == "backup_no_secrets");
}

}  // namespace kontor::backup
