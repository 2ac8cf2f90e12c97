// How long one durable write and one read take through the daemon's API, against SQLite alone.
//
//     latency_bench SOCKET REPLICA SCRATCH [COUNT]
//
// Each round does some of each, so that what else the machine does touches all alike: PATCH and
// GET over one kept-alive connection, UPDATEs of the replica by plain SQL (which fire the capture
// triggers), and the same UPDATEs of a copy of the rows in the file SCRATCH, without Kontor: the
// floor. Some, not one: whoever writes after another process reads its pages anew, the floor never
// does. All writes are durable (WAL, synchronous=FULL, on the same disk). A round trip to a process
// that only answers is what waking two processes for each other costs here: no API can be cheaper.
// It is far dearer to wake another processor than to go on on this one, above all on a virtual
// machine, so there is one of each kind. Prints one JSON line, milliseconds.
#include <poll.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const std::string& why) {
    throw std::runtime_error(why);
}

// Waits as curl and the like do. Whoever waits in recv() itself is woken in vain by Linux when the
// other end reads the request, and the other end is held up by that for 10 µs on a virtual machine.
ssize_t receive(int fd, char* buffer, std::size_t size) {
    pollfd wanted{fd, POLLIN, 0};
    if (::poll(&wanted, 1, -1) < 0) return -1;
    return ::recv(fd, buffer, size, 0);
}

class Client {
public:
    explicit Client(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            die("cannot connect to " + path);
    }
    ~Client() { ::close(fd_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void call(const std::string& request) {
        if (::send(fd_, request.data(), request.size(), 0) != static_cast<ssize_t>(request.size()))
            die("send");
        std::string answer;
        std::size_t whole = std::string::npos;
        while (answer.size() < whole) {
            char buffer[16384];
            const auto got = receive(fd_, buffer, sizeof buffer);
            if (got <= 0) die("the daemon closed the connection");
            answer.append(buffer, static_cast<std::size_t>(got));
            const auto head = answer.find("\r\n\r\n");
            const auto length = answer.find("Content-Length: ");
            if (head != std::string::npos && length < head)
                whole = head + 4 + std::stoul(answer.substr(length + 16, 20));
        }
        if (answer.compare(9, 3, "200") != 0) die(answer.substr(0, 600));
    }

private:
    int fd_;
};

cpu_set_t allowed() {
    cpu_set_t out;
    if (::sched_getaffinity(0, sizeof out, &out) != 0) die("sched_getaffinity");
    return out;
}

void run_on(const cpu_set_t& processors) {
    if (::sched_setaffinity(0, sizeof processors, &processors) != 0) die("sched_setaffinity");
}

cpu_set_t only(int processor) {
    cpu_set_t out;
    CPU_ZERO(&out);
    CPU_SET(processor, &out);
    return out;
}

// A process at the other end of a socket that answers each request with as many bytes as the API.
class Echo {
public:
    explicit Echo(int processor) {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) die("socketpair");
        child_ = ::fork();
        if (child_ < 0) die("fork");
        if (child_ == 0) {
            ::close(ends[0]);
            run_on(only(processor));
            std::vector<char> buffer(2048);
            while (receive(ends[1], buffer.data(), buffer.size()) > 0)
                if (::send(ends[1], buffer.data(), buffer.size(), 0) <= 0) break;
            ::_exit(0);
        }
        ::close(ends[1]);
        fd_ = ends[0];
    }
    ~Echo() {
        ::close(fd_);
        ::waitpid(child_, nullptr, 0);
    }
    Echo(const Echo&) = delete;
    Echo& operator=(const Echo&) = delete;

    void call() {
        char buffer[2048] = {};
        if (::send(fd_, buffer, 200, 0) != 200) die("send to the echo");
        for (std::size_t have = 0; have < sizeof buffer;) {
            const auto got = receive(fd_, buffer, sizeof buffer - have);
            if (got <= 0) die("the echo is gone");
            have += static_cast<std::size_t>(got);
        }
    }

private:
    int fd_ = -1;
    pid_t child_ = -1;
};

class Sqlite {
public:
    explicit Sqlite(const std::string& path) {
        if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) die(path);
        sqlite3_busy_timeout(db_, 10'000);
        run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
    }
    ~Sqlite() {
        sqlite3_finalize(update_);
        sqlite3_close(db_);
    }
    Sqlite(const Sqlite&) = delete;
    Sqlite& operator=(const Sqlite&) = delete;
    void run(const std::string& sql) {
        if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
            die(sqlite3_errmsg(db_));
    }
    std::vector<std::int64_t> ids(int count) {
        std::vector<std::int64_t> out;
        sqlite3_stmt* rows = nullptr;
        sqlite3_prepare_v2(db_, "SELECT id FROM contact ORDER BY id DESC LIMIT ?", -1, &rows,
                           nullptr);
        sqlite3_bind_int(rows, 1, count);
        while (sqlite3_step(rows) == SQLITE_ROW) out.push_back(sqlite3_column_int64(rows, 0));
        sqlite3_finalize(rows);
        return out;
    }
    void update(std::int64_t id, const std::string& value) {
        if (update_ == nullptr)
            sqlite3_prepare_v2(db_, "UPDATE contact SET department = ? WHERE id = ?", -1, &update_,
                               nullptr);
        sqlite3_bind_text(update_, 1, value.c_str(), -1, SQLITE_TRANSIENT);
        sqlite3_bind_int64(update_, 2, id);
        if (sqlite3_step(update_) != SQLITE_DONE) die(sqlite3_errmsg(db_));
        sqlite3_reset(update_);
    }

private:
    sqlite3* db_ = nullptr;
    sqlite3_stmt* update_ = nullptr;
};

struct Times {
    const char* name;
    std::vector<double> ms;

