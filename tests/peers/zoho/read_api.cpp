#include "tests/peers/zoho/read_api.hpp"

#include <algorithm>
#include <charconv>

#include "tests/peers/zoho/metadata_api.hpp"
#include "tests/peers/zoho/search_text.hpp"

namespace kontor::peer::zoho {

namespace {

constexpr std::int64_t kPageMost = 200;
constexpr std::int64_t kDiscreteWall = 2000;
constexpr std::uint64_t kTokenWall = 100000;

template <typename Visit>
void for_each_name(std::string_view list, const Visit& visit) {
    while (true) {
        const std::size_t comma = list.find(',');
        std::string_view name = list.substr(0, comma);
        while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
        while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
        if (!name.empty()) visit(name);
        if (comma == std::string_view::npos) return;
        list.remove_prefix(comma + 1);
    }
}

/// Everything a page token is bound to.
std::uint64_t binding(const Call& call, const Module& module) {
    Parameters sorted = call.query;
    std::erase_if(sorted, [](const auto& p) { return p.first == "page_token"; });
    std::sort(sorted.begin(), sorted.end());
    std::string text = module.api_name;
    for (const auto& [name, value] : sorted) text += "&" + name + "=" + value;
    text += "|" + std::string(call.header("If-Modified-Since").value_or(""));
    return hash_text(text);
}

}  // namespace

struct ReadApi::Plan {
    std::vector<std::size_t> fields;
    std::int64_t per_page = kPageMost;
    std::uint64_t page = 1;
    std::string sort_by = "id";
    bool ascending = false;
    std::string converted = "false";
    std::string approved = "true";
    bool mine = false;  ///< a custom view of the API user's own records
    std::optional<std::int64_t> since;
    bool since_inclusive = false;
    std::optional<PageToken> token;
    std::uint64_t bound_to = 0;
    std::uint64_t skip = 0;
    bool by_position = false;
};

struct ReadApi::Page {
    std::vector<Slot> slots;
    bool more = false;
    std::int64_t last_key = 0;
};

std::int64_t ReadApi::positive(const Call& call, std::string_view name, std::int64_t fallback,
                               std::int64_t most) {
    const auto text = call.parameter(name);
    if (!text || text->empty()) return fallback;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size() || value < 1)
        refuse_invalid_parameter(name, "integer");
    if (value > most)
        refuse(400, "INVALID_DATA", "invalid data",
               {{"param_name", name}, {"maximum_length", most}});
    return value;
}

std::optional<std::int64_t> ReadApi::modified_since(const Call& call) {
    const auto header = call.header("If-Modified-Since");
    if (!header) return std::nullopt;
    const auto instant = parse_instant(*header);
    if (!instant) refuse_invalid_parameter("If-Modified-Since", "datetime");
    return instant;
}

std::vector<std::size_t> ReadApi::requested_fields(const Call& call, const Module& module) const {
    const auto text = call.parameter("fields");
    if (!text || text->empty()) {
        if (org_.switches.on("fields_mandatory")) refuse_missing_parameter("fields");
        return Output::all_fields(module);
    }
    std::vector<std::size_t> out;
    std::int64_t named = 0;
    for_each_name(*text, [&](std::string_view name) {
        ++named;
        if (const auto field = module.find_index(name)) {
            if (std::find(out.begin(), out.end(), *field) == out.end()) out.push_back(*field);
        } else if (!name.starts_with('$') && org_.switches.text("unknown_field") == "invalid") {
            refuse(400, "INVALID_DATA", "invalid field",
                   {{"param_name", "fields"}, {"api_name", name}});
        }
    });
    const std::int64_t most = org_.switches.number("max_fields");
    if (named > most)
        refuse(400, "LIMIT_EXCEEDED", "cannot request more than the allowed number of fields",
               {{"limit", most}, {"param_name", "fields"}});
    return out;
}

