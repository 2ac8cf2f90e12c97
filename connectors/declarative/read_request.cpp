#include <algorithm>

#include "connectors/declarative/reader.hpp"
#include "connectors/declarative/template.hpp"

namespace kontor::declarative {
namespace {

using config::Node;
using config::TableReader;

struct Kind {
    const char* name;
    const char* method;
    Names gaps;          ///< that its templates may have, beside the options
    Names needed;        ///< of which one must be there
    bool pages = false;  ///< its answers come in pages
};

const std::vector<Kind>& kinds() {
    static const Names paging{"limit", "offset", "page", "cursor", "last_id", "fields", "stream"};
    static const auto with = [](Names more) {
        more.insert(more.end(), paging.begin(), paging.end());
        return more;
    };
    static const std::vector<Kind> all = {
        {"check", "GET", {}, {}},
        {"list", "GET", paging, {}, true},
        {"changes", "GET", with({"since", "since_text", "until"}), {"since", "since_text"}, true},
        {"ids", "GET", paging, {}, true},
        {"deleted", "GET", with({"since", "since_text", "until"}), {}, true},
        {"get", "GET", {"id", "ids", "items", "fields", "stream"}, {"id", "ids", "items"}},
        {"find", "GET", {"value", "values", "fields", "limit", "stream"}, {"value", "values"}},
        {"create", "POST", {"record", "key", "stream"}, {"record"}},
        {"update", "PATCH", {"id", "record", "token", "stream"}, {"record"}},
        {"delete", "DELETE", {"id", "token", "stream"}, {"id"}},
        {"create_batch", "POST", {"items", "stream"}, {"items"}},
        {"update_batch", "POST", {"items", "stream"}, {"items"}},
        {"delete_batch", "POST", {"items", "stream"}, {"items"}}};
    return all;
}

bool text_says(std::string_view text, const std::string& name) {
    const auto names = names_in(text);
    return names && std::ranges::find(*names, name) != names->end();
}

bool json_says(const Json& json, const std::string& name) {
    if (json.is_string()) return text_says(json.get_ref<const std::string&>(), name);
    if (!json.is_structured()) return false;
    for (const auto& [key, member] : json.items())
        if ((json.is_object() && text_says(key, name)) || json_says(member, name)) return true;
    return false;
}

bool says(const Request& request, const std::string& name) {
    const auto in = [&](const Pairs& pairs) {
        return std::ranges::any_of(pairs, [&](const auto& p) { return text_says(p.second, name); });
    };
    const auto in_any = [&](const Parameters& all) {
        return std::ranges::any_of(all, [&](const auto& p) { return json_says(p.second, name); });
    };
    return text_says(request.path, name) || in_any(request.query) || in(request.headers) ||
           (request.form && in_any(*request.form)) ||
           (request.body && json_says(*request.body, name));
}

PagingKind paging_kind(const std::string& name) {
    if (name == "offset") return PagingKind::kOffset;
    if (name == "page") return PagingKind::kPage;
    if (name == "cursor") return PagingKind::kCursor;
    if (name == "link") return PagingKind::kLink;
    if (name == "keyset") return PagingKind::kKeyset;
    return PagingKind::kNone;
}

// The gap that each way of paging moves; "" if the answer brings a whole address.
std::string gap_of(PagingKind kind) {
    switch (kind) {
        case PagingKind::kOffset:
            return "offset";
        case PagingKind::kPage:
            return "page";
        case PagingKind::kCursor:
            return "cursor";
        case PagingKind::kKeyset:
            return "last_id";
        case PagingKind::kNone:
        case PagingKind::kLink:
            break;
    }
    return {};
}

// "/next" is a place in the body, "header:X-Next" a header.
void read_next(TableReader& table, Paging& out) {
    const Node* value = table.any("next");
    if (value == nullptr) return;
    constexpr std::string_view kHeader = "header:";
    if (value->kind == Node::Kind::kText && value->text.starts_with(kHeader)) {
        out.next_header = value->text.substr(kHeader.size());
        std::ranges::transform(out.next_header, out.next_header.begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        return;
    }
    const auto pointer =
        value->kind == Node::Kind::kText ? Pointer::parse(value->text) : std::nullopt;
    if (pointer)
        out.next = *pointer;
    else
        table.problem(*value, "next",
                      "must be a place in the answer, \"/paging/next/after\", or \"header:NAME\"");
}

Paging read_paging(const Reading& reading, const Node& node, const std::string& prefix) {
    TableReader table(node, prefix, reading.into);
    Paging out;
    std::string kind = "none", ends = "empty";
    table.one_of("kind", kind, {"none", "offset", "page", "cursor", "link", "keyset"});
    out.kind = paging_kind(kind);
    table.integer("size", out.size, 1, 100'000);
    table.integer("first", out.first, 0, 1'000'000);
    table.integer("overlap", out.overlap, 0, 100);
    if (const auto* start = table.any("start")) out.start = to_json(*start);
    read_next(table, out);
    read_place(table, "total", out.total, out.total_header);
    read_pointer(table, "more", out.more);
    table.one_of("ends", ends, {"empty", "short"});
    out.short_page_ends = ends == "short";
    if (out.kind == PagingKind::kCursor && !out.next && out.next_header.empty())
        table.problem(node, "next", "is missing: where does an answer have the next cursor?");
    if (out.overlap >= out.size) out.overlap = 0;
    table.finish();
    return out;
}

void read_item(const Reading& reading, TableReader& table, Request& out, const Names& gaps,
               const char* usual) {
    std::optional<Json> item;
    read_json(reading, table, "item", item, gaps);
    out.item = item ? std::move(*item) : Json(usual);
}

// What each of {items} is, and how results are told apart.
void read_batch(const Reading& reading, TableReader& table, Request& out) {
    const bool creates = out.name == "create_batch", removes = out.name == "delete_batch";
    Names gaps{"record", "key", "stream"};
    if (!creates) gaps = {"id", "token", "stream"};
    if (!creates && !removes) gaps.emplace_back("record");
    read_item(reading, table, out, gaps, removes ? "{id}" : "{record}");
    out.batch = 100;
    table.integer("batch", out.batch, 2, 10'000);
    std::string match = creates ? "order" : "id";
    if (creates)
        table.one_of("match", match, {"order", "key"});
    else
        table.one_of("match", match, {"order", "id", "all"});
    out.match = match == "key"   ? Match::kKey
                : match == "id"  ? Match::kId
                : match == "all" ? Match::kAll
                                 : Match::kOrder;
}

std::string braced(const Names& names) {
    std::string out;
    for (const auto& name : names) out += (out.empty() ? "{" : " or {") + name + "}";
    return out;
}

void check_use(const TableReader& table, const Node& node, const Kind& kind, const Request& out) {
    if (!kind.needed.empty() &&
        std::ranges::none_of(kind.needed, [&](const auto& gap) { return says(out, gap); }))
        table.problem(node, "", "says " + braced(kind.needed) + " nowhere");
    if (const auto gap = gap_of(out.paging.kind); !gap.empty() && !says(out, gap))
        table.problem(node, "",
                      "says {" + gap + "} nowhere, so that all its pages would be the first");
}

}  // namespace

Request read_request(const Reading& reading, const Node& node, const std::string& prefix,
                     std::string_view name) {
    const auto& kind =
        *std::ranges::find_if(kinds(), [&](const Kind& each) { return each.name == name; });
    TableReader table(node, prefix, reading.into);
    Request out;
    out.name = kind.name;
    out.method = kind.method;
    const bool bodied = node.member("body") != nullptr || node.member("form") != nullptr;
    if (bodied && out.method == "GET") out.method = "POST";
    table.one_of("method", out.method, {"GET", "POST", "PUT", "PATCH", "DELETE"});
    read_template(reading, table, "path", out.path, kind.gaps);
    read_parameters(reading, table, "query", out.query, kind.gaps);
    read_pairs(reading, table, "headers", out.headers, kind.gaps);
    read_json(reading, table, "body", out.body, kind.gaps);
    if (node.member("form") != nullptr) {
        out.form.emplace();
        read_parameters(reading, table, "form", *out.form, kind.gaps);
        if (out.body) table.problem(*node.member("form"), "form", "stands beside a body");
    }
    if (name != "create" && name != "update" && name != "delete")
        read_pointer(table, "records", out.records);
    if (kind.pages)
        if (const Node* paging = table.table("paging"))
            out.paging = read_paging(reading, *paging, table.dotted("paging"));
    if (kind.pages || name == "get" || name == "find") table.boolean("id_is_name", out.id_is_name);
    if (out.id_is_name) {
        out.paging.overlap = 0;  // members of an object have no order
        if (out.paging.kind == PagingKind::kKeyset)
            table.problem(*node.member("id_is_name"), "id_is_name",
                          "does not go with the paging keyset: members of an object have no order");
    }
    if (name == "get" || name == "find") {
        const bool items = says(out, "items");
        out.batch = items || says(out, "ids") || says(out, "values") ? 50 : 0;
        if (items) read_item(reading, table, out, {"id", "stream"}, "{id}");
        if (out.batch > 0) table.integer("batch", out.batch, 1, 10'000);
    }
    if (name.ends_with("_batch")) read_batch(reading, table, out);
    check_use(table, node, kind, out);
    table.finish();
    return out;
}

}  // namespace kontor::declarative
