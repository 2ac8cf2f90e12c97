#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sync/engine/context.hpp"
#include "sync/engine/rows.hpp"
#include "sync/engine/state.hpp"
#include "sync/merge/matching.hpp"

namespace kontor::engine {

/// kontor_conflict.kind of the question whether a remote's record is one that is here already.
inline constexpr std::string_view kMatch = "match";

/// Finds the records here that a new record of a remote may be: people, companies, users and
/// products that came from elsewhere and are not linked to this stream yet. The rules are
/// merge/matching.hpp; this finds whom to compare with. Throws Failure.
class Matcher {
public:
    Matcher(Context& context, const StreamPlan& plan);

    /// False if nothing here can be met: no rules for the entity, or all its records come through
    /// this stream.
    [[nodiscard]] bool applies() const;
    /// Builds the indexes that finding needs, if they are not there. Not in a transaction.
    void build_indexes();

    struct Found {
        std::int64_t record = 0;
        merge::Comparison comparison;
        std::vector<std::int64_t> others;  ///< further candidates
    };
    /// The best candidate for a row as the remote has it, without those in `apart`. Several that
    /// are certain make none certain.
    [[nodiscard]] std::optional<Found> find(const Row& row,
                                            const std::set<std::int64_t>& apart) const;
    /// A record that bears the key (its uid) that the remote's record carries.
    [[nodiscard]] std::optional<std::int64_t> by_key(std::string_view key) const;

private:
    [[nodiscard]] std::set<std::int64_t> candidates(const std::map<std::string, Value>& row) const;
    [[nodiscard]] bool is_free(std::int64_t record) const;
    [[nodiscard]] merge::Profile profile(const std::map<std::string, Value>& row) const;

    Context& context_;
    const StreamPlan& plan_;
    std::vector<std::string> columns_;  ///< that tell who a record is and exist here
    bool found_some_ = false;           ///< a first load found records here
};

/// What is known of who a remote's record may be (kontor_match).
struct MatchState {
    std::optional<std::int64_t> same;  ///< a person has said that it is this one
    std::set<std::int64_t> apart;      ///< … and none of these
    bool held = false;                 ///< a question about it is open
};
[[nodiscard]] MatchState match_state(Sql& sql, std::int64_t stream, std::string_view ext_id);
/// Holds the remote's record back until it is known who it is.
void hold(Sql& sql, std::int64_t stream, std::string_view ext_id, std::int64_t record,
          std::string_view state);
/// The remote's record is here, or gone: nothing is to be known of it any more. Closes the
/// question.
void forget_match(Context& context, std::int64_t stream, std::string_view ext_id);
/// True while `record` may turn out to be at the remote already: it is not created there.
[[nodiscard]] bool may_be_there(Sql& sql, std::int64_t stream, std::int64_t record);

/// Ids of records that were held back and are to be read now, since the question about them has
/// been decided or has lost its object. Needs an open write transaction.
[[nodiscard]] std::vector<std::string> released_matches(Sql& sql, std::int64_t stream,
                                                        std::int64_t entity);

}  // namespace kontor::engine