ReadApi::Plan ReadApi::plan(const Call& call, const Module& module) const {
    Plan plan;
    plan.fields = requested_fields(call, module);
    plan.per_page = positive(call, "per_page", kPageMost, kPageMost);
    plan.since = modified_since(call);
    plan.since_inclusive = org_.switches.on("if_modified_since_inclusive");
    plan.bound_to = binding(call, module);
    plan.by_position = org_.switches.text("page_token_mode") == "position";
    plan.sort_by = call.parameter("sort_by").value_or("id");
    if (plan.sort_by != "id" && plan.sort_by != "Created_Time" && plan.sort_by != "Modified_Time")
        refuse(400, "INVALID_DATA", "invalid data",
               {{"param_name", "sort_by"},
                {"supported_values", {"id", "Created_Time", "Modified_Time"}}});
    const std::string_view order = call.parameter("sort_order").value_or("desc");
    if (order != "asc" && order != "desc")
        refuse(400, "INVALID_DATA", "invalid data",
               {{"param_name", "sort_order"}, {"supported_values", {"asc", "desc"}}});
    plan.ascending = order == "asc";
    plan.converted = call.parameter("converted").value_or("false");
    if (plan.converted != "true" && plan.converted != "false" && plan.converted != "both")
        refuse(400, "INVALID_DATA", "invalid data",
               {{"param_name", "converted"}, {"supported_values", {"true", "false", "both"}}});
    plan.approved = call.parameter("approved").value_or("true");
    if (plan.approved != "true" && plan.approved != "false" && plan.approved != "both")
        refuse(400, "INVALID_DATA", "invalid data",
               {{"param_name", "approved"}, {"supported_values", {"true", "false", "both"}}});
    if (const auto view = call.parameter("cvid"); view && !view->empty()) {
        plan.mine = *view == MetadataApi::own_view_id(module);
        if (!plan.mine && *view != MetadataApi::all_view_id(module))
            refuse(400, "INVALID_DATA", "invalid data", {{"param_name", "cvid"}});
    }
    const auto token = call.parameter("page_token");
    if (!token || token->empty()) {
        plan.page = static_cast<std::uint64_t>(positive(call, "page", 1, 1000000000));
        plan.skip = (plan.page - 1) * static_cast<std::uint64_t>(plan.per_page);
        if (org_.switches.on("wall_2000") &&
            plan.skip + static_cast<std::uint64_t>(plan.per_page) > kDiscreteWall)
            refuse(400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED",
                   "you can fetch only the first 2000 records without page_token",
                   {{"limit", kDiscreteWall}});
        return plan;
    }
    if (call.parameter("page"))
        refuse(400, "AMBIGUITY_DURING_PROCESSING", "page and page_token cannot be given together",
               {{"ambiguity_due_to",
                 Json::array({{{"param_name", "page"}}, {{"param_name", "page_token"}}})}});
    plan.token = decode_page_token(*token);
    if (!plan.token) refuse_invalid_parameter("page_token", "text");
    if (plan.token->bound_to != plan.bound_to)
        refuse(400, "TOKEN_BOUND_DATA_MISMATCH", "the page_token belongs to another request",
               {{"param_name", "page_token"}});
    if (plan.token->expires_s <= org_.now_s())
        refuse(400, "EXPIRED_VALUE", "page token expired",
               {{"api_name", "page_token"}, {"json_path", "$.query.page_token"}});
    if (org_.switches.on("wall_100000") && plan.token->reached >= kTokenWall)
        refuse(400, "PAGINATION_LIMIT_EXCEEDED", "pagination limit exceeded",
               {{"param_name", "page_token"}});
    plan.page = plan.token->page;
    if (plan.by_position) plan.skip = plan.token->reached;
    return plan;
}

bool ReadApi::wanted(const Plan& plan, const RowReader& reader) const {
    if (plan.since) {
        const bool newer = plan.since_inclusive ? reader.modified_s() >= *plan.since
                                                : reader.modified_s() > *plan.since;
        if (!newer) return false;
    }
    if (plan.mine) {
        std::string owner;
        reader.append(kOwner, owner);
        if (unquote_json(owner) != org_.catalogue.api_user().id) return false;
    }
    if (!org_.pending.empty() && plan.approved != "both") {
        const bool waits = org_.pending.contains({reader.module_number(), reader.slot()});
        const bool hidden = waits && org_.switches.on("approval_hides");
        if (plan.approved == "true" ? hidden : !waits) return false;
    }
    if (!org_.drafts.empty() && org_.switches.text("drafts") == "hidden" &&
        org_.drafts.contains({reader.module_number(), reader.slot()}))
        return false;
    if (plan.converted == "both") return true;
    return reader.converted() == (plan.converted == "true");
}

