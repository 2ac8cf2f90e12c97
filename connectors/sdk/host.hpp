#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/abi/kontor_connector.h"
#include "connectors/abi/record_batch.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::sdk {

/// One HTTPS request. The defaults are those of the contract.
struct HttpRequest {
    std::string method = "GET";
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::string lane = "read";  ///< read, write, bulk or meta
    bool authenticated = true;
    std::int64_t credits = 1;
    std::optional<bool> idempotent;  ///< may be sent again after a lost answer; default: GET, HEAD
    bool spool = false;
    std::int64_t max_body = 0;    ///< bytes; 0 = the host's default
    std::int64_t timeout_ms = 0;  ///< 0 = the host's default

    HttpRequest& header(std::string name, std::string value) {
        headers.emplace_back(std::move(name), std::move(value));
        return *this;
    }
};

/// A file of the host's; closed (a spool file: deleted) with this object, which must not outlive
/// the Host. Movable.
class HostFile {
public:
    HostFile() = default;
    HostFile(const kontor_host* host, std::int64_t handle) : host_(host), handle_(handle) {}
    HostFile(HostFile&& other) noexcept
        : host_(other.host_), handle_(std::exchange(other.handle_, -1)) {}
    HostFile& operator=(HostFile&& other) noexcept {
        std::swap(host_, other.host_);
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~HostFile();

    [[nodiscard]] bool is_open() const { return handle_ >= 0; }
    /// Reads up to `size` bytes at `offset`; 0 at the end. Throws Error.
    [[nodiscard]] std::size_t read(std::int64_t offset, char* buffer, std::size_t size) const;
    /// Appends to a file of Host::create_file(). Throws Error.
    void write(std::string_view bytes);
    /// Makes the new file appear under its name, whole and for good; without this it never does.
    /// Throws Error.
    void commit();

private:
    const kontor_host* host_ = nullptr;
    std::int64_t handle_ = -1;
};

/// A file in a folder that was granted to the connection.
struct ListedFile {
    std::string path;  ///< begins with the grant's name
    std::int64_t size = 0, modified_ms = 0;
    bool operator==(const ListedFile&) const = default;
};

/// A connection to a server that speaks a protocol of its own, signed in by the host (Host::dial).
/// Ends with the call of the connector that dialled. Movable; must not outlive the Host.
class HostStream {
public:
    HostStream(const kontor_host* host, std::int64_t handle, Json said)
        : greeting(std::move(said)), host_(host), handle_(handle) {}
    HostStream(HostStream&& other) noexcept
        : greeting(std::move(other.greeting)),
          host_(other.host_),
          handle_(std::exchange(other.handle_, -1)) {}
    HostStream& operator=(HostStream&& other) noexcept {
        std::swap(greeting, other.greeting);
        std::swap(host_, other.host_);
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~HostStream();

    /// At least one byte, valid until the next call of the host; "" once the server has closed.
    /// Throws Error.
    [[nodiscard]] std::string_view read(std::size_t size, std::int64_t timeout_ms);
    /// Throws Error.
    void write(std::string_view bytes);

    Json greeting;  ///< what the server said of itself: {"parameters": {…}}

private:
    const kontor_host* host_;
    std::int64_t handle_;
};

struct HttpResponse {
    int status = 0;
    Json headers;           ///< object, names in lower case
    std::string_view body;  ///< valid until the next call of the host
    HostFile spool;         ///< open if it was asked for

    [[nodiscard]] std::string header(std::string_view lower_name) const {
        return text_of(headers, lower_name);
    }
};

/// A request that runs while the connector goes on (Host::begin). Ends with the call of the
/// connector that began it, finished or not.
struct BegunRequest {
    HttpRequest request;
    std::int64_t ticket = 0;  ///< 0: the host cannot; it is sent when it is finished
};

enum class LogLevel : std::int32_t { kDebug = 0, kInfo = 1, kWarning = 2, kError = 3 };

/// The host's services with C++ manners: a status other than OK is thrown as Error. One per
/// connector instance; not thread-safe.
class Host {
public:
    /// `raw` must outlive this.
    explicit Host(const kontor_host* raw) : raw_(raw) {}

    /// Throws Error if no HTTP answer arrived.
    HttpResponse http(const HttpRequest& request);
    /// Sends a request without waiting for its answer. At most 16 at a time. What is not
    /// idempotent should be finished: nobody knows else whether it was carried out.
    [[nodiscard]] BegunRequest begin(HttpRequest request);
    /// True once finish() would not wait. It may stay false until then.
    [[nodiscard]] bool arrived(const BegunRequest& begun) const;
    /// Waits for the answer; as http(). Once.
    HttpResponse finish(const BegunRequest& begun);
    /// Connects to one of the addresses that the spec's "dials" allow, and signs in.
    [[nodiscard]] HostStream dial(std::string_view address);
    /// Opens a file below a granted folder: "inbox/2026/a.csv". Throws Error.
    [[nodiscard]] HostFile open_file(std::string_view path);
    /// A new file below a folder granted for writing; see HostFile::commit(). Throws Error.
    [[nodiscard]] HostFile create_file(std::string_view path);
    /// All files below a granted folder, by path. Throws Error.
    [[nodiscard]] std::vector<ListedFile> list_files(std::string_view folder);
    /// Hands the batch to the engine and empties it. An empty batch goes too if there is a
    /// checkpoint to commit.
    void emit(abi::BatchWriter& batch, std::string_view checkpoint = {});

    [[nodiscard]] std::int64_t now_ms() const { return raw_->now_ms(raw_->ctx); }
    [[nodiscard]] std::uint64_t random() const { return raw_->random(raw_->ctx); }
    /// Throws Error(KONTOR_E_CANCELLED) if it was cut short by cancellation.
    void sleep_ms(std::int64_t ms);
    /// Throws Error(KONTOR_E_CANCELLED) once shutdown has begun.
    void check_cancelled() const;

    void log(LogLevel level, std::string_view event, const Json& fields = Json::object());
    void progress(const Json& step);
    void set_error(std::string_view message, std::string_view args_json);

    [[nodiscard]] std::string state() const;
    void put_state(std::string_view state);

private:
    [[nodiscard]] HttpResponse read(const HttpRequest& request, const kontor_http_response& raw);
    [[nodiscard]] bool runs_ahead() const;

    const kontor_host* raw_;
};

[[nodiscard]] inline kontor_str to_str(std::string_view text) {
    return {text.data(), text.size()};
}
[[nodiscard]] inline std::string_view to_view(kontor_str text) {
    return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

}  // namespace kontor::sdk
