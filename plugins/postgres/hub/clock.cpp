#include "plugins/postgres/hub/clock.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "connectors/sdk/canonical.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::postgres::hub {

using sdk::Json;

namespace {

// No hub counts so far; what lies beyond is not computed with.
constexpr Stamp kStampMax = std::numeric_limits<Stamp>::max() / 2;

// Of the only row; nullopt if there is none.
std::optional<Stamp> stamp_in(const Rows& rows) {
    if (rows.empty()) return std::nullopt;
    if (rows[0].empty()) throw sdk::Error(KONTOR_E_PROTOCOL, "the server's answer lacks columns");
    return stamp_of(rows[0][0]);
}

}  // namespace

Stamp stamp_of(const Cell& cell) {
    Stamp out = 0;
    if (cell) std::from_chars(cell->data(), cell->data() + cell->size(), out);
    return out;
}

std::string Clock::random_id() {
    static constexpr std::string_view kHex = "0123456789abcdef";
    static constexpr std::size_t kDigitsOfNumber = 16;
    std::string out;
    while (out.size() < 2 * kDigitsOfNumber) {
        auto bits = host_.random();
        for (std::size_t i = 0; i < kDigitsOfNumber; ++i, bits >>= 4U)
            out.push_back(kHex[bits & 15U]);
    }
    return out;
}

Memory& Clock::memory() {
    if (!memory_) {
        const Json known = Json::parse(host_.state(), nullptr, false);
        memory_.emplace();
        if (known.is_object()) {
            memory_->device = sdk::text_of(known, "device");
            memory_->epoch = sdk::text_of(known, "epoch");
            memory_->stamp = sdk::integer_of(known, "stamp", 0);
        }
        if (memory_->device.empty()) {
            memory_->device = random_id();
            keep(0);
        }
    }
    return *memory_;
}

void Clock::keep(Stamp stamp) {
    memory_->stamp = stamp;
    host_.put_state(
        Json{{"device", memory_->device}, {"epoch", memory_->epoch}, {"stamp", stamp}}.dump(
            -1, ' ', false, Json::error_handler_t::replace));
}

std::string Clock::device() {
    return memory().device;
}

void Clock::set_back() {
    throw sdk::Error(KONTOR_E_MISMATCH, "the hub was set back to an earlier state");
}

// Only one of those who notice gives the epoch its name.
std::string Clock::new_epoch(Session& session, const std::string& old) {
    const auto hub = options_.table("kontor_hub");
    const auto name =
        "restored, noticed " + sdk::format_instant(host_.now_ms()) + " " + random_id().substr(0, 8);
    session.run(
        Statement{"UPDATE " + hub + " SET epoch = $1 WHERE one = 1 AND epoch = $2", {name, old}});
    return session.first_row({"SELECT epoch FROM " + hub + " WHERE one = 1", {}}, 1)[0].value_or(
        "");
}

std::string Clock::identify(Session& session) {
    auto& known = memory();
    const auto rows = session.rows(
        {"SELECT h.hub, h.epoch, d.stamp FROM " + options_.table("kontor_hub") + " h LEFT JOIN " +
             options_.table("kontor_hub_device") + " d ON d.id = $1 WHERE h.one = 1",
         {known.device}},
        3);
    if (rows.size() != 1)
        throw sdk::Error(KONTOR_E_NOT_FOUND, "the hub is not complete: kontor init hub");
    const auto hub = rows[0][0].value_or("");
    auto epoch = rows[0][1].value_or("");
    const Stamp had = stamp_of(rows[0][2]);
    if (had < known.stamp) {
        host_.log(sdk::LogLevel::kWarning, "hub.set_back", {{"seen", known.stamp}, {"line", had}});
        if (epoch == known.epoch) epoch = new_epoch(session, epoch);
        known.stamp = 0;
    }
    known.epoch = epoch;
    remember(session.rows(line(), 1));
    return hub + "/" + epoch;
}

