#include "tests/simulation/zoho/world.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace kontor::simulation::zoho {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

/// A token younger than this is believed although it was refused.
constexpr minutes kTokenBelieved{2};
constexpr int kRoundsMax = 5;
/// For so long the host may believe that the day's credits are used up.
constexpr hours kCreditsBelieved{25};
/// Requests that a cycle may have refused for them.
constexpr int kRefusedMax = 10;

const Kind& kind_of_step(const Step& step) {
    return kinds()[step.kind % kinds().size()];
}

const Watched& field_of(const Step& step) {
    const auto& fields = kind_of_step(step).fields;
    return fields[step.field % fields.size()];
}

/// One of them; "" if there is none.
std::string pick(const std::vector<std::string>& from, std::uint64_t which) {
    return from.empty() ? std::string() : from[which % from.size()];
}

std::vector<std::string> ids_of(const Crm::Records& records) {
    std::vector<std::string> out;
    for (const auto& [id, record] : records) out.push_back(id);
    return out;
}

}  // namespace

World::World(const Outfit& outfit, std::string folder, std::uint64_t seed,
             const std::vector<Step>& steps, bool print)
    : outfit_(outfit),
      folder_(std::move(folder)),
      seed_(seed),
      steps_(steps),
      trace_(print),
      organisation_(time_, seed) {
    add_laptop("laptop");
    if (seed % 3 == 0) add_laptop("laptop-2");
    if (seed % 2 != 0) return;
    beside_.emplace(time_, seed * 47, trace_,
                    Beside::Hooks{.yield = [this] { yield(); },
                                  .gone = [this] { return first().disk().dead(); },
                                  .violation = [this](const auto& what) { violation(what); }});
    first().connect(beside_->account(), beside_->mapping());
}

void World::add_laptop(const std::string& name) {
    const Laptop::Parts parts{.name = "kontor-zoho-" + name,
                              .folder = folder_ + "/" + name,
                              .organisation = organisation_.peer(),
                              .keys = organisation_.keys(),
                              .time = time_,
                              .trace = trace_,
                              .yield = [this] { yield(); },
                              .seed = seed_ * 37 + laptops_.size() * 10,
                              .violation = [this](const std::string& what) { violation(what); }};
    laptops_.push_back(std::make_unique<Laptop>(parts, outfit_));
}

void World::wake(Laptop& laptop) {
    if (laptop.disk().dead() && syncing_ != &laptop) laptop.restart();
}

Outcome World::outcome() const {
    return {.violations = violations_,
            .hash = trace_.hash(),
            .tally = tally_,
            .simulated = time_.passed};
}

void World::violation(const std::string& what) {
    trace_.note("VIOLATION " + what);
    violations_.push_back(what);
}

void World::begin() {
    for (const auto& laptop : laptops_) {
        sync(*laptop, {}, false);
        if (auto on = laptop->set_push(kZoho, true); !on)
            violation("set_push: " + on.error().message);
    }
    if (!beside_) return;
    // What it has of its own, as Zoho has.
    for (const Kind& kind : kinds())
        for (const char* name : {"李", "Smith"})
            beside_->create(kind, name + std::string(" ") + std::string(kind.entity));
    sync_beside({}, false);
    if (auto on = first().set_push(kBeside, true); !on)
        violation("set_push: " + on.error().message);
}

void World::run() {
    begin();
    for (std::size_t i = 0; i < steps_.size() && violations_.empty();) {
        const Step& step = steps_[i++];
        while (i < steps_.size() && steps_[i].at >= 0) during_.push_back(steps_[i++]);
        perform(step);
        while (!during_.empty()) {  // the sync had fewer yields
            const Step late = during_.front();
            during_.pop_front();
            perform(late);
        }
    }
    if (violations_.empty()) come_to_rest();
    if (!violations_.empty()) return;
    check_values();
    check_creates(organisation_, "Zoho");
    if (beside_) check_creates(*beside_, "the other CRM");
    for (const auto& laptop : laptops_) {
        check_agreement(*laptop, laptop->name(), kZoho, organisation_);
        check_replica(*laptop);
    }
    if (beside_) check_agreement(first(), "the laptop and the other CRM", kBeside, *beside_);
    check_increments();
    check_fresh_load();
    if (const auto unknown = organisation_.violations(); !unknown.empty())
        violation("messages that Zoho does not know: " + unknown);
    trace_.mix(state());
}

