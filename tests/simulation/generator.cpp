#include <algorithm>
#include <array>

#include "tests/simulation/step.hpp"

namespace kontor::simulation {
namespace {

using merge::Policy;
using remote::FieldType;

constexpr const char* kActNames[] = {"type",
                                     "type_address",
                                     "type_name",
                                     "blank",
                                     "point",
                                     "count",
                                     "born",
                                     "born_account",
                                     "delete",
                                     "replace",
                                     "upsert",
                                     "rolled_back",
                                     "type_read_only",
                                     "type_wrong",
                                     "type_refused",
                                     "undo_run",
                                     "undo_entry",
                                     "resolve",
                                     "choose",
                                     "retry",
                                     "map_late",
                                     "reform",
                                     "dry_run",
                                     "sync",
                                     "restart",
                                     "power_cut",
                                     "disk_full",
                                     "their_type",
                                     "their_address",
                                     "their_blank",
                                     "their_point",
                                     "their_count",
                                     "their_born",
                                     "their_born_account",
                                     "their_delete",
                                     "their_restore",
                                     "their_merge",
                                     "their_late",
                                     "forbid",
                                     "allow",
                                     "hide",
                                     "show",
                                     "wait",
                                     "clock_jump",
                                     "fault",
                                     "their_backup",
                                     "their_set_back",
                                     "their_replaced",
                                     "accept",
                                     "back_up",
                                     "restore",
                                     "type_lead",
                                     "born_lead",
                                     "delete_lead",
                                     "their_type_lead",
                                     "their_born_lead",
                                     "their_convert",
                                     "their_retype",
                                     "follow",
                                     "type_rows",
                                     "undo_rows",
                                     "their_type_rows",
                                     "sync_beside",
                                     "type_of",
                                     "delete_of",
                                     "their_type_of",
                                     "their_delete_of",
                                     "their_restore_of",
                                     "lose_push",
                                     "their_targets",
                                     "their_target_goes",
                                     "their_turn",
                                     "type_target",
                                     "turn",
                                     "their_kept",
                                     "their_lose",
                                     "type_kept",
                                     "narrow",
                                     "widen"};
static_assert(std::size(kActNames) == static_cast<std::size_t>(Act::kWiden) + 1);

/// How often each act is drawn. Syncs and waits are added by the generator.
struct Weight {
    Act act;
    unsigned weight;
};
constexpr std::array kWeights{
    Weight{Act::kType, 24},        Weight{Act::kTypeAddress, 4},  Weight{Act::kTypeName, 4},
    Weight{Act::kBlank, 4},        Weight{Act::kPoint, 7},        Weight{Act::kCount, 3},
    Weight{Act::kBorn, 8},         Weight{Act::kBornAccount, 4},  Weight{Act::kDelete, 5},
    Weight{Act::kReplace, 3},      Weight{Act::kUpsert, 2},       Weight{Act::kRolledBack, 1},
    Weight{Act::kTypeReadOnly, 2}, Weight{Act::kTypeWrong, 1},    Weight{Act::kTypeRefused, 2},
    Weight{Act::kUndoRun, 2},      Weight{Act::kUndoEntry, 3},    Weight{Act::kResolve, 5},
    Weight{Act::kChoose, 2},       Weight{Act::kRetry, 2},        Weight{Act::kMapLate, 2},
    Weight{Act::kReform, 1},       Weight{Act::kDryRun, 1},       Weight{Act::kRestart, 1},
    Weight{Act::kPowerCut, 3},     Weight{Act::kDiskFull, 2},     Weight{Act::kTheirType, 24},
    Weight{Act::kTheirAddress, 4}, Weight{Act::kTheirBlank, 4},   Weight{Act::kTheirPoint, 5},
    Weight{Act::kTheirCount, 3},   Weight{Act::kTheirBorn, 6},    Weight{Act::kTheirBornAccount, 4},
    Weight{Act::kTheirDelete, 5},  Weight{Act::kTheirRestore, 3}, Weight{Act::kTheirMerge, 2},
    Weight{Act::kTheirLate, 4},    Weight{Act::kForbid, 2},       Weight{Act::kAllow, 2},
    Weight{Act::kClockJump, 2},    Weight{Act::kFault, 14}};

Policy any_policy(Dice& dice) {
    static constexpr Policy kPolicies[] = {Policy::kNewest, Policy::kNewest, Policy::kManual,
                                           Policy::kRemote, Policy::kLocal};
    return kPolicies[dice.roll(std::size(kPolicies))];
}

FieldModel plain(Dice& dice, const char* remote, const char* column,
                 FieldType type = FieldType::kText) {
    FieldModel out;
    out.remote = remote;
    out.columns = {column};
    out.type = type;
    out.policy = any_policy(dice);
    static constexpr Policy kFallbacks[] = {Policy::kManual, Policy::kRemote, Policy::kLocal};
    out.fallback = kFallbacks[dice.roll(std::size(kFallbacks))];
    return out;
}

FieldModel reference(Dice& dice, const char* remote, const char* column, const char* target) {
    FieldModel out = plain(dice, remote, column, FieldType::kReference);
    out.target = target;
    return out;
}

Habit any_phone_habit(Dice& dice) {
    static constexpr Habit kHabits[] = {Habit::kKeep, Habit::kUpper, Habit::kPrefix};
    return kHabits[dice.roll(std::size(kHabits))];
}

StreamModel accounts(Dice& dice) {
    StreamModel out{.name = "Accounts", .entity = "account", .fields = {}};
    out.fields.push_back(plain(dice, "Name", "name"));
    out.fields.push_back(plain(dice, "Phone", "phone", FieldType::kPhone));
    out.fields.back().habit = any_phone_habit(dice);
    out.fields.push_back(reference(dice, "Parent", "parent_id", "Accounts"));
    if (dice.percent(50))
        out.fields.push_back(reference(dice, "Main_Contact", "main_contact_id", "Contacts"));
    return out;
}

StreamModel contacts(Dice& dice, bool computes) {
    StreamModel out{.name = "Contacts", .entity = "contact", .fields = {}};
    if (dice.percent(40)) {
        out.fields.push_back(plain(dice, "Full_Name", "first_name"));
        out.fields.back().columns.emplace_back("last_name");
    } else {
        out.fields.push_back(plain(dice, "First_Name", "first_name"));
        out.fields.push_back(plain(dice, "Last_Name", "last_name"));
    }
    out.fields.push_back(plain(dice, "Phone", "phone", FieldType::kPhone));
    out.fields.back().habit = any_phone_habit(dice);
    out.fields.push_back(plain(dice, "Email", "email", FieldType::kEmail));
    out.fields.push_back(plain(dice, "City", "city"));
    out.fields.back().group = "address";
    const FieldModel city = out.fields.back();
    out.fields.push_back(city);
    out.fields.back().remote = "Street";
    out.fields.back().columns = {"street"};
    out.fields.push_back(plain(dice, "Notes", "notes", FieldType::kLongText));
    if (dice.percent(40)) out.fields.back().habit = Habit::kTruncate;
    if (dice.percent(30)) out.fields.back().cut_in_lists = true;
    if (dice.percent(20)) out.fields.back().policy = Policy::kAppend;
    out.fields.push_back(plain(dice, "Budget", "budget", FieldType::kDecimal));
    out.fields.push_back(plain(dice, "Visits", "visits", FieldType::kInteger));
    if (dice.percent(60)) out.fields.back().policy = Policy::kSum;
    out.fields.push_back(reference(dice, "Account", "account_id", "Accounts"));
    out.fields.push_back(plain(dice, "Extra", "extra"));
    out.fields.back().late = true;
    if (computes) {
        out.fields.push_back(plain(dice, "Score", "score"));
        out.fields.back().computed = true;
    }
    return out;
}

// Only one remote computes: two that compute one column would be two systems of record for it.
RemoteModel remote_model(Dice& dice, bool computes) {
    RemoteModel out;
    out.streams = {accounts(dice), contacts(dice, computes)};
    static constexpr Policy kAgainstEdit[] = {Policy::kLocal, Policy::kLocal, Policy::kRemote,
                                              Policy::kManual};
    for (StreamModel& stream : out.streams)
        stream.delete_against_edit = kAgainstEdit[dice.roll(std::size(kAgainstEdit))];
    return out;
}

ServerTraits server_traits(Dice& dice) {
    ServerTraits out;
    static constexpr std::int64_t kPrecisions[] = {1, 1'000, 1'000, 60'000};
    out.precision = milliseconds{kPrecisions[dice.roll(std::size(kPrecisions))]};
    out.skew = dice.upto(milliseconds{20'000}) - milliseconds{10'000};
    static constexpr std::int64_t kLags[] = {0, 0, 3'000, 60'000, 600'000};
    out.index_lag_max = milliseconds{kLags[dice.roll(std::size(kLags))]};
    out.latency_max = milliseconds{1 + static_cast<std::int64_t>(dice.roll(1'500))};
    out.opaque_versions = dice.percent(25);
    out.answers_version = dice.percent(80);
    out.deleted_feed = dice.percent(75);
    out.gone_says_deleted = dice.percent(30);
    out.key_field = dice.percent(70);
    out.keyset = dice.percent(70);
    out.nulls_lookups = dice.percent(40);
    out.unique_email = dice.percent(20);
    if (out.opaque_versions && dice.percent(60))
        out.cas = dice.percent(50) ? remote::CompareAndSet::kSingle : remote::CompareAndSet::kBatch;
    out.page_size = 1 + dice.roll(5);
    out.push_batch_max = 1 + static_cast<int>(dice.roll(4));
    // Not a draw of its own: all others stay as they are. Only who answers soon is read meanwhile.
    out.fetch_with_push = out.latency_max.count() % 2 == 0;
    if (out.fetch_with_push) out.latency_max /= 10;
    return out;
}

Act any_act(Dice& dice) {
    unsigned total = 0;
    for (const Weight& one : kWeights) total += one.weight;
    auto at = dice.roll(total);
    for (const Weight& one : kWeights) {
        if (at < one.weight) return one.act;
        at -= one.weight;
    }
    return Act::kType;
}

milliseconds any_wait(Dice& dice) {
    static constexpr std::int64_t kWaits[] = {500,    2'000,   2'000,     20'000,
                                              20'000, 600'000, 7'200'000, 93'600'000};
    return dice.upto(milliseconds{kWaits[dice.roll(std::size(kWaits))]});
}

/// Draws steps; the scenario's topology is there already.
class Drawer {
public:
    Drawer(Dice& dice, Scenario& scenario) : dice_(dice), scenario_(scenario) {}

    void draw(int count) {
        // Something to work on, at both ends.
        for (int i = 0; i < 3; ++i) add(any(Act::kTheirBorn));
        add(any(Act::kTheirBornAccount));
        add(any(Act::kBorn));
        while (static_cast<int>(scenario_.steps.size()) < count) {
            if (dice_.percent(14))
                add_clash();
            else if (dice_.percent(8))
                add_second_thoughts();
            else if (dice_.percent(24))
                add_sync();
            else
                add(any(any_act(dice_)));
            if (dice_.percent(20)) {
                Step wait = any(Act::kWait);
                wait.amount = any_wait(dice_).count();
                add(wait);
            }
        }
    }

private:
    Step any(Act act) {
        Step out;
        out.act = act;
        // A step at a device that has a connection, or at a remote that somebody is connected to.
        const Connection& where = scenario_.connections[dice_.roll(scenario_.connections.size())];
        out.device = where.device;
        out.remote = where.remote;
        // Mostly the same few records and fields, so that people get into each other's way.
        if (dice_.percent(60))
            spot_ = {dice_.roll(dice_.percent(50) ? 3 : 1'000'000), dice_.roll(1'000'000)};
        out.pick = spot_.first;
        out.field = spot_.second;
        out.token = next_token_;
        next_token_ += 2;
        switch (act) {
            case Act::kDiskFull:
                out.amount = 1 + static_cast<std::int64_t>(dice_.roll(12));
                break;
            case Act::kPowerCut:
                out.amount = static_cast<std::int64_t>(dice_.roll(60));
                break;
            case Act::kClockJump:
                out.amount = any_wait(dice_).count() * (dice_.percent(50) ? 1 : -1);
                break;
            case Act::kTheirLate:
                out.amount = dice_.upto(milliseconds{5'000}).count();
                break;
            default:
                out.amount = static_cast<std::int64_t>(dice_.roll(1'000));
        }
        return out;
    }
    void add(Step step) { scenario_.steps.push_back(step); }

    // Both sides change one field of one record between two syncs, or during one.
    void add_clash() {
        static constexpr Act kHere[] = {Act::kType,  Act::kType,   Act::kTypeAddress, Act::kBlank,
                                        Act::kPoint, Act::kDelete, Act::kReplace};
        static constexpr Act kThere[] = {Act::kTheirType,  Act::kTheirType,  Act::kTheirAddress,
                                         Act::kTheirBlank, Act::kTheirPoint, Act::kTheirDelete,
                                         Act::kTheirLate};
        const Step sync = any(Act::kSync);
        Step here = any(kHere[dice_.roll(std::size(kHere))]);
        Step there = any(kThere[dice_.roll(std::size(kThere))]);
        here.device = sync.device;
        there.remote = sync.remote;
        there.pick = here.pick = dice_.roll(4);
        there.field = here.field;
        if (dice_.percent(10)) {  // others refer to accounts
            here.act = Act::kType;
            there.act = Act::kTheirDelete;
            here.field = there.field = typed::kAccountName;
        }
        if (dice_.percent(50)) std::swap(here, there);
        if (dice_.percent(60)) {
            add(here);
            if (dice_.percent(60)) {
                add(there);
                add(sync);
                return;
            }
        }
        add(sync);
        here.at = static_cast<int>(dice_.roll(10));
        there.at = here.at + static_cast<int>(dice_.roll(4));
        if (scenario_.steps.size() < 2 ||
            scenario_.steps[scenario_.steps.size() - 2].token != here.token)
            add(here);
        add(there);
    }

    // Somebody types into a field, and again while the first value is on its way; an answer may be
    // lost then, or the device stop.
    void add_second_thoughts() {
        static constexpr Act kFirst[] = {Act::kType,  Act::kType,  Act::kTypeAddress,
                                         Act::kCount, Act::kPoint, Act::kBorn};
        static constexpr Act kThen[] = {Act::kType, Act::kType, Act::kTypeAddress, Act::kBlank,
                                        Act::kDelete};
        static constexpr Act kTrouble[] = {Act::kFault, Act::kRestart, Act::kPowerCut};
        const Step sync = any(Act::kSync);
        Step first = any(kFirst[dice_.roll(std::size(kFirst))]);
        Step then = any(kThen[dice_.roll(std::size(kThen))]);
        if (dice_.percent(60) && first.act != Act::kBorn) then.act = first.act;
        first.device = then.device = sync.device;
        then.pick = first.pick;
        then.field = first.field;
        then.at = static_cast<int>(dice_.roll(14));
        add(first);
        add(sync);
        add(then);
        if (dice_.percent(40)) {
            Step trouble = any(kTrouble[dice_.roll(std::size(kTrouble))]);
            trouble.device = sync.device;
            trouble.remote = sync.remote;
            trouble.at = then.at + static_cast<int>(dice_.roll(3));
            add(trouble);
        }
        if (dice_.percent(50)) add(sync);
    }

    void add_sync() {
        const Step sync = any(Act::kSync);
        add(sync);
        const auto inside = dice_.percent(75) ? dice_.roll(6) : 0;
        std::vector<int> yields;
        for (std::uint64_t i = 0; i < inside; ++i)
            yields.push_back(static_cast<int>(dice_.roll(dice_.percent(50) ? 10 : 30)));
        std::ranges::sort(yields);
        for (const int at : yields) {
            Step step = any(dice_.percent(12)   ? Act::kSync
                            : dice_.percent(25) ? Act::kFault
                                                : any_act(dice_));
            step.at = at;
            add(step);
        }
    }

    Dice& dice_;
    Scenario& scenario_;
    Token next_token_ = 1;
    std::pair<std::uint64_t, std::uint64_t> spot_;
};

}  // namespace

const char* to_string(Act act) {
    return kActNames[static_cast<int>(act)];
}

std::string to_string(const Step& step) {
    std::string out = step.at >= 0 ? "   at " + std::to_string(step.at) + ": " : "";
    out += to_string(step.act);
    out += " dev" + std::to_string(step.device) + " R" + std::to_string(step.remote);
    out += " pick=" + std::to_string(step.pick) + " field=" + std::to_string(step.field) +
           " token=" + std::to_string(step.token) + " amount=" + std::to_string(step.amount);
    if (step.act == Act::kFault)
        out += std::string(" ") +
               to_string(static_cast<Fault>(step.field % static_cast<unsigned>(kFaultCount)));
    return out;
}

Scenario generate(std::uint64_t seed, const Size& size) {
    Dice dice(seed);
    Scenario out;
    out.seed = seed;
    const int any_devices = dice.percent(60) ? 1 : 2 + static_cast<int>(dice.roll(2));
    const int any_remotes = dice.percent(65) ? 1 : 2;
    out.devices = size.devices > 0 ? size.devices : any_devices;
    const int remotes = size.remotes > 0 ? size.remotes : any_remotes;
    for (int i = 0; i < remotes; ++i) {
        out.remotes.push_back(remote_model(dice, i == 0));
        out.traits.push_back(server_traits(dice));
    }
    // Device 0 knows all remotes. The others know one: two devices that both bridge the same two
    // remotes would hand each other's copies on for ever (docs/guarantees.md).
    for (int i = 0; i < remotes; ++i) out.connections.push_back({0, i});
    for (int i = 1; i < out.devices; ++i)
        out.connections.push_back({i, static_cast<int>(dice.roll(static_cast<unsigned>(remotes)))});
    out.one_user = dice.percent(30);
    // Else the other's writes cannot be told from our own (docs/guarantees.md).
    if (out.one_user && out.devices > 1)
        for (ServerTraits& one : out.traits) one.answers_version = true;
    const int steps = size.steps > 0 ? size.steps : 20 + static_cast<int>(dice.roll(50));
    Drawer(dice, out).draw(steps);
    twist(out);
    return out;
}

std::string describe(const Scenario& scenario) {
    std::string out =
        "seed " + std::to_string(scenario.seed) + ", " + std::to_string(scenario.devices) +
        " devices" + (scenario.one_user ? " (one user)" : "") +
        (scenario.twists.reader ? ", somebody reads along" : "") +
        (scenario.twists.fights ? ", remotes insist" : "") +
        (scenario.twists.loads_late ? ", loaded late" : "") +
        (scenario.twists.slow ? ", slow" : "") + (scenario.twists.ends ? ", connectors end" : "") +
        (scenario.twists.set_back ? ", a remote is set back" : "") +
        (scenario.twists.quota > 0
             ? ", " + std::to_string(scenario.twists.quota) + " requests a day"
             : "") +
        (scenario.twists.restored ? ", a replica is restored" : "") +
        (scenario.twists.resends ? ", pushes arrive twice" : "") +
        (scenario.twists.converts ? ", leads are converted" : "") +
        (scenario.twists.retypes ? ", fields change their type" : "") +
        (scenario.twists.late_reads ? ", reads lag" : "") +
        (scenario.twists.rows ? ", accounts have rows" : "") +
        (scenario.twists.close_calls ? ", writes come close" : "") +
        (scenario.twists.settings ? ", rare settings" : "") +
        (scenario.twists.spelled ? ", numbers in two spellings" : "") +
        (scenario.twists.beside ? ", two loads at once" : "") +
        (scenario.twists.late_page ? ", a load with a page that lags" : "") +
        (scenario.twists.cut_texts ? ", long texts are cut" : "") +
        (scenario.twists.let_go ? ", lists show what was let go" : "") +
        (scenario.twists.found_again ? ", one in doubt is restored" : "") +
        (scenario.twists.back_again ? ", one in doubt comes back" : "") +
        (scenario.twists.targets ? ", targets go" : "") +
        (scenario.twists.again ? ", lost ones are made again" : "") +
        (scenario.twists.lost_time ? ", time is lost" : "") +
        (scenario.twists.narrows ? ", mappings are narrowed" : "") +
        (scenario.twists.hidden ? ", a field is hidden" : "") +
        (scenario.twists.twins > 0 ? ", " + std::to_string(scenario.twists.twins) + " twins" : "") +
        "\n";
    for (std::size_t i = 0; i < scenario.traits.size(); ++i) {
        const ServerTraits& t = scenario.traits[i];
        out += "  R" + std::to_string(i) + ": precision " + std::to_string(t.precision.count()) +
               " ms, lag " + std::to_string(t.index_lag_max.count()) + " ms, pages of " +
               std::to_string(t.page_size) + (t.keyset ? " by key" : " by offset") +
               ", batches of " + std::to_string(t.push_batch_max) +
               (t.opaque_versions ? ", revisions" : "") +
               (t.cas != remote::CompareAndSet::kNone ? ", compare-and-set" : "") +
               (t.fetch_with_push ? ", reads while it writes" : "") +
               (t.answers_version ? "" : ", answers without version") +
               (t.deleted_feed ? "" : ", no deleted feed") +
               (t.feed_keeps.count() > 0
                    ? ", deletions told for " + std::to_string(t.feed_keeps.count()) + " h"
                    : "") +
               (t.key_field ? "" : ", no key") + (t.upserts ? "" : ", no upsert") +
               (t.nulls_lookups ? ", nulls look-ups" : "") +
               (t.unique_email ? ", unique e-mail" : "") + "\n";
        for (const auto& stream : scenario.remotes[i].streams) {
            out += "    " + stream.name + ": delete against edit " +
                   std::string(merge::to_string(stream.delete_against_edit));
            static constexpr const char* kDeletes[] = {"mirror", "unlink", "ask"};
            if (scenario.twists.settings)
                out += std::string(", delete there ") +
                       kDeletes[static_cast<int>(stream.delete_there)] + ", here " +
                       kDeletes[static_cast<int>(stream.delete_here)] + ", relayed " +
                       kDeletes[static_cast<int>(stream.delete_relayed)];
            for (const auto& field : stream.fields)
                out += ", " + field.remote + " " + std::string(merge::to_string(field.policy)) +
                       (field.policy == Policy::kNewest
                            ? ">" + std::string(merge::to_string(field.fallback))
                            : "") +
                       (field.owner.empty() ? "" : " " + field.owner) +
                       (field.habit == Habit::kUpper      ? " (upper)"
                        : field.habit == Habit::kPrefix   ? " (prefix)"
                        : field.habit == Habit::kTruncate ? " (truncates)"
                                                          : "") +
                       (field.cut_in_lists ? " (cut)" : "");
            out += "\n";
        }
    }
    for (const Connection& one : scenario.connections)
        out += "  dev" + std::to_string(one.device) + " - R" + std::to_string(one.remote) + "\n";
    for (const Step& step : scenario.steps) out += "  " + to_string(step) + "\n";
    return out;
}

}  // namespace kontor::simulation
