#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/clock.hpp"
#include "sync/base/result.hpp"
#include "sync/base/value.hpp"
#include "sync/remote/description.hpp"

namespace kontor::remote {

/// What a record of a pull, fetch or find says.
enum class Fact : std::uint8_t {
    kRecord,     ///< the image as it is now
    kDeleted,    ///< deleted there
    kMissing,    ///< fetch: no such id
    kForbidden,  ///< fetch: exists, we may not see it
    kMerged,     ///< merged into the record `successor`
    kConverted,  ///< converted into the record `successor` (maybe of another stream)
    kId,         ///< list_ids: only id and version
};

/// One record as the remote shows it. Views live until the sink returns.
struct RecordView {
    Fact fact = Fact::kRecord;
    std::string_view id;
    std::string_view version;      ///< orders bytewise, older < newer; "" = unknown
    std::string_view modified_by;  ///< the remote's user id; "" = unknown
    std::string_view successor;
    /// In the order of the request's fields; absent where the answer had nothing or cut it.
    std::span<const ValueView> fields;
};

/// Takes what a remote hands over. A batch and its cursor are committed together before it returns.
class RecordSink {
public:
    virtual ~RecordSink() = default;
    /// `checkpoint`: where a later pull goes on after this batch; "" if it cannot be resumed here.
    /// An error stops the pull, which then returns it.
    virtual Result<> accept(std::span<const RecordView> batch, std::string_view checkpoint) = 0;
};

struct Identity {
    std::string org_id;
    std::string org_name;
    std::string user_id;  ///< who we are there: recognises our own writes
    std::string user_name;
    Instant server_time{};
    std::int64_t credits_limit = 0;  ///< 0 = not known
    std::int64_t credits_left = -1;  ///< -1 = not known
};

struct Credits {
    std::int64_t limit = 0;
    std::int64_t left = -1;
    std::int64_t spent = 0;  ///< by this process since it opened the connection
    std::int64_t requests = 0;
};

enum class ChangeOp : std::uint8_t { kCreate, kUpdate, kDelete };

struct FieldChange {
    std::string field;
    Value value;  ///< never absent
};

struct Change {
    ChangeOp op = ChangeOp::kUpdate;
    std::string id;              ///< remote id; "" for a create
    std::string key;             ///< the record's uid, for a create
    std::string expect_version;  ///< the version the change was based on; "" = do not check
    std::vector<FieldChange> fields;
};

enum class PushStatus : std::uint8_t {
    kOk,
    kChanged,    ///< precondition failed
    kDuplicate,  ///< a unique value is taken by record `id`
    kInvalid,
    kLocked,
    kForbidden,
    kMissing,
    kRetry,    ///< surely not carried out
    kUnknown,  ///< may or may not have been carried out
};
[[nodiscard]] std::string_view to_string(PushStatus status);

struct PushResult {
    PushStatus status = PushStatus::kUnknown;
    std::string id;
    std::string version;
    std::string code;  ///< the remote's own code
    std::string field;
    std::string message;
};

/// The port through which the engine sees any outside system: one account on one remote.
///
/// Synchronous; called from one thread at a time; implementations block while they wait for the
/// network and return kCancelled soon after cancellation. An error from push() other than
/// kUnavailable, kTimeout, kProtocol or kInternal promises that nothing was carried out.
class Remote {
public:
    virtual ~Remote() = default;

    /// Who we are there; also the cheapest test of the credentials.
    virtual Result<Identity> check() = 0;
    virtual Result<std::vector<StreamSpec>> describe() = 0;

    /// Hands all records changed since `cursor` ("" = all records) to `sink`, deletions included.
    /// Returns the cursor for the next pull.
    virtual Result<std::string> pull(std::string_view stream, std::span<const std::string> fields,
                                     std::string_view cursor, RecordSink& sink) = 0;
    /// Ids and versions of all records that exist. True if the list is surely complete.
    virtual Result<bool> list_ids(std::string_view stream, RecordSink& sink) = 0;
    /// The current image of each id, or that it is missing or forbidden. Any number of ids.
    virtual Result<> fetch(std::string_view stream, std::span<const std::string> fields,
                           std::span<const std::string> ids, RecordSink& sink) = 0;
    /// All records whose `field` is one of `values`, without relying on a late search index.
    virtual Result<> find(std::string_view stream, std::span<const std::string> fields,
                          std::string_view field, std::span<const std::string> values,
                          RecordSink& sink) = 0;
    /// One result per change, in order. At most Capabilities::push_batch_max changes.
    virtual Result<std::vector<PushResult>> push(std::string_view stream,
                                                 std::span<const Change> changes) = 0;
    struct Exchange {
        Result<std::vector<PushResult>> pushed;
        Result<> fetched;  ///< of no meaning if `pushed` is an error
    };
    /// push(), and fetch() of other records meanwhile. Before it returns, the sink has been given
    /// what there is; what is wrong with that takes nothing from `pushed`.
    virtual Exchange push_and_fetch(std::string_view stream, std::span<const Change> changes,
                                    std::span<const std::string> fields,
                                    std::span<const std::string> ids, RecordSink& sink) {
        auto pushed = push(stream, changes);
        if (!pushed) return {std::move(pushed), {}};
        auto fetched = fetch(stream, fields, ids, sink);
        return {std::move(pushed), std::move(fetched)};
    }
    /// What is known of API credits without asking.
    [[nodiscard]] virtual Credits credits() const = 0;
    /// From here on the calls are, or are not, needed to send edits: then they may use what a limit
    /// of calls keeps for that. A kRateLimited with the argument `for_writes` says how much this
    /// is.
    virtual void serve_writes(bool /*on*/) {}
};

/// While it lives, the calls are needed to send edits.
class ServingWrites {
public:
    explicit ServingWrites(Remote& remote) : remote_(remote) { remote_.serve_writes(true); }
    ~ServingWrites() { remote_.serve_writes(false); }
    ServingWrites(const ServingWrites&) = delete;
    ServingWrites& operator=(const ServingWrites&) = delete;

private:
    Remote& remote_;
};

/// Whether a limit refused this call and has something left for sending edits.
[[nodiscard]] inline bool leaves_writes(const Error& error) {
    return error.code == Errc::kRateLimited && error.args.contains("for_writes");
}

}  // namespace kontor::remote
