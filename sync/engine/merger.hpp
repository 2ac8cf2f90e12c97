#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sync/engine/context.hpp"
#include "sync/engine/cycle.hpp"
#include "sync/engine/matcher.hpp"
#include "sync/engine/references.hpp"
#include "sync/engine/rows.hpp"
#include "sync/engine/state.hpp"
#include "sync/merge/three_way.hpp"
#include "sync/remote/remote.hpp"

namespace kontor::engine {

struct DeletionSides;

/// Merges images of one stream into the replica, one at a time, each against the row as it is now:
/// clauses b to i except pushing. Needs an open engine transaction around apply(). Throws Failure.
class Merger {
public:
    Merger(Context& context, const StreamPlan& plan, StreamCounts& counts);

    /// `authoritative`: fetched by id just now, so that it is not stale and nothing is cut.
    void apply(const remote::RecordView& image, bool authoritative);

    /// What is doubtful may be read by id afterwards. Records stamped since `stamps_open_since` may
    /// have changed after they were last read without a newer stamp.
    void may_reread(std::optional<Instant> stamps_open_since) {
        may_reread_ = true;
        open_since_ = stamps_open_since;
    }

    /// Ids that must be read by id before they can be merged, or believed; emptied by the call,
    /// which ends a page: what comes next is doubted for its own sake only.
    [[nodiscard]] std::vector<std::string> take_rereads();
    [[nodiscard]] bool has_rereads() const { return !rereads_.empty(); }

    /// The page at hand shows something that is older than known, or may be.
    [[nodiscard]] bool page_lags() const { return page_lags_; }
    /// A record has been made of what the page shows, without apply().
    void note_first_shown(std::string_view id) {
        if (may_reread_) first_shown_.emplace_back(id);
    }

    /// The key that another device (or this one, before a restore) gave to a record and that
    /// `image` carries: the record made from it keeps it as its uid, so that further remotes that
    /// have it know it by that. "" if it is none, or taken.
    [[nodiscard]] std::string uid_for(const remote::RecordView& image) const;

    /// Completes references to records of this stream that arrived without apply(): of those with a
    /// remote id behind `after`, at most `limit`. Returns the last one, "" once there is none.
    std::string complete_references(const std::string& after, std::int64_t limit);

private:
    struct Work;
    struct Unsent;

