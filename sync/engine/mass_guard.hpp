#pragma once

#include <chrono>
#include <optional>

#include "sync/base/result.hpp"
#include "sync/engine/context.hpp"
#include "sync/engine/cycle.hpp"
#include "sync/engine/pusher.hpp"

namespace kontor::engine {

/// How long what was sent counts with what is to be sent: who deletes record by record is asked as
/// one who deletes them all at once, though each is sent within seconds.
constexpr std::chrono::minutes kGuardWindow{10};

/// The mass-change guard: why a person is asked before what waits for the context's connection is
/// sent; nullopt: nobody is. Once asked, time does not answer: what had been sent counts until a
/// person has agreed, or too little waits any more: `of_all` says whether `waiting` is of all its
/// streams, for what waits of some answers nothing. What a sync has sent that never ended does not
/// count. Throws Failure.
[[nodiscard]] std::optional<Error> asks_before_mass_change(Context& context,
                                                           const ConnectionSettings& settings,
                                                           const PushForecast& waiting,
                                                           bool of_all);

/// A person has agreed: what was sent until the end of the context's run counts no more.
void note_mass_change_confirmed(Context& context);

}  // namespace kontor::engine
