#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plugins/zoho/json_page.hpp"

namespace kontor::zoho {

/// What to list. Follows `page_token`s only: page numbers end at 2,000 records and shift.
struct ListQuery {
    const char* sort_by = "id";
    std::string page_token;                ///< "" = the first page
    std::optional<std::int64_t> since_ms;  ///< If-Modified-Since
    bool follow = false;                   ///< the page behind its token will be asked for next
};

struct Listed {
    enum class Outcome { kPage, kNothing, kTokenRefused };
    Outcome outcome = Outcome::kNothing;
    Page page;
    std::int64_t server_ms = 0;  ///< Zoho's clock at the answer
};

/// Reads records of one module into record batches, however many fields are asked for: Zoho gives
/// at most 50 at a time, so pages are completed by further requests for the same ids and joined
/// only where Modified_Time agrees. All calls may throw sdk::Error; `out` must then be cleared.
class Records {
public:
    Records(Api& api, const Columns& columns);

    /// One page, sorted ascending.
    Listed list(const ListQuery& query, abi::BatchWriter& out);
    /// Says that list(query) comes next, so that the answer is on its way meanwhile. At most one.
    void expect(const ListQuery& query);
    /// One page of the users' interface, 1-based.
    Listed list_users(const char* type, std::int64_t page, std::optional<std::int64_t> since_ms,
                      abi::BatchWriter& out);
    /// Id and version of one page, as abi::Op::kId.
    Listed list_versions(const ListQuery& query, abi::BatchWriter& out);

    /// The records with these ids, in any order. For those that are not there `out` gets what
    /// `absent` says: kMissing and kForbidden, or nothing.
    /// `after_some` is called whenever `out` has got some more: requests for the rest are under way
    /// meanwhile.
    enum class Absent { kReport, kSkip };
    void by_ids(std::span<const std::string> ids, Absent absent, abi::BatchWriter& out,
                const std::function<void()>& after_some = {});

    /// Records that one request can ask for.
    struct Chunk {
        std::span<const std::string> ids;
        std::optional<sdk::BegunRequest> first;  ///< for the first pass of fields; else one by one
    };
    /// by_ids() in steps. The ids must live as long.
    class ByIds {
    public:
        ByIds(Records& records, std::span<const std::string> ids);
        [[nodiscard]] bool done() const { return finished_ == chunks_.size(); }
        [[nodiscard]] std::size_t under_way() const { return begun_ - finished_; }
        /// Sends the next request. False if all are sent.
        bool begin_next();
        /// Waits for the oldest that was begun.
        void finish_next(Absent absent, abi::BatchWriter& out);

    private:
        Records& records_;
        std::vector<Chunk> chunks_;
        std::size_t begun_ = 0, finished_ = 0;
    };

    [[nodiscard]] Api& api() const { return api_; }
    [[nodiscard]] const Module& module() const { return columns_.module(); }

private:
    [[nodiscard]] sdk::HttpRequest list_request(const ListQuery& query,
                                                const std::string& fields) const;
    Listed list_pass(const ListQuery& query, const std::string& fields,
                     const PageReader::Mode& mode, abi::BatchWriter& out);
    void read_chunk(const Chunk& chunk, Absent absent, abi::BatchWriter& out);
    /// Completes the records of `first`, which the first pass gave, and appends them to `out`.
    void complete(Page& page, abi::BatchWriter& first, abi::BatchWriter& out);
    [[nodiscard]] sdk::HttpRequest ids_request(std::span<const std::string> ids,
                                               const std::string& fields) const;
    /// Reads the answer to ids_request(). False if records must be asked for one by one.
    bool read_by_ids(const sdk::HttpResponse& response, std::span<const std::string> ids,
                     Page& page, abi::BatchWriter& out);
    void add_cut_rows(std::string_view body, std::string_view read, abi::BatchWriter& out);
    void whole(const std::string& id, Absent absent, abi::BatchWriter& out);
    [[nodiscard]] std::vector<std::string> passes() const;
    [[nodiscard]] sdk::Url records_url() const;

    Api& api_;
    const Columns& columns_;
    PageReader reader_;
    std::optional<sdk::BegunRequest> expected_;
    bool looked_ = false;              // for fields that pages lack
    bool ids_parameter_works_ = true;  // `ids` in Get Records is not documented everywhere
    bool target_module_works_ = true;  // whether $se_module may be asked for is not either
};

}  // namespace kontor::zoho