void World::yield() {
    settle_credits();
    if (syncing_ == nullptr) return;
    ++yields_;
    while (!during_.empty() && during_.front().at <= yields_) {
        const Step step = during_.front();
        during_.pop_front();
        perform(step);
    }
}

// Also in the midst of a sync.
void World::settle_credits() {
    if (!credits_return_ || time_.now < *credits_return_) return;
    credits_return_.reset();
    organisation_.use_up_credits(false);
}

void World::sign_in() {
    if (!withdrawn_) return;
    withdrawn_ = false;
    organisation_.grant_access();
    for (const auto& laptop : laptops_) laptop->sign_in(organisation_.keys());
    tally_.add("signed in again");
}

void World::perform(const Step& step) {
    settle_credits();
    if (trace_.prints()) std::printf("%s", describe({step}).c_str());
    trace_.mix(static_cast<std::uint64_t>(step.act));
    trace_.mix(step.token);
    switch (step.act) {
        case Act::kWait:
            return time_.advance(milliseconds{step.amount});
        case Act::kTrouble:
            if (step.beside && beside_)
                return beside_->account().arm(
                    static_cast<Fault>(step.field % static_cast<unsigned>(kFaultCount)));
            return laptop(step).network().arm(
                static_cast<Trouble>(step.field % static_cast<unsigned>(kTroubleCount)));
        case Act::kTokensEnd:
            tokens_ended_ = time_.now;
            return organisation_.end_tokens();
        case Act::kWithdrawn:
            withdrawn_ = true;
            return organisation_.withdraw_access();
        case Act::kSignIn:
            return sign_in();
        case Act::kUsedUp:
            used_up_ = time_.now;
            credits_return_ = used_up_ + hours{1 + step.field % 6};
            tally_.add("credits used up");
            return organisation_.use_up_credits(true);
        case Act::kPowerCut:
            laptop(step).disk().cut_power_after(static_cast<std::uint64_t>(step.amount));
            tally_.add("power cuts");
            return wake(laptop(step));
        case Act::kReopen:
            return laptop(step).restart();
        case Act::kSync: {
            const engine::CycleOptions options{
                .sweep = step.field % 5 == 0, .push = step.field % 11 != 0, .streams = {}};
            return step.beside && beside_ ? sync_beside(options, true)
                                          : sync(laptop(step), options, true);
        }
        default:
            break;
    }
    if (step.act >= Act::kTheirType) return by_colleague(step);
    if (laptop(step).disk().dead()) return;  // nobody can type
    at_laptop(laptop(step), step);
    wake(laptop(step));
}

void World::at_laptop(Laptop& laptop, const Step& step) {
    const auto& kind = kind_of_step(step);
    const std::string entity(kind.entity), value = token_text(step.token);
    if (step.act == Act::kBorn) {
        if (!laptop.sql("INSERT INTO " + entity + "(" + std::string(kind.title.column) +
                        ") VALUES('" + value + "')"))
            return;
        typed_here_.insert(step.token);
        created_.insert(step.token);
        tally_.add("created here");
        return;
    }
    std::vector<std::string> ids, accounts;
    laptop.each("SELECT id FROM " + entity + " ORDER BY id",
                [&](const replica::Statement& row) { ids.emplace_back(row.text(0)); });
    laptop.each("SELECT id FROM account ORDER BY id",
                [&](const replica::Statement& row) { accounts.emplace_back(row.text(0)); });
    const auto id = pick(ids, step.pick);
    if (id.empty()) return;
    const std::string update = "UPDATE " + entity + " SET ";
    const std::string where = " WHERE id = " + id;
    const std::string column(field_of(step).column);
    switch (step.act) {
        case Act::kType:
            if (laptop.sql(update + column + " = '" + value + "'" + where))
                typed_here_.insert(step.token);
            return;
        case Act::kBlank:
            static_cast<void>(laptop.sql(update + column + " = NULL" + where));
            return;
        case Act::kPoint:
            if (entity == "contact" && !accounts.empty())
                static_cast<void>(laptop.sql(
                    "UPDATE contact SET account_id = " + pick(accounts, step.field) + where));
            return;
        case Act::kDelete:
            if (merged_away(laptop, kind_of_step(step), id)) return;
            static_cast<void>(laptop.sql("DELETE FROM " + entity + where));
            tally_.add("deleted here");
            return;
        default:
            return;
    }
}

