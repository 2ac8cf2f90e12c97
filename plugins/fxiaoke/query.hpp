#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/fxiaoke/api.hpp"

namespace kontor::fxiaoke {

inline constexpr std::size_t kPageMax = 100;  ///< rows of one answer, by the documents
inline constexpr std::int64_t kOffsetMax = 10'000;

struct Filter {
    std::string field, op;
    std::vector<std::string> values;
};

/// What to list. Filters hold together.
struct Query {
    std::vector<Filter> filters;
    std::string order = "_id";
    std::int64_t offset = 0;
    std::size_t limit = kPageMax;
    std::vector<std::string> fields;  ///< to be shown, besides those that every image needs

    Query& where(std::string field, std::string op, std::vector<std::string> values);
};

/// One page of an object's rows.
struct Rows {
    sdk::Json list = sdk::Json::array();
    /// Fewer than were asked for: there are no more. Totals are not to be trusted.
    bool last = true;
};

/// Lists rows of one object. Throws sdk::Error as Api::read().
class Lister {
public:
    Lister(Api& api, std::string object);

    Rows list(const Query& query);
    /// Says that list(query) comes next, so that its answer is on its way meanwhile.
    void expect(const Query& query);

    [[nodiscard]] Api& api() const { return api_; }
    [[nodiscard]] const std::string& object() const { return object_; }

private:
    [[nodiscard]] sdk::Json request(const Query& query) const;

    Api& api_;
    const std::string object_;
    const std::string path_, doing_;
    struct Expected {
        sdk::Json request;
        sdk::BegunRequest begun;
    };
    std::optional<Expected> expected_;
};

}  // namespace kontor::fxiaoke