    template <class Work>
    void time(Work work) {
        const auto start = Clock::now();
        work();
        ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    }
    void print(const char* end) {
        std::sort(ms.begin(), ms.end());
        const auto at = [&](std::size_t percent) { return ms[ms.size() * percent / 100]; };
        std::printf("\"%s\":{\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"max\":%.3f}%s", name, at(50),
                    at(90), at(99), ms.back(), end);
    }
};

std::string request(const char* method, std::int64_t id, const std::string& body) {
    std::string out = std::string(method) + " /api/v1/records/contact/" + std::to_string(id) +
                      " HTTP/1.1\r\nHost: localhost\r\n";
    if (!body.empty())
        out += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
               "\r\n";
    return out + "\r\n" + body;
}

void run(const std::string& socket, const std::string& replica, const std::string& scratch,
         int count) {
    const auto everywhere = allowed();
    const int here = ::sched_getcpu();
    int elsewhere = here;
    for (int i = 0; i < CPU_SETSIZE; ++i)
        if (i != here && CPU_ISSET(i, &everywhere)) elsewhere = i;
    Echo beside(here), across(elsewhere);
    Client client(socket);
    Sqlite kontor(replica);
    const auto ids = kontor.ids(count);
    if (ids.empty()) die("no contacts");
    Sqlite plain(scratch);
    // The rows that are written and as many others as make the tree as deep.
    plain.run("ATTACH '" + replica +
              "' AS replica; CREATE TABLE contact(id INTEGER PRIMARY KEY,"
              " department TEXT, rest BLOB); INSERT INTO contact SELECT id, department,"
              " zeroblob(600) FROM replica.contact ORDER BY id DESC LIMIT 200000; DETACH replica;"
              " PRAGMA wal_checkpoint(TRUNCATE)");

    Times api{"api_write", {}}, read{"api_read", {}}, sql{"sql_write", {}},
        floor{"floor_write", {}}, same{"round_trip", {}}, other{"round_trip_across", {}};
    constexpr std::size_t kOfEach = 20;
    for (std::size_t from = 0; from < ids.size(); from += kOfEach) {
        const std::span round = std::span(ids).subspan(from, std::min(kOfEach, ids.size() - from));
        const auto value = std::to_string(from);
        for (const auto id : round) floor.time([&] { plain.update(id, "floor " + value); });
        run_on(only(here));
        for (std::size_t i = 0; i < round.size(); ++i) same.time([&] { beside.call(); });
        for (std::size_t i = 0; i < round.size(); ++i) other.time([&] { across.call(); });
        run_on(everywhere);
        for (const auto id : round)
            api.time([&] {
                client.call(
                    request("PATCH", id, R"({"fields":{"department":"api )" + value + "\"}}"));
            });
        for (const auto id : round) read.time([&] { client.call(request("GET", id, "")); });
        for (const auto id : round) sql.time([&] { kontor.update(id, "sql " + value); });
    }
    std::printf("{\"count\":%zu,", ids.size());
    floor.print(",");
    api.print(",");
    sql.print(",");
    same.print(",");
    other.print(",");
    read.print("}\n");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fprintf(stderr, "usage: latency_bench SOCKET REPLICA SCRATCH [COUNT]\n");
        return 2;
    }
    try {
        run(argv[1], argv[2], argv[3], argc > 4 ? std::atoi(argv[4]) : 2000);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "latency_bench: %s\n", error.what());
        return 1;
    }
}
