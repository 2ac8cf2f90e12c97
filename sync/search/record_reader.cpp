#include "sync/search/record_reader.hpp"

#include <algorithm>

#include "sync/replica/catalogue.hpp"
#include "sync/search/scan.hpp"

namespace kontor::search {
namespace {

void read_texts(const replica::Statement& row, int first_column, std::size_t count,
                std::vector<std::string>& out) {
    out.resize(count);
    for (std::size_t i = 0; i < count; ++i)
        out[i] = cut_text(row.text(first_column + static_cast<int>(i)), kFieldBytesMax);
}

bool has_han(std::string_view name) {
    Scan parts;
    scan(name, parts);
    return std::ranges::any_of(parts.units,
                               [](const Unit& unit) { return unit.kind == UnitKind::kHan; });
}

}  // namespace

Result<RecordReader> RecordReader::prepare(const replica::Database& replica,
                                           const EntityLayout& layout) {
    std::string columns = "id";
    for (const LayoutField& field : layout.fields) columns += ", " + replica::sql_name(field.name);
    auto rows = replica.prepare("SELECT " + columns + " FROM " + replica::sql_name(layout.name) +
                                " WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3");
    if (!rows) return pass(rows);
    auto changes = replica.prepare(
        "SELECT record, seq, field, op, old FROM kontor_history "
        "WHERE entity = ?1 AND record BETWEEN ?2 AND ?3 AND seq > ?4 ORDER BY record, seq");
    if (!changes) return pass(changes);
    return RecordReader(layout, std::move(*rows), std::move(*changes));
}

Result<std::vector<Record>> RecordReader::rows(std::int64_t first, std::int64_t last,
                                               std::int64_t limit) {
    rows_.bind(1, first);
    rows_.bind(2, last);
    rows_.bind(3, limit);
    std::vector<Record> records;
    for (;;) {
        auto row = rows_.step();
        if (!row) return pass(row);
        if (!*row) break;
        records.emplace_back();
        records.back().id = rows_.integer(0);
        read_texts(rows_, 1, layout_.fields.size(), records.back().texts);
    }
    rows_.reset();
    return records;
}

Result<Record> RecordReader::record(std::int64_t id) {
    auto found = rows(id, id, 1);
    if (!found) return pass(found);
    if (!found->empty()) return std::move(found->front());

    Record gone{.id = id, .exists = false, .texts = {}};
    gone.texts.resize(layout_.fields.size());
    return gone;
}

Result<std::vector<Change>> RecordReader::changes(std::int64_t first, std::int64_t last,
                                                  std::int64_t seq) {
    changes_.bind(1, layout_.id);
    changes_.bind(2, first);
    changes_.bind(3, last);
    changes_.bind(4, seq);
    std::vector<Change> out;
    for (;;) {
        auto row = changes_.step();
        if (!row) return pass(row);
        if (!*row) break;
        const auto op = changes_.text(3);
        // A load is a range of its own; a value kept aside was never in the record.
        if (op.empty() || op == "l" || op == "k") continue;
        out.push_back({changes_.integer(0), changes_.integer(1), changes_.integer(2), op.front(),
                       std::string(cut_text(changes_.text(4), kFieldBytesMax))});
    }
    changes_.reset();
    return out;
}

Record RecordReader::as_of(Record now, std::span<const Change> changes, std::int64_t seq) const {
    // Backwards, so that the earliest entry after `seq` has the last word.
    for (auto change = changes.rbegin(); change != changes.rend() && change->seq > seq; ++change) {
        if (change->field == 0) {
            now.exists = change->op == 'd';
            if (!now.exists) std::ranges::fill(now.texts, std::string());
            continue;
        }
        const auto field = std::ranges::find(layout_.fields, change->field, &LayoutField::id);
        if (field != layout_.fields.end())
            now.texts[static_cast<std::size_t>(field - layout_.fields.begin())] = change->old;
    }
    return now;
}

std::string full_name(std::string_view first_name, std::string_view last_name) {
    if (first_name.empty() || last_name.empty()) return {};
    if (has_han(first_name) && has_han(last_name))
        return std::string(last_name) + std::string(first_name);
    return std::string(first_name) + " " + std::string(last_name);
}

}  // namespace kontor::search
