#include "tests/peers/zoho/store.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace kontor::peer::zoho {

namespace {

constexpr std::size_t kEntryHead = sizeof(std::uint16_t) + sizeof(std::uint32_t);

/// FNV-1a over the ASCII-lowered bytes.
std::uint32_t fold_hash(std::string_view text) {
    std::uint32_t h = 2166136261U;
    for (char c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        h = (h ^ static_cast<unsigned char>(c)) * 16777619U;
    }
    return h;
}

bool equal_folded(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               if (x >= 'A' && x <= 'Z') x = static_cast<char>(x - 'A' + 'a');
               if (y >= 'A' && y <= 'Z') y = static_cast<char>(y - 'A' + 'a');
               return x == y;
           });
}

template <typename Visit>
void for_each_value(std::string_view blob, const Visit& visit) {
    std::size_t at = 0;
    while (at + kEntryHead <= blob.size()) {
        std::uint16_t field = 0;
        std::uint32_t length = 0;
        std::memcpy(&field, blob.data() + at, sizeof field);
        std::memcpy(&length, blob.data() + at + sizeof field, sizeof length);
        at += kEntryHead;
        if (length > blob.size() - at) return;
        visit(field, blob.substr(at, length));
        at += length;
    }
}

}  // namespace

std::string pack_row(const Row& row) {
    std::string blob;
    for (std::size_t i = 0; i < row.values.size(); ++i) {
        const std::string& value = row.values[i];
        if (value.empty()) continue;
        const auto field = static_cast<std::uint16_t>(i);
        const auto length = static_cast<std::uint32_t>(value.size());
        blob.append(reinterpret_cast<const char*>(&field), sizeof field);
        blob.append(reinterpret_cast<const char*>(&length), sizeof length);
        blob += value;
    }
    return blob;
}

Row unpack_row(std::string_view blob) {
    Row row;
    for_each_value(blob, [&](std::size_t field, std::string_view value) {
        row.set(field, std::string(value));
    });
    return row;
}

ModuleStore::ModuleStore(const Module& module, const Generator& generator)
    : module_(&module), generator_(&generator) {
    base_ = static_cast<Slot>(generator.count(module));
    live_ = base_;
    flags_.resize(base_, 0);
    modified_.resize(base_);
    const bool leads = module.api_name == "Leads";
    for (Slot slot = 0; slot < base_; ++slot) {
        modified_[slot] = static_cast<std::uint32_t>(generator.modified_s(module, slot));
        if (leads && generator.converted(module, slot)) flags_[slot] = kConverted;
    }
}

const Stored* ModuleStore::stored(Slot slot) const {
    if (slot >= size() || (flags_[slot] & kOverlay) == 0) return nullptr;
    return &overlay_.at(slot);
}

Row ModuleStore::load(Slot slot) const {
    const Stored* known = stored(slot);
    if (known != nullptr && !known->blob.empty()) return unpack_row(known->blob);
    Row row;
    for (std::size_t i = 0; i < module_->fields.size(); ++i) {
        std::string value;
        generator_->append(*module_, i, slot, value);
        row.set(i, std::move(value));
    }
    return row;
}

std::string ModuleStore::value(Slot slot, std::size_t field) const {
    RowReader reader(*this);
    reader.seek_any(slot);
    std::string out;
    reader.append(field, out);
    return out;
}

Stored& ModuleStore::overlay(Slot slot) {
    auto [it, created] = overlay_.try_emplace(slot);
    if (created) {
        it->second.modified_s = modified_[slot];
        it->second.converted = converted(slot);
        flags_[slot] |= kOverlay;
    }
    return it->second;
}

void ModuleStore::touch(Slot slot) {
    ++version_;
    dirty_.insert(slot);
}

void ModuleStore::move_modified(Slot slot, std::int64_t modified_s) {
    if ((flags_[slot] & kMoved) != 0) moved_.erase({modified_[slot], slot});
    flags_[slot] |= kMoved;
    modified_[slot] = static_cast<std::uint32_t>(modified_s);
    moved_.insert({modified_[slot], slot});
}

void ModuleStore::index_values(Slot slot, const Row& row) {
    for (auto& [field, index] : value_indexes_) {
        if (!row[field].empty()) index.changed.emplace(fold_hash(row[field]), slot);
    }
}

