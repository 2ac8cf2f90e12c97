#include "plugins/csv/export.hpp"

#include <algorithm>
#include <unordered_set>

#include "connectors/sdk/csv_cell.hpp"
#include "connectors/sdk/error.hpp"
#include "plugins/csv/headers.hpp"
#include "plugins/csv/table_reader.hpp"

namespace kontor::csv {
namespace {

constexpr std::string_view kSuffix = "_export";
constexpr std::string_view kActionColumn = "kontor_action";
constexpr std::int64_t kPushMax = 5'000;
constexpr int kFilesASecondMax = 1'000;

std::string_view action_of(abi::Op op) {
    switch (op) {
        case abi::Op::kCreate:
            return "create";
        case abi::Op::kDelete:
            return "delete";
        default:
            return "update";
    }
}

std::string text_of(const abi::BatchReader::Field& field) {
    switch (field.tag) {
        case abi::Tag::kInteger:
            return std::to_string(field.integer);
        case abi::Tag::kReal: {
            std::string out;
            if (!sdk::append_decimal(sdk::Json(field.real).dump(), out)) return {};
            return out;
        }
        case abi::Tag::kText:
            return std::string(field.text);
        default:
            return {};
    }
}

std::string_view entity_of_stream(std::string_view stream) {
    return stream.substr(0, stream.size() - kSuffix.size());
}

}  // namespace

bool Exports::is_export(std::string_view stream) {
    return stream.ends_with(kSuffix) && stream.find('.') == std::string_view::npos &&
           !standard_columns(entity_of_stream(stream)).empty();
}

std::vector<sdk::StreamSpec> Exports::streams() const {
    std::vector<sdk::StreamSpec> out;
    for (const auto& entity : options_.exports) {
        sdk::StreamSpec stream;
        stream.name = entity + std::string(kSuffix);
        stream.label = {"Export: " + entity, "导出：" + entity};
        stream.entity_hint = entity;
        auto& can = stream.capabilities;
        can.create = can.update = can.remove = true;
        can.key_field = kKeyColumn;
        can.find_fields = {std::string(kKeyColumn)};
        can.push_batch_max = kPushMax;
        for (const auto& column : standard_columns(entity)) {
            sdk::FieldSpec field;
            field.name = column.column;
            field.label = {std::string(column.column), std::string(column.header)};
            field.type = name_of(column.type.value_or(Type::kText));
            field.column_hint = column.column;
            // A row is a whole record: its fields go out together.
            field.group = "record";
            stream.fields.push_back(std::move(field));
        }
        sdk::FieldSpec key;
        key.name = kKeyColumn;
        key.label = {"Kontor's key", "Kontor 记录键"};
        key.create_only = key.unique = true;
        stream.fields.push_back(std::move(key));
        out.push_back(std::move(stream));
    }
    return out;
}

std::string Exports::file_of(std::string_view entity, const std::string& text) {
    std::string stamp = sdk::format_instant(host_.now_ms()).substr(0, 19) + "Z";
    std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
    const std::string base = std::string(kOutbox) + "/" + std::string(entity) + "-" + stamp;
    for (int n = 1; n <= kFilesASecondMax; ++n) {
        // Names sort by when they were written: "_" comes after ".".
        const std::string number = "_" + std::to_string(kFilesASecondMax + n).substr(1);
        std::string path = base + (n == 1 ? "" : number) + ".csv";
        const auto files = host_.list_files(kOutbox);
        if (std::ranges::find(files, path, &sdk::ListedFile::path) != files.end()) continue;
        sdk::HostFile file = host_.create_file(path);
        file.write(text);
        file.commit();
        return path;
    }
    throw sdk::Error(KONTOR_E_UNAVAILABLE, "the outbox has too many files of this second");
}

std::vector<sdk::PushResult> Exports::push(const sdk::Request& request, abi::BatchReader changes) {
    const auto entity = entity_of_stream(request.stream);
    const char delimiter = options_.out_delimiter;
    std::string text = options_.out_mark ? "\xEF\xBB\xBF" : "";
    const auto cell = [&](std::string_view value) {
        text += delimiter;
        text += sdk::csv_cell(value, options_.defuse, delimiter);
    };
    const auto columns = standard_columns(entity);
    text += kKeyColumn;
    cell(kActionColumn);
    for (const auto& column : columns) cell(options_.out_chinese ? column.header : column.column);
    text += "\r\n";

    std::vector<sdk::PushResult> out;
    while (const auto change = changes.next()) {
        std::vector<std::string> row(columns.size());
        for (unsigned i = 0; i < change->count; ++i) {
            abi::BatchReader::Field field;
            if (!changes.next_field(field) || field.field >= request.fields.size()) break;
            const auto column =
                std::ranges::find(columns, request.fields[field.field], &StandardColumn::column);
            if (column != columns.end())
                row[static_cast<std::size_t>(column - columns.begin())] = text_of(field);
        }
        sdk::PushResult result;
        result.status = "ok";
        result.id = change->op == abi::Op::kCreate ? change->key : change->id;
        result.action = action_of(change->op);
        text += sdk::csv_cell(result.id, false, delimiter);
        cell(result.action);
        for (const auto& value : row) cell(value);
        text += "\r\n";
        out.push_back(std::move(result));
    }
    if (!changes.ok()) throw sdk::Error(KONTOR_E_INVALID, "the changes are malformed");
    if (!out.empty()) static_cast<void>(file_of(entity, from_utf8(text, options_.out_encoding)));
    return out;
}

void Exports::find(const sdk::Request& request) {
    std::unordered_set<std::string> wanted(request.values.begin(), request.values.end());
    const std::string prefix =
        std::string(kOutbox) + "/" + std::string(entity_of_stream(request.stream)) + "-";
    CsvSettings settings;
    settings.delimiter = options_.out_delimiter;
    abi::BatchWriter batch;
    const auto columns = standard_columns(entity_of_stream(request.stream));
    auto files = host_.list_files(kOutbox);
    std::ranges::reverse(files);  // the last that was said of a record
    for (const auto& listed : files) {
        if (!listed.path.starts_with(prefix) || wanted.empty()) continue;
        const sdk::HostFile file = host_.open_file(listed.path);
        std::int64_t at = 0;
        TableReader reader(csv_rows(
            [&](char* buffer, std::size_t size) {
                const std::size_t got = file.read(at, buffer, size);
                at += static_cast<std::int64_t>(got);
                return got;
            },
            options_.out_encoding, settings));
        if (reader.columns().empty() || reader.columns().front() != kKeyColumn) continue;
        Row row;
        while (reader.next(row)) {
            if (row.fault != Reason::kNone || row.cells.size() != columns.size() + 2) continue;
            const std::string id(row.cells.front());
            if (wanted.erase(id) == 0 || row.cells[1] == action_of(abi::Op::kDelete)) continue;
            batch.begin(abi::Op::kRecord, id);
            for (std::size_t i = 0; i < columns.size(); ++i) {
                const auto field = std::ranges::find(request.fields, columns[i].column);
                if (field == request.fields.end()) continue;
                const auto index = static_cast<std::uint16_t>(field - request.fields.begin());
                static_cast<void>(put_cell(batch, index, sdk::csv_undefused(row.cells[i + 2]),
                                           columns[i].type.value_or(Type::kText), {}));
            }
        }
    }
    host_.emit(batch);
}

}  // namespace kontor::csv
