#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/value.hpp"
#include "sync/remote/remote.hpp"
#include "tests/simulation/schema.hpp"
#include "tests/simulation/time.hpp"
#include "tests/simulation/tokens.hpp"

namespace kontor::simulation {

using Fields = std::map<std::string, Value>;

/// How a remote behaves; drawn from the seed.
struct ServerTraits {
    milliseconds precision{1'000};  ///< of its stamps
    milliseconds skew{0};           ///< of its clock
    milliseconds index_lag_max{0};  ///< until a change shows in lists and pulls
    milliseconds read_lag_max{0};   ///< after a change, until reads by id show it
    milliseconds latency_max{400};
    bool opaque_versions = false;  ///< revisions that are no times; else stamps
    bool answers_version = true;   ///< a push's answer names the new version
    bool deleted_feed = true;
    std::chrono::hours feed_keeps{0};  ///< 0 = for ever
    bool gone_says_deleted = false;    ///< fetch of a deleted id: deleted rather than missing
    bool key_field = true;
    bool upserts = true;         ///< a create under a key that is there already changes that one
    bool keyset = true;          ///< paging by (modified, id) with checkpoints; else by offset
    bool nulls_lookups = false;  ///< deleting a record blanks the references to it
    bool unique_email = false;
    bool fills_in = false;  ///< the street of what is made with a city alone
    remote::CompareAndSet cas = remote::CompareAndSet::kNone;
    std::size_t page_size = 3;
    int push_batch_max = 3;
    bool fetch_with_push = false;
};

/// A remote system: what all its users see. Devices reach it through an Account, colleagues through
/// the functions below.
class Server {
public:
    Server(std::string name, RemoteModel model, ServerTraits traits, const WorldTime& time,
           std::uint64_t seed);

    struct Image {
        Fields fields;
        std::string stamp;    ///< when it was modified, as the remote tells
        std::string version;  ///< the stamp, or a revision
        std::string modified_by;
        bool deleted = false;
        std::string successor;   ///< merged or converted into
        bool converted = false;  ///< the successor is of another stream
    };
    struct Record {
        Image now;
        std::optional<Image> indexed;  ///< what lists show until `visible_at`
        Instant visible_at{};
        std::optional<Image> read_as;  ///< what reads by id show until `readable_at`
        Instant readable_at{};
        Instant written_at{};     ///< when `now` came to be, whatever its stamp says
        std::vector<Image> past;  ///< a few earlier images, for late deliveries
        bool forbidden = false;
        /// Changed within the tick of its stamp, and hidden from before anybody could read that:
        /// what it tells of itself gives the change away no more (docs/guarantees.md).
        bool hidden_in_tick = false;
        /// Set back to what it was at one moment of a tick, and changed in the rest of it: what
        /// fields held then, under the very version that stands there again (docs/guarantees.md).
        struct SetBackWithinTick {
            std::string version;
            std::map<std::string, std::vector<Value>> held;
        } set_back_within_tick;
        int rows_made = 0;  ///< those that were given an id
        bool ever_deleted = false, ever_restored = false, ever_forbidden = false;
        bool ever_succeeded = false;  ///< merged or converted, whatever was set back since
        std::string born_of;          ///< uid of the record whose push created it; "" a colleague's
        const void* made_by = nullptr;  ///< whose push that was
        Instant listed_at{};            ///< when lists show that it is there
        bool made_blind =
            false;  ///< as another of that uid was there which its maker could not see
    };

