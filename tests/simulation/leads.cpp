// D7: leads, which colleagues convert into contacts while people here edit them.
#include "tests/simulation/leads.hpp"

#include <algorithm>

#include "tests/simulation/oracles.hpp"
#include "tests/simulation/put_steps.hpp"

namespace kontor::simulation {
namespace {

constexpr Token kLeadTokens = 5'000'000;

/// Fields of a lead, and whether a contact has the column too.
struct LeadField {
    const char* remote;
    const char* column;
    bool goes_on;
};
constexpr LeadField kLeadFields[] = {
    {"Phone", "phone", true}, {"Last_Name", "last_name", true}, {"Company", "company", false}};

StreamModel lead_stream(Dice& dice, const RemoteModel& remote) {
    static constexpr merge::Policy kPolicies[] = {merge::Policy::kNewest, merge::Policy::kManual,
                                                  merge::Policy::kRemote, merge::Policy::kLocal};
    StreamModel out{.name = "Leads", .entity = "lead", .fields = {}};
    for (const LeadField& one : kLeadFields) {
        FieldModel field;
        field.remote = one.remote;
        field.columns = {one.column};
        field.policy = kPolicies[dice.roll(std::size(kPolicies))];
        out.fields.push_back(std::move(field));
    }
    out.fields.front().type = remote::FieldType::kPhone;
    out.fields.front().habit = remote.stream("Contacts").field("Phone")->habit;
    out.delete_against_edit = kPolicies[1 + dice.roll(3)];
    return out;
}

/// Steps of one connection, in their order.
class LeadDrawer {
public:
    LeadDrawer(Dice& dice, const Connection& where, Token& next_token)
        : dice_(dice), next_token_(next_token) {
        step_.device = where.device;
        step_.remote = where.remote;
        step_.pick = dice.roll(3);
        step_.field = dice.roll(1'000);
    }
    void add(Act act, int at = -1) {
        step_.act = act;
        step_.at = at;
        step_.token = next_token_;
        step_.amount = static_cast<std::int64_t>(dice_.roll(1'000));
        if (act == Act::kSync) step_.field |= 1U;  // not a sweep each time
        next_token_ += 4;
        steps.push_back(step_);
    }
    std::vector<Step> steps;

private:
    Dice& dice_;
    Token& next_token_;
    Step step_;
};

}  // namespace

void add_leads(Scenario& scenario) {
    Dice dice(scenario.seed + 0x1EAD);
    if (!dice.percent(12)) return;
    scenario.twists.converts = true;
    for (RemoteModel& remote : scenario.remotes) {
        auto leads = lead_stream(dice, remote);
        // Before what they become, or after.
        if (dice.percent(50))
            remote.streams.push_back(std::move(leads));
        else
            remote.streams.insert(remote.streams.begin(), std::move(leads));
    }
    Token next_token = kLeadTokens;
    static constexpr Act kActs[] = {Act::kTypeLead,     Act::kTypeLead,      Act::kBornLead,
                                    Act::kDeleteLead,   Act::kTheirTypeLead, Act::kTheirBornLead,
                                    Act::kTheirConvert, Act::kTheirConvert};
    for (auto n = 3 + dice.roll(6); n > 0; --n) {
        const auto at = put_in(dice, scenario, kActs[dice.roll(std::size(kActs))], 0);
        scenario.steps[at].token = next_token;
        scenario.steps[at].pick = dice.roll(3);
        next_token += 4;
    }
    // Somebody types into a lead that is converted before the remote is told, or meanwhile.
    for (auto n = 1 + dice.roll(3); n > 0; --n) {
        LeadDrawer drawer(dice, scenario.connections[dice.roll(scenario.connections.size())],
                          next_token);
        drawer.add(dice.percent(70) ? Act::kTheirBornLead : Act::kBornLead);
        drawer.add(Act::kSync);
        if (dice.percent(60)) {
            drawer.add(Act::kTypeLead);
            drawer.add(Act::kTheirConvert);
            drawer.add(Act::kSync);
        } else {
            drawer.add(Act::kSync);
            const int at = static_cast<int>(dice.roll(12));
            drawer.add(Act::kTypeLead, at);
            drawer.add(Act::kTheirConvert, at + static_cast<int>(dice.roll(4)));
            drawer.add(Act::kSync);
        }
        put_whole(dice, scenario, drawer.steps);
    }
}

void World::lead_here(Device& device, const Step& step) {
    if (device.disk().dead()) return;
    const auto text = [](Token token) { return "'" + token_text(token) + "'"; };
    const auto count = static_cast<std::uint64_t>(device.number("SELECT count(*) FROM lead"));
    const std::string where =
        count == 0 ? ""
                   : " WHERE id = " + device
                                          .text("SELECT id FROM lead ORDER BY id LIMIT 1 OFFSET " +
                                                std::to_string(step.pick % count))
                                          .value_or("0");
    if (step.act == Act::kBornLead) {
        write_sql(device,
                  "INSERT INTO lead(last_name, phone, company) VALUES(" + text(step.token) + ", " +
                      text(step.token + 1) + ", " + text(step.token + 2) + ")",
                  {step.token, step.token + 1, step.token + 2});
    } else if (count > 0 && step.act == Act::kTypeLead) {
        write_sql(device,
                  std::string("UPDATE lead SET ") +
                      kLeadFields[step.field % std::size(kLeadFields)].column + " = " +
                      text(step.token) + where,
                  {step.token});
    } else if (count > 0) {
        write_sql(device, "DELETE FROM lead" + where, {});
    }
    if (device.disk().dead() && std::ranges::find(syncing_, device.number()) == syncing_.end())
        restart(device);
}

void World::lead_there(Server& server, const Step& step) {
    const auto leads = server.live("Leads");
    const auto typed = [&](std::initializer_list<Token> tokens) {
        ledger_.typed_there.insert(tokens);
        tally_.add("edits there");
    };
    if (step.act == Act::kTheirBornLead) {
        typed({step.token, step.token + 1, step.token + 2});
        server.create("Leads",
                      {{"Last_Name", Value(token_text(step.token))},
                       {"Phone", Value(token_text(step.token + 1))},
                       {"Company", Value(token_text(step.token + 2))}},
                      "colleague");
        return;
    }
    if (leads.empty()) return;
    const std::string& lead = leads[step.pick % leads.size()];
    if (step.act == Act::kTheirTypeLead) {
        typed({step.token});
        server.edit("Leads", lead,
                    {{kLeadFields[step.field % std::size(kLeadFields)].remote,
                      Value(token_text(step.token))}},
                    "colleague");
        return;
    }
    const auto contacts = server.live("Contacts");
    const auto amount = static_cast<std::uint64_t>(step.amount);
    const bool into = amount % 4 == 0 && !contacts.empty();
    server.convert(lead, into ? contacts[amount % contacts.size()] : "", amount % 3 == 0);
    tally_.add("leads converted");
}

// In a column that the contact has too: it is there, or was, or stands in its history or in a
// question about it.
void check_conversions(World& world) {
    if (!world.scenario().twists.converts) return;
    for (const auto& device : world.devices()) {
        std::set<Token> with_contacts;
        for (const char* query :
             {"SELECT * FROM contact",
              "SELECT h.old FROM kontor_history h JOIN kontor_entity e ON e.id = h.entity WHERE"
              " h.old IS NOT NULL AND e.name = 'contact'",
              "SELECT k.base, k.ours, k.theirs FROM kontor_conflict k JOIN kontor_link l ON"
              " l.id = k.link JOIN kontor_stream s ON s.id = l.stream WHERE s.name = 'Contacts'"})
            device->each(query, [&](const replica::Statement& row) {
                for (int i = 0; i < row.columns(); ++i)
                    for_each_token(row.value(i), [&](Token token) { with_contacts.insert(token); });
            });
        device->each(
            "SELECT c.name, l.ext_id, f.name, v.old FROM kontor_history d JOIN kontor_stream s"
            " ON s.entity = d.entity JOIN kontor_link l ON l.stream = s.id AND l.record = d.record"
            " JOIN kontor_connection c ON c.id = s.connection JOIN kontor_history v"
            " ON v.entity = d.entity AND v.record = d.record AND v.op = 'd' AND v.seq < d.seq"
            " AND v.seq > coalesce((SELECT max(seq) FROM kontor_history p WHERE p.entity = d.entity"
            " AND p.record = d.record AND p.field IS NULL AND p.seq < d.seq), 0)"
            " JOIN kontor_field f ON f.id = v.field WHERE s.name = 'Leads' AND d.op = 'd' AND"
            " d.field IS NULL AND d.rule = 'deleted_there' AND l.ext_id IS NOT NULL AND"
            " (d.actor = 'remote:' || c.name OR d.actor LIKE 'remote:' || c.name || ':%')",
            [&](const replica::Statement& row) {
                const std::string name(row.text(0)), id(row.text(1)), column(row.text(2));
                const auto& server = device->connection(name).account->server();
                const auto* lead = server.find("Leads", id);
                const auto token = first_token(row.value(3));
                const bool goes_on = std::ranges::any_of(kLeadFields, [&](const LeadField& field) {
                    return field.goes_on && field.column == column;
                });
                if (!token || lead == nullptr || !lead->now.converted || !goes_on) return;
                world.tally().add("leads followed");
                if (!world.ledger().typed_here.contains(*token) || server.has_held(*token) ||
                    with_contacts.contains(*token))
                    return;
                world.violation("D7: w" + std::to_string(*token) + "z was typed into " + id +
                                " of " + name + " at dev" + std::to_string(device->number()) +
                                " before that was converted, and did not go on with " +
                                lead->now.successor);
            });
    }
}

}  // namespace kontor::simulation
