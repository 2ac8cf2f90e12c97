#include "plugins/salesforce/query.hpp"

#include <algorithm>
#include <utility>

#include "connectors/sdk/canonical.hpp"

namespace kontor::salesforce {
namespace {

using sdk::Json;

// An address has 16,384 characters at most, header lines not counted.
constexpr std::size_t kUrlMax = 12'000;

}  // namespace

std::string soql_text(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else {
            if (c == '\'' || c == '\\') out += '\\';
            out += c;
        }
    }
    return out + "'";
}

std::string soql_texts(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& each : texts) out += (out.empty() ? "(" : ",") + soql_text(each);
    return out + ")";
}

std::string Query::text(const std::string& object) const {
    std::string out = "SELECT ";
    for (std::size_t i = 0; i < fields.size(); ++i) out += (i == 0 ? "" : ",") + fields[i];
    out += " FROM " + object;
    for (std::size_t i = 0; i < where.size(); ++i) out += (i == 0 ? " WHERE " : " AND ") + where[i];
    if (!order.empty()) out += " ORDER BY " + order;
    if (limit > 0) out += " LIMIT " + std::to_string(limit);
    return out;
}

Lister::Lister(Api& api, std::string object, std::string stamp)
    : api_(api), object_(std::move(object)), stamp_(std::move(stamp)), doing_("list " + object_) {}

std::string Lister::url_of(const Query& query) const {
    return api_.url(query.deleted_too ? "/queryAll" : "/query")
        .query("q", query.text(object_))
        .text();
}

void Lister::expect(const Query& query) {
    std::string url = url_of(query);
    if (url.size() > kUrlMax) return;
    sdk::BegunRequest begun = api_.begin_get(url);
    expected_ = Expected{std::move(url), std::move(begun)};
}

Json Lister::first_page(const std::string& url) {
    const auto expected = std::exchange(expected_, std::nullopt);
    return expected && expected->url == url ? api_.finish_get(expected->begun, doing_)
                                            : api_.get(url, doing_);
}

Rows Lister::rows_of(const Query& query, const std::string& url) {
    Rows out;
    Json page = first_page(url);
    while (true) {
        Json records = page.is_object() ? std::move(page["records"]) : Json();
        if (!records.is_array() || out.list.size() + records.size() > query.limit)
            throw sdk::Error(KONTOR_E_PROTOCOL, doing_ + ": not the list that was asked for")
                .stream(object_);
        const bool none = records.empty();
        for (Json& each : records) out.list.push_back(std::move(each));
        if (sdk::flag_of(page, "done", false)) break;
        // Fewer than were asked for at once: the server goes on when it is asked.
        const std::string next = sdk::text_of(page, "nextRecordsUrl");
        if (next.empty() || none)
            throw sdk::Error(KONTOR_E_PROTOCOL, doing_ + ": the list breaks off").stream(object_);
        Reply reply = api_.read(api_.url_of_path(next), doing_);
        // The rest is gone; what came goes before it in order, so it can be asked for anew.
        if (trouble_of(reply.status, reply.problem.code) == Trouble::kLocator) {
            out.last = false;
            break;
        }
        if (!reply.ok()) throw failure(reply, doing_);
        page = std::move(reply.body);
    }
    out.last = out.last && out.list.size() < query.limit;
    if (out.list.empty()) return out;
    out.last_id = sdk::text_of(out.list.back(), "Id");
    out.last_ms = sdk::parse_instant(sdk::text_of(out.list.back(), stamp_)).value_or(0);
    return out;
}

// More fields than an address has room for: the ids first, then the records by their ids.
Rows Lister::in_two_steps(const Query& query) {
    Query narrow = query;
    narrow.fields = {"Id", stamp_};
    Rows out = rows_of(narrow, url_of(narrow));
    std::vector<std::string> ids;
    for (const Json& row : out.list) ids.push_back(sdk::text_of(row, "Id"));
    out.list = by_ids(ids, query.fields);
    out.list.erase(std::remove(out.list.begin(), out.list.end(), Json()), out.list.end());
    return out;
}

Rows Lister::list(const Query& query) {
    const std::string url = url_of(query);
    return url.size() > kUrlMax ? in_two_steps(query) : rows_of(query, url);
}

std::int64_t Lister::count() {
    const Json page = api_.get(
        api_.url("/query").query("q", "SELECT count() FROM " + object_).text(), "count " + object_);
    return sdk::integer_of(page, "totalSize", -1);
}

Json Lister::by_ids(const std::vector<std::string>& ids, const std::vector<std::string>& fields) {
    if (ids.empty()) return Json::array();
    Json rows = api_.ask(api_.url("/composite/sobjects").segment(object_).text(),
                         {{"ids", ids}, {"fields", fields}}, "read " + object_);
    if (!rows.is_array() || rows.size() != ids.size())
        throw sdk::Error(KONTOR_E_PROTOCOL, "read " + object_ + ": not one answer for each id")
            .stream(object_);
    return rows;
}

}  // namespace kontor::salesforce
