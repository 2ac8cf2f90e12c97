#include "plugins/csv/problems.hpp"

#include <algorithm>
#include <vector>

#include "connectors/sdk/error.hpp"
#include "plugins/csv/cursor.hpp"

namespace kontor::csv {
namespace {

constexpr std::size_t kPathInIdMax = 180;

// The n-th problem of a file is one record as long as there is one.
std::string id_of(std::string_view path, std::int64_t n) {
    std::string name(path.substr(0, kPathInIdMax));
    if (path.size() > kPathInIdMax) {
        std::uint64_t hash = 0;
        for (const char c : path) hash = hash * 131 + static_cast<std::uint8_t>(c);
        while (!name.empty() && (static_cast<unsigned char>(name.back()) & 0x80) != 0)
            name.pop_back();
        name += "~" + std::to_string(hash);
    }
    std::ranges::replace_if(
        name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '_');
    return name + ":" + std::to_string(n);
}

void put(abi::BatchWriter& batch, const sdk::Request& request, std::string_view id,
         const Problem& problem) {
    batch.begin(abi::Op::kRecord, id);
    for (std::uint16_t i = 0; i < request.fields.size(); ++i) {
        const auto& field = request.fields[i];
        if (field == "file")
            batch.add(i, problem.file);
        else if (field == "line" && problem.line > 0)
            batch.add(i, problem.line);
        else if (field == "column_name" && !problem.column.empty())
            batch.add(i, problem.column);
        else if (field == "reason")
            batch.add(i, english(problem.reason));
        else if (field == "reason_zh")
            batch.add(i, chinese(problem.reason));
        else if (field == "code")
            batch.add(i, name_of(problem.reason));
        else
            batch.add_null(i);
    }
}

// Why a table is not pulled: it came later, or nothing of it can be read.
Reason why_not_pulled(Folder& folder, const Piece& piece, const Facts& facts) {
    try {
        const TableReader header(folder.open(piece, facts));
        return Reason::kNewTable;
    } catch (const Unreadable& error) {
        return error.reason;
    }
}

std::vector<Problem> problems_of(Folder& folder, Tables& tables, const Options& options,
                                 const sdk::ListedFile& file, const Facts& facts) {
    std::vector<Problem> out;
    std::int64_t more = 0;
    const auto add = [&](const Problem& problem) {
        if (static_cast<std::int64_t>(out.size()) < kProblemsMax)
            out.push_back(problem);
        else
            ++more;
    };
    Piece whole{file, {}, {}};
    const auto look = [&](const Piece& piece) {
        if (!tables.was_pulled(piece.table)) {
            add({piece.shown(), 0, {}, why_not_pulled(folder, piece, facts)});
            return;
        }
        try {
            const Table& table = tables.table(piece.table);
            // All of its cells, whatever is mapped.
            sdk::Request all;
            for (const Column& column : table.columns) all.fields.push_back(column.name);
            for (const auto& each : table.references) all.fields.push_back(each.field);
            Parents parents(folder, tables, table);
            PieceReader reader(folder, piece, facts, table, all, options.habits, &parents, add);
            abi::BatchWriter unused;
            while (reader.next(unused, abi::Op::kRecord)) unused.clear();
        } catch (const Unreadable& error) {
            add({piece.shown(), 0, {}, error.reason});
        }
    };
    try {
        for (const Piece& piece : folder.pieces(file)) look(piece);
    } catch (const Unreadable& error) {
        add({whole.shown(), 0, {}, error.reason});
    }
    if (more > 0) out.push_back({whole.shown(), 0, {}, Reason::kMore});
    return out;
}

}  // namespace

sdk::StreamSpec problems_stream() {
    sdk::StreamSpec out;
    out.name = kProblems;
    out.label = {"Rows not taken in", "未导入的行"};
    out.custom = true;
    out.capabilities.deleted_feed = true;
    const auto add = [&](const char* name, const char* en, const char* zh, const char* type) {
        sdk::FieldSpec field;
        field.name = name;
        field.label = {en, zh};
        field.type = type;
        field.custom = true;
        field.read_only = true;
        out.fields.push_back(std::move(field));
    };
    add("file", "File", "文件", "text");
    add("line", "Line", "行", "integer");
    add("column_name", "Column", "列", "text");
    add("reason", "Reason", "原因（英文）", "text");
    add("reason_zh", "Reason (Chinese)", "原因", "text");
    add("code", "Code", "代码", "text");
    return out;
}

std::string pull_problems(sdk::Host& host, Folder& folder, Tables& tables, const Options& options,
                          const sdk::Request& request, std::string_view cursor) {
    const Cursor before = Cursor::decode(cursor);
    const auto files = folder.files();
    Cursor seen = before;
    abi::BatchWriter batch;
    const auto forget = [&](const std::string& path, std::int64_t from, std::int64_t to) {
        for (std::int64_t n = from; n < to; ++n) batch.begin(abi::Op::kDeleted, id_of(path, n));
    };
    for (const auto& [path, old] : before.files)
        if (std::ranges::find(files, path, &sdk::ListedFile::path) == files.end()) {
            forget(path, 0, old.problems);
            seen.files.erase(path);
        }
    const std::uint64_t now = fingerprint(files), pulled = tables.pulled_fingerprint();
    std::int64_t found = 0;
    for (const auto& file : files) {
        if (seen.unchanged(file) != nullptr && !before.may_have_come(file, now) &&
            before.pulled == pulled)
            continue;
        host.check_cancelled();
        const Facts facts = folder.facts(file);
        const auto problems = problems_of(folder, tables, options, file, facts);
        std::int64_t n = 0;
        for (const auto& problem : problems) put(batch, request, id_of(file.path, n++), problem);
        const auto old = seen.files.find(file.path);
        if (old != seen.files.end()) forget(file.path, n, old->second.problems);
        seen.files[file.path] = {file.size, file.modified_ms, facts.hash, n,
                                 std::ranges::any_of(problems, [](const Problem& problem) {
                                     return !is_refusal(problem.reason);
                                 })};
        found += n;
        host.emit(batch, seen.encode());
    }
    seen.parents = now;
    seen.pulled = pulled;
    host.emit(batch, seen.encode());
    tables.end_round();
    if (found > 0) host.log(sdk::LogLevel::kWarning, "csv.problems", {{"rows", found}});
    return seen.encode();
}

}  // namespace kontor::csv
