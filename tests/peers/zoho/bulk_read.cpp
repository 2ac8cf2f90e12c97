#include "tests/peers/zoho/bulk_read.hpp"

#include <algorithm>
#include <array>

#include "tests/peers/zoho/archive.hpp"
#include "tests/peers/zoho/output.hpp"
#include "tests/peers/zoho/page_token.hpp"

namespace kontor::peer::zoho {

namespace {

constexpr int kMaxCriteriaDepth = 5;
constexpr int kMaxTests = 25;
constexpr std::size_t kMaxJobs = 200;
constexpr int kReadJobCredits = 50;

constexpr std::array<std::pair<std::string_view, Operator>, 14> kComparators = {{
    {"equal", Operator::equal},
    {"not_equal", Operator::not_equal},
    {"greater_than", Operator::greater},
    {"greater_equal", Operator::greater_equal},
    {"less_than", Operator::less},
    {"less_equal", Operator::less_equal},
    {"in", Operator::in},
    {"not_in", Operator::not_in},
    {"contains", Operator::contains},
    {"starts_with", Operator::starts_with},
    {"between", Operator::between},
    {"not_between", Operator::not_between},
    {"is_null", Operator::is_null},
    {"is_not_null", Operator::is_not_null},
}};

std::string scalar_text(const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

void append_csv_cell(std::string& out, std::string_view text, bool always_quoted, char escape) {
    const bool plain = std::none_of(text.begin(), text.end(), [](char c) {
        return c == ',' || c == '"' || c == '\r' || c == '\n';
    });
    if (plain && !always_quoted) {
        out += text;
        return;
    }
    out += '"';
    for (const char c : text) {
        if (c == '"') out += escape;
        out += c;
    }
    out += '"';
}

/// Little-endian, with a byte order mark. Text that is stored is valid UTF-8.
std::string utf16(std::string_view utf8) {
    std::string out = "\xFF\xFE";
    const auto unit = [&](std::uint32_t value) {
        out += static_cast<char>(value & 0xFF);
        out += static_cast<char>(value >> 8);
    };
    for (std::size_t i = 0; i < utf8.size();) {
        const auto first = static_cast<unsigned char>(utf8[i++]);
        const int more = first < 0xC0 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
        std::uint32_t point = more == 0 ? first : first & (0x3FU >> more);
        for (int k = 0; k < more && i < utf8.size(); ++k)
            point = point << 6 | (static_cast<unsigned char>(utf8[i++]) & 0x3FU);
        if (point < 0x10000) {
            unit(point);
        } else {
            unit(0xD800 + ((point - 0x10000) >> 10));
            unit(0xDC00 + ((point - 0x10000) & 0x3FF));
        }
    }
    return out;
}

Json BulkRead::created_by() const {
    const User& user = org_.catalogue.api_user();
    return {{"id", user.id}, {"name", user.name}};
}

Condition BulkRead::criteria(const Module& module, const Json& node, int depth, int& tests) const {
    const auto fail = [](std::string_view code, std::string_view message) {
        refuse(400, code, message, {{"json_path", "$.query.criteria"}});
    };
    if (!node.is_object() || depth > kMaxCriteriaDepth)
        fail("INVALID_CRITERIA", "invalid criteria");
    Condition out;
    if (const auto group = node.find("group"); group != node.end()) {
        const std::string op = node.value("group_operator", "and");
        if (!group->is_array() || group->empty() || (op != "and" && op != "or"))
            fail("INVALID_CRITERIA", "invalid criteria");
        out.kind = op == "or" ? Condition::Kind::any : Condition::Kind::all;
        for (const Json& part : *group)
            out.parts.push_back(criteria(module, part, depth + 1, tests));
        return out;
    }
    if (++tests > kMaxTests) fail("CRITERIA_LIMIT_EXCEEDED", "too many criteria");
    out.kind = Condition::Kind::test;
    const Json field = node.value("field", Json());
    const Json name = field.is_object() ? field.value("api_name", Json()) : Json();
    const auto path =
        name.is_string() ? resolve_path(org_, module, name.get<std::string>()) : std::nullopt;
    if (!path) fail("INVALID_CRITERIA", "invalid criteria");
    out.path = *path;
    const Json comparator = node.value("comparator", Json());
    const auto op = std::find_if(kComparators.begin(), kComparators.end(),
                                 [&](const auto& entry) { return comparator == entry.first; });
    if (op == kComparators.end()) fail("INVALID_CRITERIA", "invalid criteria");
    out.op = op->second;
    if (out.op == Operator::is_null || out.op == Operator::is_not_null) return out;
    Json value = node.value("value", Json());
    if (value == "${EMPTY}") {
        out.op = out.op == Operator::equal ? Operator::is_null : Operator::is_not_null;
        return out;
    }
    if (!value.is_array()) value = Json::array({value});
    for (const Json& item : value) {
        const auto operand = parse_operand(path->target(module), scalar_text(item));
        if (!operand) fail("INVALID_CRITERIA", "invalid criteria");
        out.operands.push_back(*operand);
    }
    const bool range = out.op == Operator::between || out.op == Operator::not_between;
    if (out.operands.size() < (range ? 2U : 1U)) fail("INVALID_CRITERIA", "invalid criteria");
    return out;
}

BulkRead::Job BulkRead::parse(const Json& body) {
    Job job;
    job.query = body.value("query", Json());
    if (!job.query.is_object())
        refuse(400, "INVALID_REQUEST", "the request is invalid", {{"api_name", "query"}});
    const Json module = job.query.value("module", Json());
    const std::string name = module.is_object()   ? module.value("api_name", "")
                             : module.is_string() ? module.get<std::string>()
                                                  : "";
    job.module = org_.catalogue.find(name);
    if (job.module == nullptr || job.module->hidden)
        refuse(400, "INVALID_MODULE", "the module name given seems to be invalid",
               {{"api_name", "module"}});
    if (!job.module->bulk_read)
        refuse(400, "MODULE_NOT_SUPPORTED", "the module is not supported", {{"module", name}});
    const Json fields = job.query.value("fields", Json::array());
    if (!fields.is_array())
        refuse(400, "INVALID_REQUEST", "the request is invalid", {{"api_name", "fields"}});
    job.fields = {kId};
    for (const Json& field : fields) {
        const std::string field_name = field.is_string() ? field.get<std::string>() : "";
        const auto index = job.module->find_index(field_name);
        if (!index)
            refuse(400, "FIELD_NOT_AVAILABLE", "the field is not available",
                   {{"api_name", field_name}});
        if (job.module->fields[*index].type == Type::subform &&
            org_.switches.text("bulk_subform") == "refuse")
            refuse(400, "FIELD_NOT_SUPPORTED", "the field is not supported",
                   {{"api_name", field_name}});
        if (*index != kId) job.fields.push_back(*index);
    }
    if (fields.empty()) {
        for (const std::size_t index : Output::all_fields(*job.module)) {
            const Type type = job.module->fields[index].type;
            if (index != kId && type != Type::subform && type != Type::imageupload &&
                type != Type::fileupload)
                job.fields.push_back(index);
        }
    }
    const Json page = job.query.value("page", Json(1));
    if (!page.is_number_integer() || page.get<std::int64_t>() < 1 ||
        page.get<std::int64_t>() > 100000)
        refuse(400, "PAGE_RANGE_EXCEEDED", "the page is out of range", {{"api_name", "page"}});
    job.page = page.get<std::uint64_t>();
    if (const Json token = job.query.value("page_token", Json()); token.is_string()) {
        const auto decoded = decode_page_token(token.get<std::string>());
        if (!decoded)
            refuse(400, "INVALID_REQUEST", "the request is invalid", {{"api_name", "page_token"}});
        job.page = decoded->page;
    }
    int tests = 0;
    if (const Json node = job.query.value("criteria", Json()); !node.is_null())
        job.condition = criteria(*job.module, node, 0, tests);
    job.file_type = body.value("file_type", "csv");
    if (job.file_type != "csv" && !(job.file_type == "ics" && name == "Events"))
        refuse(400, "INVALID_REQUEST", "the request is invalid", {{"api_name", "file_type"}});
    return job;
}

Response BulkRead::create(Call& call) {
    if (call.request.body.empty())
        refuse(400, "REQUEST_BODY_IS_EMPTY", "the request body is empty");
    Job job = parse(parse_body(call.request.body));
    call.module = job.module->api_name;
    call.charge(kReadJobCredits);
    job.created_ms = org_.now_ms();
    if (const std::int64_t failures = org_.switches.number("bulk_fail_next"); failures > 0) {
        job.fails = true;
        org_.switches.set("bulk_fail_next", std::to_string(failures - 1));
    }
    while (jobs_.size() >= kMaxJobs) jobs_.erase(jobs_.begin());
    const std::string id = system_id(org_.next_number());
    const Json details{{"id", id},
                       {"operation", "read"},
                       {"state", "ADDED"},
                       {"created_by", created_by()},
                       {"created_time", format_instant(org_.now_s(), org_.zone)}};
    jobs_[id] = std::move(job);
    return json_response(201, {{"data", Json::array({{{"status", "success"},
                                                      {"code", "ADDED_SUCCESSFULLY"},
                                                      {"message", "Added successfully."},
                                                      {"details", details}}})},
                               {"info", Json::object()}});
}

BulkRead::Job& BulkRead::find(const std::string& job_id) {
    const auto found = jobs_.find(job_id);
    if (found == jobs_.end())
        refuse(404, "RESOURCE_NOT_FOUND", "the resource does not exist", {{"id", job_id}});
    return found->second;
}

void BulkRead::run(const std::string& job_id, Job& job) {
    job.ran = true;
    const auto limit = static_cast<std::uint64_t>(org_.switches.number("bulk_page_size"));
    std::uint64_t to_skip = (job.page - 1) * limit;
    const char* line_end = org_.switches.on("bulk_crlf") ? "\r\n" : "\n";
    const bool names = org_.switches.text("bulk_lookup") == "name_columns";
    const auto is_lookup = [&](std::size_t field) {
        const Type type = job.module->fields[field].type;
        return type == Type::lookup || type == Type::ownerlookup || type == Type::userlookup;
    };
    const bool quoted = org_.switches.on("bulk_quote_all");
    const char escape = org_.switches.text("bulk_escape") == "doubled" ? '"' : '\\';
    std::string csv = org_.switches.on("bulk_bom") ? "\xEF\xBB\xBF" : "";
    for (const std::size_t field : job.fields) {
        if (field != job.fields.front()) csv += ',';
        csv += job.module->fields[field].api_name;
        if (names && is_lookup(field)) csv += "," + job.module->fields[field].api_name + ".name";
    }
    csv += line_end;
    const ModuleStore& store = org_.store(*job.module);
    const Output output(org_);
    const Evaluator evaluator(org_, *job.module);
    RowReader reader(store);
    std::string cell;
    const bool unconditional =
        job.condition.parts.empty() && job.condition.kind == Condition::Kind::all;
    for (Slot slot = 0; slot < store.size(); ++slot) {
        if (!reader.seek(slot, org_.now_s())) continue;
        if (!unconditional && !evaluator.matches(job.condition, reader)) continue;
        if (to_skip > 0) {
            --to_skip;
            continue;
        }
        if (job.count == limit) {
            job.more = true;
            break;
        }
        ++job.count;
        for (const std::size_t field : job.fields) {
            if (field != job.fields.front()) csv += ',';
            cell.clear();
            output.append_cell(cell, *job.module, reader, field);
            append_csv_cell(csv, cell, quoted, escape);
            if (!names || !is_lookup(field)) continue;
            csv += ',';
            if (!cell.empty()) {
                const std::string name = output.display_name(cell);
                append_csv_cell(csv, name == "null" ? "" : unquote_json(name), quoted, escape);
            }
        }
        csv += line_end;
    }
    if (org_.switches.text("bulk_encoding") == "utf-16") csv = utf16(csv);
    job.zip = make_zip(job_id + "." + job.file_type, csv,
                       static_cast<int>(org_.switches.number("zip_level")));
}

Response BulkRead::status(Call& call, const std::string& job_id) {
    call.charge(1);
    Job& job = find(job_id);
    call.module = job.module->api_name;
    const std::int64_t age = org_.now_ms() - job.created_ms;
    const std::int64_t duration = org_.switches.number("bulk_duration_ms");
    std::string state = "ADDED";
    if (age >= duration) {
        state = job.fails ? "FAILURE" : "COMPLETED";
    } else if (age * 2 >= duration) {
        state = "IN PROGRESS";
    } else if (age * 4 >= duration) {
        state = "QUEUED";
    }
    Json entry{{"id", job_id},
               {"operation", "read"},
               {"state", state},
               {"query", job.query},
               {"file_type", job.file_type},
               {"created_by", created_by()},
               {"created_time", format_instant(job.created_ms / 1000, org_.zone)}};
    if (state == "COMPLETED") {
        if (!job.ran) run(job_id, job);
        Json token;
        if (job.more && org_.switches.on("bulk_token")) {
            PageToken next;
            next.page = job.page + 1;
            token = encode_page_token(next);
        }
        entry["result"] = {{"page", job.page},
                           {"count", job.count},
                           {"per_page", org_.switches.number("bulk_page_size")},
                           {"more_records", job.more},
                           {"download_url", "/crm/bulk/v8/read/" + job_id + "/result"},
                           {"next_page_token", token}};
    }
    return json_response(200, {{"data", Json::array({entry})}});
}

Response BulkRead::result(Call& call, const std::string& job_id) {
    call.charge(1);
    Job& job = find(job_id);
    call.module = job.module->api_name;
    const std::int64_t now = org_.now_ms();
    while (!downloads_ms_.empty() && downloads_ms_.front() <= now - 60000)
        downloads_ms_.pop_front();
    if (static_cast<std::int64_t>(downloads_ms_.size()) >=
        org_.switches.number("bulk_downloads_per_minute"))
        refuse(429, "TOO_MANY_REQUESTS", "you have exceeded the download limit, try again later");
    const std::int64_t age = now - job.created_ms;
    if (job.fails || age < org_.switches.number("bulk_duration_ms"))
        refuse(400, "INVALID_REQUEST", "the job is not completed", {{"id", job_id}});
    if (age > org_.switches.number("bulk_result_lifetime_s") * 1000)
        refuse(404, "RESOURCE_NOT_FOUND", "the resource does not exist", {{"id", job_id}});
    if (!job.ran) run(job_id, job);
    downloads_ms_.push_back(now);
    Response response;
    response.headers.emplace_back("Content-Type", "application/zip");
    response.headers.emplace_back("Content-Disposition",
                                  "attachment;filename*=UTF-8''" + job_id + ".zip");
    response.body = job.zip;
    return response;
}

}  // namespace kontor::peer::zoho
