#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/salesforce/api.hpp"
#include "plugins/salesforce/ids.hpp"

namespace kontor::salesforce {

inline constexpr std::size_t kPageMax = 2000;  ///< rows of one answer
/// Far beyond any organisation; a server that never ends its list must not keep us for ever.
inline constexpr int kPagesMax = 1'000'000;

/// A text as a literal of SOQL, quotes and all.
[[nodiscard]] std::string soql_text(std::string_view text);
/// "('a','b')"
[[nodiscard]] std::string soql_texts(const std::vector<std::string>& texts);

/// What to list. Conditions hold together.
struct Query {
    std::vector<std::string> fields;
    std::vector<std::string> where;
    std::string order;  ///< "" = none
    std::size_t limit = kPageMax;
    bool deleted_too = false;  ///< queryAll

    [[nodiscard]] std::string text(const std::string& object) const;
};

struct Rows {
    sdk::Json list = sdk::Json::array();
    bool last = true;     ///< there are no more
    std::string last_id;  ///< of the last row, listed or gone meanwhile
    std::int64_t last_ms = 0;
};

/// Lists rows of one object whose stamp is the field `stamp`. Throws sdk::Error as Api::get().
class Lister {
public:
    Lister(Api& api, std::string object, std::string stamp);

    /// Every query must ask for Id and the stamp.
    Rows list(const Query& query);
    /// Says that list(query) comes next, so that its answer is on its way meanwhile.
    void expect(const Query& query);
    [[nodiscard]] std::int64_t count();
    /// The records with these ids, null in place of those that are not there.
    [[nodiscard]] sdk::Json by_ids(const std::vector<std::string>& ids,
                                   const std::vector<std::string>& fields);

private:
    [[nodiscard]] std::string url_of(const Query& query) const;
    sdk::Json first_page(const std::string& url);
    Rows rows_of(const Query& query, const std::string& url);
    Rows in_two_steps(const Query& query);

    Api& api_;
    const std::string object_, stamp_, doing_;
    struct Expected {
        std::string url;
        sdk::BegunRequest begun;
    };
    std::optional<Expected> expected_;
};

}  // namespace kontor::salesforce
