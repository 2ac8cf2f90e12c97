#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/result.hpp"
#include "sync/replica/content_stamp.hpp"
#include "sync/search/index_file.hpp"
#include "sync/search/match.hpp"
#include "sync/search/record_reader.hpp"

namespace kontor::search {

/// One record found.
struct Hit {
    std::int64_t entity = 0;
    std::string entity_name;
    std::int64_t record = 0;
    int score = 0;      ///< comparable within one answer only
    std::string title;  ///< name or subject of the record, cut
    std::string field;  ///< column with the best match; "full_name" for first and last name joined
    std::string snippet;              ///< part of its text, UTF-8, in one line
    std::vector<Stretch> highlights;  ///< bytes of `snippet` that matched
};

struct SearchOptions {
    std::string entity;      ///< "" = all; an unknown one is kNotFound
    std::size_t limit = 20;  ///< at most kLimitMax
    std::size_t offset = 0;  ///< hits beyond kRankedMax are never shown
};

inline constexpr std::size_t kLimitMax = 200;
/// Matches that are ranked: the newest in titles and the newest in other fields, in equal parts for
/// each entity that is searched. Bounds the work of any query.
inline constexpr std::size_t kRankedMax = 512;

/// Answers queries from the index and the replica's rows. One thread at a time.
class Finder {
public:
    Finder(const IndexFile& file, const replica::Database& replica)
        : file_(file), replica_(replica) {}

    [[nodiscard]] Result<std::vector<Hit>> search(std::string_view text,
                                                  const SearchOptions& options);

private:
    struct Candidate {
        std::size_t reader = 0;
        Record record;
        Match match;
    };
    [[nodiscard]] Result<> refresh();
    [[nodiscard]] Result<std::vector<Candidate>> candidates(const Query& query,
                                                            const std::string& entity);
    [[nodiscard]] Result<> collect(const std::string& table, const std::string& expression,
                                   std::size_t reader, std::size_t wanted, Matcher& matcher,
                                   std::vector<Candidate>& out);
    [[nodiscard]] Hit hit(const Candidate& candidate, Matcher& matcher) const;

    const IndexFile& file_;
    const replica::Database& replica_;
    replica::ContentStamp stamp_;
    std::vector<EntityLayout> layouts_;
    std::vector<RecordReader> readers_;            ///< in the order of layouts_
    std::size_t checked_ = 0, checked_bytes_ = 0;  ///< candidates of this search
};

}  // namespace kontor::search