ReadApi::Page ReadApi::fetch(const Plan& plan, const Module& module) const {
    const ModuleStore& store = org_.store(module);
    RowReader reader(store);
    Page page;
    std::uint64_t to_skip = plan.skip;
    const std::int64_t now = org_.now_s();
    const auto visit = [&](Slot slot) {
        if (!store.visible(slot)) return true;
        // Generated rows cannot be late, and their time is known without reading them.
        if (!reader.seek(slot, now) || !wanted(plan, reader)) return true;
        if (to_skip > 0) {
            --to_skip;
            return true;
        }
        if (page.slots.size() == static_cast<std::size_t>(plan.per_page)) {
            page.more = true;
            return false;
        }
        page.slots.push_back(slot);
        page.last_key = reader.modified_s();
        return true;
    };
    const bool resume = plan.token && !plan.by_position;
    if (plan.sort_by == "Modified_Time") {
        const std::int64_t from = plan.ascending && resume ? plan.token->last_key
                                  : plan.since             ? *plan.since
                                                           : 0;
        const auto after = [&](Slot slot) {
            if (!resume) return true;
            const std::pair key(store.modified_s(slot), static_cast<std::uint64_t>(slot));
            const std::pair last(plan.token->last_key, plan.token->last_slot);
            return plan.ascending ? key > last : key < last;
        };
        store.by_modified(from, plan.ascending,
                          [&](Slot slot) { return !after(slot) || visit(slot); });
    } else if (plan.ascending) {
        Slot slot = resume ? static_cast<Slot>(plan.token->last_slot) + 1 : 0;
        while (slot < store.size() && visit(slot)) ++slot;
    } else {
        Slot slot = resume ? static_cast<Slot>(plan.token->last_slot) : store.size();
        while (slot > 0 && visit(slot - 1)) --slot;
    }
    return page;
}

Response ReadApi::answer(const Plan& plan, const Module& module, const Page& page) const {
    if (page.slots.empty()) return empty_response(plan.since ? 304 : 204);
    std::string body;
    body.reserve(page.slots.size() * 40 * plan.fields.size() + 512);
    body += "{\"data\":[";
    RowReader reader(org_.store(module));
    const Output::Shown shown{org_.switches.on("id_always_returned"),
                              org_.switches.number("rich_text_cut"),
                              org_.switches.number("subform_cut")};
    const std::int64_t now = org_.now_s();
    for (std::size_t i = 0; i < page.slots.size(); ++i) {
        if (i > 0) body += ',';
        reader.seek(page.slots[i], now);
        output_.append_record(body, module, reader, plan.fields, shown);
    }
    const std::int64_t expires = now + org_.switches.number("page_token_lifetime_s");
    std::string next = "null";
    std::string previous = "null";
    std::string expiry = "null";
    if (page.more) {
        PageToken token;
        token.bound_to = plan.bound_to;
        token.reached = (plan.token ? plan.token->reached : plan.skip) + page.slots.size();
        token.page = plan.page + 1;
        token.last_key = page.last_key;
        token.last_slot = page.slots.back();
        token.expires_s = expires;
        next = "\"" + encode_page_token(token) + "\"";
        expiry = "\"" + format_instant(expires, org_.zone) + "\"";
    }
    body += "],\"info\":{\"call\":false,\"per_page\":" + std::to_string(plan.per_page);
    body += ",\"count\":" + std::to_string(page.slots.size());
    body += ",\"page\":" + std::to_string(plan.page);
    body += ",\"sort_by\":\"" + plan.sort_by + "\",\"sort_order\":\"";
    body += plan.ascending ? "asc" : "desc";
    body += "\",\"email\":false,\"more_records\":";
    body += page.more ? "true" : "false";
    body += ",\"next_page_token\":" + next + ",\"previous_page_token\":" + previous;
    body += ",\"page_token_expiry\":" + expiry + "}}";
    return json_text_response(200, std::move(body));
}

