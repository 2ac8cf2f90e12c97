#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "sync/remote/remote.hpp"
#include "tests/simulation/server.hpp"
#include "tests/simulation/tokens.hpp"
#include "tests/simulation/trace.hpp"

namespace kontor::simulation {

/// What goes wrong with the next call that it fits.
enum class Fault {
    kLostRequest,
    kLostAnswer,     ///< after it was carried out
    kCarriedByHalf,  ///< a batch: the first half was carried out, then the connection broke
    kMalformed,      ///< an answer that cannot be read
    kRateLimited,
    kCutPull,    ///< after a page
    kTwicePage,  ///< a page comes again
    kStalePage,  ///< a page brings earlier images of some records too
    kFewerResults,
    kItemRetry,  ///< one change of a batch is not carried out
    kItemLocked,
    kItemUnknown,  ///< … or is, and nobody says so
    kTruncatedList,
    kLyingList,  ///< truncated, and said to be complete
};
inline constexpr int kFaultCount = static_cast<int>(Fault::kLyingList) + 1;
[[nodiscard]] const char* to_string(Fault fault);
/// True if it may leave a push of which nobody knows whether it was carried out.
[[nodiscard]] bool leaves_in_doubt(Fault fault);

/// One device's access to a server: what a good connector makes of it (cursors that overlap, pages,
/// reads by id), with the network in between.
class Account final : public remote::Remote {
public:
    struct Hooks {
        /// Time passes and others act: before a request arrives, and after it was carried out.
        std::function<void(std::string_view request)> yield;
        std::function<bool()> gone;  ///< the device has lost power: nothing is sent any more
        std::function<void(const std::string&)> violation;
        /// The groups of a record about which a person has been asked, as "stream/id/group".
        std::function<std::set<std::string>()> parked;
        /// As which version a record is here: nullopt if there is no link, "" if it is gone.
        std::function<std::optional<std::string>(const std::string& stream, const std::string& id)>
            known;
        /// A value is sent that the remote has held before the one that it holds now; since when an
        /// automation has kept that there, if one does.
        std::function<void(Token, const std::string& where, std::optional<Instant> insists)>
            sent_again;
        /// The remote has answered to a change.
        std::function<void(const std::string& stream, const remote::Change&,
                           const remote::PushResult&)>
            answered = {};
    };
    Account(Server& server, std::string user, WorldTime& time, std::uint64_t seed, Trace& trace,
            Hooks hooks);

    void arm(Fault fault) { armed_.push_back(fault); }
    void disarm() {
        armed_.clear();
        loses_push_ = loses_pushed_ = false;
        quota_ = 0;
    }
    /// From now on the remote answers so many requests a day, the last quarter only to what serves
    /// writes (D4). 0: as many as are asked.
    void ration(int requests) { quota_ = requests; }
    /// From now on some requests and answers are lost because the connector's process has ended.
    void let_end(std::uint64_t seed) { ends_.emplace(seed); }
    /// From now on it takes long until the remote has told its time, and until that has come back.
    void be_slow(std::uint64_t seed) { slow_.emplace(seed); }
    /// From now on some of what is pushed is carried out twice, and the second answer comes back.
    void let_resend(std::uint64_t seed) { resends_.emplace(seed); }
    /// The next push does not arrive, or its answer does not.
    void lose_push(bool arrives) { (arrives ? loses_pushed_ : loses_push_) = true; }
    /// Streams and ids that it was told are gone, since the last call.
    [[nodiscard]] std::set<std::pair<std::string, std::string>> take_told_gone() {
        return std::exchange(told_gone_, {});
    }
    /// Other devices log on as the same user.
    void share_user() { shares_user_ = true; }
    [[nodiscard]] bool shares_user() const { return shares_user_; }
    /// Faults that have happened since the last call.
    [[nodiscard]] int take_fired() { return std::exchange(fired_, 0); }

