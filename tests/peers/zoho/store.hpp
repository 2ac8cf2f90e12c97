#pragma once
// Records of one module: generated rows, and above them the rows that somebody changed.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/peers/zoho/generator.hpp"
#include "tests/peers/zoho/model.hpp"

namespace kontor::peer::zoho {

using Slot = std::uint32_t;

/// All values of one record in stored form (see Generator), one per field; empty means null.
struct Row {
    std::vector<std::string> values;

    const std::string& operator[](std::size_t field) const {
        static const std::string kNull;
        return field < values.size() ? values[field] : kNull;
    }
    void set(std::size_t field, std::string value) {
        if (field >= values.size()) values.resize(field + 1);
        values[field] = std::move(value);
    }
};

struct Tombstone {
    std::int64_t deleted_s = 0;
    bool permanent = false;
    std::string deleted_by;  ///< user id; empty: unknown
    std::string display_name;
    std::string created_by;
};

/// What differs from the generated row.
struct Stored {
    std::string blob;  ///< packed values; empty: those of the generator
    std::uint32_t modified_s = 0;
    bool exists = true;
    bool locked = false;
    bool converted = false;
    std::optional<Tombstone> tombstone;
    std::int64_t visible_from_s = 0;  ///< lists show the former row before this instant
    std::shared_ptr<const Stored> former;
};

std::string pack_row(const Row& row);
Row unpack_row(std::string_view blob);

/// Not thread-safe. Copying copies all changed rows (snapshots). The module and the generator
/// must outlive it.
class ModuleStore {
public:
    ModuleStore(const Module& module, const Generator& generator);

    const Module& module() const { return *module_; }
    Slot size() const { return static_cast<Slot>(flags_.size()); }
    std::uint64_t live_count() const { return live_; }
    /// Increases with every change.
    std::uint64_t version() const { return version_; }

    bool visible(Slot slot) const { return slot < size() && (flags_[slot] & kGone) == 0; }
    bool exists(Slot slot) const { return slot < size() && (flags_[slot] & kMissing) == 0; }
    bool locked(Slot slot) const { return (flags_[slot] & kLocked) != 0; }
    bool converted(Slot slot) const { return (flags_[slot] & kConverted) != 0; }
    std::int64_t modified_s(Slot slot) const { return modified_[slot]; }
    const Stored* stored(Slot slot) const;

    Row load(Slot slot) const;
    /// The stored form of one value (empty: null).
    std::string value(Slot slot, std::size_t field) const;

    Slot create(const Row& row, std::int64_t modified_s, std::int64_t visible_from_s = 0);
    void write(Slot slot, const Row& row, std::int64_t modified_s, std::int64_t visible_from_s = 0);
    void remove(Slot slot, Tombstone tombstone);
    void restore(Slot slot);
    void set_locked(Slot slot, bool locked);
    void set_converted(Slot slot, bool converted);

    /// Deleted records, in the order of their slots.
    const std::set<Slot>& tombstones() const { return tombstones_; }

    /// Visits slots in (modified, slot) order from `from_s` on (descending: from the newest down
    /// to `from_s`) until `visit` returns false. Deleted slots are visited too.
    void by_modified(std::int64_t from_s, bool ascending,
                     const std::function<bool(Slot)>& visit) const;

    /// Visible slots whose value equals `stored_form`, ignoring ASCII case, in slot order.
    std::vector<Slot> find_equal(std::size_t field, std::string_view stored_form) const;

    /// Slots changed since the last call, for persistence.
    std::vector<Slot> take_dirty();
    /// Puts back what persistence kept; grows the store as needed.
    void put_back(Slot slot, Stored stored);
    /// Slots that a restored backup must not use again stay unused.
    void reserve_slots(Slot size);

private:
    enum Flag : std::uint8_t {
        kMissing = 1,
        kDeleted = 2,
        kGone = kMissing | kDeleted,
        kLocked = 4,
        kConverted = 8,
        kMoved = 16,
        kOverlay = 32,
    };
    struct ValueIndex {
        std::vector<std::pair<std::uint32_t, Slot>> base;
        std::multimap<std::uint32_t, Slot> changed;
    };

    Stored& overlay(Slot slot);
    void move_modified(Slot slot, std::int64_t modified_s);
    void index_values(Slot slot, const Row& row);
    const std::vector<Slot>& base_by_modified() const;
    ValueIndex& value_index(std::size_t field) const;
    void touch(Slot slot);

    const Module* module_;
    const Generator* generator_;
    Slot base_ = 0;
    std::uint64_t live_ = 0;
    std::uint64_t version_ = 0;
    std::vector<std::uint8_t> flags_;
    std::vector<std::uint32_t> modified_;
    std::unordered_map<Slot, Stored> overlay_;
    std::set<Slot> tombstones_;
    std::set<std::pair<std::uint32_t, Slot>> moved_;
    mutable std::shared_ptr<const std::vector<Slot>> base_order_;
    mutable std::map<std::size_t, ValueIndex> value_indexes_;
    std::set<Slot> dirty_;

    friend class RowReader;
};

/// Reads values of one record after another without copying generated rows.
class RowReader {
public:
    explicit RowReader(const ModuleStore& store) : store_(store) {}

    /// Positions on a slot as lists see it at `now_s` (late changes are still invisible); false
    /// if it is not visible there. `now_s` = INT64_MAX sees everything.
    bool seek(Slot slot, std::int64_t now_s);
    /// Positions on a slot, deleted or not.
    void seek_any(Slot slot);

    Slot slot() const { return slot_; }
    unsigned module_number() const { return store_.module().number; }
    std::int64_t modified_s() const { return modified_s_; }
    bool converted() const { return converted_; }
    bool locked() const { return locked_; }
    /// Appends the stored form of a field; nothing when null.
    void append(std::size_t field, std::string& out) const;

private:
    void position(Slot slot, const Stored* stored);

    const ModuleStore& store_;
    Slot slot_ = 0;
    std::int64_t modified_s_ = 0;
    bool converted_ = false;
    bool locked_ = false;
    bool packed_ = false;
    std::vector<std::string_view> values_;
};

}  // namespace kontor::peer::zoho