Response ReadApi::by_ids(const Call&, const Module& module, const Plan& plan,
                         std::string_view ids) const {
    std::vector<Slot> slots;
    std::int64_t named = 0;
    for_each_name(ids, [&](std::string_view id) {
        ++named;
        if (const auto slot = org_.slot_of(module, id)) slots.push_back(*slot);
    });
    const std::int64_t most = org_.switches.number("max_ids");
    if (named > most)
        refuse(400, "LIMIT_EXCEEDED", "too many ids", {{"limit", most}, {"param_name", "ids"}});
    std::sort(slots.begin(), slots.end());
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
    if (!plan.ascending) std::reverse(slots.begin(), slots.end());
    RowReader reader(org_.store(module));
    Page page;
    std::uint64_t to_skip = plan.skip;
    for (const Slot slot : slots) {
        if (!reader.seek(slot, org_.now_s()) || !wanted(plan, reader)) continue;
        if (to_skip > 0) {
            --to_skip;
        } else if (page.slots.size() == static_cast<std::size_t>(plan.per_page)) {
            page.more = true;
        } else {
            page.slots.push_back(slot);
        }
    }
    return answer(plan, module, page);
}

Response ReadApi::list(Call& call, const Module& module) {
    call.charge(call.parameter("cvid") ? 3 : 1);
    if (call.parameter("cvid") && call.parameter("sort_by") &&
        org_.switches.text("cvid_sort_by") == "refuse")
        refuse(400, "AMBIGUITY_DURING_PROCESSING", "sort_by cannot be given with cvid",
               {{"ambiguity_due_to",
                 Json::array({{{"param_name", "cvid"}}, {{"param_name", "sort_by"}}})}});
    const Plan p = plan(call, module);
    if (const auto ids = call.parameter("ids"); ids && !ids->empty())
        return by_ids(call, module, p, *ids);
    return answer(p, module, fetch(p, module));
}

Response ReadApi::single(Call& call, const Module& module, std::string_view id, bool whole) {
    call.charge(1);
    const auto slot = org_.slot_of(module, id);
    RowReader reader(org_.store(module));
    if (!slot || !reader.seek(*slot, INT64_MAX)) {
        if (org_.switches.text("missing_record") == "204") return empty_response(204);
        const int status = static_cast<int>(org_.switches.number("missing_record"));
        refuse(status, status == 404 ? "RESOURCE_NOT_FOUND" : "INVALID_DATA",
               org_.switches.text("invalid_id_message"), org_.unknown_id_details(id));
    }
    std::vector<std::size_t> fields = Output::all_fields(module);
    if (const auto named = call.parameter("fields"); named && !named->empty())
        fields = requested_fields(call, module);
    std::string body = "{\"data\":[";
    Output::Shown shown;
    if (!whole) shown.rows = org_.switches.number("subform_cut");
    output_.append_record(body, module, reader, fields, shown);
    const bool draft = org_.drafts.contains({module.number, *slot});
    body.insert(body.size() - 1,
                ",\"$approval_state\":\"approved\",\"$currency_symbol\":\"¥\",\"$editable\":true,"
                "\"$state\":\"" +
                    std::string(draft ? "draft" : "save") + "\"");
    body += "]}";
    return json_text_response(200, std::move(body));
}

Response ReadApi::count(Call& call, const Module& module) {
    call.charge(1);
    return json_response(200, {{"count", org_.store(module).live_count()}});
}

Response ReadApi::matching(const Call& call, const Module& module, const Condition& condition,
                           std::int64_t reach) const {
    Plan plan;
    const auto named = call.parameter("fields");
    plan.fields =
        named && !named->empty() ? requested_fields(call, module) : Output::all_fields(module);
    plan.per_page = positive(call, "per_page", kPageMost, kPageMost);
    plan.page = static_cast<std::uint64_t>(positive(call, "page", 1, 1000000));
    plan.since = modified_since(call);
    plan.since_inclusive = org_.switches.on("if_modified_since_inclusive");
    plan.converted = call.parameter("converted").value_or("false");
    plan.skip = (plan.page - 1) * static_cast<std::uint64_t>(plan.per_page);
    if (static_cast<std::int64_t>(plan.skip) + plan.per_page > reach)
        refuse(400, "LIMIT_EXCEEDED", "limit exceeded", {{"limit", reach}, {"param_name", "page"}});
    const Evaluator evaluator(org_, module);
    RowReader reader(org_.store(module));
    Page page;
    std::uint64_t to_skip = plan.skip;
    for (Slot slot = org_.store(module).size(); slot > 0; --slot) {
        if (!reader.seek(slot - 1, org_.now_s()) || !wanted(plan, reader)) continue;
        if (!evaluator.matches(condition, reader)) continue;
        if (to_skip > 0) {
            --to_skip;
        } else if (page.slots.size() == static_cast<std::size_t>(plan.per_page)) {
            page.more = true;
            break;
        } else {
            page.slots.push_back(slot - 1);
        }
    }
    return answer(plan, module, page);
}

