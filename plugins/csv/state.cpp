#include "plugins/csv/state.hpp"

#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::csv {
namespace {

constexpr std::size_t kStateMax = 65'536;
constexpr std::int64_t kKnowsPulled = 2;  // the version that does

}  // namespace

State::State(sdk::Host& host) : host_(host), saved_(host.state()) {
    if (saved_.empty()) return;
    sdk::Json json;
    try {
        json = sdk::parse_json(saved_, "state");
    } catch (const sdk::Error&) {
        return;
    }
    knows_pulled = sdk::integer_of(json, "v") >= kKnowsPulled;
    for (const auto& [name, each] : sdk::member(json, "tables").items()) {
        Known known;
        known.key = sdk::text_of(each, "key");
        known.entity = sdk::text_of(each, "entity");
        known.pulled = sdk::member(each, "pulled") == true;
        for (const auto& [column, type] : sdk::member(each, "columns").items()) {
            // "date", or "date day-first".
            const std::string text = type.is_string() ? type.get<std::string>() : std::string();
            const auto blank = std::min(text.find(' '), text.size());
            Known::Column out;
            out.type = type_named(text.substr(0, blank)).value_or(Type::kText);
            if (text.ends_with(" month-first")) out.order = DateOrder::kMonthFirst;
            if (text.ends_with(" day-first")) out.order = DateOrder::kDayFirst;
            known.columns.emplace(column, out);
        }
        for (const auto& [column, table] : sdk::member(each, "references").items())
            if (table.is_string()) known.references.emplace(column, table.get<std::string>());
        tables.emplace(name, std::move(known));
    }
}

std::string State::encode() const {
    sdk::Json json{{"v", knows_pulled ? kKnowsPulled : 1}, {"tables", sdk::Json::object()}};
    for (const auto& [name, known] : tables) {
        sdk::Json columns = sdk::Json::object();
        for (const auto& [column, it] : known.columns) {
            std::string text(name_of(it.type));
            if (it.order == DateOrder::kMonthFirst) text += " month-first";
            if (it.order == DateOrder::kDayFirst) text += " day-first";
            columns[column] = std::move(text);
        }
        json["tables"][name] = {
            {"key", known.key}, {"entity", known.entity}, {"columns", std::move(columns)}};
        if (!known.references.empty()) json["tables"][name]["references"] = known.references;
        if (known.pulled) json["tables"][name]["pulled"] = true;
    }
    return json.dump(-1, ' ', false, sdk::Json::error_handler_t::replace);
}

void State::save() {
    std::string text = encode();
    if (text == saved_) return;
    if (text.size() > kStateMax)
        throw sdk::Error(KONTOR_E_INVALID,
                         "the folder holds too many tables and columns for one connection: "
                         "spread the files over several");
    host_.put_state(text);
    saved_ = std::move(text);
}

}  // namespace kontor::csv