Slot ModuleStore::create(const Row& row, std::int64_t modified_s, std::int64_t visible_from_s) {
    const Slot slot = size();
    flags_.push_back(kOverlay);
    modified_.push_back(0);
    Stored& stored = overlay_[slot];
    stored.blob = pack_row(row);
    stored.modified_s = static_cast<std::uint32_t>(modified_s);
    stored.visible_from_s = visible_from_s;
    move_modified(slot, modified_s);
    index_values(slot, row);
    ++live_;
    touch(slot);
    return slot;
}

void ModuleStore::write(Slot slot, const Row& row, std::int64_t modified_s,
                        std::int64_t visible_from_s) {
    Stored& stored = overlay(slot);
    if (visible_from_s > 0) {
        Stored former = stored;
        if (former.blob.empty()) former.blob = pack_row(load(slot));
        former.former.reset();
        stored.former = std::make_shared<const Stored>(std::move(former));
        stored.visible_from_s = visible_from_s;
    }
    stored.blob = pack_row(row);
    stored.modified_s = static_cast<std::uint32_t>(modified_s);
    move_modified(slot, modified_s);
    index_values(slot, row);
    touch(slot);
}

void ModuleStore::remove(Slot slot, Tombstone tombstone) {
    Stored& stored = overlay(slot);
    if (stored.blob.empty()) stored.blob = pack_row(load(slot));
    stored.tombstone = std::move(tombstone);
    if ((flags_[slot] & kDeleted) == 0) --live_;
    flags_[slot] |= kDeleted;
    tombstones_.insert(slot);
    touch(slot);
}

void ModuleStore::restore(Slot slot) {
    if ((flags_[slot] & kDeleted) == 0) return;
    overlay(slot).tombstone.reset();
    flags_[slot] = static_cast<std::uint8_t>(flags_[slot] & ~kDeleted);
    tombstones_.erase(slot);
    ++live_;
    touch(slot);
}

void ModuleStore::set_locked(Slot slot, bool locked) {
    overlay(slot).locked = locked;
    flags_[slot] =
        static_cast<std::uint8_t>(locked ? flags_[slot] | kLocked : flags_[slot] & ~kLocked);
    touch(slot);
}

void ModuleStore::set_converted(Slot slot, bool converted) {
    overlay(slot).converted = converted;
    flags_[slot] = static_cast<std::uint8_t>(converted ? flags_[slot] | kConverted
                                                       : flags_[slot] & ~kConverted);
    touch(slot);
}

const std::vector<Slot>& ModuleStore::base_by_modified() const {
    if (base_order_) return *base_order_;
    std::vector<std::uint64_t> keys(base_);
    for (Slot slot = 0; slot < base_; ++slot) {
        const auto at = static_cast<std::uint64_t>(generator_->modified_s(*module_, slot));
        keys[slot] = at << 32 | slot;
    }
    std::sort(keys.begin(), keys.end());
    std::vector<Slot> order(base_);
    for (Slot i = 0; i < base_; ++i) order[i] = static_cast<Slot>(keys[i]);
    base_order_ = std::make_shared<const std::vector<Slot>>(std::move(order));
    return *base_order_;
}

void ModuleStore::by_modified(std::int64_t from_s, bool ascending,
                              const std::function<bool(Slot)>& visit) const {
    const std::vector<Slot>& base = base_by_modified();
    const auto original = [&](Slot slot) { return generator_->modified_s(*module_, slot); };
    const auto first = std::partition_point(base.begin(), base.end(),
                                            [&](Slot s) { return original(s) < from_s; });
    const auto from = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(from_s, 0, std::numeric_limits<std::uint32_t>::max()));
    const auto first_moved = moved_.lower_bound({from, 0});
    const auto key = [&](Slot s) { return std::pair(modified_[s], s); };
    const auto unmoved = [&](Slot s) { return (flags_[s] & kMoved) == 0; };
    if (ascending) {
        auto b = first;
        auto m = first_moved;
        while (true) {
            while (b != base.end() && !unmoved(*b)) ++b;
            const bool base_left = b != base.end();
            const bool moved_left = m != moved_.end();
            if (!base_left && !moved_left) return;
            const bool take_base = base_left && (!moved_left || key(*b) < *m);
            const Slot slot = take_base ? *b++ : (m++)->second;
            if (!visit(slot)) return;
        }
    }
    auto b = base.end();
    auto m = moved_.end();
    while (true) {
        while (b != first && !unmoved(*std::prev(b))) --b;
        const bool base_left = b != first;
        const bool moved_left = m != first_moved;
        if (!base_left && !moved_left) return;
        const bool take_base = base_left && (!moved_left || *std::prev(m) < key(*std::prev(b)));
        const Slot slot = take_base ? *--b : (--m)->second;
        if (!visit(slot)) return;
    }
}

