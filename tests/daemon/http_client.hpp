#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kontor::test {

struct Answer {
    int status = 0;
    std::map<std::string, std::string> headers;  ///< lower-case names
    std::string body;
};

/// A plain HTTP/1.1 client on a Unix socket: one request a connection. Bytes go out as given, so
/// that tests can send nonsense. Every wait ends after ten seconds.
class RawConnection {
public:
    explicit RawConnection(const std::string& socket_path);
    ~RawConnection();
    RawConnection(const RawConnection&) = delete;
    RawConnection& operator=(const RawConnection&) = delete;

    /// False if the other side has closed.
    bool send(std::string_view bytes);
    /// Reads until `text` has been seen, the other side closes, or time is up.
    std::string read_until(std::string_view text);
    /// All until the other side closes.
    std::string read_all();

private:
    bool read_some();
    int fd_ = -1;
    std::string received_;
};

[[nodiscard]] Answer parse_answer(const std::string& text);

[[nodiscard]] Answer call(const std::string& socket_path, const std::string& method,
                          const std::string& target, const std::string& body = "",
                          const std::vector<std::pair<std::string, std::string>>& headers = {});

}  // namespace kontor::test
