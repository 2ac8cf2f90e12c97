#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace kontor::test {

/// One request as it came over the socket.
struct Asked {
    std::string method;
    std::string target;
    std::string head;
    std::string body;
};

/// What to answer; the body is sent as it is and the connection closed after it.
struct Canned {
    int status = 200;
    std::string body;
    std::string type = "application/json";
    bool stay_open = false;  ///< keeps the connection open until the client goes
};

/// A daemon of plain sockets: listens on a Unix socket in a temporary folder and answers what the
/// test's function says. One request a connection.
class FakeDaemon {
public:
    using Answer = std::function<Canned(const Asked&)>;
    explicit FakeDaemon(Answer answer);
    ~FakeDaemon();
    FakeDaemon(const FakeDaemon&) = delete;
    FakeDaemon& operator=(const FakeDaemon&) = delete;

    [[nodiscard]] std::string socket() const { return folder_ + "/kontor.sock"; }
    [[nodiscard]] std::string folder() const { return folder_; }
    /// All requests so far.
    [[nodiscard]] std::vector<Asked> asked();

private:
    void serve();
    void serve_one(int fd);

    Answer answer_;
    std::string folder_;
    int listener_ = -1;
    int stop_[2] = {-1, -1};
    std::mutex mutex_;
    std::vector<Asked> asked_;
    std::thread thread_;
};

}  // namespace kontor::test
