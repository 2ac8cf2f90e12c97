// Which kinds of push and pull the story has had: a kind that it loses would not be crashed any
// more.
#include <span>

#include "tests/simulation/story.hpp"

namespace kontor::simulation {
namespace {

// R0 knows people, companies and leads; R1, which is met later, companies only.
constexpr const char* kWanted[] = {
    // A first load, and what a pull brings after it.
    "R0 pull l account", "R0 pull l lead", "R0 pull i contact", "R0 pull i account",
    "R0 pull u contact.email only_theirs", "R0 pull u account.phone only_theirs",
    "R0 pull d contact deleted_there", "R0 pull u contact.account_id reference_arrived",
    // Creates, changes and deletions that are sent, and what is refused.
    "R0 push create Accounts ok Main_Contact", "R0 push create Contacts ok Account",
    "R0 push update Contacts ok Phone", "R0 push update Contacts ok Account",
    "R0 push delete Contacts ok", "R0 push create Accounts invalid",
    "R0 push update Contacts invalid",
    // Both sides have changed a field, or one has deleted what the other has changed.
    "asked edit resolve decided", "asked edit append decided", "asked edit sum decided",
    "asked delete edit_wins decided", "R0 pull r contact edit_wins",
    // A record that was merged, and leads that became contacts: pulled ones, and one that was made
    // from here; what was typed into one goes on.
    "R0 pull u contact.street merged_there", "R0 push create Leads ok", "R0 push update Leads ok",
    "R0 pull d lead deleted_there", "R0 pull u contact.phone converted_there",
    "a lead from here became a contact",
    // Rows of a company: typed here, completed there, changed there.
    "R0 push update Accounts ok Items", "R0 pull u account.items completed_there",
    "R0 pull u account.items only_theirs",
    // Companies of R1 that are here already: certainly, and as a person has said.
    "matched R1 phone+name", "matched R1 resolve", "asked match name>resolve decided",
    // What one remote tells the other: what R0 has from its colleagues is made, changed and deleted
    // at R1, and R1's made and changed at R0.
    "R1 push create Accounts ok Phone=030 1234567", "R1 push update Accounts ok Phone=146",
    "R1 push delete Accounts ok", "R1 pull i account", "R1 pull u account.phone only_theirs",
    "R0 push create Accounts ok Phone=145", "R0 push update Accounts ok Phone=147"};
// Only where a record is known again by its key.
constexpr const char* kWantedWithKey[] = {"R0 restored what was to be made again"};

}  // namespace

void Story::note_push(const Server& server, const std::string& stream, const remote::Change& change,
                      const remote::PushResult& result) {
    static constexpr const char* kOps[] = {"create", "update", "delete"};
    const std::string what = server.name() + " push " + kOps[static_cast<int>(change.op)] + " " +
                             stream + " " + std::string(remote::to_string(result.status));
    pushed_.insert(what);
    if (change.op == remote::ChangeOp::kDelete) return;
    for (const auto& field : change.fields) {
        if (field.value.is_null()) continue;
        pushed_.insert(what + " " + field.field);
        if (stream == "Accounts" && field.field == "Phone")
            pushed_.insert(what + " " + field.field + "=" + field.value.text());
    }
}

std::set<std::string> Story::kinds() const {
    std::set<std::string> out = pushed_;
    const auto add = [&](const std::string& query) {
        device_.each(query, [&](const replica::Statement& row) { out.emplace(row.text(0)); });
    };
    add("SELECT DISTINCT coalesce(substr(h.actor, 8, 2) || ' pull ', 'SQL ') || h.op || ' ' ||"
        " e.name || coalesce('.' || f.name, '') || coalesce(' ' || nullif(h.rule, ''), '') FROM"
        " kontor_history h JOIN kontor_entity e ON e.id = h.entity LEFT JOIN kontor_field f ON"
        " f.id = h.field");
    add("SELECT DISTINCT 'asked ' || kind || coalesce(' ' || nullif(rule, ''), '') || ' ' || state"
        " FROM kontor_conflict");
    add("SELECT DISTINCT 'matched ' || (args ->> 'connection') || ' ' || (args ->> 'rule') FROM"
        " kontor_notice WHERE kind = 'matched'");
    for (const auto& [id, lead] : server_.records("Leads"))
        if (lead.now.converted && !lead.born_of.empty())
            out.emplace("a lead from here became a contact");
    for (const auto& [id, contact] : server_.records("Contacts"))
        if (contact.ever_restored && !contact.now.deleted && contact.now.modified_by == "api")
            out.emplace("R0 restored what was to be made again");
    return out;
}

std::vector<std::string> Story::missing_kinds() const {
    const auto had = kinds();
    std::vector<std::string> out;
    const auto look_for = [&](std::span<const char* const> wanted) {
        for (const char* kind : wanted)
            if (!had.contains(kind)) out.emplace_back(kind);
    };
    look_for(kWanted);
    if (server_.traits().key_field) look_for(kWantedWithKey);
    return out;
}

}  // namespace kontor::simulation
