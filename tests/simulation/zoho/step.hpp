#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/tokens.hpp"

namespace kontor::simulation::zoho {

/// A field whose values are compared: its column here and its name there.
struct Watched {
    std::string_view column, name;
};

/// A kind of record that people edit.
struct Kind {
    std::string_view entity, module;
    Watched title;  ///< what a new record must have
    std::vector<Watched> fields;
};
[[nodiscard]] const std::vector<Kind>& kinds();
inline constexpr const char* kAccountField = "Account_Name";  ///< a contact's, there

enum class Act {
    // at a laptop, in plain SQL
    kType,
    kBlank,
    kBorn,
    kPoint,  ///< a contact at another account
    kDelete,
    // a colleague at Zoho
    kTheirType,
    kTheirBlank,
    kTheirBorn,
    kTheirPoint,
    kTheirDelete,
    kTheirRestore,
    kTheirMerge,  ///< one contact into another
    // the world
    kSync,
    kPowerCut,  ///< `amount` writes from now
    kWait,      ///< `amount` milliseconds
    kTrouble,
    kTokensEnd,  ///< Zoho forgets the access tokens
    kWithdrawn,  ///< an administrator withdraws Kontor's access
    kSignIn,     ///< … and somebody signs in again
    kUsedUp,     ///< others have used up the day's credits
    kReopen,     ///< kontord is started again
};
[[nodiscard]] const char* to_string(Act act);

/// One step of a scenario. Numbers are drawn once, so that a step means the same whatever other
/// steps are dropped.
struct Step {
    Act act = Act::kWait;
    std::uint64_t kind = 0, pick = 0, field = 0;
    Token token = 0;
    std::int64_t amount = 0;
    std::uint64_t laptop = 0;  ///< whose, where there are several
    bool beside = false;       ///< at the other CRM, if there is one, or with it
    int at = -1;               ///< ≥ 0: during the last kSync before it, at that yield of it
};

[[nodiscard]] std::vector<Step> generate(std::uint64_t seed);
[[nodiscard]] std::string describe(const std::vector<Step>& steps);

}  // namespace kontor::simulation::zoho
