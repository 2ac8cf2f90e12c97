#include "sync/search/indexer.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "sync/replica/catalogue.hpp"

namespace kontor::search {
namespace {

constexpr std::int64_t kChunkRecords = 500;
constexpr std::int64_t kChunkChanges = 400;
constexpr std::int64_t kLargeLoad = 5'000;  // records that are worth indexing as a bulk

/// Fields are kept apart by a line feed, which no word, pair of characters or number spans.
Document document(const EntityLayout& layout, const Record& record) {
    Document out;
    const auto add = [](std::string& to, std::string_view text) {
        if (text.empty()) return;
        if (!to.empty()) to += '\n';
        to += text;
    };
    for (std::size_t i = 0; i < layout.fields.size(); ++i)
        add(layout.fields[i].title ? out.title : out.rest, record.texts[i]);
    if (layout.has_full_name())
        add(out.title, full_name(record.texts[static_cast<std::size_t>(layout.first_name)],
                                 record.texts[static_cast<std::size_t>(layout.last_name)]));
    return out;
}

Result<std::string> meta(const replica::Database& replica, const char* key) {
    auto row = replica.prepare("SELECT value FROM kontor_meta WHERE key = ?1");
    if (!row) return pass(row);
    row->bind(1, key);
    auto found = row->step();
    if (!found) return pass(found);
    return *found ? std::string(row->text(0)) : std::string();
}

/// Which replica it is, and how far its history goes.
struct End {
    std::string replica_id;
    std::string epoch;
    std::int64_t seq = 0;
};

Result<End> end_of(const replica::Database& replica) {
    auto id = meta(replica, "replica_id");
    if (!id) return pass(id);
    auto epoch = meta(replica, "epoch");
    if (!epoch) return pass(epoch);
    const auto seq = replica.scalar("SELECT max(seq) FROM kontor_history");
    if (!seq) return tl::unexpected<Error>(seq.error());
    return End{std::move(*id), std::move(*epoch), *seq};
}

std::span<const Change> changes_of(const std::vector<Change>& changes, std::int64_t record) {
    const auto first = std::ranges::lower_bound(changes, record, {}, &Change::record);
    const auto last = std::ranges::upper_bound(changes, record, {}, &Change::record);
    return {first, last};
}

}  // namespace

Result<bool> Indexer::step(std::chrono::milliseconds slice) {
    const auto until = clock_.steady() + slice;
    auto transaction = replica::Transaction::begin(file_.db());
    if (!transaction) return pass(transaction);
    auto state = file_.state();
    if (!state) return pass(state);
    state_ = std::move(*state);
    loading_ = state_.phase == Phase::kLoad;

    bool more = true;
    do {
        auto done = chunk();
        if (!done) return pass(done);
        more = *done;
    } while (more && clock_.steady() < until);
    if (auto saved = file_.set_state(state_); !saved) return pass(saved);
    if (auto done = transaction->commit(); !done) return pass(done);
    return more;
}

Result<bool> Indexer::chunk() {
    if (state_.phase == Phase::kMerge) return merge();
    const auto snapshot = replica::Snapshot::begin(replica_);
    if (!snapshot) return tl::unexpected<Error>(snapshot.error());
    if (auto done = look(); !done) return pass(done);
    if (unusable()) {
        if (auto done = begin_build(); !done) return pass(done);
        return true;
    }
    if (state_.phase == Phase::kFollow) return follow();
    return build();
}

Result<> Indexer::look() {
    auto end = end_of(replica_);
    if (!end) return pass(end);
    auto layouts = load_layouts(replica_);
    if (!layouts) return pass(layouts);
    replica_id_ = std::move(end->replica_id);
    epoch_ = std::move(end->epoch);
    last_seq_ = end->seq;
    if (*layouts != layouts_) {
        readers_.clear();
        layouts_ = std::move(*layouts);
    }
    return {};
}

bool Indexer::unusable() const {
    return state_.phase == Phase::kNew || state_.replica_id != replica_id_ ||
           state_.epoch != epoch_ || last_seq_ < std::max(state_.indexed_seq, state_.target_seq);
}

Result<> Indexer::begin_build() {
    if (auto done = file_.clear(); !done) return done;
    if (auto done = file_.set_bulk(true); !done) return done;
    state_ = IndexState{};
    state_.phase = Phase::kBuild;
    state_.replica_id = replica_id_;
    state_.epoch = epoch_;
    state_.target_seq = last_seq_;
    merging_ = false;
    return end_range();
}

/// The next entity of a build, or what follows build or load.
Result<> Indexer::end_range() {
    if (state_.phase == Phase::kLoad) {
        state_.phase = Phase::kFollow;
        state_.indexed_seq = state_.target_seq;
        return {};
    }
    const auto next = std::ranges::find_if(layouts_, [&](const EntityLayout& l) {
        return l.id > state_.entity && l.id <= kEntityMax;
    });
    if (next == layouts_.end()) {
        state_.phase = Phase::kMerge;
        state_.indexed_seq = state_.target_seq;
        return {};
    }
    state_.entity = next->id;
    state_.next = 1;
    state_.last = kRecordMax;
    return file_.set_fingerprint(*next);
}

/// One chunk of build or load: records from state_.next on, as they were at target_seq.
Result<bool> Indexer::build() {
    if (layout(state_.entity) == nullptr) {
        // Its last searchable column has just gone.
        if (auto done = end_range(); !done) return pass(done);
        return true;
    }
    auto reader = this->reader(state_.entity);
    if (!reader) return pass(reader);
    auto rows = (*reader)->rows(state_.next, state_.last, kChunkRecords);
    if (!rows) return pass(rows);
    const bool complete = static_cast<std::int64_t>(rows->size()) < kChunkRecords;
    const std::int64_t last = complete ? state_.last : rows->back().id;

    std::vector<Change> changes;
    if (last_seq_ > state_.target_seq) {
        auto later = (*reader)->changes(state_.next, last, state_.target_seq);
        if (!later) return pass(later);
        changes = std::move(*later);
        // Records that have gone since then belong to it as well.
        std::set<std::int64_t> ids;
        for (const Change& change : changes) ids.insert(change.record);
        for (const Record& record : *rows) ids.erase(record.id);
        for (const std::int64_t id : ids) {
            rows->push_back(Record{.id = id, .exists = false, .texts = {}});
            rows->back().texts.resize((*reader)->layout().fields.size());
        }
        std::ranges::sort(*rows, {}, &Record::id);
    }
    auto loaded = loaded_since(state_.entity, state_.target_seq);
    if (!loaded) return tl::unexpected<Error>(std::move(loaded.error()));
    for (Record& row : *rows) {
        const std::int64_t id = row.id;
        // What a first load brought after target_seq is indexed when its stretch is followed.
        if (std::ranges::any_of(*loaded, [id](const auto& stretch) {
                return stretch.first <= id && id <= stretch.second;
            }))
            continue;
        const Record record =
            (*reader)->as_of(std::move(row), changes_of(changes, id), state_.target_seq);
        const Document now = document((*reader)->layout(), record);
        if (!record.exists || now == Document{}) continue;
        if (auto done = file_.insert(pack(state_.entity, id), now); !done) return pass(done);
        ++state_.records;
    }
    state_.next = last + 1;
    if (complete)
        if (auto done = end_range(); !done) return pass(done);
    return true;
}

/// First and last record of the stretches that first loads added after `seq`.
Result<std::vector<std::pair<std::int64_t, std::int64_t>>> Indexer::loaded_since(
    std::int64_t entity, std::int64_t seq) {
    std::vector<std::pair<std::int64_t, std::int64_t>> out;
    if (last_seq_ <= seq) return out;
    auto rows = replica_.prepare(
        "SELECT record, old FROM kontor_history WHERE op = 'l' AND entity = ?1 AND seq > ?2");
    if (!rows) return pass(rows);
    rows->bind(1, entity);
    rows->bind(2, seq);
    for (;;) {
        auto row = rows->step();
        if (!row) return pass(row);
        if (!*row) return out;
        out.emplace_back(rows->integer(0), rows->integer(1));
    }
}

Result<bool> Indexer::merge() {
    auto done = file_.merge(!std::exchange(merging_, true));
    if (!done) return pass(done);
    if (*done) {
        if (auto usual = file_.set_bulk(false); !usual) return pass(usual);
        state_.phase = Phase::kFollow;
        merging_ = false;
    }
    return true;
}

/// Nothing is left to index: brings together what a bulk has left in parts, once first loads have
/// come to their end. True if there is such a thing to do.
Result<bool> Indexer::settle() {
    auto bulk = file_.bulk();
    if (!bulk || !*bulk) return bulk;
    auto open = replica_.scalar(
        "SELECT count(*) FROM kontor_stream WHERE loaded = 0"
        " AND cursor <> ''");
    if (!open) return pass(open);
    if (*open != 0) return false;
    state_.phase = Phase::kMerge;
    return true;
}

/// Begins to index an entity that was not searchable before.
Result<bool> Indexer::join(const EntityLayout& layout) {
    if (auto done = file_.set_fingerprint(layout); !done) return pass(done);
    state_.phase = Phase::kLoad;
    state_.target_seq = state_.indexed_seq;
    state_.entity = layout.id;
    state_.next = 1;
    state_.last = kRecordMax;
    return true;
}

Result<bool> Indexer::follow() {
    const auto indexed = file_.fingerprints();
    if (!indexed) return tl::unexpected<Error>(indexed.error());
    for (const auto& [entity, fingerprint] : *indexed) {
        const auto* now = layout(entity);
        if (now != nullptr && now->fingerprint() == fingerprint) continue;
        if (auto done = begin_build(); !done) return pass(done);
        return true;
    }
    for (const EntityLayout& candidate : layouts_)
        if (candidate.id <= kEntityMax && !indexed->contains(candidate.id)) return join(candidate);
    if (state_.indexed_seq == last_seq_) return settle();

    auto rows = replica_.prepare(
        "SELECT seq, entity, record, op, old FROM kontor_history WHERE seq > ?1 ORDER BY seq "
        "LIMIT ?2");
    if (!rows) return pass(rows);
    rows->bind(1, state_.indexed_seq);
    rows->bind(2, kChunkChanges);
    std::set<std::pair<std::int64_t, std::int64_t>> touched;  // in order of rows of the index
    std::int64_t until = state_.indexed_seq;
    for (;;) {
        auto row = rows->step();
        if (!row) return pass(row);
        if (!*row) break;
        const std::int64_t seq = rows->integer(0);
        const std::int64_t entity = rows->integer(1);
        if (rows->text(3) != "l") {
            if (layout(entity) != nullptr) touched.emplace(entity, rows->integer(2));
        } else if (touched.empty()) {
            if (layout(entity) == nullptr) {
                until = seq;
                continue;
            }
            state_.indexed_seq = until;
            return begin_load(*rows);
        } else {
            break;  // what came before it first
        }
        until = seq;
    }
    for (const auto& [entity, record] : touched) {
        auto found = reader(entity);
        if (!found) return pass(found);
        if (auto done = replace(**found, record, until); !done) return pass(done);
    }
    state_.indexed_seq = until;
    if (state_.indexed_seq < last_seq_) return true;
    return settle();
}

/// Begins to index the stretch that `entry` of history names, and those that go on right behind it:
/// a first load adds a stretch with each commit.
Result<bool> Indexer::begin_load(replica::Statement& entry) {
    loading_ = true;
    state_.phase = Phase::kLoad;
    state_.target_seq = entry.integer(0);
    state_.entity = entry.integer(1);
    state_.next = std::max<std::int64_t>(entry.integer(2), 1);
    state_.last = std::min(entry.integer(4), kRecordMax);
    for (;;) {
        auto row = entry.step();
        if (!row) return pass(row);
        if (!*row || entry.text(3) != "l" || entry.integer(1) != state_.entity ||
            entry.integer(2) != state_.last + 1)
            break;
        state_.target_seq = entry.integer(0);
        state_.last = std::min(entry.integer(4), kRecordMax);
    }
    if (state_.last - state_.next < kLargeLoad) return true;
    auto bulk = file_.bulk();
    if (!bulk || *bulk) return bulk;
    if (auto done = file_.set_bulk(true); !done) return pass(done);
    return true;
}

/// Takes a record from its form at indexed_seq to that at `until`.
Result<> Indexer::replace(RecordReader& reader, std::int64_t record, std::int64_t until) {
    if (record < 1 || record > kRecordMax) return {};  // cannot be packed; such ids are not ours
    auto now = reader.record(record);
    if (!now) return pass(now);
    const auto changes = reader.changes(record, record, state_.indexed_seq);
    if (!changes) return tl::unexpected<Error>(changes.error());
    const Record before = reader.as_of(*now, *changes, state_.indexed_seq);
    const Record after = reader.as_of(std::move(*now), *changes, until);
    const Document was = before.exists ? document(reader.layout(), before) : Document{};
    const Document is = after.exists ? document(reader.layout(), after) : Document{};
    if (was == is) return {};

    const std::int64_t row = pack(reader.layout().id, record);
    if (was != Document{}) {
        if (auto done = file_.remove(row, was); !done) return done;
        --state_.records;
    }
    if (is == Document{}) return {};
    ++state_.records;
    return file_.insert(row, is);
}

const EntityLayout* Indexer::layout(std::int64_t entity) const {
    const auto found = std::ranges::find(layouts_, entity, &EntityLayout::id);
    return found == layouts_.end() ? nullptr : &*found;
}

Result<RecordReader*> Indexer::reader(std::int64_t entity) {
    const auto found =
        std::ranges::find(readers_, entity, [](const RecordReader& r) { return r.layout().id; });
    if (found != readers_.end()) return &*found;
    auto made = RecordReader::prepare(replica_, *layout(entity));
    if (!made) return pass(made);
    readers_.push_back(std::move(*made));
    return &readers_.back();
}

Result<bool> Indexer::reaches_end(const IndexState& state) const {
    auto end = end_of(replica_);
    if (!end) return pass(end);
    return state.replica_id == end->replica_id && state.epoch == end->epoch &&
           state.indexed_seq == end->seq;
}

Result<Indexer::Position> Indexer::position() {
    auto state = file_.state();
    if (!state) return pass(state);
    if (auto done = look(); !done) return pass(done);
    Position out{state->phase, state->indexed_seq, last_seq_};
    if (state->phase != Phase::kBuild) return out;
    out.done = out.total = 0;
    for (const EntityLayout& layout : layouts_) {
        const auto last = replica_.scalar("SELECT max(id) FROM " + replica::sql_name(layout.name));
        if (!last) return tl::unexpected<Error>(last.error());
        out.total += *last;
        if (layout.id < state->entity) out.done += *last;
        if (layout.id == state->entity) out.done += std::min(*last, state->next - 1);
    }
    return out;
}

}  // namespace kontor::search
