#pragma once
// Get Records, single records, counts, deleted records and search.

#include "tests/peers/zoho/api_error.hpp"
#include "tests/peers/zoho/call.hpp"
#include "tests/peers/zoho/criteria.hpp"
#include "tests/peers/zoho/org.hpp"
#include "tests/peers/zoho/output.hpp"
#include "tests/peers/zoho/page_token.hpp"

namespace kontor::peer::zoho {

class ReadApi {
public:
    explicit ReadApi(Org& org) : org_(org), output_(org) {}

    Response list(Call& call, const Module& module);
    /// `whole`: nothing is cut (fetch_full_data).
    Response single(Call& call, const Module& module, std::string_view id, bool whole = false);
    /// The rows of one record's subform, as its related list shows them.
    Response subform_rows(Call& call, const Module& module, std::size_t field, std::string_view id);
    Response count(Call& call, const Module& module);
    Response search(Call& call, const Module& module);
    /// Records of `module` whose lookup `field` names `parent_id` (related lists).
    Response related(Call& call, const Module& module, std::size_t field,
                     std::string_view parent_id);
    /// Records of `module` that are linked to the record `id`.
    Response linked(Call& call, const Module& module, const std::string& id);

    /// Throws ApiError when `fields` is missing or names too many.
    std::vector<std::size_t> requested_fields(const Call& call, const Module& module) const;
    /// The instant of If-Modified-Since; throws ApiError 400 when malformed.
    static std::optional<std::int64_t> modified_since(const Call& call);
    static std::int64_t positive(const Call& call, std::string_view name, std::int64_t fallback,
                                 std::int64_t most);

private:
    struct Plan;
    struct Page;

    Plan plan(const Call& call, const Module& module) const;
    Page fetch(const Plan& plan, const Module& module) const;
    bool wanted(const Plan& plan, const RowReader& reader) const;
    Response by_ids(const Call& call, const Module& module, const Plan& plan,
                    std::string_view ids) const;
    Response answer(const Plan& plan, const Module& module, const Page& page) const;
    Response matching(const Call& call, const Module& module, const Condition& condition,
                      std::int64_t reach) const;
    Condition search_condition(const Call& call, const Module& module) const;

    Org& org_;
    Output output_;
};

}  // namespace kontor::peer::zoho
