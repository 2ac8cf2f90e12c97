// The reader of mailboxes against a server that says what it is told to; a real one is read in
// tests/programs/mailbox_test.py.
#include "daemon/mail/imap.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>

#include "tests/support/scripted_imap.hpp"

using namespace kontor;
using namespace kontor::mail;
using kontor::test::ScriptedImap;

namespace {

mail::Server account(const ScriptedImap& server) {
    return {server.url, "kontor", host::Secret(std::string("sesame")), ""};
}

Result<ImapFolder> open(const ScriptedImap& server, const std::function<bool()>& cancelled = {}) {
    return ImapFolder::open(account(server), "In \"box\"", cancelled);
}

constexpr const char* kOpened = ScriptedImap::kOpened;

std::string literal(const std::string& bytes) {
    return "{" + std::to_string(bytes.size()) + "}\r\n" + bytes;
}

}  // namespace

TEST_CASE("a folder is read without a mark being left on it", "[mail][imap]") {
    std::vector<std::string> commands;
    {
        ScriptedImap server([](const std::string& command) -> std::optional<std::string> {
            if (command.starts_with("EXAMINE")) return kOpened;
            if (command.starts_with("UID SEARCH")) return "* SEARCH 11 7 9\r\n* 4 EXISTS\r\n";
            // A body whose lines look like answers, one in quotes, one that is not there, and news
            // of a message that nobody asked for.
            if (command.starts_with("UID FETCH"))
                return "* 2 FETCH (INTERNALDATE \" 2-May-2026 10:00:00 +0200\" UID 9 BODY[]<0> " +
                       literal("a\r\nK3 OK done\r\n* BYE\r\n") +
                       ")\r\n* 1 FETCH (BODY[]<0> \"q\\\"x\" UID 7)\r\n* 5 FETCH (FLAGS (\\Seen) "
                       "UID 12)\r\n* 3 FETCH (UID 11 BODY[]<0> NIL)\r\n";
            return std::nullopt;
        });
        {
            auto folder = open(server);
            REQUIRE(folder);
            CHECK(folder->validity() == 77);
            const auto uids = folder->uids(6, parse_instant("2026-05-02T10:00:00Z"));
            REQUIRE(uids);
            CHECK(*uids == std::vector<std::uint32_t>{7, 9, 11});
            const auto messages = folder->fetch(*uids);
            REQUIRE(messages);
            REQUIRE(messages->size() == 3);
            CHECK((*messages)[0].bytes == "q\"x");
            CHECK((*messages)[1].bytes == "a\r\nK3 OK done\r\n* BYE\r\n");
            CHECK((*messages)[1].arrived == parse_instant("2026-05-02T08:00:00Z"));
            CHECK_FALSE((*messages)[0].arrived);
            CHECK((*messages)[2].bytes.empty());
            // N:* is the last message even if it is older than N.
            CHECK(folder->uids(11, std::nullopt)->empty());
        }
        commands = server.commands;
    }
    CHECK(std::ranges::find(commands, "EXAMINE \"In \\\"box\\\"\"") != commands.end());
    CHECK(std::ranges::find(commands, "UID SEARCH UID 7:* SINCE 2-May-2026") != commands.end());
    CHECK(
        std::ranges::find(commands, "UID FETCH 7,9,11 (UID INTERNALDATE BODY.PEEK[]<0.262144>)") !=
        commands.end());
}

TEST_CASE("a server that refuses, hangs up, talks nonsense or too much is an error",
          "[mail][imap]") {
    const auto opened_by = [](const std::string& answer) {
        ScriptedImap server([&](const std::string&) { return std::optional(answer); });
        auto folder = open(server);
        REQUIRE_FALSE(folder);
        return folder.error();
    };
    CHECK(opened_by("K1 NO [NONEXISTENT] no such folder\r\n\n").code == Errc::kNotFound);
    CHECK(opened_by("* BYE shutting down\r\n").code == Errc::kUnavailable);
    CHECK(opened_by("* BYE \xff\r\n").message == "the mail server says (a text that is not UTF-8)");
    CHECK(opened_by("K1 NO " + std::string(100'000, 'x') + "\r\n\n").message.size() < 400);
    CHECK(opened_by("* 3 EXISTS\r\n").code == Errc::kProtocol);  // no UIDVALIDITY

    const auto searched = [](const std::string& answer) {
        ScriptedImap server([&](const std::string& command) -> std::optional<std::string> {
            if (command.starts_with("EXAMINE")) return kOpened;
            if (answer.empty()) return std::nullopt;
            return answer;
        });
        auto folder = open(server);
        REQUIRE(folder);
        auto uids = folder->uids(0, std::nullopt);
        REQUIRE_FALSE(uids);
        return uids.error().code;
    };
    CHECK(searched("") == Errc::kUnavailable);
    CHECK(searched("* SEARCH 1 x 3\r\n") == Errc::kProtocol);
    CHECK(searched("* SEARCH 99999999999\r\n") == Errc::kProtocol);
    CHECK(searched("* 1 FETCH {99999999}\r\n") == Errc::kProtocol);
    CHECK(searched("* " + std::string(std::size_t{9} * 1024 * 1024, 'x') + "\r\n") ==
          Errc::kProtocol);
    std::string lines;
    for (int i = 0; i < 5; ++i)
        lines += "* " + std::string(std::size_t{7} * 1024 * 1024, 'x') + "\r\n";
    CHECK(searched(lines) == Errc::kProtocol);
}

TEST_CASE("nobody waits for a silent server after the run was cancelled", "[mail][imap]") {
    std::atomic<bool> cancelled = false;
    ScriptedImap server([&](const std::string& command) -> std::optional<std::string> {
        if (command.starts_with("EXAMINE")) return kOpened;
        cancelled = true;
        return "\n\n";  // a line, and never the last one
    });
    auto folder = open(server, [&] { return cancelled.load(); });
    REQUIRE(folder);
    const auto uids = folder->uids(0, std::nullopt);
    REQUIRE_FALSE(uids);
    CHECK(uids.error().code == Errc::kCancelled);
}

TEST_CASE("a server elsewhere must speak TLS, and the sign-in is checked", "[mail][imap]") {
    ScriptedImap server([](const std::string&) { return std::optional<std::string>(kOpened); });
    auto elsewhere = account(server);
    elsewhere.url = "http://127.0.0.1:1";  // no protocol of mail
    CHECK_FALSE(ImapFolder::open(elsewhere, "INBOX", {}));
    elsewhere.url = "imaps" + server.url.substr(4);  // answers without TLS
    const auto plain = ImapFolder::open(elsewhere, "INBOX", {});
    REQUIRE_FALSE(plain);
    CHECK(plain.error().code == Errc::kTls);
}
