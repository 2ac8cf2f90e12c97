#include "tests/simulation/zoho/step.hpp"

#include "tests/simulation/time.hpp"

namespace kontor::simulation::zoho {
namespace {

struct Chance {
    Act act;
    unsigned weight;
    bool during;  ///< may happen while a sync runs
};
constexpr Chance kChances[] = {
    {Act::kType, 20, true},       {Act::kBlank, 3, true},        {Act::kBorn, 6, true},
    {Act::kPoint, 5, true},       {Act::kDelete, 3, true},       {Act::kTheirType, 20, true},
    {Act::kTheirBlank, 3, true},  {Act::kTheirBorn, 5, true},    {Act::kTheirPoint, 4, true},
    {Act::kTheirDelete, 3, true}, {Act::kTheirRestore, 2, true}, {Act::kTheirMerge, 1, false},
    {Act::kSync, 18, false},      {Act::kPowerCut, 2, true},     {Act::kWait, 6, false},
    {Act::kTrouble, 8, true},     {Act::kTokensEnd, 1, false},   {Act::kReopen, 2, false},
    {Act::kWithdrawn, 1, true},   {Act::kSignIn, 2, false},      {Act::kUsedUp, 1, true},
};

const Chance& draw(Dice& dice, bool during) {
    unsigned total = 0;
    for (const auto& chance : kChances)
        if (!during || chance.during) total += chance.weight;
    auto rolled = dice.roll(total);
    for (const auto& chance : kChances) {
        if (during && !chance.during) continue;
        if (rolled < chance.weight) return chance;
        rolled -= chance.weight;
    }
    return kChances[0];
}

std::int64_t amount_of(Act act, Dice& dice) {
    if (act == Act::kPowerCut) return static_cast<std::int64_t>(dice.roll(60));
    // Seconds, a quarter of an hour, or so long that a day's look at the metadata is due.
    constexpr milliseconds kWaits[] = {milliseconds{1'500}, std::chrono::minutes{15},
                                       std::chrono::hours{26}};
    return kWaits[dice.roll(10) == 0 ? 2 : dice.roll(2)].count();
}

}  // namespace

const std::vector<Kind>& kinds() {
    static const std::vector<Kind> all = {
        {"contact",
         "Contacts",
         {"last_name", "Last_Name"},
         {{"phone", "Phone"},
          {"title", "Title"},
          {"department", "Department"},
          {"description", "Description"},
          {"mailing_city", "Mailing_City"},
          {"mailing_street", "Mailing_Street"}}},
        {"account",
         "Accounts",
         {"name", "Account_Name"},
         {{"phone", "Phone"},
          {"description", "Description"},
          {"billing_city", "Billing_City"},
          {"billing_street", "Billing_Street"}}},
    };
    return all;
}

const char* to_string(Act act) {
    switch (act) {
        case Act::kType:
            return "type";
        case Act::kBlank:
            return "blank";
        case Act::kBorn:
            return "create";
        case Act::kPoint:
            return "point";
        case Act::kDelete:
            return "delete";
        case Act::kTheirType:
            return "they type";
        case Act::kTheirBlank:
            return "they blank";
        case Act::kTheirBorn:
            return "they create";
        case Act::kTheirPoint:
            return "they point";
        case Act::kTheirDelete:
            return "they delete";
        case Act::kTheirRestore:
            return "they restore";
        case Act::kTheirMerge:
            return "they merge";
        case Act::kSync:
            return "sync";
        case Act::kPowerCut:
            return "power cut";
        case Act::kWait:
            return "wait";
        case Act::kTrouble:
            return "trouble";
        case Act::kTokensEnd:
            return "tokens end";
        case Act::kWithdrawn:
            return "access withdrawn";
        case Act::kSignIn:
            return "sign in";
        case Act::kUsedUp:
            return "credits used up";
        case Act::kReopen:
            return "reopen";
    }
    return "";
}

std::vector<Step> generate(std::uint64_t seed) {
    Dice dice(seed * 3 + 5);
    Dice whose(seed * 3 + 6);
    std::vector<Step> out;
    Token token = 1;
    const auto count = 12 + dice.roll(28);
    int at = -1;
    for (std::uint64_t i = 0; i < count; ++i) {
        // After a sync some steps are moved into it.
        const bool during = at >= 0 && dice.percent(45);
        const auto& chance = draw(dice, during);
        Step step;
        step.act = chance.act;
        step.kind = dice.roll(4) == 0 ? 1 : 0;
        step.pick = dice.random().next();
        step.field = dice.random().next();
        step.token = token++;
        step.amount = amount_of(step.act, dice);
        step.beside = dice.percent(40);
        step.laptop = whose.roll(2);
        if (during) step.at = at += static_cast<int>(dice.roll(6));
        if (!during) at = step.act == Act::kSync ? 0 : -1;
        out.push_back(step);
    }
    return out;
}

std::string describe(const std::vector<Step>& steps) {
    std::string out;
    for (const auto& step : steps)
        out += std::string(step.at >= 0 ? "    at " + std::to_string(step.at) + ": " : "  ") +
               to_string(step.act) + (step.beside ? " (beside)" : "") + " laptop " +
               std::to_string(step.laptop) + " kind " + std::to_string(step.kind % kinds().size()) +
               " pick " + std::to_string(step.pick % 97) + " w" + std::to_string(step.token) +
               "z amount " + std::to_string(step.amount) + "\n";
    return out;
}

}  // namespace kontor::simulation::zoho
