// What must be true once all is at rest. Shares no code with the engine: the account's own dump is
// compared with the replica's rows.
#include "sync/engine/references.hpp"
#include "sync/replica/chain.hpp"
#include "sync/replica/integrity.hpp"
#include "tests/simulation/zoho/world.hpp"

namespace kontor::simulation::zoho {
namespace {

/// Rows of a kind by their id there; those that have none under "row 7".
Organisation::Records rows_of(const Laptop& laptop, const Kind& kind) {
    std::string columns = "x." + std::string(kind.title.column);
    for (const auto& field : kind.fields) columns += ", x." + std::string(field.column);
    const bool contact = kind.entity == "contact";
    columns += contact ? ", (SELECT a.ext_id FROM kontor_link a JOIN kontor_stream t ON t.id ="
                         " a.stream WHERE t.name = 'Accounts' AND a.record = x.account_id AND"
                         " a.state = 0)"
                       : ", NULL";
    Organisation::Records out;
    laptop.each("SELECT x.id, l.ext_id, " + columns + " FROM " + std::string(kind.entity) +
                    " x LEFT JOIN kontor_link l ON l.record = x.id AND l.state = 0 AND l.stream ="
                    " (SELECT id FROM kontor_stream WHERE name = '" +
                    std::string(kind.module) + "')",
                [&](const replica::Statement& row) {
                    const std::string id = row.is_null(1) ? "row " + std::string(row.text(0))
                                                          : std::string(row.text(1));
                    auto& record = out[id];
                    record[std::string(kind.title.name)] = row.text(2);
                    int column = 3;
                    for (const auto& field : kind.fields)
                        record[std::string(field.name)] = row.text(column++);
                    if (contact) record["Account_Name"] = row.text(column);
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

}  // namespace

void World::check_values() {
    std::set<Token> found;
    const auto collect = [&](const std::string& query) {
        laptop_.each(query, [&](const replica::Statement& row) {
            for (int i = 0; i < row.columns(); ++i)
                for_each_token(row.value(i), [&](Token token) { found.insert(token); });
        });
    };
    for (const auto& kind : kinds()) {
        collect("SELECT * FROM " + std::string(kind.entity));
        for (const auto& [id, record] : organisation_.live(kind))
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

void World::check_creates() {
    for (const auto& kind : kinds()) {
        std::map<std::string, int> count;
        for (const auto& [id, record] : organisation_.live(kind))
            if (++count[record.at(std::string(kind.title.name))] == 2)
                for_each_token(record.at(std::string(kind.title.name)), [&](Token token) {
                    if (created_.contains(token))
                        violation("A3: w" + std::to_string(token) + "z is there twice");
                });
    }
}

void World::check_agreement(const Laptop& laptop, const std::string& who) {
    const auto open = undecided(laptop);
    for (const auto& kind : kinds()) {
        const auto there = organisation_.live(kind);
        const auto here = rows_of(laptop, kind);
        const std::string what = who + ", " + std::string(kind.entity) + " ";
        for (const auto& [id, record] : there)
            if (!here.contains(id) && !open.contains(id))
                violation("B1: " + what + id + " is there and not here");
        for (const auto& [id, record] : here) {
            if (open.contains(id)) continue;
            const auto other = there.find(id);
            if (other == there.end()) {
                violation("B1: " + what + id + " is here and not there");
                continue;
            }
            for (const auto& [name, value] : record)
                if (other->second.at(name) != value)
                    violation("B1: " + what + id + ": " + name + " is '" + value + "' here and '" +
                              other->second.at(name) + "' there");
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

void World::check_replica() {
    const auto chain = replica::verify_history(laptop_.local());
    if (!chain || chain->first_bad)
        violation("history: the chain does not verify: " +
                  (chain ? std::to_string(*chain->first_bad) : chain.error().message));
    const auto problems = replica::check_integrity(laptop_.local(), replica::IntegrityDepth::kFull);
    if (!problems) return violation("integrity: " + problems.error().message);
    for (const auto& problem : *problems)
        violation("integrity: " + std::string(to_string(problem.kind)) + " " + problem.detail);
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
    const auto report = fresh.sync({}, nobody);
    const Error* error = !report ? &report.error() : report->problem ? &*report->problem : nullptr;
    if (error != nullptr) return violation("a fresh load: " + error->message);
    check_agreement(fresh, "a fresh load");
}

}  // namespace kontor::simulation::zoho
