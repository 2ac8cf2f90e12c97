#include "tests/peers/zoho/coql.hpp"

#include <algorithm>

#include "tests/peers/zoho/coql_parser.hpp"
#include "tests/peers/zoho/output.hpp"

namespace kontor::peer::zoho {

namespace {

constexpr std::int64_t kReach = 100000;

bool orders_by(const CoqlQuery& query, std::size_t field) {
    if (query.order.empty() || query.order[0].path.joined_module != nullptr) return false;
    return query.order[0].path.field == field;
}

/// The scan already delivers (Modified_Time, id) or id order.
bool scan_order_suffices(const CoqlQuery& query) {
    if (query.order.empty()) return true;
    if (orders_by(query, kId)) return true;
    if (!orders_by(query, kModifiedTime)) return false;
    if (query.order.size() == 1) return true;
    return query.order.size() == 2 && query.order[1].path.joined_module == nullptr &&
           query.order[1].path.field == kId && query.order[1].ascending == query.order[0].ascending;
}

class Scan {
public:
    Scan(const Org& org, const CoqlQuery& query, std::size_t want)
        : org_(org),
          query_(query),
          want_(want),
          store_(org.store(*query.module)),
          reader_(store_),
          evaluator_(org, *query.module) {}

    /// Matching slots in the query's order, at most `want`.
    std::vector<Slot> run() {
        const bool enough = scan_order_suffices(query_);
        stop_at_ = enough ? want_ : SIZE_MAX;
        const bool ascending = query_.order.empty() || query_.order[0].ascending;
        const auto since = lower_bound_of(query_.where, kModifiedTime);
        if (orders_by(query_, kModifiedTime) || (since && !orders_by(query_, kId) && !enough)) {
            store_.by_modified(since.value_or(0), ascending, [&](Slot s) { return visit(s); });
        } else if (ascending) {
            for (Slot slot = first_slot(); slot < store_.size() && visit(slot); ++slot) {
            }
        } else {
            for (Slot slot = store_.size(); slot > 0 && visit(slot - 1); --slot) {
            }
        }
        if (!enough) sort();
        if (found_.size() > want_) found_.resize(want_);
        return std::move(found_);
    }

private:
    /// `id > last` starts right behind it, which makes keyset scans cheap.
    Slot first_slot() const { return bound(query_.where); }

    Slot bound(const Condition& condition) const {
        if (condition.kind == Condition::Kind::all) {
            Slot best = 0;
            for (const auto& part : condition.parts) best = std::max(best, bound(part));
            return best;
        }
        const bool lower = condition.op == Operator::greater ||
                           condition.op == Operator::greater_equal ||
                           condition.op == Operator::equal;
        if (condition.kind != Condition::Kind::test || condition.path.field != kId || !lower ||
            condition.path.joined_module != nullptr)
            return 0;
        const auto slot = org_.slot_of(*query_.module, std::to_string(condition.operands[0].whole));
        return slot.value_or(0);
    }

    bool visit(Slot slot) {
        if (!reader_.seek(slot, org_.now_s())) return true;
        if (!evaluator_.matches(query_.where, reader_)) return true;
        found_.push_back(slot);
        return found_.size() < stop_at_;
    }

    void sort() {
        std::vector<std::pair<std::vector<Comparable>, Slot>> keyed;
        keyed.reserve(found_.size());
        for (const Slot slot : found_) {
            reader_.seek(slot, org_.now_s());
            std::vector<Comparable> key;
            for (const CoqlOrder& order : query_.order)
                key.push_back(evaluator_.value(order.path, reader_));
            keyed.emplace_back(std::move(key), slot);
        }
        std::sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
            for (std::size_t i = 0; i < query_.order.size(); ++i) {
                const int c = compare(a.first[i], b.first[i]);
                if (c != 0) return query_.order[i].ascending ? c < 0 : c > 0;
            }
            return a.second < b.second;
        });
        for (std::size_t i = 0; i < keyed.size(); ++i) found_[i] = keyed[i].second;
    }

