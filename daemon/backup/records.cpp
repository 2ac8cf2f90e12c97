#include "daemon/backup/records.hpp"

#include "daemon/api/record_filter.hpp"
#include "sync/engine/only_read.hpp"
#include "sync/engine/turn_back.hpp"
#include "sync/replica/lookup.hpp"
#include "sync/replica/past_query.hpp"

namespace kontor::backup {
namespace {

Result<std::vector<replica::Filter>> filters_of(const replica::Entity& entity,
                                                const std::vector<api::Where>& where) {
    std::vector<replica::Filter> out;
    for (const auto& one : where) {
        const auto compare = replica::compare_from(one.compare);
        if (!compare)
            return fail(Errc::kInvalid, "there is no comparison " + one.compare,
                        {{"key", "filter"}, {"field", one.field}});
        auto filter = api::typed_filter(entity, one.field, *compare, one.value);
        if (!filter) return pass(filter);
        out.push_back(std::move(*filter));
    }
    return out;
}

}  // namespace

Result<replica::PutBack> restore_records(const replica::Database& live, const Past& past,
                                         const RecordsWanted& wanted, const Clock& clock,
                                         Random& random, const std::string& actor, bool preview) {
    const auto at = format_instant(wanted.at);
    // A copy of its own is made what it was: then it can be asked as any replica.
    if (!past.own())
        if (auto done = engine::turn_back(past.db(), clock, random, at); !done) return pass(done);
    const auto catalogue = replica::Catalogue::load(past.db());
    if (!catalogue) return tl::unexpected<Error>(catalogue.error());
    auto found_entity = replica::find_entity(*catalogue, wanted.entity);
    if (!found_entity) return pass(found_entity);
    const auto* entity = *found_entity;
    std::int64_t seq = INT64_MAX;
    if (past.own()) {
        const auto found = past.seq_at(wanted.at);
        if (!found) return tl::unexpected<Error>(found.error());
        seq = *found;
    }
    auto records = wanted.records;
    if (!wanted.where.empty()) {
        const auto filters = filters_of(*entity, wanted.where);
        if (!filters) return tl::unexpected<Error>(filters.error());
        auto found = past.own()
                         ? replica::changed_that_were(past.db(), *entity, seq, *filters, random)
                         : replica::ids_of(past.db(), *catalogue, entity->name, *filters);
        if (!found) return pass(found);
        records = std::move(*found);
    }
    const replica::PastRecords then{past.db(), entity->name, records, seq, at};
    const auto only_read = engine::only_read_of(live);
    if (!preview) return replica::put_back(live, then, clock, actor, only_read);
    auto plan = replica::preview_put_back(live, then, only_read);
    if (!plan) return pass(plan);
    return replica::PutBack{std::move(*plan), 0};
}

Result<> compare_moments(
    const Past& past, Instant first, Instant last, const std::string& entity,
    const std::function<bool(const std::string& entity, const replica::Difference&)>& visit) {
    const auto catalogue = replica::Catalogue::load(past.db());
    if (!catalogue) return tl::unexpected<Error>(catalogue.error());
    if (!entity.empty())
        if (auto known = replica::find_entity(*catalogue, entity); !known) return pass(known);
    const auto from = past.seq_at(first);
    if (!from) return tl::unexpected<Error>(from.error());
    const auto to = past.seq_at(last);
    if (!to) return tl::unexpected<Error>(to.error());
    bool more = true;
    for (const auto& one : catalogue->entities()) {
        if (!more || (!entity.empty() && one.name != entity)) continue;
        auto done = replica::compare(past.db(), one, *from, *to, [&](const auto& found) {
            more = visit(one.name, found);
            return more;
        });
        if (!done) return done;
    }
    return {};
}

}  // namespace kontor::backup
