#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/account.hpp"
#include "tests/simulation/server.hpp"
#include "tests/simulation/tokens.hpp"

namespace kontor::simulation {

/// What may happen. Who: a person or program at a device, a colleague at a remote, or the world.
enum class Act {
    // at a device, in plain SQL
    kType,         ///< a new value into one field
    kTypeAddress,  ///< both fields of a group
    kTypeName,     ///< first and last name
    kBlank,
    kPoint,  ///< a reference
    kCount,  ///< adds to a counter
    kBorn,   ///< a new contact
    kBornAccount,
    kDelete,
    kReplace,  ///< INSERT OR REPLACE over a record
    kUpsert,
    kRolledBack,  ///< an edit that is taken back before its commit
    kTypeReadOnly,
    kTypeWrong,    ///< text into a number, a reference to nobody
    kTypeRefused,  ///< a value that the remote will not take
    // at a device, through Kontor
    kUndoRun,
    kUndoEntry,
    kResolve,
    kChoose,  ///< the other value of a decided conflict
    kRetry,
    kMapLate,  ///< a field joins the mapping
    kReform,   ///< the connector describes a field otherwise
    kDryRun,
    kSync,
    kRestart,
    kPowerCut,  ///< `amount` writes from now
    kDiskFull,  ///< for `amount` writes
    // a colleague
    kTheirType,
    kTheirAddress,
    kTheirBlank,
    kTheirPoint,
    kTheirCount,
    kTheirBorn,
    kTheirBornAccount,
    kTheirDelete,
    kTheirRestore,
    kTheirMerge,
    kTheirLate,  ///< shows later than its stamp says
    kForbid,
    kAllow,
    kHide,  ///< a field, from all that use the API
    kShow,  ///< all fields again
    // the world
    kWait,  ///< `amount` milliseconds
    kClockJump,
    kFault,
    // of twists only
    kTheirBackup,
    kTheirSetBack,   ///< to that backup
    kTheirReplaced,  ///< another organisation behind the address
    kAccept,         ///< a person goes on with what is there now
    kBackUp,         ///< the device's replica is copied …
    kRestore,        ///< … and put back
    kTypeLead,       ///< a device
    kBornLead,
    kDeleteLead,
    kTheirTypeLead,  ///< a colleague
    kTheirBornLead,
    kTheirConvert,  ///< a lead becomes a contact
    kTheirRetype,   ///< a field becomes one of another type, or length
    kFollow,        ///< a person takes the mapping that the remote's fields ask for now
    kTypeRows,      ///< a device
    kUndoRows,      ///< takes back what somebody here has typed of rows
    kTheirTypeRows,
    kSyncBeside,  ///< while the device syncs with another remote
    kTypeOf,      ///< at a device: into the contact that token `pick` names
    kDeleteOf,
    kTheirTypeOf,  ///< … a colleague
    kTheirDeleteOf,
    kTheirRestoreOf,
    kLosePush,         ///< the next push does not arrive, or (`amount` odd) its answer
    kTheirTargets,     ///< accounts, and a contact that refers to the first of them
    kTheirTargetGoes,  ///< that first one: merged into the second, or deleted
    kTheirTurn,        ///< the contact refers to another of them
    kTypeTarget,       ///< a device types into the first
    kTurn,             ///< … and turns the contact to the third, or to one of its own
    kTheirKept,        ///< a contact that is known by its street …
    kTheirLose,        ///< … and deleted
    kTypeKept,         ///< a device types into it
    kNarrow,           ///< a person has the mapping send less for a while
    kWiden,            ///< … and as much as before
};
[[nodiscard]] const char* to_string(Act act);

/// A `pick` that stands for what was made last, at a device or by a colleague.
inline constexpr std::uint64_t kPickLast = UINT64_MAX;

/// A `field` of kTheirSetBack: the ids that were given since are given again.
inline constexpr std::uint64_t kIdsAgain = UINT64_MAX;

/// What a step's `field` stands for where it says which column is typed into (actions.cpp).
namespace typed {
inline constexpr std::uint64_t kPhone = 0, kEmail = 1, kNotes = 2, kBudget = 3, kCity = 5,
                               kAccountName = 7;
}  // namespace typed

/// One step of a scenario. Numbers are drawn once, so that a step means the same whatever other
/// steps are dropped: `pick` and `field` choose among what there is then.
struct Step {
    Act act = Act::kWait;
    int device = 0;
    int remote = 0;
    std::uint64_t pick = 0;
    std::uint64_t field = 0;
    Token token = 0;  ///< this and the next are its own
    std::int64_t amount = 0;
    /// ≥ 0: during the last kSync before it, at that yield of it.
    int at = -1;
};
[[nodiscard]] std::string to_string(const Step& step);

/// How one device is connected.
struct Connection {
    int device = 0;
    int remote = 0;
};

/// What not every story has. Drawn apart, so that the others stay what they were.
struct Twists {
    bool reader = false;  ///< another program reads along (D8)
    bool fights = false;  ///< each remote sets telephone numbers to one of its own (C3)
    /// So many people are at every remote when the story begins, and the first device meets all
    /// remotes but one only later (D7).
    int twins = 0;
    /// The first device has made no sync when the story begins: it loads remotes that are full and
    /// in use (B4).
    bool loads_late = false;
    bool slow = false;        ///< remotes that tell their time slowly (D1)
    bool ends = false;        ///< what gets lost may be lost because the connector's process ended
    bool set_back = false;    ///< a remote is set back, or replaced by another organisation (B5)
    int quota = 0;            ///< requests a day for each connection; 0: no limit
    bool restored = false;    ///< a device's replica is put back to an earlier state
    bool no_upsert = false;   ///< a remote with a key field makes whatever it is told to (A3)
    bool late_reads = false;  ///< reads by id may show what was there before a change
    bool forgets = false;     ///< lists of deletions forget them after a day or more
    bool converts = false;    ///< leads, which become contacts at the remote (D7)
    bool retypes = false;     ///< fields change their type at the remote
    bool resends = false;  ///< what is pushed may arrive twice; the second answer comes back (A3)
    bool rows = false;     ///< accounts have rows, which a remote completes
    bool close_calls = false;  ///< writes that a remote tells little about
    bool spelled = false;      ///< twins' telephone numbers are the same, in two spellings (b)
    bool beside = false;       ///< two remotes with twins are loaded at once (D7)
    bool late_page = false;    ///< amid the first load comes a page that lags (B1)
    bool cut_texts = false;    ///< a list breaks off that shows what is to be read by id (B3)
    bool let_go = false;       ///< lists show what is known to be gone, and is made again (A4)
    bool found_again = false;  ///< what may have been made again is restored (C1)
    bool back_again = false;   ///< what may have been made comes back after its deletion (A3)
    bool settings = false;     ///< policies and deletion settings that few choose (C7)
    bool targets = false;      ///< what records refer to goes at the remote (D7)
    bool again = false;        ///< what a remote has lost is made again by several devices (D7)
    bool lost_time = false;    ///< what happened between a backup and its return matters (B5)
    bool narrows = false;      ///< mappings that send less for a while (C1)
    bool hidden = false;       ///< people type into a field that is hidden for a while (A7)
};

/// Everything that one seed stands for.
struct Scenario {
    std::uint64_t seed = 0;
    int devices = 1;
    std::vector<RemoteModel> remotes;
    std::vector<ServerTraits> traits;
    std::vector<Connection> connections;
    bool one_user = false;  ///< all devices log on as the same user
    Twists twists;
    std::vector<Step> steps;
};

struct Size {
    int devices = 0, remotes = 0, steps = 0;  ///< 0: from the seed
};
[[nodiscard]] Scenario generate(std::uint64_t seed, const Size& size);
/// Draws the twists of a scenario, and puts steps of theirs among its own.
void twist(Scenario& scenario);
/// What Twists has, by name: for choosing seeds.
[[nodiscard]] std::vector<std::string> twist_names();
[[nodiscard]] bool has_twist(const Twists& twists, const std::string& name);
[[nodiscard]] std::string describe(const Scenario& scenario);

}  // namespace kontor::simulation
