#pragma once

/// The order of changes at a hub, by plain SQL.
///
/// Each push takes a stamp, the next number of the hub's clock, and marks with it all rows that it
/// writes. A pull asks for rows from a stamp on. What commits late must not be missed: a stamp is
/// taken in a transaction of its own, which notes in the same breath that somebody is writing under
/// it (kontor_hub_writer). That note goes when the push is over. So whoever sees a stamp missing
/// among the notes, and not beyond the clock, sees all rows that bear it: a pull goes on next time
/// from the least stamp that is noted, else from the clock's next. Nothing depends on how long a
/// transaction takes or on anybody's time of day.
///
/// A laptop that died leaves its note. Others remove it after a quarter of an hour; and because a
/// push writes into its own note before it commits, one that was only slow finds it gone and does
/// not commit. The same mark tells, when the answer to COMMIT was lost, how it ended.
///
/// A hub that is restored from a dump goes back to earlier stamps. Each laptop has a line at the
/// hub with the last stamp that it saw (kontor_hub_device) and remembers that itself. If the line
/// is older than the memory, the hub was set back, whatever was written to it since: it gets a new
/// epoch, once, by which every laptop sees that it is not the hub that it knew.

#include <cstdint>
#include <optional>
#include <string>

#include "connectors/sdk/connector.hpp"
#include "plugins/postgres/hub/options.hpp"
#include "plugins/postgres/session.hpp"

namespace kontor::postgres::hub {

using Stamp = std::int64_t;

[[nodiscard]] Stamp stamp_of(const Cell& cell);

/// A push's right to write.
struct Turn {
    std::string id;
    Stamp stamp = 0;
};

/// What a laptop remembers of the hub.
struct Memory {
    std::string device, epoch;
    Stamp stamp = 0;
};

class Clock {
public:
    /// Both must outlive it.
    Clock(sdk::Host& host, const Options& options) : host_(host), options_(options) {}

    /// This laptop's name at the hub: random, made once.
    [[nodiscard]] std::string device();

    /// Which hub it is, epoch included. Begins a new epoch if it was set back.
    [[nodiscard]] std::string identify(Session& session);

    /// The stamp below which all that was written shows from now on. Removes notes that were left.
    /// Throws as saw().
    [[nodiscard]] Stamp horizon(Session& session);
    /// Remembers, there and here, that this laptop sees what was written up to `stamp`. Throws
    /// sdk::Error (KONTOR_E_MISMATCH) if the hub was set back; begin() too.
    void saw(Session& session, Stamp stamp);

    [[nodiscard]] Turn begin(Session& session);
    /// In the transaction of the push; it must return a row, else the turn is over.
    [[nodiscard]] Statement mark(const Turn& turn) const;
    /// Whether the transaction with the mark() was committed; it has ended by then. nullopt if
    /// nobody knows any more.
    [[nodiscard]] std::optional<bool> landed(Session& session, const Turn& turn) const;
    /// The push is over; what it wrote shows to all.
    void end(Session& session, const Turn& turn) const;

private:
    Memory& memory();
    void keep(Stamp stamp);
    [[nodiscard]] Statement line();
    /// What line() returned.
    void remember(const Rows& line);
    std::string random_id();
    std::string new_epoch(Session& session, const std::string& old);
    [[noreturn]] static void set_back();

    sdk::Host& host_;
    const Options& options_;
    std::optional<Memory> memory_;
};

}  // namespace kontor::postgres::hub
