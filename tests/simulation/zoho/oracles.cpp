// What must be true once all is at rest. Shares no code with the engine: the account's own dump is
// compared with the replica's rows.
#include "sync/engine/references.hpp"
#include "sync/replica/chain.hpp"
#include "sync/replica/integrity.hpp"
#include "tests/simulation/zoho/world.hpp"

namespace kontor::simulation::zoho {
namespace {

/// States of a link.
constexpr const char *kLive = "0", *kDetached = "3", *kDeletedThere = "4";

std::string stream_of(const std::string& connection, std::string_view module) {
    return "(SELECT s.id FROM kontor_stream s JOIN kontor_connection c ON c.id = s.connection WHERE"
           " c.name = '" +
           connection + "' AND s.name = '" + std::string(module) + "')";
}

/// Rows of a kind by their id there; those that have none under "row 7".
Crm::Records rows_of(const Laptop& laptop, const std::string& connection, const Kind& kind) {
    std::string columns = "x." + std::string(kind.title.column);
    for (const auto& field : kind.fields) columns += ", x." + std::string(field.column);
    const bool contact = kind.entity == "contact";
    columns += contact ? ", (SELECT a.ext_id FROM kontor_link a WHERE a.stream = " +
                             stream_of(connection, "Accounts") +
                             " AND a.record = x.account_id AND a.state IN (" + kLive + ", " +
                             kDetached + "))"
                       : ", NULL";
    Crm::Records out;
    laptop.each("SELECT x.id, l.ext_id, " + columns + " FROM " + std::string(kind.entity) +
                    " x LEFT JOIN kontor_link l ON l.record = x.id AND l.state = " + kLive +
                    " AND l.stream = " + stream_of(connection, kind.module),
                [&](const replica::Statement& row) {
                    const std::string id = row.is_null(1) ? "row " + std::string(row.text(0))
                                                          : std::string(row.text(1));
                    auto& record = out[id];
                    record[std::string(kind.title.name)] = row.text(2);
                    int column = 3;
                    for (const auto& field : kind.fields)
                        record[std::string(field.name)] = row.text(column++);
                    if (contact) record[kAccountField] = row.text(column);
                });
    return out;
}

/// Records about which a person has been asked, or that wait for a parent that is gone.
std::set<std::string> undecided(const Laptop& laptop) {
    std::set<std::string> out;
    laptop.each(
        "SELECT coalesce(l.ext_id, 'row ' || l.record) FROM kontor_conflict k JOIN"
        " kontor_link l ON l.id = k.link WHERE k.state = 'open' UNION SELECT"
        " coalesce(l.ext_id, 'row ' || l.record) FROM kontor_blocked b JOIN kontor_link l ON"
        " l.id = b.link WHERE b.code = '" +
            std::string(engine::kParentCode) + "'",
        [&](const replica::Statement& row) { out.emplace(row.text(0)); });
    return out;
}

/// Of what one CRM has deleted, what goes on at the other on its own.
std::set<std::string> left_alone(const Laptop& laptop, const std::string& connection,
                                 const Kind& kind) {
    std::set<std::string> out;
    laptop.each("SELECT ext_id, 'row ' || record FROM kontor_link WHERE stream = " +
                    stream_of(connection, kind.module) + " AND state IN (" + kDetached + ", " +
                    kDeletedThere + ")",
                [&](const replica::Statement& row) {
                    out.emplace(row.text(0));
                    out.emplace(row.text(1));
                });
    return out;
}

/// Contacts of which the CRM has shown an account that is not here: they wait for it.
std::set<std::string> waiting(const Laptop& laptop, const std::string& connection) {
    std::set<std::string> out;
    laptop.each(
        "SELECT DISTINCT l.ext_id FROM kontor_shadow w JOIN kontor_link l ON l.id = w.link"
        " WHERE w.waits AND l.stream = " +
            stream_of(connection, "Contacts"),
        [&](const replica::Statement& row) { out.emplace(row.text(0)); });
    return out;
}

}  // namespace

void World::check_values() {
    std::set<Token> found;
    const auto collect = [&](const std::string& query) {
        for (const auto& laptop : laptops_)
            laptop->each(query, [&](const replica::Statement& row) {
                for (int i = 0; i < row.columns(); ++i)
                    for_each_token(row.value(i), [&](Token token) { found.insert(token); });
            });
    };
    for (const auto& kind : kinds()) {
        collect("SELECT * FROM " + std::string(kind.entity));
        for (Crm* crm : crms())
            for (const auto& [id, record] : crm->live(kind))
                for (const auto& [name, value] : record)
                    for_each_token(value, [&](Token token) { found.insert(token); });
    }
    collect("SELECT old FROM kontor_history WHERE old IS NOT NULL");
    collect("SELECT base, ours, theirs FROM kontor_conflict");
    for (const auto* typed : {&typed_here_, &typed_there_})
        for (const Token token : *typed)
            if (!found.contains(token))
                violation("A1: w" + std::to_string(token) + "z was typed " +
                          (typed == &typed_here_ ? "here" : "there") + " and is nowhere");
}

void World::check_creates(Crm& crm, const std::string& where) {
    for (const auto& kind : kinds()) {
        std::map<std::string, int> count;
        for (const auto& [id, record] : crm.live(kind))
            if (++count[record.at(std::string(kind.title.name))] == 2)
                for_each_token(record.at(std::string(kind.title.name)), [&](Token token) {
                    if (created_.contains(token))
                        violation("A3: w" + std::to_string(token) + "z is twice at " + where);
                });
    }
}

void World::check_agreement(const Laptop& laptop, const std::string& who,
                            const std::string& connection, Crm& crm) {
    const auto open = undecided(laptop);
    // The other CRM goes on naming what it has deleted (docs/guarantees.md); Zoho blanks it.
    const auto waits =
        connection == kBeside ? waiting(laptop, connection) : std::set<std::string>();
    for (const auto& kind : kinds()) {
        const auto there = crm.live(kind);
        const auto here = rows_of(laptop, connection, kind);
        auto alone = left_alone(laptop, connection, kind);
        if (!beside_) alone.clear();
        const std::string what = who + ", " + std::string(kind.entity) + " ";
        for (const auto& [id, record] : there)
            if (!here.contains(id) && !open.contains(id) && !alone.contains(id))
                violation("B1: " + what + id + " is there and not here");
        for (const auto& [id, record] : here) {
            if (open.contains(id) || alone.contains(id)) continue;
            const auto other = there.find(id);
            if (other == there.end()) {
                violation("B1: " + what + id + " is here and not there");
                continue;
            }
            for (const auto& [name, value] : record) {
                const std::string& theirs = other->second.at(name);
                // It never comes, for it is no longer there either, and the last one stands here.
                const bool in_vain = name == kAccountField && theirs.empty() && waits.contains(id);
                if (theirs != value && !in_vain)
                    violation("B1: " + what + id + ": " + name + " is '" + value + "' here and '" +
                              theirs + "' there");
            }
        }
    }
    laptop.each(
        "SELECT l.record, b.code, b.message FROM kontor_blocked b JOIN kontor_link l ON"
        " l.id = b.link WHERE b.code <> '" +
            std::string(engine::kParentCode) + "'",
        [&](const replica::Statement& row) {
            violation("blocked: " + who + ", record " + std::string(row.text(0)) + ": " +
                      std::string(row.text(1)) + " " + std::string(row.text(2)));
        });
}

void World::check_replica(const Laptop& laptop) {
    const auto chain = replica::verify_history(laptop.local());
    if (!chain || chain->first_bad)
        violation("history: the chain does not verify: " +
                  (chain ? std::to_string(*chain->first_bad) : chain.error().message));
    const auto problems = replica::check_integrity(laptop.local(), replica::IntegrityDepth::kFull);
    if (!problems) return violation("integrity: " + problems.error().message);
    for (const auto& problem : *problems)
        violation("integrity: " + std::string(to_string(problem.kind)) + " " + problem.detail);
}

// Whatever changes while a sync reads is found by the next one, though it bears the stamp of what
// has been read, and no sweep looks for it.
void World::check_increments() {
    constexpr Token kToken = 900'000;
    constexpr int kEdits = 16, kRounds = 3;
    const auto edit_at = [&](int yield, std::uint64_t n) {
        during_.push_back({.act = Act::kTheirType,
                           .kind = n % kinds().size(),
                           .pick = n / kinds().size(),
                           .token = kToken + n,
                           .at = yield});
    };
    for (int i = 0; i < kEdits; ++i) edit_at(2 * i, static_cast<std::uint64_t>(i));
    for (int round = 0; round < kRounds && violations_.empty(); ++round) {
        sync(first(), {.streams = {}}, false);
        while (!during_.empty()) {
            perform(during_.front());
            during_.pop_front();
        }
    }
    if (violations_.empty()) check_agreement(first(), "the laptop, unswept", kZoho, organisation_);
}

// Another laptop that begins now knows the same.
void World::check_fresh_load() {
    Laptop fresh({.name = "kontor-zoho-fresh",
                  .folder = folder_ + "/fresh",
                  .organisation = organisation_.peer(),
                  .keys = organisation_.keys(),
                  .time = time_,
                  .trace = trace_,
                  .yield = [] {},
                  .seed = seed_ * 43},
                 outfit_);
    engine::Observer nobody;
    const auto report = fresh.sync(kZoho, {}, nobody);
    const Error* error = !report ? &report.error() : report->problem ? &*report->problem : nullptr;
    if (error != nullptr) return violation("a fresh load: " + error->message);
    check_agreement(fresh, "a fresh load", kZoho, organisation_);
}

}  // namespace kontor::simulation::zoho