// Values that a colleague replaces before anybody else has looked need not be kept by anybody.
void World::replaced_there(const Crm::Record& record) {
    for (const auto& [name, value] : record)
        for_each_token(value, [&](Token token) { typed_there_.erase(token); });
}

// Of a record that was deleted here and is merged there, Zoho turns the references to the winner
// without a new stamp, and here they are blank: nothing tells (guarantees.md).
bool World::all_have(const Kind& kind, const std::string& id) const {
    return std::ranges::all_of(laptops_, [&](const auto& laptop) {
        return laptop->text("SELECT x.id FROM " + std::string(kind.entity) +
                            " x JOIN kontor_link l ON l.record = x.id JOIN kontor_stream s ON s.id"
                            " = l.stream WHERE s.name = '" +
                            std::string(kind.module) + "' AND l.ext_id = '" + id + "'") != "";
    });
}

// … and the other way round: it has been merged there, and is deleted here before that was read.
bool World::merged_away(const Laptop& laptop, const Kind& kind, const std::string& record) const {
    return merged_.contains(
        laptop.text("SELECT l.ext_id FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream"
                    " WHERE s.name = '" +
                    std::string(kind.module) + "' AND l.record = " + record));
}

std::vector<Crm*> World::crms() {
    std::vector<Crm*> out{&organisation_};
    if (beside_) out.push_back(&*beside_);
    return out;
}

Crm& World::crm(const Step& step) {
    if (step.beside && beside_) return *beside_;
    return organisation_;
}

void World::by_colleague(const Step& step) {
    const auto& kind = kind_of_step(step);
    Crm& there = crm(step);
    const bool at_zoho = &there == &organisation_;
    const std::string value = token_text(step.token);
    auto records = there.live(kind);
    const auto ids = ids_of(records);
    const auto id = pick(ids, step.pick);
    const std::string field(field_of(step).name);
    tally_.add(at_zoho ? "by colleagues" : "by colleagues beside");
    switch (step.act) {
        case Act::kTheirBorn:
            if (there.create(kind, value)) typed_there_.insert(step.token);
            return;
        case Act::kTheirRestore:
            // Of one that was merged, what referred to it goes on with the winner, and nothing
            // tells if it is back before anybody has looked (guarantees.md).
            if (const auto gone = pick(there.deleted(kind), step.pick);
                !gone.empty() && !merged_.contains(gone))
                there.restore(kind, gone);
            return;
        case Act::kTheirMerge: {
            const auto winner = pick(ids, step.pick + 1);
            if (winner.empty() || winner == id || !all_have(kind, id)) return;
            if (!there.merge(kind, id, winner)) return;
            replaced_there(records[id]);
            merged_.insert(id);
            return;
        }
        default:
            break;
    }
    if (id.empty()) return;
    switch (step.act) {
        case Act::kTheirType:
            if (!there.edit(kind, id, field, value)) return;
            replaced_there({{field, records[id][field]}});
            // Between the look and the write nobody can keep what is replaced (guarantees.md).
            if (syncing_ == nullptr) typed_there_.insert(step.token);
            return;
        case Act::kTheirBlank:
            if (there.edit(kind, id, field, std::nullopt))
                replaced_there({{field, records[id][field]}});
            return;
        case Act::kTheirPoint: {
            const auto account = pick(ids_of(there.live(kinds()[1])), step.field);
            if (kind.entity == "contact" && !account.empty()) there.point(kind, id, account);
            return;
        }
        case Act::kTheirDelete:
            if (there.erase(kind, id)) replaced_there(records[id]);
            return;
        default:
            return;
    }
}

