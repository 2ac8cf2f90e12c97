#include "tests/simulation/zoho/beside.hpp"

namespace kontor::simulation::zoho {
namespace {

constexpr const char* kColleague = "colleague";

remote::FieldType type_of(std::string_view column) {
    return column == "phone" ? remote::FieldType::kPhone : remote::FieldType::kText;
}

FieldModel model_of(const Watched& field) {
    FieldModel out;
    out.remote = field.name;
    out.columns = {std::string(field.column)};
    out.type = type_of(field.column);
    return out;
}

// What another CRM has deleted is deleted here too, or lives on, by the seed.
RemoteModel model(Dice& dice) {
    const auto relayed =
        dice.percent(50) ? merge::DeletePolicy::kMirror : merge::DeletePolicy::kUnlink;
    RemoteModel out;
    for (const Kind& kind : kinds()) {
        StreamModel stream;
        stream.name = kind.module;
        stream.entity = kind.entity;
        stream.delete_relayed = relayed;
        stream.fields.push_back(model_of(kind.title));
        for (const Watched& field : kind.fields) stream.fields.push_back(model_of(field));
        if (kind.entity == "contact") {
            FieldModel account;
            account.remote = kAccountField;
            account.columns = {"account_id"};
            account.type = remote::FieldType::kReference;
            account.target = "Accounts";
            stream.fields.push_back(std::move(account));
        }
        out.streams.insert(out.streams.begin(), std::move(stream));  // parents first
    }
    return out;
}

ServerTraits traits(Dice& dice) {
    ServerTraits out;
    out.precision = milliseconds{dice.percent(50) ? 1 : 1'000};
    out.opaque_versions = dice.percent(30);
    out.answers_version = dice.percent(70);
    out.gone_says_deleted = dice.percent(50);
    out.cas = dice.percent(40) ? remote::CompareAndSet::kSingle : remote::CompareAndSet::kNone;
    out.fetch_with_push = dice.percent(50);
    return out;
}

Server make_server(const WorldTime& time, std::uint64_t seed) {
    Dice dice(seed);
    auto shape = model(dice);
    return Server("beside", std::move(shape), traits(dice), time, seed + 1);
}

}  // namespace

Beside::Beside(WorldTime& time, std::uint64_t seed, Trace& trace, const Hooks& hooks)
    : server_(make_server(time, seed)),
      account_(server_, "api", time, seed + 2, trace,
               {.yield = [yield = hooks.yield](std::string_view) { yield(); },
                .gone = hooks.gone,
                .violation = hooks.violation,
                .parked = [] { return std::set<std::string>(); },
                .known = [](const std::string&,
                            const std::string&) { return std::optional<std::string>(); },
                .sent_again = [](Token, const std::string&, std::optional<Instant>) {}}) {}

merge::Mapping Beside::mapping() const {
    return mapping_of(server_.model(), server_.traits().key_field, true);
}

Crm::Records Beside::live(const Kind& kind) {
    const std::string stream(kind.module);
    Records out;
    for (const auto& id : server_.live(stream)) {
        auto& record = out[id];
        for (const auto& field : server_.model().stream(stream).fields) record[field.remote] = "";
        for (const auto& [name, value] : server_.find(stream, id)->now.fields)
            if (value.kind() == kontor::Kind::kText) record[name] = value.text();
        record.erase(kKeyField);
        // A reference to what is no longer there is as good as none.
        const auto account = record.find(kAccountField);
        if (account == record.end() || kind.entity != "contact") continue;
        const auto* target = server_.find("Accounts", account->second);
        if (target == nullptr || target->now.deleted) account->second.clear();
    }
    return out;
}

std::vector<std::string> Beside::deleted(const Kind& kind) {
    return server_.dead(std::string(kind.module));
}

bool Beside::edit(const Kind& kind, const std::string& id, const std::string& field,
                  const std::optional<std::string>& text) {
    server_.edit(std::string(kind.module), id, {{field, text ? Value(*text) : Value::null()}},
                 kColleague);
    return true;
}

bool Beside::point(const Kind& kind, const std::string& id, const std::string& account) {
    return edit(kind, id, kAccountField, account);
}

bool Beside::create(const Kind& kind, const std::string& title) {
    server_.create(std::string(kind.module), {{std::string(kind.title.name), Value(title)}},
                   kColleague);
    return true;
}

bool Beside::erase(const Kind& kind, const std::string& id) {
    server_.erase(std::string(kind.module), id, kColleague);
    return true;
}

bool Beside::restore(const Kind& kind, const std::string& id) {
    server_.restore(std::string(kind.module), id);
    return true;
}

bool Beside::merge(const Kind& kind, const std::string& loser, const std::string& winner) {
    server_.merge_into(std::string(kind.module), loser, winner);
    return true;
}

}  // namespace kontor::simulation::zoho