    [[nodiscard]] Server& server() { return server_; }
    [[nodiscard]] const Server& server() const { return server_; }
    [[nodiscard]] const std::string& user() const { return user_; }
    /// Records that this device has asked for by id, and changes that it has sent.
    [[nodiscard]] std::uint64_t asked_for() const { return asked_for_; }
    [[nodiscard]] std::uint64_t sent() const { return changes_sent_; }
    /// Changes that this device's pushes have made.
    [[nodiscard]] std::uint64_t carried_out() const { return carried_out_; }
    /// Tokens in images that this device was shown and has kept.
    [[nodiscard]] const std::set<Token>& delivered() const { return delivered_; }
    /// Values that colleagues' records had as this device was shown them, by where they were, but
    /// for those that a person is asked about: of such a question the newest value is kept.
    struct Seen {
        std::string stream, id, field;
    };
    [[nodiscard]] const std::map<Token, Seen>& seen() const { return seen_; }
    /// How often it has written to a record ("stream/id") with success.
    [[nodiscard]] const std::map<std::string, int>& updates() const { return updates_; }
    /// The connector has described a field otherwise.
    void note_reformed() { reformed_ = true; }
    void forget_delivered() {
        delivered_.clear();
        seen_.clear();
        newest_.clear();
    }
    /// What this device knows, as far as the oracles ask.
    struct Memory {
        std::set<Token> delivered;
        std::map<std::string, std::string> newest;
        std::map<Token, Seen> seen, overwritten;
        std::map<std::string, Value> sent;
    };
    [[nodiscard]] Memory memory() const {
        return {delivered_, newest_, seen_, overwritten_, sent_};
    }
    void remember(const Memory& memory) {
        seen_ = memory.seen;
        delivered_ = memory.delivered;
        overwritten_ = memory.overwritten;
        newest_ = memory.newest;
        sent_before_ = memory.sent;
    }
    /// The remote is another one.
    void forget_newest() { newest_.clear(); }
    /// The newest version of each record ("stream/id") among images that were kept.
    [[nodiscard]] const std::map<std::string, std::string>& newest() const { return newest_; }
    /// By "stream/id", as which version pages that lag have shown in this cycle what was not known
    /// and is not so: they could be told by something in them that was known as newer.
    [[nodiscard]] const std::map<std::string, std::string>& doubtful() const { return doubtful_; }
    /// What is shown while this is on is kept in a copy only: a dry run.
    void rehearse(bool on) { rehearses_ = on; }
    /// … and of these, the ones that this device's pushes have replaced or deleted, by where they
    /// were.
    [[nodiscard]] const std::map<Token, Seen>& overwritten() const { return overwritten_; }
    /// The record was last shown without the field, which had been hidden since the description:
    /// nobody could know that it is to be read again (docs/guarantees.md).
    [[nodiscard]] bool unseen(const std::string& stream, const std::string& id,
                              const std::string& field) const {
        return unseen_.contains({stream + "/" + id, field});
    }
    [[nodiscard]] std::vector<remote::StreamSpec> specs() const;

    Result<remote::Identity> check() override;
    Result<std::vector<remote::StreamSpec>> describe() override;
    Result<std::string> pull(std::string_view stream, std::span<const std::string> fields,
                             std::string_view cursor, remote::RecordSink& sink) override;
    Result<bool> list_ids(std::string_view stream, remote::RecordSink& sink) override;
    Result<> fetch(std::string_view stream, std::span<const std::string> fields,
                   std::span<const std::string> ids, remote::RecordSink& sink) override;
    Result<> find(std::string_view stream, std::span<const std::string> fields,
                  std::string_view field, std::span<const std::string> values,
                  remote::RecordSink& sink) override;
    Exchange push_and_fetch(std::string_view stream, std::span<const remote::Change> changes,
                            std::span<const std::string> fields, std::span<const std::string> ids,
                            remote::RecordSink& sink) override;
    Result<std::vector<remote::PushResult>> push(std::string_view stream,
                                                 std::span<const remote::Change> changes) override;
    void serve_writes(bool on) override {
        serves_writes_ = on;
        call("serve_writes");
    }
    [[nodiscard]] remote::Credits credits() const override;

private:
    struct Shown {
        std::string id;
        Server::Image image;
        remote::Fact fact = remote::Fact::kRecord;
        std::uint64_t epoch = 0;  ///< the remote's when it was read, which may end on the way
    };
    // Into the trace.
    void call(std::string_view what) const;
    void mix(std::span<const std::string> texts) const;
    void mix(const remote::Change& change) const;
    void mix(const remote::PushResult& result) const;
    [[nodiscard]] tl::unexpected<Error> failed(Error error) const;
    [[nodiscard]] tl::unexpected<Error> failed(Errc code, const char* message) const;

