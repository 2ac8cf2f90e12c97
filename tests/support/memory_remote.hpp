#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sync/base/clock.hpp"
#include "sync/remote/remote.hpp"

namespace kontor::test {

/// Time that only tests move.
class FakeClock final : public Clock {
public:
    explicit FakeClock(Instant start = *parse_instant("2026-05-20T10:00:00Z")) : now_(start) {}
    [[nodiscard]] Instant now() const override { return now_; }
    [[nodiscard]] std::chrono::milliseconds steady() const override { return steady_; }
    void advance(std::chrono::milliseconds by) {
        now_ += by;
        steady_ += by;
    }
    /// A wall clock that jumps while time goes on evenly.
    void jump(std::chrono::milliseconds by) { now_ += by; }

private:
    Instant now_;
    std::chrono::milliseconds steady_{0};
};

using RemoteRow = std::map<std::string, Value>;

/// A remote in memory: modified stamps of whole seconds, a deleted feed, pushes in batches. Every
/// knob is a public member; edits of colleagues are function calls. Ids are "<Stream>-<n>".
class MemoryRemote final : public remote::Remote {
public:
    explicit MemoryRemote(const Clock& clock) : clock_(clock) {}

    struct Record {
        RemoteRow fields;
        std::string version;
        std::string modified_by;
        bool deleted = false;
        std::string successor = {};  ///< it was merged (or converted) into this record
        bool converted = false;
    };
    /// What happens to a push.
    enum class Fault { kNone, kLostRequest, kLostAnswer };

    // --- set-up
    std::vector<remote::StreamSpec> streams;
    std::string org = "org-1";
    std::string user = "api-user";
    bool tells_user = true;  ///< check() says who we are; records do in any case
    /// Value as the remote keeps it: (stream, field, value) → value.
    std::function<Value(const std::string&, const std::string&, Value)> normalise;
    /// Refuses a change: nullopt accepts it.
    std::function<std::optional<remote::PushResult>(const std::string&, const remote::Change&)>
        refuse;
    Fault next_push = Fault::kNone;                 ///< used up by one push
    Errc push_trouble = Errc::kUnavailable;         ///< what it says
    std::function<void()> before_push, after_push;  ///< interleaving, while the engine waits
    std::function<void()> during_check;
    std::function<void()> after_page;  ///< of a pull
    std::chrono::milliseconds clock_skew{0};
    bool revisions = false;                  ///< versions are numbers of changes, not stamps
    bool answers_version = true;             ///< of a push
    bool fetch_fails = false;                ///< kUnavailable
    bool only_writes_left = false;           ///< kRateLimited for what serves no write
    std::vector<std::string> hidden_fields;  ///< left out of every image
    std::vector<std::string> cut_fields;     ///< left out of lists, there by id
    std::set<std::string> forbidden;         ///< ids that we may not see
    std::set<std::string> unlisted;          ///< ids that pulls do not show yet
    std::set<std::string> unfound;           ///< ids that a search for keys does not show
    bool upserts = true;                     ///< makes one of two that bear the same key
    bool truncated_list = false;             ///< list_ids stops half-way and says so
    bool lying_list = false;                 ///< … and says that it is complete
    std::map<std::string, Errc> no_pull;     ///< streams whose pull fails
    std::map<std::string, Errc> no_list;     ///< … whose list_ids fails
    std::map<std::string, Errc> no_fetch;    ///< … whose fetch fails
    /// By stream and id: what a copy that lags shows to whoever reads it by id.
    std::map<std::string, std::map<std::string, Record>> read_as;
    bool first_pull_tells_deleted = false;  ///< as some lists do
    bool replays_apart = false;  ///< what is replayed comes at the end, on a page of its own
    std::size_t page_size = 3;
    std::size_t fail_pull_after = SIZE_MAX;  ///< pages, then kUnavailable

