#include "tests/simulation/story.hpp"

#include <algorithm>

#include "sync/engine/decisions.hpp"
#include "sync/replica/chain.hpp"
#include "sync/replica/integrity.hpp"
#include "tests/simulation/summary.hpp"

namespace kontor::simulation {
namespace {

using merge::Policy;
using remote::FieldType;

constexpr const char* kRemote = "R0";
constexpr const char* kSecond = "R1";
constexpr std::size_t kDoubtfulMax = 100;

FieldModel field(const char* remote, const char* column, Policy policy,
                 FieldType type = FieldType::kText) {
    FieldModel out;
    out.remote = remote;
    out.columns = {column};
    out.type = type;
    out.policy = policy;
    return out;
}

FieldModel reference(const char* remote, const char* column, const char* target) {
    FieldModel out = field(remote, column, Policy::kLocal, FieldType::kReference);
    out.target = target;
    return out;
}

engine::CycleOptions with_sweep() {
    engine::CycleOptions options;
    options.sweep = true;
    return options;
}

// Policies that no clock decides: a crash takes time.
RemoteModel model() {
    StreamModel accounts{.name = "Accounts", .entity = "account", .fields = {}};
    accounts.fields = {field("Name", "name", Policy::kRemote),
                       field("Phone", "phone", Policy::kLocal, FieldType::kPhone),
                       reference("Parent", "parent_id", "Accounts"),
                       reference("Main_Contact", "main_contact_id", "Contacts"),
                       field("Items", "items", Policy::kManual, FieldType::kJson)};
    accounts.fields.back().habit = Habit::kRows;
    StreamModel contacts{.name = "Contacts", .entity = "contact", .fields = {}};
    contacts.fields = {field("Last_Name", "last_name", Policy::kRemote),
                       field("Phone", "phone", Policy::kLocal, FieldType::kPhone),
                       field("Email", "email", Policy::kRemote, FieldType::kEmail),
                       field("City", "city", Policy::kManual),
                       field("Street", "street", Policy::kManual),
                       field("Notes", "notes", Policy::kAppend, FieldType::kLongText),
                       field("Visits", "visits", Policy::kSum, FieldType::kInteger),
                       reference("Account", "account_id", "Accounts"),
                       field("Extra", "extra", Policy::kManual),
                       field("Score", "score", Policy::kRemote)};
    contacts.fields[1].habit = Habit::kPrefix;
    contacts.fields[3].group = contacts.fields[4].group = "address";
    contacts.fields[5].cut_in_lists = true;
    contacts.fields[8].late = true;
    contacts.fields[9].computed = true;
    StreamModel leads{.name = "Leads", .entity = "lead", .fields = {}};
    leads.fields = {field("Last_Name", "last_name", Policy::kRemote),
                    field("Phone", "phone", Policy::kLocal, FieldType::kPhone),
                    field("Company", "company", Policy::kRemote)};
    leads.fields[1].habit = Habit::kPrefix;
    RemoteModel out;
    out.streams = {std::move(accounts), std::move(contacts), std::move(leads)};
    return out;
}

// It knows companies only, and is told what the first one has deleted.
RemoteModel second_model() {
    StreamModel accounts{.name = "Accounts", .entity = "account", .fields = {}};
    accounts.fields = {field("Name", "name", Policy::kLocal),
                       field("Phone", "phone", Policy::kRemote, FieldType::kPhone)};
    accounts.delete_relayed = merge::DeletePolicy::kMirror;
    RemoteModel out;
    out.streams = {std::move(accounts)};
    return out;
}

ServerTraits traits(bool keyed) {
    ServerTraits out;
    out.key_field = keyed;
    out.precision = milliseconds{1};
    out.latency_max = milliseconds{20};
    out.page_size = 8;
    out.push_batch_max = 4;
    out.fetch_with_push = true;
    return out;
}

ServerTraits second_traits(bool keyed) {
    ServerTraits out = traits(keyed);
    out.page_size = out.push_batch_max = 10;
    return out;
}

}  // namespace

Story::Story(Machines& machines, bool keyed, bool print)
    : trace_(print),
      server_(kRemote, model(), traits(keyed), time_, 1),
      second_(kSecond, second_model(), second_traits(keyed), time_, 4),
      device_(machines, 0, time_, 2, trace_) {
    device_.connect(kRemote, account_at(server_, 3));
    device_.connect(kSecond, account_at(second_, 5));
}

std::unique_ptr<Account> Story::account_at(Server& server, std::uint64_t seed) {
    return std::make_unique<Account>(
        server, "api", time_, seed, trace_,
        Account::Hooks{.yield = [this](std::string_view request) { on_request(request); },
                       .gone = [this] { return device_.disk().dead(); },
                       .violation = [this](const std::string& what) { problems_.push_back(what); },
                       .parked = [] { return std::set<std::string>(); },
                       .known = [](const std::string&,
                                   const std::string&) { return std::optional<std::string>(); },
                       .sent_again = [](Token, const std::string&, std::optional<Instant>) {},
                       .answered =
                           [this, &server](const std::string& stream, const remote::Change& change,
                                           const remote::PushResult& result) {
                               note_push(server, stream, change, result);
                           }});
}

void Story::at_each_step(const std::function<void(StepKind)>& watcher) {
    watcher_ = watcher;
    device_.disk().watch(watcher);
}

void Story::crash(Left left) {
    left_ = left;
    device_.disk().cut_power_after(0);
}

void Story::run() {
    remote_before();
    sync(kRemote);
    switch_pushing_on(kRemote);
    later();
    edit_here();
    edit_there();
    sync(kRemote);
    later();
    meet_second();
    born_here_and_gone_there();
    convert_leads();
    sync(kRemote, with_sweep());
    later();
    decide_and_correct();
    tell_both();
    sync(kSecond);
    sync(kRemote, with_sweep());
    later();
    sync(kSecond);
    sync(kRemote);
    check_whole();
}

void Story::sync_all() {
    sync(kRemote);
    sync(kSecond);
}

void Story::sync(const char* remote, const engine::CycleOptions& options) {
    engine::Observer nobody;
    lasting(
        "sync",
        [&]() -> Result<> {
            auto report = device_.sync(remote, options, nobody);
            if (!report) return pass(report);
            if (report->problem) return tl::unexpected<Error>(*report->problem);
            return {};
        },
        [] { return false; });
}

void Story::remote_before() {
    const auto account = server_.create("Accounts", {{"Name", Value("Acme")}}, "colleague");
    for (const char* name : {"at both", "alike", "closed"})
        server_.create("Accounts", {{"Name", Value(name)}, {"Phone", Value("030 1234567")}},
                       "colleague");
    for (const char* name : {"lead", "lead typed into"})
        server_.create("Leads", {{"Last_Name", Value(name)}, {"Company", Value("of the lead")}},
                       "colleague");
    const auto branch =
        server_.create("Accounts",
                       {{"Name", Value("Branch")},
                        {"Parent", Value(account)},
                        {"Items", Value(R"([{"price":9,"quantity":1,"what":"pipe"}])")}},
                       "colleague");
    for (const char* name :
         {"stays", "both typed", "counted", "deleted here", "deleted here only", "deleted there",
          "deleted there only", "merged", "winner", "refused", "read only", "moved", "late"}) {
        Fields fields{{"Last_Name", Value(name)},
                      {"City", Value("Bern")},
                      {"Visits", Value(std::int64_t{5})},
                      {"Extra", Value(std::string("extra of ") + name)},
                      {"Account", Value(branch)}};
        if (std::string_view(name) == "late") fields["Notes"] = Value("a long text, cut in lists");
        server_.create("Contacts", fields, "colleague");
    }
    // Accounts come first: it waits for the contact.
    server_.edit("Accounts", account, {{"Main_Contact", Value(id_of("Contacts", "stays"))}},
                 "colleague");
    later();
}

void Story::switch_pushing_on(const char* remote) {
    const auto switched = [&] { return engine::set_push(device_.api(), remote, true); };
    lasting(
        "switch pushing on",
        [&] {
            auto done = switched();
            // The load may be lost with the power, and the connection with it.
            if (done || done.error().code != Errc::kNotFound) return done;
            sync(remote);
            return switched();
        },
        [] { return false; });
}

void Story::edit_here() {
    type(
        "UPDATE contact SET phone = '138' WHERE last_name = 'stays';"
        "UPDATE contact SET city = 'here' WHERE last_name = 'both typed';"
        "UPDATE contact SET visits = visits + 1 WHERE last_name = 'counted'");
    type("DELETE FROM contact WHERE last_name IN ('deleted here', 'deleted here only')");
    type(
        "UPDATE contact SET email = 'here@example.com' WHERE last_name = 'deleted there';"
        "UPDATE contact SET street = 'of the loser' WHERE last_name = 'merged';"
        "UPDATE contact SET phone = 'bad 1' WHERE last_name = 'refused';"
        "UPDATE contact SET score = 'mine' WHERE last_name = 'read only';"
        "UPDATE contact SET notes = notes || ' and more' WHERE last_name = 'late'");
    // Two that refer to each other; one whose parent is refused; one that is to meet its record.
    type(
        "INSERT INTO account(name, parent_id) SELECT 'New', id FROM account WHERE name = 'Acme';"
        "INSERT INTO contact(last_name, account_id) SELECT 'new', id FROM account"
        " WHERE name = 'New';"
        "UPDATE account SET main_contact_id = (SELECT id FROM contact WHERE last_name = 'new')"
        " WHERE name = 'New';"
        "INSERT INTO account(name, phone) VALUES('Refused', 'bad 2');"
        "INSERT INTO contact(last_name, account_id) SELECT 'child of refused', id FROM account"
        " WHERE name = 'Refused'");
    type(
        "INSERT INTO lead(last_name, company) VALUES('lead of ours', 'company of lead of ours');"
        "UPDATE lead SET company = 'typed' WHERE last_name = 'lead';"
        "UPDATE account SET items = '[{\"price\":10,\"quantity\":1,\"what\":\"pump\"}]'"
        " WHERE name = 'Acme'");
    type(
        "INSERT INTO contact(last_name, city, phone) VALUES('restored', 'Rome', '139');"
        "UPDATE contact SET account_id = (SELECT id FROM account WHERE name = 'New')"
        " WHERE last_name = 'moved'");
}

void Story::edit_there() {
    edit("both typed", {{"City", Value("there")}});
    edit("counted", {{"Visits", Value(std::int64_t{7})}});
    edit("deleted here", {{"Email", Value("there@example.com")}});
    edit("late", {{"Notes", Value("a long text, cut in lists, of theirs")}});
    edit("stays", {{"Email", Value("stays@example.com")}});
    for (const char* name : {"deleted there", "deleted there only"})
        server_.erase("Contacts", id_of("Contacts", name), "colleague");
    server_.merge_into("Contacts", id_of("Contacts", "merged"), id_of("Contacts", "winner"));
    server_.create("Contacts", {{"Last_Name", Value("of theirs")}, {"City", Value("Oslo")}},
                   "colleague");
}

// Deleted there and edited here, so that it is made again; and restored there just before.
void Story::born_here_and_gone_there() {
    server_.set_forbidden("Contacts", id_of("Contacts", "counted"), true);
    type("UPDATE contact SET extra = 'typed before' WHERE last_name = 'winner'");
    if (!server_.traits().key_field) return;  // by what it would be recognised
    const auto id = id_of("Contacts", "restored");
    server_.erase("Contacts", id, "colleague");
    type("UPDATE contact SET city = 'Ravenna' WHERE last_name = 'restored'");
    before_contacts_ = [this, id] {
        server_.restore("Contacts", id);
        server_.edit("Contacts", id, {{"Street", Value("of theirs")}}, "colleague");
    };
}

// One has been told of from here, one is edited here before anybody has heard of it.
void Story::convert_leads() {
    // It may not have been made: then it is in doubt.
    if (copies_there("lead of ours") > 0) server_.convert(id_of("Leads", "lead of ours"), "", true);
    server_.convert(id_of("Leads", "lead"), id_of("Contacts", "winner"), false);
    type("UPDATE lead SET phone = '144' WHERE last_name = 'lead typed into'");
    server_.convert(id_of("Leads", "lead typed into"), "", false);
}

// Of three companies there one is certainly here, one may be, and one is new.
void Story::meet_second() {
    second_.create("Accounts", {{"Name", Value("at both")}, {"Phone", Value("+49 30 1234567")}},
                   "colleague");
    second_.create("Accounts", {{"Name", Value("Alike")}}, "colleague");
    second_.create("Accounts", {{"Name", Value("of the second")}, {"Phone", Value("145")}},
                   "colleague");
    later();
    sync(kSecond);
    switch_pushing_on(kSecond);
    decide("k.kind = 'match'", engine::Side::kSame);
}

// What each of them has to say to the other.
void Story::tell_both() {
    edit_account("Acme", {{"Phone", Value("146")},
                          {"Items", Value(R"([{"id":"row 1","price":12,"quantity":1,)"
                                          R"("what":"pump"},{"price":3,"quantity":2,)"
                                          R"("what":"hose"}])")}});
    server_.erase("Accounts", id_of("Accounts", "closed"), "colleague");
    for (const auto& [id, record] : second_.records("Accounts"))
        if (record.now.fields.at("Name") == Value("of the second"))
            second_.edit("Accounts", id, {{"Phone", Value("147")}}, "colleague");
    type(
        "UPDATE account SET items = json_set(items, '$[#]',"
        " json('{\"price\":7,\"quantity\":3,\"what\":\"valve\"}')) WHERE name = 'Branch'");
}

void Story::decide(const std::string& which, engine::Side side) {
    const auto open = [&] {
        return device_.number(
            "SELECT coalesce(max(k.id), 0) FROM kontor_conflict k LEFT JOIN"
            " kontor_group g ON g.id = k.grp LEFT JOIN contact c ON"
            " c.id = k.record WHERE k.state = 'open' AND " +
            which);
    };
    if (open() == 0) problems_.push_back("nobody is asked: " + which);
    lasting(
        "decide",
        [&] {
            return engine::resolve(device_.api(), device_.clock(), device_.random(), open(), side,
                                   "uid:1000");
        },
        [&] { return open() == 0; });
}

void Story::decide_and_correct() {
    server_.allow_all();
    decide("g.name = 'address' AND c.last_name = 'both typed'", engine::Side::kOurs);
    type(
        "UPDATE contact SET phone = '140' WHERE last_name = 'refused';"
        "UPDATE account SET phone = '141' WHERE name = 'Refused'");
    device_.map_late(kRemote);
}

void Story::check_whole() {
    const auto chain = replica::verify_history(device_.local());
    if (!chain || chain->first_bad) problems_.emplace_back("the history does not verify");
    const auto flaws = replica::check_integrity(device_.local(), replica::IntegrityDepth::kFull);
    if (!flaws || !flaws->empty()) problems_.emplace_back("the replica is not whole");
}

std::string Story::ending() const {
    return summary_of(device_) + summary_of(server_) + summary_of(second_);
}

std::vector<std::string> Story::doubtful() const {
    std::vector<std::string> out;
    device_.each(
        "SELECT DISTINCT coalesce(c.last_name, a.name, e.last_name) FROM kontor_blocked b JOIN"
        " kontor_link l ON l.id = b.link JOIN kontor_stream s ON s.id = l.stream LEFT JOIN contact"
        " c ON s.name = 'Contacts' AND c.id = l.record LEFT JOIN account a ON s.name = 'Accounts'"
        " AND a.id = l.record LEFT JOIN lead e ON s.name = 'Leads' AND e.id = l.record WHERE "
        "b.status = 'unknown' ORDER BY 1",
        [&](const replica::Statement& row) { out.emplace_back(row.text(0)); });
    // Who refers to one waits with it, and says so.
    static constexpr const char* kReferrers[] = {
        "SELECT c.last_name FROM contact c JOIN account t ON t.id = c.account_id AND t.name = '",
        "SELECT c.name FROM account c JOIN contact t ON t.id = c.main_contact_id AND"
        " t.last_name = '"};
    for (std::size_t i = 0; i < out.size() && i < kDoubtfulMax; ++i)
        for (const char* referrers : kReferrers)
            device_.each(referrers + out[i] +
                             "' JOIN kontor_link l ON l.record = c.id JOIN kontor_stream s ON"
                             " s.id = l.stream AND s.entity = (SELECT id FROM kontor_entity WHERE"
                             " name = " +
                             (referrers == kReferrers[0] ? "'contact'" : "'account'") +
                             ") JOIN kontor_blocked b ON b.link = l.id",
                         [&](const replica::Statement& row) {
                             if (std::ranges::find(out, row.text(0)) == out.end())
                                 out.emplace_back(row.text(0));
                         });
    return out;
}

int Story::copies_there(const std::string& name) const {
    int most = 0;
    for (const Server* server : {&server_, &second_}) {
        int out = 0;
        for (const char* stream : {"Contacts", "Leads", "Accounts"})
            for (const auto& [id, record] : server->records(stream)) {
                const auto found = record.now.fields.find(name_field(stream));
                if (!record.now.deleted && !record.born_of.empty() &&
                    found != record.now.fields.end() && found->second == Value(name))
                    ++out;
            }
        most = std::max(most, out);
    }
    return most;
}

std::string Story::without_doubt(const std::string& ending) const {
    const auto names = doubtful();
    std::string out;
    for (std::size_t at = 0, end = 0; at < ending.size(); at = end + 1) {
        end = std::min(ending.find('\n', at), ending.size());
        auto line = ending.substr(at, end - at);
        // Computed from ids, too, which are given in another order.
        if (const auto score = line.find(" score='score "); score != std::string::npos)
            line.resize(score);
        if (std::ranges::none_of(
                names, [&](const auto& name) { return line.find(name) != std::string::npos; }))
            out += line + '\n';
    }
    return out;
}

// All or nothing, also after a crash.
void Story::type(const std::string& sql) {
    const auto typed = [&] {
        return device_.number("SELECT count(*) FROM kontor_history WHERE run IS NULL");
    };
    const auto before = typed();
    lasting(
        "type", [&] { return device_.sql("BEGIN IMMEDIATE; " + sql + "; COMMIT"); },
        [&] { return typed() > before; });
}

void Story::lasting(const std::string& what, const std::function<Result<>()>& act,
                    const std::function<bool()>& done) {
    auto result = act();
    if (!device_.disk().dead()) {
        if (!result) problems_.push_back(what + ": " + result.error().message);
        return;
    }
    // What was reported as done is done, and is not done again.
    const bool reported = static_cast<bool>(result);
    device_.restart(left_);
    if (done()) return;
    if (reported && what == "type") problems_.push_back("an edit that was reported is gone");
    result = act();
    if (!result) problems_.push_back(what + " after the crash: " + result.error().message);
}

void Story::on_request(std::string_view request) {
    if (watcher_) watcher_(StepKind::kRequest);
    if (request == "push Contacts" && before_contacts_ && !device_.disk().dead())
        std::exchange(before_contacts_, {})();
}

std::string Story::id_of(const std::string& stream, const std::string& name) const {
    const char* field = name_field(stream);
    for (const auto& [id, record] : server_.records(stream)) {
        const auto found = record.now.fields.find(field);
        if (!record.now.deleted && found != record.now.fields.end() && found->second == Value(name))
            return id;
    }
    throw std::runtime_error("no " + name + " at the remote");
}

void Story::edit(const std::string& contact, const Fields& fields) {
    server_.edit("Contacts", id_of("Contacts", contact), fields, "colleague");
}

void Story::edit_account(const std::string& account, const Fields& fields) {
    server_.edit("Accounts", id_of("Accounts", account), fields, "colleague");
}

void Story::later() {
    time_.advance(std::chrono::hours{1});
    server_.settle();
}

}  // namespace kontor::simulation
