#include "tests/peers/salesforce/bulk.hpp"

#include "tests/peers/base/number.hpp"
#include "tests/peers/salesforce/soql.hpp"

namespace kontor::peer::salesforce {

namespace {

std::string csv_text(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + '"';
}

// 12345678.5 as 1.23456785E7.
std::string with_exponent(const std::string& number) {
    const auto point = number.find('.');
    const std::size_t sign = number.starts_with('-') ? 1 : 0;
    if (point == std::string::npos || point - sign <= 7) return number;
    std::string digits = number.substr(sign, point - sign) + number.substr(point + 1);
    while (digits.size() > 2 && digits.ends_with('0')) digits.pop_back();
    return number.substr(0, sign) + digits.insert(1, ".") + "E" + std::to_string(point - sign - 1);
}

std::string cell(const Json& value, bool exponents) {
    if (value.is_null()) return "\"\"";
    std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (value.is_number_float() && exponents) text = with_exponent(text);
    // Instants end with Z here, not with an offset.
    if (text.size() == 28 && text.ends_with("+0000") && text[10] == 'T')
        text = text.substr(0, 23) + "Z";
    return csv_text(text);
}

}  // namespace

std::string Bulk::state(const Job& job) const {
    if (job.aborted) return "Aborted";
    if (job.polls < org_.switches.number("bulk_polls")) return "InProgress";
    return org_.switches.on("bulk_fails") ? "Failed" : "JobComplete";
}

Json Bulk::shown(const Job& job) const {
    Json out{{"id", job.id},
             {"operation", job.operation},
             {"object", job.object},
             {"createdById", org_.user_id},
             {"createdDate", org_.stamp()},
             {"systemModstamp", org_.stamp()},
             {"state", job.polls == 0 ? "UploadComplete" : state(job)},
             {"concurrencyMode", "Parallel"},
             {"contentType", "CSV"},
             {"apiVersion", 60.0},
             {"lineEnding", "LF"},
             {"columnDelimiter", "COMMA"},
             {"numberRecordsProcessed", job.lines.size()}};
    if (out["state"] == "Failed") out["errorMessage"] = "InternalServerError: try again";
    return out;
}

Response Bulk::create(Call& call) {
    if (!org_.switches.on("bulk"))
        throw ApiError{400, "FEATURENOTENABLED", "Async API not enabled"};
    Job job;
    job.operation = call.body.at("operation");
    job.query = call.body.at("query");
    const Query query = parse_soql(job.query);
    job.object = call.object = query.object;
    const auto ids = run_query(org_, query, job.operation == "queryAll");
    const Object& object = org_.object(job.object);
    for (const std::string& field : query.fields) {
        if (object.type(field) == "address")
            throw ApiError{400, "INVALIDJOB",
                           "Selecting compound data not supported in Bulk Query"};
        job.header += (job.header.empty() ? "" : ",") + csv_text(field);
    }
    const bool exponents = org_.switches.text("numbers") == "exponent";
    for (const std::string& id : ids) {
        std::string line;
        const Record* record = org_.find(job.object, id);
        for (const std::string& field : query.fields)
            line +=
                (line.empty() ? "" : ",") + cell(record->values.value(field, Json()), exponents);
        job.lines.push_back(std::move(line));
    }
    job.id = org_.new_id("750");
    const Json out = shown(job);
    jobs_.emplace(job.id, std::move(job));
    return answer(200, out);
}

Response Bulk::results(const Call& call, const Job& job) const {
    if (state(job) != "JobComplete")
        throw ApiError{400, "INVALIDJOBSTATE", "the job is not complete"};
    const std::string most = call.parameter("maxRecords"), locator = call.parameter("locator");
    const auto from = static_cast<std::size_t>(leading_number(locator));
    const auto end =
        std::min(job.lines.size(), from + static_cast<std::size_t>(leading_number(most, 50'000)));
    Response out;
    out.headers = {{"Content-Type", "text/csv;charset=UTF-8"},
                   {"Sforce-NumberOfRecords", std::to_string(end - from)},
                   {"Sforce-Locator", end < job.lines.size() ? std::to_string(end) : "null"}};
    out.body = job.header + "\n";
    for (std::size_t i = from; i < end; ++i) out.body += job.lines[i] + "\n";
    return out;
}

Response Bulk::handle(Call& call) {
    call.kind = "bulk";
    if (call.path.size() == 2 && call.is("POST")) return create(call);
    const auto found = jobs_.find(call.part(2));
    if (found == jobs_.end()) throw not_found();
    Job& job = found->second;
    call.object = job.object;
    if (call.part(3) == "results") return results(call, job);
    if (call.is("PATCH")) job.aborted = call.body.value("state", "") == "Aborted";
    if (call.is("DELETE")) {
        jobs_.erase(found);
        return answer(204, nullptr);
    }
    ++job.polls;
    return answer(200, shown(job));
}

}  // namespace kontor::peer::salesforce
