#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "sync/engine/context.hpp"
#include "sync/engine/sql.hpp"
#include "sync/engine/state.hpp"

namespace kontor::engine {

/// Old values of changed columns, by catalogue field id.
using OldValues = std::map<std::int64_t, Value>;

/// History entries that one part of absorb() looks at.
inline constexpr std::int64_t kAbsorbEntriesMax = 8'192;

/// Clause a. Takes in what the triggers logged since the last look, before anything else is read:
/// for each record the *whole* old record is mapped for every link and compared group by group with
/// what it maps to now; where a covered group changed and has no shadow row, it gets one, so that
/// its merge base is remembered. New records get links to be created; deleted ones are marked on
/// their links; edits of what is only read are undone with a notice, records too. Needs an open
/// write transaction.
///
/// One statement of another program may have changed a million records. So as not to keep everybody
/// waiting, a call takes in a part, of bounded time and memory: false says that it is to be
/// committed and absorb() called again in the next transaction, before anything else. A record is
/// taken in whole: with all its entries, those beyond the part too (kontor_absorbed remembers how
/// far), for its old values are not to be had from a part of them. What one record has to do with
/// another is read from links alone, which nobody but the engine changes, and the engine does
/// nothing before all is absorbed: so parts are as good as the whole.
/// `entries_max`: history entries of a part; fewer are for tests.
[[nodiscard]] bool absorb(Context& context, std::int64_t entries_max = kAbsorbEntriesMax);

/// The same for one record that the engine itself changed because of `except_stream`: every other
/// link takes it as it takes a local edit.
void note_change(Context& context, std::int64_t entity, std::int64_t record, const OldValues& old,
                 std::int64_t except_stream);
/// A record that came in through `except_stream` is new for the other remotes.
void note_insert(Context& context, std::int64_t entity, std::int64_t record,
                 std::int64_t except_stream);
/// A record was deleted because of `except_stream` (0: by a person here).
void note_delete(Context& context, std::int64_t entity, std::int64_t record,
                 std::int64_t except_stream);

/// A record is back under its old id: what stands between it and the stream's remote is taken up
/// again.
void take_up(Context& context, const StreamPlan& plan, Link link);

/// A write transaction of the engine: begins when all that was logged is absorbed (where that is
/// much, after transactions that do nothing else); at commit it marks new history entries as
/// seen and chains them, if there are any. In a cycle whose remote a person has accepted meanwhile
/// none begins (see refuse_if_accepted()). Throws Failure; rolls back unless committed.
class EngineTransaction {
public:
    explicit EngineTransaction(Context& context);
    ~EngineTransaction();
    EngineTransaction(const EngineTransaction&) = delete;
    EngineTransaction& operator=(const EngineTransaction&) = delete;
    void commit();

private:
    Context& context_;
    std::optional<WriteTransaction> transaction_;
    std::map<std::int64_t, std::int64_t> asked_before_;
    bool committed_ = false;
};

}  // namespace kontor::engine