    // --- a colleague's hands
    std::string create(const std::string& stream, const Fields& fields, const std::string& by);
    void edit(const std::string& stream, const std::string& id, const Fields& fields,
              const std::string& by);
    void erase(const std::string& stream, const std::string& id, const std::string& by);
    /// From the recycle bin, which stamps some of what it gives back.
    void restore(const std::string& stream, const std::string& id);
    /// … or none of it.
    void restore_quietly(const std::string& stream, const std::string& id);
    void merge_into(const std::string& stream, const std::string& loser, const std::string& winner);
    /// What referred to the one refers to the other, without a new time of change.
    void turn_silently(const std::string& stream, const std::string& from, const std::string& to);
    /// The lead becomes a contact, `into` or a new one, which has what the lead had where it has
    /// nothing else; with an account of its own if asked for. Returns the contact's id.
    std::string convert(const std::string& lead, const std::string& into, bool with_account);
    /// A long transaction: the change gets today's stamp and shows `after` that.
    void edit_late(const std::string& stream, const std::string& id, const Fields& fields,
                   milliseconds after);
    /// Its records are copied, as for a backup.
    void back_up();
    /// What happened after the last backup has not happened; its clock goes on. `in_part`: but to
    /// contacts it has, which go on naming accounts that are lost. `ids_again`: what is made next
    /// gets ids that were given since. False without a backup.
    bool set_back(bool in_part = false, bool ids_again = false);
    /// Another organisation answers at its address: a copy of an older state of it, or strangers
    /// under ids that were somebody else's.
    void replace(bool copy);
    /// From now on an automation sets each contact's telephone number to this.
    void insist(const Value& phone) { insists_ = phone; }
    /// Since when it has set this field of this record back each time.
    [[nodiscard]] std::optional<Instant> insists_since(const std::string& stream,
                                                       const std::string& id,
                                                       const std::string& field) const {
        const auto found = insisted_.find(id);
        if (stream != "Contacts" || field != "Phone" || found == insisted_.end())
            return std::nullopt;
        return found->second;
    }
    /// Carries out what is due; call after time has passed.
    void settle();
    void set_forbidden(const std::string& stream, const std::string& id, bool forbidden);
    void allow_all();
    /// A field is not described, shown or taken any more; 'pick' chooses among those with text.
    void hide(const std::string& stream, std::uint64_t pick);
    void show_all() { hidden_.clear(); }
    /// From now on a field of the contacts is what this says, also in what is there already; with a
    /// new time of change or without.
    void retype(const FieldModel& field, bool stamps);

    // --- what the API does
    remote::PushResult carry_out(const std::string& stream, const remote::Change& change,
                                 const std::string& user);

