#include "tests/peers/fxiaoke/filters.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace kontor::peer::fxiaoke {

namespace {

bool is_number(const Json& value, long double& out) {
    if (value.is_number()) {
        out = value.get<long double>();
        return true;
    }
    if (!value.is_string()) return false;
    const auto& text = value.get_ref<const std::string&>();
    if (text.empty() || text.find_first_not_of("0123456789.-") != std::string::npos) return false;
    out = std::strtold(text.c_str(), nullptr);
    return true;
}

std::string text_of(const Json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_array() && !value.empty()) return text_of(value[0]);
    return value.is_null() ? std::string() : value.dump();
}

// Numbers by value, except for ids and the like, which may look like numbers.
int ordered(const Json& have, const Json& wanted, bool numeric) {
    long double a = 0, b = 0;
    if (numeric && is_number(have, a) && is_number(wanted, b)) return a < b ? -1 : a > b ? 1 : 0;
    const int order = text_of(have).compare(text_of(wanted));
    return order < 0 ? -1 : order > 0 ? 1 : 0;
}

bool any_equal(const Json& have, const Json& list) {
    const auto one = [&](const Json& value) {
        return std::any_of(list.begin(), list.end(),
                           [&](const Json& each) { return text_of(value) == text_of(each); });
    };
    if (have.is_array()) return std::any_of(have.begin(), have.end(), one);
    return one(have);
}

}  // namespace

const Json& value_at(const Json& values, const std::string& name) {
    static const Json none;
    const auto found = values.find(name);
    return found == values.end() ? none : *found;
}

int compare(const Json& a, const Json& b) {
    if (a.is_null() || b.is_null())
        return static_cast<int>(!a.is_null()) - static_cast<int>(!b.is_null());
    return ordered(a, b, a.is_number() && b.is_number());
}

bool fits(const Object& object, const Json& values, const Json& filter) {
    const std::string name = filter.value("field_name", "");
    const std::string op = filter.value("operator", "");
    static const Json nothing = Json::array();
    const auto given = filter.find("field_values");
    const Json& wanted = given == filter.end() ? nothing : *given;
    if (!object.has(name)) throw Refusal{32000, "字段不存在: " + name, "参数错误"};
    if (!wanted.is_array())
        throw Refusal{10006, "the parameter field_values is missing or illegal", ""};
    const Json& have = value_at(values, name);
    const std::string type = object.type(name);
    const bool numeric = type == "number" || type == "currency" || type == "percentile" ||
                         type == "date" || type == "date_time" || type == "time";
    const bool empty = have.is_null() || have == "" || (have.is_array() && have.empty());
    if (op == "IS") return empty;
    if (op == "ISN") return !empty;
    if (op == "N") return empty || !any_equal(have, wanted);
    if (op == "NIN") return empty || !any_equal(have, wanted);
    if (wanted.empty())
        throw Refusal{10006, "the parameter field_values is missing or illegal", ""};
    if (op == "EQ" || op == "IN" || op == "HASANYOF") {
        if (numeric)
            return !empty && std::any_of(wanted.begin(), wanted.end(), [&](const Json& each) {
                return ordered(have, each, true) == 0;
            });
        return !empty && any_equal(have, wanted);
    }
    if (op == "BETWEEN") {
        if (wanted.size() != 2)
            throw Refusal{10006, "the parameter field_values is missing or illegal", ""};
        return !empty && ordered(have, wanted[0], numeric) >= 0 &&
               ordered(have, wanted[1], numeric) <= 0;
    }
    if (op == "GT") return !empty && ordered(have, wanted[0], numeric) > 0;
    if (op == "GTE") return !empty && ordered(have, wanted[0], numeric) >= 0;
    if (op == "LT") return !empty && ordered(have, wanted[0], numeric) < 0;
    if (op == "LTE") return !empty && ordered(have, wanted[0], numeric) <= 0;
    if (op == "LIKE") return text_of(have).find(text_of(wanted[0])) != std::string::npos;
    if (op == "STARTWITH") return text_of(have).starts_with(text_of(wanted[0]));
    if (op == "ENDWITH") return text_of(have).ends_with(text_of(wanted[0]));
    throw Refusal{10006, "the parameter operator is missing or illegal", "缺少参数或参数不合法"};
}

}  // namespace kontor::peer::fxiaoke
