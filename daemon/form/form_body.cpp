#include "daemon/form/form_body.hpp"

#include "daemon/api/http.hpp"

namespace kontor::form {

std::optional<Fields> parse_fields(std::string_view body) {
    Fields out;
    while (!body.empty()) {
        const auto end = body.find('&');
        const auto pair = body.substr(0, end);
        body = end == std::string_view::npos ? std::string_view() : body.substr(end + 1);
        if (pair.empty()) continue;
        const auto equal = pair.find('=');
        auto name = api::percent_decode(pair.substr(0, equal), true);
        auto value = api::percent_decode(
            equal == std::string_view::npos ? std::string_view() : pair.substr(equal + 1), true);
        if (!name || name->empty() || !value || out.size() == kFieldsMax) return std::nullopt;
        out.emplace_back(std::move(*name), std::move(*value));
    }
    return out;
}

std::string field_of(const Fields& fields, std::string_view name) {
    std::string out;
    for (const auto& [key, value] : fields)
        if (key == name) out = value;
    return out;
}

}  // namespace kontor::form
