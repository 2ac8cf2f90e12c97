#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "sync/base/result.hpp"
#include "sync/base/value.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/database.hpp"

namespace kontor::replica {

/// A field's value and, once rewound, the history entry whose `old` it is (0: the row's own).
struct Cell {
    Value value = Value::null();
    std::int64_t source = 0;
};

/// A record at some moment. Fields by id; those missing from the map are NULL.
struct RecordState {
    bool exists = false;
    Value uid = Value::null();
    std::map<std::int64_t, Cell> fields = {};

    [[nodiscard]] Value value(std::int64_t field) const;
};

/// Of entries with such a rule: what was blank here alone, and the remote had had before. Nobody
/// changed anything.
[[nodiscard]] inline bool filled_by(std::string_view rule) {
    return rule == "reference_arrived" || rule == "ours_blank";
}

/// Of entries with this rule: a field that only comes in. Nobody here can give it another value.
[[nodiscard]] inline bool only_comes_in(std::string_view rule) {
    return rule == "in_only";
}

/// Of entries with this rule: what had been typed where edits are not taken was put back by Kontor.
[[nodiscard]] inline bool corrects(std::string_view rule) {
    return rule == "read_only";
}

/// Of entries with such a rule: what had been before was put back. A record that came back has one
/// for itself and one for each of its values, all at one time.
[[nodiscard]] inline bool puts_back(std::string_view rule) {
    return rule == "undo" || rule == "restored";
}

/// Of entries with this rule: what the remote has added to a value that was sent, such as the ids
/// of its rows. It goes with the edit that was sent.
[[nodiscard]] inline bool completes(std::string_view rule) {
    return rule == "completed_there";
}

/// An entry as far as rewinding needs it. `field` is 0 for the record as such; a load that covers
/// the record is an entry `l`.
struct Entry {
    std::int64_t seq = 0;
    std::int64_t field = 0;
    char op = ' ';
    Value old;
    std::string at;
    std::optional<std::int64_t> run;
    bool by_remote = false;
    bool filled = false;               ///< see filled_by()
    bool in_only = false;              ///< see only_comes_in()
    bool corrected = false;            ///< see corrects()
    bool put_back = false;             ///< see puts_back()
    bool completed = false;            ///< see completes()
    bool erased = false;               ///< `old` says nothing, see erase_history()
    std::int64_t first = 0, last = 0;  ///< of a load: the records that came with it

    [[nodiscard]] bool of_record() const { return field == 0; }
};

/// The record as it is now.
[[nodiscard]] Result<RecordState> read_state(const Database& db, const Entity& entity,
                                             std::int64_t record);

/// Calls `visit` with the record's entries after `seq`, newest first, until it returns false.
/// Loads included, offers that were not taken (`k`) left out.
[[nodiscard]] Result<> entries_after(const Database& db, const Entity& entity, std::int64_t record,
                                     std::int64_t seq,
                                     const std::function<bool(const Entry&)>& visit);

/// Turns the state after `entry` into the state before it.
void rewind(RecordState& state, const Entry& entry);

}  // namespace kontor::replica
