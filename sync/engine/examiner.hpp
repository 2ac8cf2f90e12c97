#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sync/engine/plan.hpp"
#include "sync/engine/references.hpp"
#include "sync/engine/state.hpp"
#include "sync/engine/verifier.hpp"
#include "sync/remote/remote.hpp"

namespace kontor::engine {

/// What one image has to do with what is here.
struct Examined {
    std::int64_t link = 0;  ///< 0 if there is none
    std::vector<VerifyFinding> findings;
    std::int64_t values = 0;             ///< compared
    std::vector<std::string> not_shown;  ///< the remote's fields that the image left out
    bool both = false;                   ///< the record is on both sides
    bool newer = false;                  ///< the image is not of the version that was merged
    bool cut = false;                    ///< a value was left out that reading by id would show

    [[nodiscard]] bool explained() const;
};

/// Compares images of one stream with the replica, one at a time, and says what is known of each
/// difference. Reads only; each call is best made within a Snapshot. Throws Failure.
class Examiner {
public:
    Examiner(Sql& sql, const Plans& plans, const StreamPlan& plan);

    /// The image shows the record as it is there (Fact::kRecord).
    [[nodiscard]] Examined image(const remote::RecordView& image) const;
    /// The record of a live link is not at the remote, or may not be seen (`forbidden`).
    [[nodiscard]] VerifyFinding absent_there(const Link& link, bool forbidden) const;
    /// A record that the remote was never told of; `link` nullopt: nothing ties it to the remote.
    [[nodiscard]] VerifyFinding never_there(std::int64_t record,
                                            const std::optional<Link>& link) const;

private:
    void compare(Examined& out, const Link& link, const Row& row,
                 const remote::RecordView& image) const;
    [[nodiscard]] bool leads_nowhere(const GroupPlan& group, const merge::GroupValues& local,
                                     const merge::GroupValues& theirs) const;
    VerifyReason reason(const Link& link, const GroupPlan& group, const Shadows& shadows,
                        const merge::GroupValues& local, const merge::GroupValues& theirs,
                        std::string& detail) const;
    VerifyReason reason_unlinked(const remote::RecordView& image) const;
    std::optional<VerifyReason> reason_elsewhere(std::int64_t record, std::string& detail) const;
    VerifyReason reason_for_record(const Link& link, std::string& detail) const;
    bool not_absorbed(std::int64_t record, const GroupPlan* group) const;
    bool made_again(std::int64_t record) const;
    bool blocked(std::int64_t link, std::string& detail) const;
    VerifyFinding finding(VerifyFinding::Kind kind, std::int64_t record,
                          std::string_view ext_id) const;

    Sql& sql_;
    const StreamPlan& plan_;
    LinkReferences references_;
    bool sends_ = false;  ///< pushing is on, and the stream creates
};

}  // namespace kontor::engine