    Result<> request(std::string_view what);
    Result<> spend();
    Result<> answer(std::string_view what);
    bool happens(Fault fault);
    Error lost(Errc code, const char* message);
    std::vector<Shown> changed_since(const std::string& stream, std::string_view from) const;
    Result<> emit(const std::string& stream, std::span<const std::string> fields,
                  const std::vector<Shown>& records, bool by_id, remote::RecordSink& sink,
                  std::string_view checkpoint);
    Shown by_id(const std::string& stream, const std::string& id) const;
    /// `late`: of a page that is about to be shown.
    void note_doubtful(const std::string& stream, std::span<const Shown> late);
    /// The copy that answers reads by id may lag behind.
    void show_late(const std::string& stream, Shown& shown);
    void note_seen(const std::string& stream, const std::vector<Shown>& records,
                   std::span<const std::string> fields);
    [[nodiscard]] bool tells_changes_apart() const;
    void watch_valid(const std::string& stream, const remote::Change& change) const;
    void watch_echo(const std::string& stream, const remote::Change& change,
                    const Server::Record& there) const;
    void watch_parked(const std::string& stream, std::span<const remote::Change> changes);
    void watch_delete(const std::string& stream, const remote::Change& change,
                      const Server::Record& before);
    void watch_return(const std::string& stream, const remote::Change& change) const;
    [[nodiscard]] std::set<std::string> looks_like_ours(const std::string& stream,
                                                        const remote::Change& change) const;
    void watch_update(const std::string& stream, const remote::Change& change,
                      const Server::Record& before, const std::set<std::string>& unclear);
    void resend(const std::string& stream, const remote::Change& change,
                remote::PushResult& result);

    Server& server_;
    std::string user_;
    WorldTime& time_;
    std::uint64_t number_;  ///< which device's, at which remote
    Dice dice_;
    Trace& trace_;
    Hooks hooks_;
    std::optional<Dice> ends_, slow_, resends_;
    std::vector<Fault> armed_;
    int fired_ = 0;
    int quota_ = 0, used_ = 0;
    int refused_ = 0;  ///< in this cycle, for want of requests
    std::chrono::sys_days day_{};
    bool serves_writes_ = false;
    bool loses_push_ = false, loses_pushed_ = false;
    std::set<std::pair<std::string, std::string>> told_gone_;
    std::uint64_t asked_for_ = 0, changes_sent_ = 0, carried_out_ = 0;
    Instant cycle_began_{};
    bool shares_user_ = false;
    std::set<Token> delivered_;
    std::set<Token> shown_;  ///< delivered, kept or not
    std::map<Token, Seen> seen_, overwritten_;
    std::map<std::string, int> updates_;
    std::map<std::string, Value> sent_;  ///< last into each field, by "stream/id/field"
    /// … that the replica knows of which was restored, and has not sent anything into since.
    std::map<std::string, Value> sent_before_;
    bool reformed_ = false;
    std::map<std::string, std::string> newest_;
    std::map<std::string, std::string> doubtful_;
    std::set<std::pair<std::string, std::string>> hidden_then_;  ///< when it was last described
    std::set<std::pair<std::string, std::string>> unseen_;       ///< "stream/id" and field
    bool rehearses_ = false;
};

}  // namespace kontor::simulation
