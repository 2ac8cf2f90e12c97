#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sync/engine/context.hpp"
#include "sync/engine/state.hpp"

/// What a record is called at a remote that has a field for our key: by its uid, under which it was
/// made there. One that came from there, and so has none, is called as every replica of the
/// organisation derives it from its id there: the second to make it again, once it is gone, meets
/// what the first has made, instead of making one more (D7). If it gets a uid elsewhere, its link
/// keeps what it is called here (kontor_link.key).
namespace kontor::engine {

/// 128 bits in hexadecimal, as records that were born in a replica bear them.
[[nodiscard]] bool is_uid(std::string_view text);

/// A uid: the first half of a SHA-256. Throws Failure.
[[nodiscard]] std::string key_after(Sql& sql, const StreamPlan& plan, std::string_view ext_id);

/// The link of whatever is called so at the stream's remote. Throws Failure.
[[nodiscard]] std::optional<std::int64_t> link_called(Sql& sql, const StreamPlan& plan,
                                                      std::string_view key);

/// What the link's record is called at its remote; "" if it came from there and has no uid.
[[nodiscard]] std::string name_of(Sql& sql, const StreamPlan& plan, const Link& link);

// The following need an open write transaction and throw Failure.

/// Gives a record that has no uid this one, by which it is known at the stream's remote. False if
/// it has one already, or another record has this one.
bool give_uid(Context& context, const StreamPlan& plan, std::int64_t record, std::string_view uid);

/// … as it is called there after the link's id, if the stream has a key. Before the link loses it.
void give_key_after(Context& context, const Link& link);

/// It has just been linked to what the remote shows under `key`, "" if that has none.
void name_link(Context& context, const StreamPlan& plan, const Link& link, std::string_view key);

/// The link, which is of another record from now on, goes on under the name it has at its remote.
void keep_name(Context& context, const StreamPlan& plan, const Link& link);

}  // namespace kontor::engine
