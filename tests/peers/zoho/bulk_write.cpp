#include "tests/peers/zoho/bulk_write.hpp"

#include <algorithm>
#include <charconv>

#include "tests/peers/zoho/archive.hpp"
#include "tests/peers/zoho/bulk_read.hpp"

namespace kontor::peer::zoho {

namespace {

constexpr std::size_t kZipMost = 25U << 20;
constexpr std::size_t kUnpackedMost = 200U << 20;
constexpr std::size_t kRowsMost = 25000;
constexpr std::size_t kColumnsMost = 200;
constexpr std::size_t kFilesMost = 50;
constexpr int kWriteJobCredits = 500;
constexpr std::int64_t kResultLifetimeMs = 7LL * 86400 * 1000;

}  // namespace

std::vector<std::vector<std::string>> parse_csv(std::string_view text, char delimiter,
                                                std::size_t limit) {
    std::vector<std::vector<std::string>> rows;
    std::vector<std::string> row;
    std::string cell;
    bool quoted = false;
    bool any = false;
    const auto end_row = [&] {
        row.push_back(std::move(cell));
        cell.clear();
        rows.push_back(std::move(row));
        row.clear();
        any = false;
    };
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    for (std::size_t i = 0; i < text.size() && rows.size() < limit; ++i) {
        const char c = text[i];
        if (quoted) {
            if (c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
                cell += '"';
                ++i;
            } else if (c == '"') {
                quoted = false;
            } else {
                cell += c;
            }
        } else if (c == '"') {
            quoted = true;
            any = true;
        } else if (c == delimiter) {
            row.push_back(std::move(cell));
            cell.clear();
            any = true;
        } else if (c == '\n') {
            end_row();
        } else if (c != '\r') {
            cell += c;
            any = true;
        }
    }
    if (any && rows.size() < limit) end_row();
    return rows;
}

Response BulkWrite::upload(Call& call) {
    call.charge(1);
    if (call.header("feature").value_or("") != "bulk-write")
        refuse(400, "INVALID_REQUEST", "feature header missing or invalid",
               {{"param_name", "feature"}});
    if (!call.header("X-CRM-ORG"))
        refuse(400, "INVALID_REQUEST", "org id missing", {{"param_name", "X-CRM-ORG"}});
    const std::string type(call.header("Content-Type").value_or(""));
    for (FormPart& part : parse_multipart(type, call.request.body)) {
        if (part.name != "file") continue;
        if (part.content.size() > kZipMost)
            refuse(413, "FILE_SIZE_EXCEEDED", "the file is too large", {{"limit", kZipMost}});
        if (read_zip(part.content, kUnpackedMost).empty())
            refuse(400, "INVALID_FILE_FORMAT", "the file is not a zip file");
        while (files_.size() >= kFilesMost) files_.erase(files_.begin());
        const std::string id = system_id(org_.next_number());
        files_[id] = std::move(part.content);
        return json_response(
            200, {{"status", "success"},
                  {"code", "FILE_UPLOAD_SUCCESS"},
                  {"message", "file uploaded."},
                  {"details",
                   {{"file_id", id}, {"created_time", format_instant(org_.now_s(), org_.zone)}}}});
    }
    refuse(400, "MANDATORY_NOT_FOUND", "required field not found", {{"api_name", "file"}});
}

BulkWrite::Job BulkWrite::parse(const Json& body) const {
    Job job;
    job.operation = body.value("operation", "");
    if (job.operation != "insert" && job.operation != "update" && job.operation != "upsert")
        refuse(400, "INVALID_DATA", "invalid data",
               {{"api_name", "operation"}, {"supported_values", {"insert", "update", "upsert"}}});
    job.ignore_empty = body.value("ignore_empty", false);
    const Json resources = body.value("resource", Json());
    if (!resources.is_array() || resources.empty() || !resources[0].is_object())
        refuse(400, "MANDATORY_NOT_FOUND", "required field not found", {{"api_name", "resource"}});
    job.resource = resources[0];
    const Json module = job.resource.value("module", Json());
    const std::string name = module.is_object() ? module.value("api_name", "") : "";
    job.module = org_.catalogue.find(name);
    if (job.module == nullptr || !job.module->stores_records || job.module->hidden)
        refuse(400, "INVALID_MODULE", "the module name given seems to be invalid",
               {{"api_name", "module"}});
    job.file_id = job.resource.value("file_id", "");
    if (!files_.contains(job.file_id))
        refuse(400, "INVALID_DATA", "invalid data", {{"api_name", "file_id"}});
    job.find_by = job.resource.value("find_by", "");
    if (job.operation != "insert" && job.find_by.empty())
        refuse(400, "MANDATORY_NOT_FOUND", "required field not found", {{"api_name", "find_by"}});
    for (const Json& mapping : job.resource.value("field_mappings", Json::array())) {
        Column column;
        const auto field = job.module->find_index(mapping.value("api_name", ""));
        if (!field)
            refuse(400, "INVALID_DATA", "invalid field",
                   {{"api_name", mapping.value("api_name", "")}});
        column.field = *field;
        column.index = mapping.value("index", std::size_t{0});
        column.find_by = mapping.value("find_by", "");
        if (column.index >= kColumnsMost)
            refuse(400, "LIMIT_EXCEEDED", "limit exceeded",
                   {{"limit", kColumnsMost},
                    {"api_name", "field_mappings"},
                    {"json_path", "$.resource[0].field_mappings"}});
        job.columns.push_back(std::move(column));
    }
    return job;
}

Response BulkWrite::create(Call& call) {
    Job job = parse(parse_body(call.request.body));
    call.module = job.module->api_name;
    call.charge(kWriteJobCredits);
    job.created_ms = org_.now_ms();
    const std::string id = system_id(org_.next_number());
    jobs_[id] = std::move(job);
    const User& user = org_.catalogue.api_user();
    return json_response(
        201, {{"status", "success"},
              {"code", "SUCCESS"},
              {"message", "success"},
              {"details", {{"id", id}, {"created_by", {{"id", user.id}, {"name", user.name}}}}}});
}

BulkWrite::Job& BulkWrite::find(const std::string& job_id) {
    const auto found = jobs_.find(job_id);
    if (found == jobs_.end())
        refuse(404, "RESOURCE_NOT_FOUND", "the resource does not exist", {{"id", job_id}});
    return found->second;
}

Json BulkWrite::cell_value(const Field& field, const Column& column,
                           const std::string& text) const {
    if (text.empty()) return nullptr;
    switch (field.type) {
        case Type::lookup: {
            if (column.find_by.empty() || column.find_by == "id") return {{"id", text}};
            const Module* target = org_.catalogue.find(field.target);
            const auto index =
                target == nullptr ? std::nullopt : target->find_index(column.find_by);
            if (!index) return {{"id", text}};
            std::string stored;
            append_json_string(stored, text);
            const auto slots = org_.store(*target).find_equal(*index, stored);
            return {{"id", slots.empty() ? text : record_id(target->number, slots.front())}};
        }
        case Type::ownerlookup:
        case Type::userlookup:
        case Type::multi_module_lookup:
            return {{"id", text}};
        case Type::multiselectpicklist: {
            Json out = Json::array();
            std::string_view rest = text;
            while (true) {
                const std::size_t at = rest.find(';');
                out.push_back(rest.substr(0, at));
                if (at == std::string_view::npos) return out;
                rest.remove_prefix(at + 1);
            }
        }
        case Type::boolean:
            return text == "true" || text == "TRUE" || text == "1";
        case Type::integer:
        case Type::bigint:
        case Type::real:
        case Type::currency:
        case Type::percent: {
            Json parsed = Json::parse(text, nullptr, false);
            return parsed.is_number() ? parsed : Json(text);
        }
        default:
            return text;
    }
}

std::optional<Slot> BulkWrite::find_row(const Job& job, const Json& element) const {
    if (!element.contains(job.find_by)) return std::nullopt;
    const Json& value = element[job.find_by];
    if (!value.is_string()) return std::nullopt;
    if (job.find_by == "id") {
        const auto slot = org_.slot_of(*job.module, value.get<std::string>());
        return slot && org_.store(*job.module).visible(*slot) ? slot : std::nullopt;
    }
    const auto index = job.module->find_index(job.find_by);
    if (!index) return std::nullopt;
    const auto slots = org_.store(*job.module).find_equal(*index, value.dump());
    return slots.empty() ? std::nullopt : std::optional<Slot>(slots.front());
}

WriteResult BulkWrite::write_row(const Job& job, const std::vector<std::string>& cells,
                                 bool& updated) {
    Json element = Json::object();
    for (const Column& column : job.columns) {
        const Field& field = job.module->fields[column.field];
        const std::string text = column.index < cells.size() ? cells[column.index] : "";
        if (text.empty() && job.ignore_empty) continue;
        if (column.field == kId) {
            element["id"] = text;
        } else {
            element[field.api_name] = cell_value(field, column, text);
        }
    }
    WriteOptions options;
    options.user_id = org_.catalogue.api_user().id;
    options.path = "$";
    const auto slot = job.operation == "insert" ? std::nullopt : find_row(job, element);
    updated = slot.has_value();
    if (slot) return writer_.update(*job.module, *slot, element, options);
    if (job.operation == "update") {
        WriteResult missing;
        missing.element = error_object("INVALID_DATA", "record not found", {});
        return missing;
    }
    return writer_.insert(*job.module, element, options);
}

void BulkWrite::run(const std::string& job_id, Job& job) {
    job.ran = true;
    const auto files = read_zip(files_[job.file_id], kUnpackedMost);
    if (files.empty()) {
        job.failed = true;
        return;
    }
    job.file_name = files[0].first;
    const auto rows = parse_csv(files[0].second, ',', kRowsMost + 2);
    if (rows.empty() || rows.size() > kRowsMost + 1) {
        job.failed = true;
        return;
    }
    std::vector<std::string> header = rows[0];
    if (job.columns.empty()) {
        for (std::size_t i = 0; i < header.size(); ++i) {
            Column column;
            column.index = i;
            const std::size_t dot = header[i].find('.');
            const auto field = job.module->find_index(header[i].substr(0, dot));
            if (!field) continue;
            column.field = *field;
            if (dot != std::string::npos) column.find_by = header[i].substr(dot + 1);
            job.columns.push_back(std::move(column));
        }
    }
    std::string csv;
    for (const std::string& name : header) {
        append_csv_cell(csv, name);
        csv += ',';
    }
    csv += org_.switches.text("bulk_write_columns") == "upper" ? "STATUS,RECORD_ID,ERRORS\n"
                                                               : "Status,Id,Error\n";
    for (std::size_t i = 1; i < rows.size(); ++i) {
        bool updated = false;
        const WriteResult result = write_row(job, rows[i], updated);
        ++job.total;
        ++(result.ok ? (updated ? job.updated : job.added) : job.skipped);
        for (const std::string& cell : rows[i]) {
            append_csv_cell(csv, cell);
            csv += ',';
        }
        csv += !result.ok ? "SKIPPED," : updated ? "UPDATED," : "ADDED,";
        csv += result.ok ? record_id(job.module->number, result.slot) : "";
        csv += ',';
        if (!result.ok) {
            const Json details = result.element.value("details", Json::object());
            append_csv_cell(csv,
                            result.element.value("code", "") + ":" + details.value("api_name", ""));
        }
        csv += '\n';
    }
    job.zip = make_zip(job_id + ".csv", csv, 1);
}

Response BulkWrite::status(Call& call, const std::string& job_id) {
    call.charge(1);
    Job& job = find(job_id);
    call.module = job.module->api_name;
    const std::int64_t age = org_.now_ms() - job.created_ms;
    const std::int64_t duration = org_.switches.number("bulk_duration_ms");
    std::string state = "ADDED";
    if (age >= duration) {
        if (!job.ran) {
            run(job_id, job);
            call.written += job.added + job.updated;
        }
        state = job.failed                                  ? "FAILED"
                : job.total > 0 && job.skipped == job.total ? "SKIPPED"
                                                            : "COMPLETED";
    } else if (age * 3 >= duration) {
        state = org_.switches.text("bulk_write_state");
    }
    const User& user = org_.catalogue.api_user();
    // Zoho's own model knows one spelling only for the resource and its file.
    const std::string part = state == "INPROGRESS" ? "IN PROGRESS" : state;
    Json resource{{"status", part},
                  {"type", "data"},
                  {"module", {{"api_name", job.module->api_name}}},
                  {"field_mappings", job.resource.value("field_mappings", Json::array())},
                  {"file",
                   {{"status", part},
                    {"name", job.file_name},
                    {"added_count", job.added},
                    {"updated_count", job.updated},
                    {"skipped_count", job.skipped},
                    {"total_count", job.total}}}};
    if (!job.find_by.empty()) resource["find_by"] = job.find_by;
    Json out{{"status", state},
             {"character_encoding", "UTF-8"},
             {"resource", Json::array({resource})},
             {"id", job_id},
             {"created_by", {{"id", user.id}, {"name", user.name}}},
             {"operation", job.operation},
             {"created_time", format_instant(job.created_ms / 1000, org_.zone)}};
    if (job.ran)
        out["result"] = {
            {"download_url", org_.base_url + "/crm/bulk/v8/write/" + job_id + "/result"}};
    return json_response(200, out);
}

Response BulkWrite::result(Call& call, const std::string& job_id) {
    call.charge(1);
    const Job& job = find(job_id);
    if (!job.ran) refuse(400, "INVALID_REQUEST", "the job is not completed", {{"id", job_id}});
    if (org_.now_ms() - job.created_ms > kResultLifetimeMs)
        refuse(404, "RESOURCE_NOT_FOUND", "the resource does not exist", {{"id", job_id}});
    Response response;
    response.headers.emplace_back("Content-Type", "application/zip");
    response.headers.emplace_back("Content-Disposition",
                                  "attachment;filename*=UTF-8''" + job_id + ".zip");
    response.body = job.zip;
    return response;
}

}  // namespace kontor::peer::zoho