Stamp Clock::horizon(Session& session) {
    const auto read = [&] {
        return session.first_row(
            {"SELECT c.stamp, min(w.stamp), count(CASE WHEN w.began_at < now() - interval"
             " '15 minutes' THEN 1 END) FROM " +
                 options_.table("kontor_hub_clock") + " c LEFT JOIN " +
                 options_.table("kontor_hub_writer") +
                 " w ON w.stamp <= c.stamp"
                 " WHERE c.one = 1 GROUP BY c.stamp",
             {}},
            3);
    };
    auto row = read();
    if (stamp_of(row[2]) > 0) {
        try {
            session.run(Statement{"DELETE FROM " + options_.table("kontor_hub_writer") +
                                      " WHERE began_at < now() - interval '15 minutes'",
                                  {}});
            row = read();
        } catch (const SqlError&) {
            // It is just being written into: so it was not left.
        }
    }
    const Stamp now = stamp_of(row[0]);
    if (now < memory().stamp) set_back();
    if (now > kStampMax || (row[1] && stamp_of(row[1]) < 1))
        throw sdk::Error(KONTOR_E_PROTOCOL, "the hub's clock makes no sense");
    return row[1] ? std::min(now + 1, stamp_of(row[1])) : now + 1;
}

// The laptop's line gets the clock's stamp, unless it is older than what we remember.
Statement Clock::line() {
    const auto& known = memory();
    const auto device = options_.table("kontor_hub_device");
    const auto clock = options_.table("kontor_hub_clock");
    if (known.stamp == 0)
        return {"INSERT INTO " + device + " (id, stamp, seen_at) SELECT $1, stamp, now() FROM " +
                    clock +
                    " WHERE one = 1 ON CONFLICT (id) DO UPDATE SET stamp = excluded.stamp,"
                    " seen_at = excluded.seen_at RETURNING stamp",
                {known.device}};
    return {"UPDATE " + device + " SET stamp = (SELECT stamp FROM " + clock +
                " WHERE one = 1), seen_at = now() WHERE id = $1 AND stamp >= $2 RETURNING stamp",
            {known.device, std::to_string(known.stamp)}};
}

void Clock::saw(Session& session, Stamp stamp) {
    if (stamp <= memory().stamp) return;
    remember(session.rows(line(), 1));
}

void Clock::remember(const Rows& line) {
    const Stamp stamp = stamp_in(line).value_or(-1);
    if (stamp < memory().stamp) set_back();
    keep(stamp);
}

Turn Clock::begin(Session& session) {
    Turn out;
    out.id = random_id();
    const auto clock = options_.table("kontor_hub_clock");
    const auto outcomes = session.run_all(
        {{"BEGIN", {}},
         {"UPDATE " + clock + " SET stamp = stamp + 1 WHERE one = 1 RETURNING stamp", {}},
         {"INSERT INTO " + options_.table("kontor_hub_writer") +
              " (id, stamp, began_at, written) SELECT $1, stamp, now(), false FROM " + clock +
              " WHERE one = 1",
          {out.id}},
         line(),
         {"COMMIT", {}}});
    out.stamp = stamp_in(outcomes[1].rows).value_or(0);
    try {
        remember(outcomes[3].rows);
    } catch (const sdk::Error&) {
        end(session, out);
        throw;
    }
    return out;
}

Statement Clock::mark(const Turn& turn) const {
    return {"UPDATE " + options_.table("kontor_hub_writer") +
                " SET written = true WHERE id = $1 RETURNING id",
            {turn.id}};
}

std::optional<bool> Clock::landed(Session& session, const Turn& turn) const {
    // Waits for the transaction of the push, should it still be on its way to its end.
    const auto rows = session.rows({"UPDATE " + options_.table("kontor_hub_writer") +
                                        " SET began_at = began_at WHERE id = $1 RETURNING written",
                                    {turn.id}},
                                   1);
    if (rows.empty()) return std::nullopt;
    return rows[0][0].value_or("") == "t";
}

void Clock::end(Session& session, const Turn& turn) const {
    session.run(Statement{"DELETE FROM " + options_.table("kontor_hub_writer") + " WHERE id = $1",
                          {turn.id}});
}

}  // namespace kontor::postgres::hub
