#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/rest/api.hpp"

namespace kontor::rest {

/// All pages of one list, in turn. Everything given must outlive it.
class Pager {
public:
    /// `values`: for the gaps of the request, beside those that paging fills.
    Pager(Api& api, const declarative::Stream& stream, const declarative::Request& request,
          Values values);

    /// The rows of the next page; nullptr after the last one. Valid until the next call. Throws
    /// Error if the list is refused, has no list where it should, or does not go on.
    const Json* next();

    /// Rows have moved between pages: some may be missing. Read the list again.
    [[nodiscard]] bool moved() const { return moved_; }
    /// Where a later list can go on; null if it cannot.
    [[nodiscard]] Json position() const;
    /// Goes on at a position; before the first page.
    void resume(const Json& position);

private:
    [[nodiscard]] Reply ask();
    [[nodiscard]] const Json& rows_of(const Reply& reply) const;
    void go_on(const Json& rows);
    void overlapping(const Json& rows);
    [[nodiscard]] std::optional<std::int64_t> total_told() const;
    [[nodiscard]] bool ends(const Json& rows) const;
    [[nodiscard]] std::string next_cursor() const;

    Api& api_;
    const declarative::Stream& stream_;
    const declarative::Request& request_;
    Values values_;
    Reply reply_;
    Json fresh_;  // rows without those that the page before had
    std::int64_t seen_ = 0, page_ = 0, pages_ = 0;
    std::optional<std::int64_t> total_;
    std::string cursor_;
    std::vector<std::string> tail_;  // ids of the last rows of the page before
    bool done_ = false, moved_ = false;
};

}  // namespace kontor::rest