    const Org& org_;
    const CoqlQuery& query_;
    std::size_t want_;
    std::size_t stop_at_ = 0;
    const ModuleStore& store_;
    RowReader reader_;
    Evaluator evaluator_;
    std::vector<Slot> found_;
};

void append_column(std::string& out, const Org& org, const Output& output, const CoqlQuery& query,
                   const CoqlColumn& column, const RowReader& reader) {
    append_json_string(out, column.name);
    out += ':';
    const Field& field = query.module->fields[column.path.field];
    if (column.path.joined_module == nullptr) {
        const std::size_t start = out.size();
        if (field.type == Type::lookup && !org.switches.on("coql_lookup_name")) {
            std::string id;
            reader.append(column.path.field, id);
            out += !id.empty() && org.record_visible(unquote_json(id)) ? "{\"id\":" + id + "}"
                                                                       : "null";
        } else {
            output.append_value(out, *query.module, reader, column.path.field);
        }
        if (out.size() == start) out += "null";
        return;
    }
    std::string id;
    reader.append(column.path.field, id);
    const std::string plain = unquote_json(id);
    const Module& joined = *column.path.joined_module;
    const auto slot = org.record_visible(plain) ? org.slot_of(joined, plain) : std::nullopt;
    if (!slot) {
        out += "null";
        return;
    }
    RowReader other(org.store(joined));
    other.seek_any(*slot);
    output.append_value(out, joined, other, column.path.joined_field);
}

}  // namespace

Response run_coql(Org& org, Call& call) {
    const Json body = parse_body(call.request.body);
    const Json text = body.value("select_query", Json());
    if (!text.is_string()) {
        call.charge(1);
        refuse(400, "MANDATORY_NOT_FOUND", "required field not found",
               {{"api_name", "select_query"}, {"json_path", "$.select_query"}});
    }
    const CoqlQuery query = parse_coql(org, text.get<std::string>());
    call.module = query.module->api_name;
    call.charge(query.limit <= 200 ? 1 : query.limit <= 1000 ? 2 : 3);
    if (!query.has_where && org.switches.on("coql_where_required"))
        refuse(400, "SYNTAX_ERROR", "missing clause",
               {{"clause", "WHERE"}, {"line", 1}, {"column", 1}, {"near", ""}});
    const std::int64_t most = org.switches.number("coql_limit_max");
    if (query.limit > most || query.limit < 1)
        refuse(400, "LIMIT_EXCEEDED", "limit exceeded", {{"clause", "LIMIT"}, {"limit", most}});
    if (query.offset + query.limit > kReach)
        refuse(400, "LIMIT_EXCEEDED", "limit exceeded", {{"clause", "LIMIT"}, {"limit", kReach}});
    const auto want = static_cast<std::size_t>(query.offset + query.limit + 1);
    const std::vector<Slot> slots = Scan(org, query, want).run();
    const auto first = static_cast<std::size_t>(query.offset);
    if (slots.size() <= first) return empty_response(204);
    const std::size_t last = std::min(slots.size(), first + static_cast<std::size_t>(query.limit));
    const Output output(org);
    RowReader reader(org.store(*query.module));
    std::string out = "{\"data\":[";
    for (std::size_t i = first; i < last; ++i) {
        out += i > first ? ",{" : "{";
        reader.seek(slots[i], org.now_s());
        bool has_id = false;
        for (const CoqlColumn& column : query.columns) {
            has_id = has_id || column.name == "id";
            append_column(out, org, output, query, column, reader);
            out += ',';
        }
        if (has_id) {
            out.pop_back();
        } else {
            out += "\"id\":\"" + record_id(query.module->number, slots[i]) + "\"";
        }
        out += '}';
    }
    out += "],\"info\":{\"count\":" + std::to_string(last - first) + ",\"more_records\":";
    out += slots.size() > last ? "true}}" : "false}}";
    return json_text_response(200, std::move(out));
}

}  // namespace kontor::peer::zoho