Response ReadApi::related(Call& call, const Module& module, std::size_t field,
                          std::string_view parent_id) {
    call.charge(1);
    requested_fields(call, module);
    Condition condition;
    condition.kind = Condition::Kind::test;
    condition.path.field = field;
    Comparable operand;
    operand.kind = Comparable::Kind::text;
    operand.text = parent_id;
    condition.operands.push_back(std::move(operand));
    return matching(call, module, condition, kTokenWall);
}

Response ReadApi::linked(Call& call, const Module& module, const std::string& id) {
    call.charge(1);
    requested_fields(call, module);
    Condition linked;
    linked.kind = Condition::Kind::test;
    linked.path.field = kId;
    linked.op = Operator::in;
    for (auto at = org_.links.lower_bound({id, ""}); at != org_.links.end() && at->first == id;
         ++at) {
        if (org_.module_of(at->second) == &module)
            linked.operands.push_back(*parse_operand(module.fields[kId], at->second));
    }
    return matching(call, module, linked, kTokenWall);
}

Response ReadApi::subform_rows(Call& call, const Module& module, std::size_t field,
                               std::string_view id) {
    call.charge(1);
    const Module* rows_module = org_.catalogue.find(module.fields[field].target);
    if (rows_module == nullptr || !call.parameter("fields")) refuse_missing_parameter("fields");
    const auto per_page =
        static_cast<std::size_t>(positive(call, "per_page", kPageMost, kPageMost));
    const auto page = static_cast<std::size_t>(positive(call, "page", 1, 1000000));
    const auto slot = org_.slot_of(module, id);
    const std::string stored = org_.store(module).value(*slot, field);
    const Json all = stored.empty() ? Json::array() : Json::parse(stored);
    Json data = Json::array();
    for (std::size_t i = (page - 1) * per_page; i < std::min(all.size(), page * per_page); ++i) {
        Json row{{"id", all[i]["id"]}};
        for_each_name(*call.parameter("fields"), [&](std::string_view name) {
            const std::string key(name);
            if (rows_module->find(name) != nullptr && all[i].contains(key)) row[key] = all[i][key];
        });
        data.push_back(std::move(row));
    }
    if (data.empty()) return empty_response(204);
    const std::size_t count = data.size();
    return json_response(200, {{"data", std::move(data)},
                               {"info",
                                {{"per_page", per_page},
                                 {"count", count},
                                 {"page", page},
                                 {"more_records", page * per_page < all.size()}}}});
}

Condition ReadApi::search_condition(const Call& call, const Module& module) const {
    if (const auto criteria = call.parameter("criteria"))
        return parse_search_criteria(org_, module, *criteria);
    Condition any;
    any.kind = Condition::Kind::any;
    const auto add = [&](std::string_view value, Operator op, auto&& accept) {
        for (std::size_t i = 0; i < module.fields.size(); ++i) {
            if (!module.fields[i].readable() || !accept(module.fields[i])) continue;
            Condition test;
            test.kind = Condition::Kind::test;
            test.path.field = i;
            test.op = op;
            Comparable operand;
            operand.kind = Comparable::Kind::text;
            operand.text = value;
            test.operands.push_back(std::move(operand));
            any.parts.push_back(std::move(test));
        }
    };
    if (const auto email = call.parameter("email")) {
        add(*email, Operator::equal, [](const Field& f) { return f.type == Type::email; });
    } else if (const auto phone = call.parameter("phone")) {
        add(*phone, Operator::equal, [](const Field& f) { return f.type == Type::phone; });
    } else if (const auto word = call.parameter("word")) {
        add(*word, Operator::contains, [](const Field& f) { return is_text_like(f.type); });
    } else {
        refuse_missing_parameter("criteria");
    }
    return any;
}

Response ReadApi::search(Call& call, const Module& module) {
    call.charge(1);
    return matching(call, module, search_condition(call, module), kDiscreteWall);
}

}  // namespace kontor::peer::zoho