    void apply_fact(const remote::RecordView& image, bool authoritative);
    void apply_record(const remote::RecordView& image, bool authoritative);
    [[nodiscard]] static bool is_older(const Link& link, const remote::RecordView& image);
    void refuse_older(const Link& link, const remote::RecordView& image) const;
    void doubt(std::string_view id);
    void insert_new(const remote::RecordView& image, bool authoritative);
    bool meet_known(const remote::RecordView& image, bool authoritative);
    void link_to(std::int64_t record, const remote::RecordView& image, bool authoritative,
                 std::string_view rule);
    void ask_who(const Matcher::Found& found, const remote::RecordView& image);
    std::string_view key_of(const remote::RecordView& image) const;
    bool adopt_created(const remote::RecordView& image);
    /// `stored`: the link as it is in the database.
    void merge_live(const Link& stored, Link link, const remote::RecordView& image,
                    bool authoritative);
    [[nodiscard]] merge::GroupValues as_kept(const GroupPlan& group,
                                             const merge::GroupValues& theirs,
                                             const merge::GroupValues& sent,
                                             const merge::GroupValues& local,
                                             const Intent& intent) const;
    void settle_sent(Work& work, const GroupPlan& group, const Intent& intent,
                     const merge::GroupValues& theirs, const merge::GroupValues& sent,
                     const merge::GroupValues& ours);
    void settle_intents(Work& work);
    void settle_update(Work& work, const Intent& intent);
    [[nodiscard]] Shadow not_shown(const Work& work, const GroupPlan& group) const;
    void merge_one_group(Work& work, const GroupPlan& group);
    void take(Work& work, const GroupPlan& group, const merge::GroupOutcome& outcome,
              const merge::GroupValues& theirs);
    bool fights(const Work& work, const GroupPlan& group, const merge::GroupOutcome& outcome,
                const merge::GroupValues& theirs) const;
    void tell_of_fight(const Work& work, const GroupPlan& group);
    void write_back(Work& work);
    void keep_bases(Link& link, const Row& row);
    void revive(Link link, const remote::RecordView& image, std::string_view rule);
    void image_of_deleted_here(Link link, const remote::RecordView& image, bool authoritative);
    void decide_deletion(const Link& link, const remote::RecordView& image,
                         const DeletionSides& sides, std::string_view rule,
                         std::string_view chosen);
    void gone(Link link, const remote::RecordView& image, bool handed_on = false);
    bool made_again(const remote::RecordView& image, bool authoritative);
    std::optional<std::int64_t> link_lost_as(std::string_view key);
    [[nodiscard]] std::optional<std::int64_t> deleted_link_of(std::string_view key) const;
    [[nodiscard]] bool was_made_again(const remote::RecordView& image) const;
    void answer_for_heir(const remote::RecordView& image);
    void succeeded(Link link, const remote::RecordView& image);
    void become(Link link, std::string_view id);
    void converted(Link link, const remote::RecordView& image);
    std::vector<Unsent> unsent_edits(const Link& link) const;
    void carry_over(const Unsent& edit, const Link& loser, const Link& winner,
                    const remote::RecordView& image);
    void follow(std::int64_t from, std::int64_t to);
    void end_loser(Link link, const remote::RecordView& image);
    void drop_create_of(const remote::RecordView& image);
    void inherit_doubts(const std::string& uid, std::int64_t record);
    void inherit_links(const std::string& uid, std::int64_t record);
    void remember(const Link& link, const remote::RecordView& image, const Row& row,
                  const std::vector<const GroupPlan*>& waiting);
    std::optional<std::int64_t> unsent_link_of(const remote::RecordView& image) const;
    bool target_died(const GroupPlan& group, const merge::Known& known,
                     const merge::GroupValues& theirs) const;
    bool followed_merge(const Work& work, std::size_t column, const Value& from) const;
    bool leads_where_it_led(const Work& work, const GroupPlan& group,
                            const merge::GroupValues& known, const merge::GroupValues& local) const;
    merge::Timing timing(const Work& work, const GroupPlan& group) const;
    merge::GroupValues image_values(const remote::RecordView& image, const GroupPlan& group) const;
    Row row_from(const remote::RecordView& image, const Row& current,
                 std::vector<const GroupPlan*>& waiting) const;
    Cause cause(const remote::RecordView& image, std::string_view rule) const;
    bool by_us(const remote::RecordView& image) const;
    bool by_somebody_else(const remote::RecordView& image) const;
    bool shows(const remote::RecordView& image, const Intent& intent) const;
    bool own_write(const Intent& intent, const remote::RecordView& image) const;
    bool read_whole_before(const Link& link, const remote::RecordView& image) const;
    static bool ours_but_for(const Work& work, const GroupPlan& group);
    /// It is from a list, and lacks what lists cut.
    [[nodiscard]] static bool is_cut(const remote::RecordView& image, const GroupPlan& group);
    bool must_be_read_whole(const Work& work) const;
    bool maybe_stale(const Work& work) const;
    bool maybe_before_our_write(const Work& work) const;

    Context& context_;
    const StreamPlan& plan_;
    StreamCounts& counts_;
    LinkReferences references_;
    Matcher matcher_;
    bool unread_ = false;  ///< what we know of the stream is from before a restore
    std::map<std::string, Instant, std::less<>> form_changes_;  ///< see form_changes()
    std::map<std::string, std::string> unshown_until_;          ///< see unshown_until()
    /// Ids that have a known record's key: by the id that this record had, which is asked for.
    std::map<std::string, std::string, std::less<>> heirs_;
    std::optional<std::map<std::string, std::int64_t, std::less<>>> lost_keys_;  ///< to links
    std::set<std::string, std::less<>> apart_;  ///< ids of which it turned out that both are there
    std::vector<std::string> rereads_;
    std::vector<std::string> first_shown_;  ///< by this page, and taken from it
    bool page_lags_ = false;
    bool may_reread_ = false;
    std::optional<Instant> open_since_;
};

}  // namespace kontor::engine