    // --- a colleague's hands
    std::string create(const std::string& stream, RemoteRow fields,
                       const std::string& by = "colleague");
    void edit(const std::string& stream, const std::string& id, const RemoteRow& fields,
              const std::string& by = "colleague");
    /// As if its last change had not been one.
    void set_version(const std::string& stream, const std::string& id, std::string version) {
        records_[stream].at(id).version = std::move(version);
    }
    void erase(const std::string& stream, const std::string& id);
    /// Merges `loser` into `winner` (of the same stream, or `converted` into one of another).
    void merge(const std::string& stream, const std::string& loser, const std::string& winner,
               bool converted = false);
    void restore(const std::string& stream, const std::string& id);
    /// Deletes it, and no deleted feed tells.
    void forget(const std::string& stream, const std::string& id) { records_[stream].erase(id); }
    [[nodiscard]] const Record& at(const std::string& stream, const std::string& id) const;
    [[nodiscard]] Value value(const std::string& stream, const std::string& id,
                              const std::string& field) const;
    [[nodiscard]] std::vector<std::string> ids(const std::string& stream) const;  ///< not deleted
    /// Stale read replica: the next pull also shows this record as it was.
    void replay(const std::string& stream, const std::string& id, Record old);

    // --- counters
    int pushes = 0;        ///< write requests
    int changes_sent = 0;  ///< changes in them
    int fetches = 0;
    int fetches_with_push = 0;  ///< of `fetches`, those that came with a push
    int checks = 0;
    int pulls = 0;
    std::vector<remote::Change> sent;  ///< all changes, in order

    // --- the port
    Result<remote::Identity> check() override;
    Result<std::vector<remote::StreamSpec>> describe() override { return streams; }
    Result<std::string> pull(std::string_view stream, std::span<const std::string> fields,
                             std::string_view cursor, remote::RecordSink& sink) override;
    Result<bool> list_ids(std::string_view stream, remote::RecordSink& sink) override;
    Result<> fetch(std::string_view stream, std::span<const std::string> fields,
                   std::span<const std::string> ids, remote::RecordSink& sink) override;
    Result<> find(std::string_view stream, std::span<const std::string> fields,
                  std::string_view field, std::span<const std::string> values,
                  remote::RecordSink& sink) override;
    Result<std::vector<remote::PushResult>> push(std::string_view stream,
                                                 std::span<const remote::Change> changes) override;
    Exchange push_and_fetch(std::string_view stream, std::span<const remote::Change> changes,
                            std::span<const std::string> fields, std::span<const std::string> ids,
                            remote::RecordSink& sink) override {
        ++fetches_with_push;
        return Remote::push_and_fetch(stream, changes, fields, ids, sink);
    }
    void serve_writes(bool on) override { serves_writes_ = on; }
    [[nodiscard]] remote::Credits credits() const override { return {}; }

private:
    [[nodiscard]] Result<> affordable() const;
    std::string stamp();
    const remote::StreamSpec* spec(std::string_view stream) const;
    remote::PushResult carry_out(const std::string& stream, const remote::Change& change);
    Result<> emit(std::string_view stream, std::span<const std::string> fields,
                  const std::vector<std::pair<std::string, const Record*>>& records, bool by_id,
                  remote::RecordSink& sink, std::string_view checkpoint);

    const Clock& clock_;
    std::map<std::string, std::map<std::string, Record>> records_;
    std::map<std::string, std::map<std::string, Record>> stale_;  ///< shown by the next pull
    int next_id_ = 100;
    std::uint64_t revision_ = 0;
    bool serves_writes_ = false;
};

/// A stream with text fields; "phone" is a phone, names ending in _ref refer to `parent`.
[[nodiscard]] remote::StreamSpec stream_spec(const std::string& name, const std::string& entity,
                                             const std::vector<remote::FieldSpec>& fields);
[[nodiscard]] remote::FieldSpec text_field(const std::string& name, const std::string& column,
                                           const std::string& group = "");
[[nodiscard]] remote::FieldSpec reference_field(const std::string& name, const std::string& column,
                                                const std::string& target);

}  // namespace kontor::test
