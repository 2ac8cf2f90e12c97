#pragma once

#include "tests/simulation/world.hpp"

namespace kontor::simulation {

// Each oracle looks at replicas and remotes with code of its own and reports through
// World::violation(), led by the invariant's name (docs/guarantees.md).

/// A device of no scenario that has just loaded what the remote has; nullptr if it could not, which
/// is a violation.
[[nodiscard]] std::unique_ptr<Device> loaded_device(World& world, int remote);

/// Everything that must hold once a world has come to rest.
void check_at_rest(World& world);

/// Somebody has merged records of the stream: one may be here what another was before, and have its
/// key, its links and its edits.
[[nodiscard]] bool somebody_merged(const World& world, const std::string& stream);

/// What was typed into the column gave way to what a remote showed, by the mapping that a person
/// had for a while.
[[nodiscard]] bool came_in_only(const Device& device, std::string_view entity,
                                std::string_view column);
/// The column did not leave the replica for a while.
[[nodiscard]] bool stayed_here(const Device& device, std::string_view entity,
                               std::string_view column);

/// After a cycle, or a restart. B3: the cursor of no stream is past a change that is not here.
void check_cursors(World& world, Device& device, const std::string& connection);
/// After a whole cycle. B1, B4: what a remote has shown and was taken is known here, or newer.
void check_taken(World& world, Device& device, const std::string& connection,
                 const std::vector<std::string>& streams);

/// After a whole cycle. B1: what a page that lags showed for the first time was not believed.
void check_doubtful(World& world, Device& device, const std::string& connection);

/// After a whole cycle. A4: what the remote has said to be gone is not taken for there again.
void check_let_go(World& world, Device& device, const std::string& connection);

/// After a cycle in which the device's clock has not jumped. D1: where the newest value was to win,
/// the one that won is the newer one.
void check_newest(World& world, Device& device, const std::string& connection);

/// A1: every value that was typed is found somewhere; what was taken back is found nowhere.
void check_values(World& world);
/// A3: no record was made twice at a remote.
void check_creates(World& world);
/// A3: who was created at a remote is known here by the key it was created with.
void check_keys(World& world);
/// D7: who is certainly one person at two remotes is one here, and was made anew at neither.
void check_twins(World& world);
/// A4, A5: late images of deleted records revive nothing, and nothing was taken for deleted that
/// was only out of sight.
void check_revived(World& world);
/// i: an edit that a remote was not told of outlives the deletion there, if the policy says so.
void check_edits_against_deletions(World& world);
/// h: a deletion that a person is asked about does not count as one that is going to be sent.
void check_asked(World& world);
/// D6: nobody waits for a parent that is there.
void check_waiting_for_parents(World& world);
/// A4, A5: what was deleted was deleted by somebody.
void check_deletes(World& world);
/// D7: what was typed into a lead and never told goes on with what the remote has made of it.
void check_conversions(World& world);
/// A1: what a remote adds to rows passes for nobody's change, and nobody's change for that.
void check_rows(World& world);
/// D7: what several replicas have made again at a remote is one record.
void check_made_again(World& world);
/// h, A1, c: nobody is asked about a reference that nobody has turned, none that was turned here is
/// undone unasked, and who is asked sees what it leads to.
void check_references(World& world);
/// C1, D7: the replica and each remote agree, field by field, but for what is parked and listed.
/// `fresh`: nothing may be parked.
void check_agreement(World& world, Device& device, const std::string& connection, bool fresh);
/// C1: verifying finds no difference without a reason.
void check_verified(World& world, Device& device, const std::string& connection);
/// B6: a new device that loads a remote gets what the others have.
void check_fresh_load(World& world);
/// D7: an account that is connected again under another name is refused, one that only counts alike
/// is not.
void check_second_names(World& world);
/// A5, D4: neither a list that is cut nor a mass of deletions is carried out unasked.
void check_guards(World& world);
/// C2: no field went back to a value that its user had replaced.
void check_no_flip_flop(World& world);
/// b: two spellings of one number are no question.
void check_spellings(World& world);
/// b: what the remote was never told of was not replaced as if it had been.
void check_untold(World& world);
/// b, C7, i: what a policy has decided, and what was deleted, is what the settings say.
void check_settings(World& world);
/// C2: no record was written to more often at a remote than anything has changed in it.
void check_writes(World& world);
/// The file, the catalogue and the chain of the history are whole.
void check_replica(World& world, Device& device);

}  // namespace kontor::simulation