Result<engine::CycleReport> World::carry_out(Laptop& laptop, const std::string& connection,
                                             const engine::CycleOptions& options) {
    class Yielding final : public engine::Observer {
    public:
        explicit Yielding(World& world) : world_(world) {}
        void committed() override { world_.yield(); }

    private:
        World& world_;
    };
    Yielding observer(*this);
    yields_ = 0;
    syncing_ = &laptop;
    auto report = laptop.sync(connection, options, observer);
    syncing_ = nullptr;
    time_.advance(milliseconds{1'000});
    if (report)
        for (const auto& counts : report->streams) {
            tally_.add("conflicts", counts.conflicts);
            tally_.add("updated at " + connection, counts.updated_there);
            tally_.add("created at " + connection, counts.created_there);
            tally_.add("updated here", counts.updated_here);
        }
    return report;
}

void World::sync_beside(const engine::CycleOptions& options, bool troubles_allowed) {
    if (syncing_ != nullptr) return;
    tally_.add("cycles beside");
    static_cast<void>(beside_->account().take_fired());
    const auto report = carry_out(first(), kBeside, options);
    const int fired = beside_->account().take_fired();
    tally_.add("troubles beside", fired);
    const Error* error = !report ? &report.error() : report->problem ? &*report->problem : nullptr;
    const bool dead = first().disk().dead();
    if (dead) first().restart();
    if (error == nullptr || dead) return;
    if (trace_.prints()) trace_.note("cycle beside: " + error->message);
    trace_.mix(error->message);
    if (fired == 0 || !troubles_allowed)
        violation("cycle beside: " + std::string(to_string(error->code)) + ": " + error->message);
}

void World::sync(Laptop& laptop, const engine::CycleOptions& options, bool troubles_allowed) {
    if (syncing_ != nullptr) return;
    tally_.add("cycles");
    static_cast<void>(laptop.network().take_fired());
    static_cast<void>(laptop.network().take_refused());
    laptop.network().forget_limit();
    const bool withdrawn = withdrawn_;
    const auto writes = organisation_.writes();
    const auto report = carry_out(laptop, kZoho, options);
    const int fired = laptop.network().take_fired();
    tally_.add("troubles", fired);
    const Error* error = !report ? &report.error() : report->problem ? &*report->problem : nullptr;
    const bool dead = laptop.disk().dead();
    if (dead) laptop.restart();
    if (laptop.network().take_refused() > kRefusedMax)
        violation("D4: a cycle asks on and on although the credits are used up");
    if (withdrawn && organisation_.writes() != writes)
        violation("a cycle writes although its access was withdrawn");
    if (withdrawn && error == nullptr && !dead)
        violation("a cycle says nothing of its access having been withdrawn");
    if (error == nullptr || dead) return;
    if (trace_.prints()) trace_.note("cycle: " + error->message);
    trace_.mix(error->message);
    const bool tokens =
        error->code == Errc::kUnauthenticated && time_.now - tokens_ended_ < kTokenBelieved;
    const bool withdrawn_meanwhile = error->code == Errc::kUnauthenticated && withdrawn_;
    const bool credits =
        error->code == Errc::kRateLimited && time_.now - used_up_ < kCreditsBelieved;
    if (!tokens && !withdrawn_meanwhile && !credits && (fired == 0 || !troubles_allowed))
        violation("cycle: " + std::string(to_string(error->code)) + ": " + error->message);
}

// All that a sync may change; rows are in it by their history.
std::string World::state() {
    std::string out = std::to_string(organisation_.writes());
    if (beside_) out += " " + std::to_string(beside_->writes());
    for (const auto& laptop : laptops_) add_state(*laptop, out);
    return out;
}

void World::add_state(const Laptop& laptop, std::string& out) const {
    for (const char* query :
         {"SELECT max(seq) FROM kontor_history",
          "SELECT id || ' ' || coalesce(ext_id, '') || ' ' || state || ' ' || dirty FROM "
          "kontor_link"
          " ORDER BY id",
          "SELECT link || ' ' || grp || ' ' || hex(theirs) || hex(ours) FROM kontor_shadow ORDER BY"
          " link, grp",
          "SELECT link || ' ' || op || ' ' || state FROM kontor_intent ORDER BY id",
          "SELECT link || ' ' || code || ' ' || message FROM kontor_blocked ORDER BY link",
          "SELECT id || ' ' || state FROM kontor_conflict ORDER BY id"})
        laptop.each(query, [&](const replica::Statement& row) {
            out += '\n';
            out += row.text(0);
        });
}

// Troubles stop; then syncs run until nothing is left to say.
void World::come_to_rest() {
    for (const auto& laptop : laptops_) {
        laptop->network().disarm();
        wake(*laptop);
        laptop->disk().cut_power_after(UINT64_MAX / 2);
    }
    if (beside_) beside_->account().disarm();
    time_.advance(hours{30});
    settle_credits();
    sign_in();
    for (int round = 0; round < kRoundsMax && violations_.empty(); ++round) {
        const auto before = state();
        const engine::CycleOptions options{.sweep = round == 0, .streams = {}};
        for (const auto& laptop : laptops_) sync(*laptop, options, false);
        if (beside_) sync_beside(options, false);
        time_.advance(minutes{15});
        if (state() == before) return;
    }
    if (violations_.empty()) violation("C1: does not come to rest");
}

}  // namespace kontor::simulation::zoho
