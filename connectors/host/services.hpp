#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/abi/kontor_connector.h"
#include "connectors/host/granted_files.hpp"
#include "connectors/host/redactor.hpp"
#include "connectors/host/requester.hpp"
#include "connectors/host/streams.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

/// How far a long step of a plugin is.
struct Progress {
    std::string stage;
    std::int64_t done = 0;
    std::int64_t total = 0;  ///< 0 = not known
};

/// The services of one connection, as the plugin sees them: the functions of kontor_host. What the
/// plugin hands in is checked; no exception leaves. One thread at a time, the plugin's; all parts
/// must outlive it.
class Services {
public:
    struct Parts {
        Requester& requester;
        GrantedFiles& files;
        const Clock& clock;
        Random& random;
        Sleeper& sleeper;
        RedactingLogger& log;
        const Redactor& redactor;
        std::function<void(const Progress&)> on_progress{};
        std::string state_file;
        const Dialer* dialer = nullptr;  ///< null: nothing can be dialled
    };
    /// Takes a batch and its checkpoint from emit().
    using Emit = std::function<Result<>(std::string_view batch, std::string_view checkpoint)>;

    explicit Services(Parts parts);
    Services(const Services&) = delete;
    Services& operator=(const Services&) = delete;

    [[nodiscard]] const kontor_host* table() const { return &table_; }

    /// What it means that a batch is not taken. For a call that is about something else, nothing:
    /// whoever made it knows what is missing.
    enum class Refusal { kFailsCall, kIgnored };

    /// Before each call into the plugin: forgets the last call's error. `emit` may be null and must
    /// stay alive until the call returns.
    void begin_call(const Emit* emit, Refusal refusal = Refusal::kFailsCall);
    /// After it: what `status` means. The plugin's own explanation counts, else that of the host
    /// call that failed with this status; an error of emit() is returned as it was.
    [[nodiscard]] Result<> end_call(kontor_status status);

    static constexpr std::size_t kStateBytesMax = 65'536;
    static constexpr std::size_t kBegunMax = 16;  ///< requests ahead of time, in one call

private:
    struct Calls;  // the C functions
    kontor_status http(std::string_view head, std::string_view body, kontor_http_response* out);
    kontor_status http_begin(std::string_view head, std::string_view body, std::int64_t* ticket);
    bool http_arrived(std::int64_t ticket);
    kontor_status http_finish(std::int64_t ticket, kontor_http_response* out);
    kontor_status hand_over(Result<HttpResponse> answer, kontor_http_response* out);
    kontor_status read_some(std::int64_t file, std::int64_t offset, void* buffer, std::size_t size,
                            std::size_t* got);
    void move_on();
    kontor_status emit(std::string_view batch, std::string_view checkpoint);
    void log(std::int32_t level, std::string_view event, std::string_view fields);
    void explain(std::string_view message, std::string_view args);
    void progress(std::string_view json);
    kontor_status put_state(std::string_view state);
    std::string_view state();
    kontor_status list(std::string_view folder, kontor_str* out);
    kontor_status dial(std::string_view address, std::int64_t* stream, kontor_str* out_json);
    kontor_status read_stream(std::int64_t stream, std::size_t size, std::int64_t timeout_ms,
                              kontor_str* out);
    kontor_status failed(const Error& error);
    [[nodiscard]] Result<HttpCall> read_call(std::string_view head, std::string_view body) const;

    Parts parts_;
    kontor_host table_{};
    const Emit* emit_ = nullptr;
    Refusal refusal_ = Refusal::kFailsCall;
    std::optional<Error> explained_;   // by the plugin
    std::optional<Error> host_error_;  // of the last host call that failed
    std::optional<Error> sink_error_;  // of emit
    std::map<std::int64_t, std::unique_ptr<BegunCall>> begun_;
    std::int64_t next_ticket_ = 1;
    HttpResponse answer_;  // what the plugin's last http() points to
    std::string answer_headers_;
    std::string listing_;
    Streams streams_;
    std::string greeting_;
    std::optional<std::string> state_;
};

}  // namespace kontor::host
