#include "plugins/csv/pull.hpp"

#include <algorithm>
#include <unordered_set>

#include "connectors/sdk/csv_cell.hpp"
#include "plugins/csv/cursor.hpp"
#include "plugins/csv/headers.hpp"
#include "plugins/csv/table_reader.hpp"
#include "plugins/csv/text.hpp"

namespace kontor::csv {
namespace {

constexpr std::size_t kBatchRecords = 2'000;
constexpr std::size_t kBatchBytes = std::size_t{8} << 20;

TableReader open_table(Folder& folder, const Piece& piece, const Facts& facts, const Table& table) {
    TableReader reader(folder.open(piece, facts));
    if (!table.key.empty() &&
        std::ranges::find(reader.columns(), table.key) == reader.columns().end())
        throw Unreadable(Reason::kNoKeyColumn);
    return reader;
}

bool full(abi::BatchWriter& batch) {
    return batch.records() >= kBatchRecords || batch.bytes().size() >= kBatchBytes;
}

// The table's pieces in a file; none if it cannot be read, which is told among the problems.
std::vector<Piece> pieces_of(Folder& folder, const sdk::ListedFile& file, const Table& table,
                             bool& readable) {
    if (!folder.may_hold(file, table.name)) return {};
    try {
        auto out = folder.pieces(file);
        std::erase_if(out, [&](const Piece& piece) { return piece.table != table.name; });
        return out;
    } catch (const Unreadable&) {
        readable = false;
        return {};
    }
}

}  // namespace

PieceReader::PieceReader(Folder& folder, const Piece& piece, const Facts& facts, const Table& table,
                         const sdk::Request& request, const Habits& habits, Parents* parents,
                         ProblemSink problems)
    : piece_(piece),
      parents_(parents),
      problems_(std::move(problems)),
      reader_(open_table(folder, piece, facts, table)),
      ids_(table, reader_.columns()),
      own_file_(std::ranges::find(reader_.columns(), kKeyColumn) != reader_.columns().end()) {
    for (std::size_t i = 0; i < reader_.columns().size(); ++i) {
        const auto& name = reader_.columns()[i];
        const auto field = std::ranges::find(request.fields, name);
        const Column* column = table.column(name);
        if (field == request.fields.end() || column == nullptr) continue;
        cells_.push_back({i, static_cast<std::uint16_t>(field - request.fields.begin()), column});
        habits_.push_back(habits);
        if (column->order != DateOrder::kUnknown) habits_.back().date_order = column->order;
    }
    for (const Reference& reference : table.references) {
        const auto field = std::ranges::find(request.fields, reference.field);
        const auto at = std::ranges::find(reader_.columns(), reference.column);
        if (parents == nullptr || field == request.fields.end() || at == reader_.columns().end())
            continue;
        names_.push_back({static_cast<std::size_t>(at - reader_.columns().begin()),
                          static_cast<std::uint16_t>(field - request.fields.begin()), &reference});
    }
}

std::string_view PieceReader::text_at(std::size_t cell) const {
    const std::string_view text = row_.cells[cell];
    return own_file_ ? sdk::csv_undefused(text) : text;
}

void PieceReader::complain(Reason reason, std::string column) {
    problems_({piece_.shown(), row_.line, std::move(column), reason});
}

// False if a cell is not what its column is.
bool PieceReader::put(abi::BatchWriter& out) {
    for (std::size_t i = 0; i < cells_.size(); ++i) {
        const Cell& cell = cells_[i];
        const Reason wrong =
            put_cell(out, cell.field, text_at(cell.at), cell.column->type, habits_[i]);
        if (wrong == Reason::kNone) continue;
        complain(wrong, cell.column->name);
        return false;
    }
    return true;
}

// A row that is not there yet stays absent: what the record here refers to is left as it is.
void PieceReader::put_references(abi::BatchWriter& out) {
    for (const Name& name : names_) {
        const std::string_view text = text_at(name.at);
        if (trimmed(text).empty()) {
            out.add_null(name.field);
            continue;
        }
        const auto found = parents_->find(*name.reference, text);
        if (found.reason == Reason::kNone) {
            out.add(name.field, found.id);
            continue;
        }
        waits_ = true;
        complain(found.reason, name.reference->column);
    }
}

bool PieceReader::next(abi::BatchWriter& out, abi::Op op) {
    while (reader_.next(row_)) {
        if (row_.fault != Reason::kNone) {
            complain(row_.fault);
            continue;
        }
        auto id = ids_.next(row_.cells);
        if (!id) {
            complain(Reason::kSameKey);
            continue;
        }
        // A batch cannot give back what it has taken: the row is tried out first.
        probe_.clear();
        probe_.begin(op, *id);
        if (!put(probe_)) continue;
        put_references(probe_);
        out.append(probe_);
        id_ = std::move(*id);
        return true;
    }
    return false;
}

std::string pull_table(sdk::Host& host, Folder& folder, Tables& tables, const Options& options,
                       const Table& table, const sdk::Request& request, std::string_view cursor) {
    const Cursor before = Cursor::decode(cursor);
    const auto files = folder.files();
    Cursor seen;
    // What is there no more is forgotten; what waits is as it was.
    for (const auto& file : files)
        if (const auto old = before.files.find(file.path); old != before.files.end())
            seen.files.insert(*old);
    Parents parents(folder, tables, table);
    const std::uint64_t others = parents.fingerprint(files);
    seen.parents = before.parents;  // until all that waited was read again
    abi::BatchWriter batch;
    std::int64_t done = 0;
    for (const auto& file : files) {
        const bool waited = before.may_have_come(file, others);
        if ((seen.unchanged(file) != nullptr && !waited) || !folder.may_hold(file, table.name))
            continue;
        host.check_cancelled();
        const Facts facts = folder.facts(file);
        const auto old = seen.files.find(file.path);
        bool readable = true, waits = old != seen.files.end() && old->second.waits;
        if (old == seen.files.end() || old->second.hash != facts.hash || waited) {
            waits = false;
            for (const Piece& piece : pieces_of(folder, file, table, readable)) try {
                    PieceReader reader(folder, piece, facts, table, request, options.habits,
                                       &parents, [](const Problem&) {});
                    while (reader.next(batch, abi::Op::kRecord)) {
                        ++done;
                        if (full(batch)) host.emit(batch);
                    }
                    waits = waits || reader.waits();
                } catch (const Unreadable&) {
                    continue;
                }
        }
        host.progress({{"stage", "read"}, {"done", done}});
        seen.files[file.path] = {file.size, file.modified_ms, facts.hash, 0, waits};
        host.emit(batch, seen.encode());
    }
    seen.parents = others;
    return seen.encode();
}

void fetch_table(sdk::Host& host, Folder& folder, Tables& tables, const Options& options,
                 const Table& table, const sdk::Request& request) {
    bool complete = true;
    Parents parents(folder, tables, table);
    std::unordered_set<std::string_view> wanted(request.ids.begin(), request.ids.end());
    abi::BatchWriter batch, row;
    auto files = folder.files();
    std::ranges::reverse(files);  // the file changed last counts
    for (const auto& file : files) {
        host.check_cancelled();
        for (const Piece& piece : pieces_of(folder, file, table, complete)) try {
                PieceReader reader(folder, piece, folder.facts(file), table, request,
                                   options.habits, &parents, [&](const Problem& problem) {
                                       complete = complete && !is_refusal(problem.reason);
                                   });
                for (; reader.next(row, abi::Op::kRecord); row.clear())
                    if (wanted.erase(reader.id()) > 0) batch.append(row);
            } catch (const Unreadable&) {
                complete = false;
            }
    }
    for (const auto id : wanted)
        batch.begin(complete ? abi::Op::kMissing : abi::Op::kForbidden, id);
    host.emit(batch);
}

bool list_table(sdk::Host& host, Folder& folder, const Options& options, const Table& table) {
    bool complete = options.complete;
    abi::BatchWriter batch;
    for (const auto& file : folder.files()) {
        host.check_cancelled();
        for (const Piece& piece : pieces_of(folder, file, table, complete)) try {
                PieceReader reader(folder, piece, folder.facts(file), table, {}, options.habits,
                                   nullptr, [&](const Problem&) { complete = false; });
                while (reader.next(batch, abi::Op::kId))
                    if (full(batch)) host.emit(batch);
            } catch (const Unreadable&) {
                complete = false;
            }
    }
    host.emit(batch);
    return complete;
}

}  // namespace kontor::csv
