// A mail server that says what a test tells it to.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace kontor::test {

/// One IMAP conversation after the other on loopback, without TLS. `answer` gets each command
/// without its tag and says what comes before the tagged line; {} ends the conversation.
class ScriptedImap {
public:
    using Answer = std::function<std::optional<std::string>(const std::string&)>;

    explicit ScriptedImap(Answer answer) : answer_(std::move(answer)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(::listen(listener_, 4) == 0);
        socklen_t size = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        url = "imap://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
        thread_ = std::thread([this] { serve(); });
    }
    ScriptedImap(const ScriptedImap&) = delete;
    ScriptedImap& operator=(const ScriptedImap&) = delete;
    ~ScriptedImap() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }

    /// What EXAMINE is answered: three messages, UIDVALIDITY 77.
    static constexpr const char* kOpened =
        "* FLAGS (\\Seen)\r\n* 3 EXISTS\r\n* OK [UIDVALIDITY 77] good\r\n* OK [UIDNEXT 12] "
        "next\r\n";

    std::string url;
    std::vector<std::string> commands;  ///< to be read when the conversation is over

private:
    void serve() {
        while (true) {
            const int client = ::accept(listener_, nullptr, nullptr);
            if (client < 0) return;
            talk(client);
            ::close(client);
        }
    }
    void talk(int client) {
        say(client, "* OK [CAPABILITY IMAP4rev1] here\r\n");
        std::string buffer;
        while (true) {
            const auto end = buffer.find("\r\n");
            if (end == std::string::npos) {
                char more[4'096];
                const auto got = ::recv(client, more, sizeof more, 0);
                if (got <= 0) return;
                buffer.append(more, static_cast<std::size_t>(got));
                continue;
            }
            const auto line = buffer.substr(0, end);
            buffer.erase(0, end + 2);
            const auto blank = line.find(' ');
            const auto tag = line.substr(0, blank);
            const auto command = line.substr(blank + 1);
            commands.push_back(command);
            std::optional<std::string> answer;
            if (command.starts_with("CAPABILITY"))
                answer = "* CAPABILITY IMAP4rev1\r\n";
            else if (command.starts_with("LOGIN"))
                answer = "";
            else
                answer = answer_(command);
            if (!answer) return;
            // A last line of our own in place of "OK".
            const bool own = answer->ends_with("\n\n");
            if (own) answer->pop_back();
            say(client, *answer + (own ? "" : tag + " OK done\r\n"));
        }
    }
    static void say(int client, const std::string& text) {
        // In two pieces, so that what belongs together does not arrive together.
        const auto half = text.size() / 2;
        (void)::send(client, text.data(), half, MSG_NOSIGNAL);
        std::this_thread::yield();
        (void)::send(client, text.data() + half, text.size() - half, MSG_NOSIGNAL);
    }

    Answer answer_;
    int listener_ = -1;
    std::thread thread_;
};

}  // namespace kontor::test