ModuleStore::ValueIndex& ModuleStore::value_index(std::size_t field) const {
    const auto [it, created] = value_indexes_.try_emplace(field);
    ValueIndex& index = it->second;
    if (!created) return index;
    if (module_->fields[field].generator.code != Make::kNothing) {
        std::string value;
        index.base.reserve(base_);
        for (Slot slot = 0; slot < base_; ++slot) {
            value.clear();
            generator_->append(*module_, field, slot, value);
            if (!value.empty()) index.base.emplace_back(fold_hash(value), slot);
        }
        std::sort(index.base.begin(), index.base.end());
    }
    for (const auto& [slot, stored] : overlay_) {
        for_each_value(stored.blob, [&, at = slot](std::size_t f, std::string_view value) {
            if (f == field) index.changed.emplace(fold_hash(value), at);
        });
    }
    return index;
}

std::vector<Slot> ModuleStore::find_equal(std::size_t field, std::string_view stored_form) const {
    const ValueIndex& index = value_index(field);
    const std::uint32_t h = fold_hash(stored_form);
    std::set<Slot> candidates;
    for (auto it = std::lower_bound(index.base.begin(), index.base.end(), std::pair(h, Slot{0}));
         it != index.base.end() && it->first == h; ++it)
        candidates.insert(it->second);
    const auto [first, last] = index.changed.equal_range(h);
    for (auto it = first; it != last; ++it) candidates.insert(it->second);
    std::vector<Slot> out;
    for (const Slot slot : candidates) {
        if (visible(slot) && equal_folded(value(slot, field), stored_form)) out.push_back(slot);
    }
    return out;
}

std::vector<Slot> ModuleStore::take_dirty() {
    std::vector<Slot> out(dirty_.begin(), dirty_.end());
    dirty_.clear();
    return out;
}

void ModuleStore::reserve_slots(Slot wanted) {
    while (size() < wanted) {
        const Slot slot = size();
        flags_.push_back(kMissing | kOverlay);
        modified_.push_back(0);
        overlay_[slot].exists = false;
        touch(slot);
    }
}

void ModuleStore::put_back(Slot slot, Stored stored) {
    if (slot >= size()) reserve_slots(slot + 1);
    if (visible(slot)) --live_;
    tombstones_.erase(slot);
    std::uint8_t flags = kOverlay | (flags_[slot] & kMoved);
    if (!stored.exists) flags |= kMissing;
    if (stored.tombstone) {
        flags |= kDeleted;
        tombstones_.insert(slot);
    }
    if (stored.locked) flags |= kLocked;
    if (stored.converted) flags |= kConverted;
    flags_[slot] = flags;
    move_modified(slot, stored.modified_s);
    if (visible(slot)) ++live_;
    overlay_[slot] = std::move(stored);
    touch(slot);
}

bool RowReader::seek(Slot slot, std::int64_t now_s) {
    if (!store_.visible(slot)) return false;
    const Stored* stored = store_.stored(slot);
    if (stored != nullptr && now_s < stored->visible_from_s) {
        if (!stored->former) return false;
        position(slot, stored->former.get());
        modified_s_ = stored->former->modified_s;
        return true;
    }
    position(slot, stored);
    return true;
}

void RowReader::seek_any(Slot slot) {
    position(slot, store_.stored(slot));
}

void RowReader::position(Slot slot, const Stored* stored) {
    slot_ = slot;
    modified_s_ = store_.modified_s(slot);
    converted_ = store_.converted(slot);
    locked_ = store_.locked(slot);
    packed_ = stored != nullptr && (!stored->blob.empty() || !stored->exists);
    if (!packed_) return;
    values_.assign(store_.module().fields.size(), {});
    for_each_value(stored->blob, [&](std::size_t field, std::string_view value) {
        if (field < values_.size()) values_[field] = value;
    });
}

void RowReader::append(std::size_t field, std::string& out) const {
    if (field == kModifiedTime) {
        out += std::to_string(modified_s_);
    } else if (field == kId) {
        out += '"';
        out += record_id(store_.module().number, slot_);
        out += '"';
    } else if (packed_) {
        out += values_[field];
    } else {
        store_.generator_->append(store_.module(), field, slot_, out);
    }
}

}  // namespace kontor::peer::zoho
