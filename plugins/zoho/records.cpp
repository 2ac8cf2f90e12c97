#include "plugins/zoho/records.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <unordered_set>
#include <utility>

#include "plugins/zoho/joined.hpp"
#include "plugins/zoho/missing_fields.hpp"
#include "plugins/zoho/rows.hpp"

namespace kontor::zoho {
namespace {

constexpr std::size_t kAheadMax = 8;  // requests for the fields of one page, under way at once

bool token_refused(const sdk::HttpResponse& response) {
    static constexpr std::array<std::string_view, 4> kCodes{
        "EXPIRED_VALUE", "TOKEN_BOUND_DATA_MISMATCH", "PAGINATION_LIMIT_EXCEEDED",
        "AMBIGUITY_DURING_PROCESSING"};
    if (response.status != 400) return false;
    const RemoteError error = remote_error(response.body);
    return std::find(kCodes.begin(), kCodes.end(), error.code) != kCodes.end() ||
           sdk::text_of(error.details, "param_name") == "page_token" ||
           sdk::text_of(error.details, "api_name") == "page_token";
}

std::string joined_ids(std::span<const std::string> ids) {
    std::string out;
    for (const auto& id : ids) {
        if (!out.empty()) out.push_back(',');
        out += id;
    }
    return out;
}

}  // namespace

Records::Records(Api& api, const Columns& columns)
    : api_(api), columns_(columns), reader_(columns) {}

std::vector<std::string> Records::passes() const {
    return columns_.passes(api_.options().page_fields, target_module_works_);
}

sdk::Url Records::records_url() const {
    return api_.module_url(module().name);
}

sdk::HttpRequest Records::list_request(const ListQuery& query, const std::string& fields) const {
    sdk::Url url = records_url();
    url.query("fields", fields)
        .query("per_page", "200")
        .query("sort_by", query.sort_by)
        .query("sort_order", "asc");
    // What awaits approval or a lead that was converted would look deleted.
    url.query("approved", "both");
    if (module().name == "Leads") url.query("converted", "both");
    if (!query.page_token.empty()) url.query("page_token", query.page_token);
    sdk::HttpRequest request = get(url);
    if (query.since_ms) if_modified_since(request, *query.since_ms);
    return request;
}

void Records::expect(const ListQuery& query) {
    expected_ = api_.begin(list_request(query, passes()[0]));
}

Listed Records::list_pass(const ListQuery& query, const std::string& fields,
                          const PageReader::Mode& mode, abi::BatchWriter& out) {
    const sdk::HttpRequest request = list_request(query, fields);
    const auto expected = std::exchange(expected_, std::nullopt);
    const bool begun = expected && expected->request.url == request.url &&
                       expected->request.headers == request.headers;
    const sdk::HttpResponse response = begun ? api_.finish(*expected) : api_.send(request);
    Listed out_page;
    out_page.server_ms = api_.server_time_ms(response);
    if (!query.page_token.empty() && token_refused(response)) {
        out_page.outcome = Listed::Outcome::kTokenRefused;
        return out_page;
    }
    if (response.status >= 400) throw failure(response, "list " + module().name);
    if (nothing(response)) return out_page;
    std::string_view body = response.body;
    std::string kept;
    if (!looked_ && !mode.only_ids) {
        // Before anything of the page is taken. The look may ask the host, which ends the answer.
        kept = body;
        body = kept;
        looked_ = look_for_missing_fields(api_, columns_, fields, body);
    }
    out_page.page = reader_.read(body, out, mode);
    out_page.outcome = Listed::Outcome::kPage;
    return out_page;
}

Listed Records::list(const ListQuery& query, abi::BatchWriter& out) {
    for (;;) {
        const auto all = passes();
        PageReader::Mode mode;
        const bool whole = all.size() == 1;
        mode.ids = !whole;
        abi::BatchWriter first;
        try {
            Listed listed = list_pass(query, all[0], mode, whole ? out : first);
            if (query.follow && listed.page.more && !listed.page.next_token.empty()) {
                ListQuery next = query;
                next.page_token = listed.page.next_token;
                expect(next);
            }
            if (!whole && listed.outcome == Listed::Outcome::kPage)
                complete(listed.page, first, out);
            return listed;
        } catch (const sdk::Error& error) {
            // Perhaps it is $se_module that it does not know; then references to any module stay
            // absent where their own value does not name the module.
            if (error.status() != KONTOR_E_INVALID || !target_module_works_ ||
                all[0].find("$se_module") == std::string::npos)
                throw;
            target_module_works_ = false;
        }
    }
}

Listed Records::list_versions(const ListQuery& query, abi::BatchWriter& out) {
    PageReader::Mode mode;
    mode.only_ids = true;
    return list_pass(query, module().has_modified_time() ? "id,Modified_Time" : "id", mode, out);
}

Listed Records::list_users(const char* type, std::int64_t page,
                           std::optional<std::int64_t> since_ms, abi::BatchWriter& out) {
    sdk::Url url = api_.url("users");
    url.query("type", type).query("page", std::to_string(page)).query("per_page", "200");
    sdk::HttpRequest request = get(url);
    if (since_ms) if_modified_since(request, *since_ms);
    const sdk::HttpResponse response = api_.call(request, "list users");
    Listed listed;
    listed.server_ms = api_.server_time_ms(response);
    if (nothing(response)) return listed;
    listed.page = reader_.read(response.body, out);
    listed.outcome = Listed::Outcome::kPage;
    return listed;
}

void Records::complete(Page& page, abi::BatchWriter& first, abi::BatchWriter& out) {
    // All portions at once: they wait for the network together.
    struct Portion {
        std::size_t pass;
        std::span<const std::string> ids;
        sdk::BegunRequest request;
    };
    const auto all = passes();
    if (all.size() == 1) return out.append(first);
    std::vector<Portion> portions;
    for (std::size_t pass = 1; pass < all.size(); ++pass)
        for (std::size_t at = 0; at < page.ids.size(); at += kRequestRecordsMax)
            portions.push_back({pass,
                                std::span(page.ids).subspan(
                                    at, std::min(kRequestRecordsMax, page.ids.size() - at)),
                                {}});
    std::vector<abi::BatchWriter> parts(all.size());
    std::size_t begun = 0;
    for (std::size_t i = 0; i < portions.size() && ids_parameter_works_; ++i) {
        for (; begun < portions.size() && begun < i + kAheadMax; ++begun)
            portions[begun].request =
                api_.begin(ids_request(portions[begun].ids, all[portions[begun].pass]));
        Page read;
        (void)read_by_ids(api_.finish(portions[i].request), portions[i].ids, read,
                          parts[portions[i].pass]);
        page.cut.insert(page.cut.end(), read.cut.begin(), read.cut.end());
    }
    std::vector<std::string> others;
    for (std::size_t pass = 1; pass < all.size(); ++pass) others.emplace_back(parts[pass].bytes());
    for (const std::string& id : join_batches(first.bytes(), others, out))
        whole(id, Absent::kSkip, out);
}

sdk::HttpRequest Records::ids_request(std::span<const std::string> ids,
                                      const std::string& fields) const {
    sdk::Url url = records_url();
    // One that is none of Zoho's could spoil the request for the others.
    std::vector<std::string> asked;
    std::copy_if(ids.begin(), ids.end(), std::back_inserter(asked), is_id);
    url.query("ids", joined_ids(asked)).query("fields", fields).query("per_page", "200");
    url.query("approved", "both");
    if (module().name == "Leads") url.query("converted", "both");
    return get(url);
}

bool Records::read_by_ids(const sdk::HttpResponse& response, std::span<const std::string> ids,
                          Page& page, abi::BatchWriter& out) {
    if (nothing(response)) return true;
    if (response.status == 400 || response.status == 403 || response.status == 404)
        return false;  // one bad id may spoil all: each is then asked for by itself
    if (response.status >= 400) throw failure(response, "read " + module().name);
    PageReader::Mode mode;
    mode.ids = true;
    abi::BatchWriter read;
    page = reader_.read(response.body, read, mode);
    const std::unordered_set<std::string_view> asked(ids.begin(), ids.end());
    for (const std::string& id : page.ids) {
        if (asked.count(id) != 0) continue;
        ids_parameter_works_ = false;
        return false;
    }
    out.append(read);
    return true;
}

void Records::whole(const std::string& id, Absent absent, abi::BatchWriter& out) {
    const auto report = [&](abi::Op op) {
        if (absent == Absent::kReport) out.begin(op, id);
    };
    if (!is_id(id)) return report(abi::Op::kMissing);  // names nothing that Zoho could have
    sdk::Url url = records_url();
    url.segment(id);
    const sdk::HttpResponse response = api_.send(get(url));
    if (nothing(response) || response.status == 404) return report(abi::Op::kMissing);
    if (response.status == 403) return report(abi::Op::kForbidden);
    if (response.status == 400 && remote_error(response.body).code == "INVALID_DATA")
        return report(abi::Op::kMissing);
    if (response.status >= 400) throw failure(response, "read " + module().name);
    PageReader::Mode mode;
    mode.list = false;
    abi::BatchWriter read;
    mode.ids = true;
    const Page page = reader_.read(response.body, read, mode);
    if (page.records == 0) return report(abi::Op::kMissing);
    if (page.ids[0] != id || page.records != 1)
        throw sdk::Error(KONTOR_E_PROTOCOL, "read " + module().name + ": another record came");
    abi::BatchWriter rest;
    add_cut_rows(response.body, read.bytes(), rest);
    const std::string more(rest.bytes());
    const std::vector<std::string> others =
        rest.records() == 0 ? std::vector<std::string>() : std::vector<std::string>{more};
    if (!join_batches(read.bytes(), others, out).empty())
        throw sdk::Error(KONTOR_E_INTERNAL, "a batch could not be copied");
}

// Rows of which even a single read shows only some: their own list has all.
void Records::add_cut_rows(std::string_view body, std::string_view read, abi::BatchWriter& out) {
    if (body.find("\"$has_more\"") == std::string_view::npos) return;
    const sdk::Json json = sdk::parse_json(body, "read " + module().name);
    // JSON may have a member twice, and the other reader took the other one.
    const sdk::Json& list = sdk::member(json, "data");
    if (!list.is_array() || list.empty()) return;
    const sdk::Json& more = sdk::member(list[0], "$has_more");
    abi::BatchReader reader(read);
    const auto first = reader.next();
    if (!more.is_object() || !first) return;
    out.begin(first->op, first->id, first->version, first->key, first->actor);
    for (const Column& column : columns_.all()) {
        if (!column.field->rows || !sdk::flag_of(more, column.field->spec.name)) continue;
        if (const auto rows = all_rows(api_, module(), std::string(first->id), *column.field))
            out.add(column.index, std::string_view(*rows));
    }
}

void Records::read_chunk(const Chunk& chunk, Absent absent, abi::BatchWriter& out) {
    std::unordered_set<std::string> seen;
    if (ids_parameter_works_ && chunk.first) {
        abi::BatchWriter first, joined;
        Page page;
        if (read_by_ids(api_.finish(*chunk.first), chunk.ids, page, first)) {
            complete(page, first, joined);
            // Those of which a list cut something are read once more by themselves.
            const std::unordered_set<std::string> cut(page.cut.begin(), page.cut.end());
            abi::BatchReader reader(joined.bytes());
            while (const auto record = reader.next()) {
                if (cut.count(std::string(record->id)) != 0) continue;
                seen.emplace(record->id);
                if (cut.empty()) continue;
                out.begin(record->op, record->id, record->version, record->key, record->actor);
                for (unsigned i = 0; i < record->count; ++i) {
                    abi::BatchReader::Field field;
                    if (reader.next_field(field)) copy_field(field, out);
                }
            }
            if (cut.empty()) out.append(joined);
        }
    }
    for (const std::string& id : chunk.ids) {
        if (!seen.emplace(id).second) continue;
        api_.host().check_cancelled();
        whole(id, absent, out);
    }
}

Records::ByIds::ByIds(Records& records, std::span<const std::string> ids) : records_(records) {
    for (std::size_t at = 0; at < ids.size(); at += kRequestRecordsMax)
        chunks_.push_back(
            {ids.subspan(at, std::min(kRequestRecordsMax, ids.size() - at)), std::nullopt});
}

bool Records::ByIds::begin_next() {
    if (begun_ == chunks_.size()) return false;
    Chunk& chunk = chunks_[begun_++];
    const auto several = std::count_if(chunk.ids.begin(), chunk.ids.end(), is_id) > 1;
    if (records_.ids_parameter_works_ && several && !records_.module().is_users())
        chunk.first = records_.api_.begin(records_.ids_request(chunk.ids, records_.passes()[0]));
    return true;
}

void Records::ByIds::finish_next(Absent absent, abi::BatchWriter& out) {
    if (done()) return;
    if (under_way() == 0) begin_next();
    records_.read_chunk(chunks_[finished_++], absent, out);
}

void Records::by_ids(std::span<const std::string> ids, Absent absent, abi::BatchWriter& out,
                     const std::function<void()>& after_some) {
    ByIds steps(*this, ids);
    while (!steps.done()) {
        while (steps.under_way() < kRequestsAtOnceMax && steps.begin_next()) {
        }
        steps.finish_next(absent, out);
        if (after_some) after_some();
    }
}

}  // namespace kontor::zoho
