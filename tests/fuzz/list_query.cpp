// Filters, sorting and the place to go on from, as programs send them: whatever it is, the replica
// answers or says what is wrong with it, and SQL is never at a loss.
#include "daemon/api/record_query.hpp"
#include "sync/base/random.hpp"
#include "sync/replica/migrations.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace kontor;

struct Office {
    Office() : db(fresh()), catalogue(*replica::Catalogue::load(db)) {
        must_hold(db.execute("INSERT INTO deal(name, closing_date) VALUES ('张', '2026-01-01'),"
                             " ('Li', NULL), (NULL, '2026-02-01')")
                      .has_value());
    }
    static replica::Database fresh() {
        auto db = replica::Database::open(":memory:", {.create = true});
        SystemRandom random;
        must_hold(db.has_value() && replica::migrate(*db, random).has_value());
        return std::move(*db);
    }
    replica::Database db;
    replica::Catalogue catalogue;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Office office;
    api::ApiRequest request;
    if (!api::parse_target(as_text(data, size), request)) return 0;
    const auto& entity = *office.catalogue.entity("deal");
    const auto query = api::read_query(request, entity);
    if (!query) {
        must_hold(query.error().code == Errc::kInvalid);
        return 0;
    }
    const auto page = replica::list(office.db, office.catalogue, *query);
    const auto count = replica::count(office.db, office.catalogue, *query);
    if (!page) {
        must_hold(page.error().code == Errc::kInvalid || page.error().code == Errc::kNotFound);
        return 0;
    }
    must_hold(page->records.size() <= static_cast<std::size_t>(query->limit));
    must_hold(count.has_value() && *count <= 3);
    if (query->after.empty() && query->offset == 0)
        must_hold(page->records.size() == static_cast<std::size_t>(std::min(*count, query->limit)));
    return 0;
}
