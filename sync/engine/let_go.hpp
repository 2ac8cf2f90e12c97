#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sync/engine/context.hpp"
#include "sync/engine/state.hpp"

/// Remote ids whose link was let go because their record is gone there, while the record here lives
/// on under another id or goes its own way; and those without a link that were read by id and are
/// gone. A list that lags may show such an id still; without a link, its image would pass for that
/// of a new record. Kept in kontor_meta for as long as lists may lag (kLetGoKept), and until the
/// next sweep after that. All functions throw Failure; those that write need an open write
/// transaction.
namespace kontor::engine {

inline constexpr std::chrono::days kLetGoKept{30};

void let_go(Context& context, const Link& link);
/// A read by id has said so of what has no link: nothing here stood for it.
void note_gone(Context& context, std::int64_t stream, std::string_view ext);
/// Those of all links of the stream that `which`, a condition of ours in SQL, is true of.
void let_go_all(Context& context, std::int64_t stream, const std::string& which);
/// The link's record, which is gone there, is to be made there again, under the key it has there:
/// let_go() of its remote id, and a link that knows nothing yet. Questions about its values end
/// with ours, for the record stays: theirs are kept among what has been decided.
void start_afresh(Context& context, const Link& link);

[[nodiscard]] bool was_let_go(Sql& sql, std::int64_t stream, std::string_view ext);
/// The same as a condition in SQL, of expressions that give the stream and the id.
[[nodiscard]] std::string is_noted_gone(const std::string& stream, const std::string& ext);
/// The record here that the id stood for.
[[nodiscard]] std::optional<std::int64_t> record_let_go(Sql& sql, std::int64_t stream,
                                                        std::string_view ext);
/// The stream's list could not be read to its end. What it has lost and is to be made there again
/// waits for another cycle, and so does who can only be created after it: what another replica has
/// made of it meanwhile may stand where the list was cut, and not every remote makes one of two
/// that bear the same key.
void hold_back(Context& context, std::int64_t stream);
[[nodiscard]] bool is_held_back(const Context& context, std::int64_t stream, std::int64_t record);
/// The record is there again.
void take_back(Sql& sql, std::int64_t stream, std::string_view ext);

/// Those that no list shows any more.
void drop_old_let_go(Context& context, std::int64_t stream);
/// What another organisation calls by these ids is something else.
void drop_let_go(Sql& sql, std::int64_t stream);

}  // namespace kontor::engine
