#pragma once

#include <string>

#include "sync/base/clock.hpp"
#include "sync/base/random.hpp"
#include "sync/base/result.hpp"
#include "sync/engine/context.hpp"
#include "sync/engine/cycle.hpp"
#include "sync/engine/sql.hpp"
#include "sync/merge/mapping.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/database.hpp"

/// How the mapping that a connection is configured with becomes the replica's.
namespace kontor::engine {

/// The settings as they are taken: of a group, what is never sent (it only comes in, or its column
/// never leaves) is a group of its own. With the rest it would count as told once that is sent, and
/// the remote's next image, which lacks it, would blank it.
[[nodiscard]] ConnectionSettings sent_apart(ConnectionSettings settings,
                                            const replica::Catalogue& catalogue);

/// True if reconcile() would change how a stream is mapped that was mapped before. Throws Failure.
[[nodiscard]] bool mapping_changes(Sql& sql, const ConnectionSettings& settings);

/// Clause b. To be called before reconcile() where mapping_changes(): of a group whose values are
/// going to be translated otherwise, each record remembers the value that its remote holds, if it
/// would now be another. So what changes is a change of ours, with a base, and no question to
/// anybody. `context` has the plans as they were. Some records a transaction, each one's work done
/// whether or not reconcile() comes to follow: a base that is remembered too early does no harm.
/// Returns their number. Throws Failure.
std::int64_t remember_old_forms(Context& context, const ConnectionSettings& settings);

/// Writes the connection, its streams and groups as `settings` has them: unchanged groups keep
/// their ids; changed or new ones raise the stream's generation and make it be read again, so that
/// nothing is pushed before a real image was compared (clause b). Streams that left the mapping
/// keep their rows and are not synced. Where something else is sent than was (by the mapping, or by
/// the catalogue's word that a column never leaves), what has not been told is looked at again by
/// the next push. The columns are there already (missing_columns()). Needs an
/// open write transaction. Throws Failure; kConfig if a stream with links is tied to another
/// entity.
void reconcile(Sql& sql, replica::CatalogueCache& catalogues, const ConnectionSettings& settings,
               const Clock& clock);

/// What the connection's last cycle took; empty if there was none.
[[nodiscard]] Result<merge::Mapping> mapping_taken_last(const replica::Database& db,
                                                        const std::string& connection);

/// True if `mapping` decides otherwise than the stored one of this connection: what deletions do,
/// who wins, whether anything is sent or created there. False for a connection that has not synced.
[[nodiscard]] Result<bool> policies_change(const replica::Database& db,
                                           const std::string& connection,
                                           const merge::Mapping& mapping);

/// What a connection's policies are is asked whenever any connection syncs, for a deletion reaches
/// all links of its record at once. So a changed file counts from here on, not from the
/// connection's own next sync on, which may come after another's. What was done before is absorbed
/// by the old ones. Fields and groups are left to reconcile(). `db` is opened with Access::kEngine.
[[nodiscard]] Result<> take_policies(const replica::Database& db, const Clock& clock,
                                     Random& random, const std::string& connection,
                                     const merge::Mapping& mapping);

}  // namespace kontor::engine