    // --- what can be seen
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const RemoteModel& model() const { return model_; }
    [[nodiscard]] const ServerTraits& traits() const { return traits_; }
    [[nodiscard]] Instant now() const { return time_.now + traits_.skew; }
    [[nodiscard]] const std::map<std::string, Record>& records(const std::string& stream) const;
    [[nodiscard]] const Record* find(const std::string& stream, const std::string& id) const;
    [[nodiscard]] const Image* visible(const Record& record) const;  ///< nullptr: not yet
    /// What a read by id shows of one that is there.
    [[nodiscard]] const Image& read(const Record& record) const;
    [[nodiscard]] std::vector<std::string> live(const std::string& stream) const;
    [[nodiscard]] std::vector<std::string> dead(const std::string& stream) const;
    /// Longest time from a stamp until the change is in every list.
    [[nodiscard]] milliseconds lag_bound() const;
    /// When this field of this record was last given a value with this token; a colleague's long
    /// transaction: when it was typed.
    [[nodiscard]] std::optional<Instant> typed_at(const std::string& id, const std::string& field,
                                                  Token token) const;
    /// It was here once, in whatever record.
    [[nodiscard]] bool has_held(Token token) const { return held_.contains(token); }
    [[nodiscard]] std::optional<Instant> first_held(Token token) const {
        const auto found = held_.find(token);
        return found == held_.end() ? std::nullopt : std::optional(found->second);
    }
    /// Ids of the records whose reference has led there once.
    [[nodiscard]] std::set<std::string> have_led(const std::string& stream,
                                                 const std::string& field,
                                                 const std::string& target) const {
        const auto found = led_.find(stream + "/" + field + "/" + target);
        return found == led_.end() ? std::set<std::string>{} : found->second;
    }
    /// It is in some field of a record that is there.
    [[nodiscard]] bool holds(Token token) const;
    /// It was in some field of a record as that was deleted.
    [[nodiscard]] bool held_to_the_end(Token token) const;
    [[nodiscard]] const std::set<std::pair<std::string, std::string>>& hidden() const {
        return hidden_;  // stream and field
    }
    [[nodiscard]] bool hides(const std::string& stream, const std::string& field) const {
        return hidden_.contains({stream, field});
    }
    /// A contact here had these two once.
    [[nodiscard]] bool has_had(std::string_view city, std::string_view street) const {
        return addresses_.contains({std::string(city), std::string(street)});
    }
    /// `who`, who has read what lists have shown since `seen_at`, has made it.
    void note_maker(const std::string& stream, const std::string& id, const void* who,
                    Instant seen_at);
    /// `who` has written these fields: another one who is the same user here may have done so
    /// within the same tick of its stamps.
    void note_writer(const std::string& stream, const std::string& id, const remote::Change& change,
                     const void* who);
    /// What `who` wrote there was replaced within the tick, and what replaced it looks like a write
    /// of the same user, for another one who is that user has written the record after it: it
    /// cannot be told from a form that the remote keeps (docs/guarantees.md).
    [[nodiscard]] bool replaced_in_tick(const std::string& stream, const std::string& id,
                                        const std::string& field, const void* who) const;
    /// What this field held later in the tick that the record was set back into: whoever has read
    /// that cannot know.
    [[nodiscard]] static std::vector<Value> set_back_from(const Record& record,
                                                          const std::string& field);
    /// A colleague has, or seems to have, confirmed it: by a change of another field of its group,
    /// or of any field after it was sent, if the remote keeps a form of its own of it, which passes
    /// for the colleague's unless it was read back before (docs/guarantees.md).
    [[nodiscard]] bool let_stand(Token token) const { return let_stand_.contains(token); }
    /// How often a field has become another one.
    [[nodiscard]] std::uint64_t retypes() const { return retypes_; }
    [[nodiscard]] std::uint64_t writes() const { return writes_; }  ///< carried out for the API
    /// When a field was last filled in of what the API makes (ServerTraits::fills_in).
    [[nodiscard]] Instant filled_in_at() const { return filled_in_at_; }
    [[nodiscard]] const std::string& org() const { return org_; }
    [[nodiscard]] bool replaced() const { return replaced_; }  ///< it is another organisation
    /// It has turned the reference by itself, and the record looks as if nobody had.
    [[nodiscard]] bool has_turned(const std::string& stream, const std::string& id,
                                  const std::string& field) const {
        return turned_.contains(stream + "/" + id + "/" + field);
    }
    /// How often it has been set back or replaced.
    [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
    /// It was here, until the remote was set back or replaced.
    [[nodiscard]] bool has_lost(const std::string& stream, const std::string& id) const {
        return lost_.contains({stream, id}) && find(stream, id) == nullptr;
    }
    /// … and somebody else has its id now.
    [[nodiscard]] bool has_given_again(const std::string& stream, const std::string& id) const {
        return lost_.contains({stream, id}) && find(stream, id) != nullptr;
    }

private:
    void change(const std::string& stream, const std::string& id, const Fields& fields,
                const std::string& by, const std::string& stamp, Instant when);
    /// `when` it is carried out; lists learn of it up to index_lag_max later.
    void before_change(Record& record, Instant when);
    [[nodiscard]] Value taken(const FieldModel& field, Record& record, const Value& value);
    void let_reads_lag(Record& record);
    void compute(const std::string& stream, Record& record);
    void note_changed_within_backups_tick(const std::string& stream, const std::string& id,
                                          const Image& now);
    void note_what_stands(const std::string& stream, const Fields& now, const Fields& changed);
    void note_forms(const std::string& stream, const std::string& id, const Fields& now);
    [[nodiscard]] std::string stamp() const;
    void mark(Image& image, const std::string& stamp, const std::string& by);
    /// The record that `change` means; "" if it makes one.
    [[nodiscard]] std::string target_of(const std::string& stream,
                                        const remote::Change& change) const;
    std::optional<remote::PushResult> refused(const std::string& stream,
                                              const remote::Change& change) const;

    using Records = std::map<std::string, std::map<std::string, Record>>;
    void go_on_with(Records records);

    struct Pending {
        Instant due;
        std::string stream, id, stamp;
        Fields fields;
        Instant typed;
    };

    std::string name_;
    RemoteModel model_;
    ServerTraits traits_;
    const WorldTime& time_;
    Dice dice_;
    std::string org_;
    Records records_;
    struct Backup {
        Records records;
        std::uint64_t next_id, revision;
    };
    std::optional<Backup> backup_;
    std::set<std::pair<std::string, std::string>> lost_;
    std::uint64_t epoch_ = 0;
    std::vector<Pending> pending_;
    std::map<Token, Instant> held_;  ///< since when
    std::set<Token> let_stand_;
    std::set<std::string> turned_;  ///< "stream/id/field"
    bool replaced_ = false;
    std::map<std::string, std::set<std::string>> led_;  ///< ids, by "stream/field/target"
    std::map<std::string, Instant> typed_at_;           ///< by "id/field/token"
    struct Written {
        const void* who = nullptr;
        std::string version;
        std::set<const void*> overwritten;  ///< before it, under the same version
        std::set<const void*> replaced;     ///< … by what looks like a write of the same user
    };
    std::map<std::string, Written> written_;  ///< by "stream/id/field"
    std::optional<Value> insists_;
    std::map<std::string, Instant> insisted_;  ///< on contacts, since when
    std::set<std::pair<std::string, std::string>> hidden_;
    std::set<std::pair<std::string, std::string>> addresses_;
    std::uint64_t next_id_ = 100;
    std::uint64_t revision_ = 0;
    std::uint64_t writes_ = 0;
    Instant filled_in_at_{};
    std::uint64_t retypes_ = 0;
};

}  // namespace kontor::simulation
