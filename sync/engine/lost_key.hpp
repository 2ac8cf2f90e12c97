#pragma once

#include <string>
#include <string_view>

#include "sync/engine/context.hpp"
#include "sync/engine/state.hpp"

/// The key under which a record that came from a remote, and so has no uid, is made there again
/// once it is gone. Every replica of the organisation derives the same one from the id that was
/// lost: the second to make it again meets what the first has made, instead of making one more
/// (D7).
namespace kontor::engine {

/// 128 bits in hexadecimal, as records that were born in a replica bear them.
[[nodiscard]] bool is_uid(std::string_view text);

/// A uid: the first half of a SHA-256. Throws Failure.
[[nodiscard]] std::string key_after(Sql& sql, const StreamPlan& plan, std::string_view ext_id);

/// Gives the link's record that uid, if the stream has a key, it has none yet and no other has this
/// one. Before the link loses its id; needs an open write transaction. Throws Failure.
void give_key_after(Context& context, const Link& link);

}  // namespace kontor::engine
