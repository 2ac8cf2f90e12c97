#include "tests/simulation/zoho/laptop.hpp"

#include <filesystem>
#include <map>

#include "sync/engine/decisions.hpp"
#include "sync/engine/propose.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/migrations.hpp"
#include "tests/simulation/must.hpp"
#include "tests/simulation/zoho/organisation.hpp"

namespace kontor::simulation::zoho {
namespace {

class Secrets final : public host::SecretStore {
public:
    explicit Secrets(const peer::zoho::PeerCredentials& keys)
        : values_{{"client_secret", keys.client_secret}, {"refresh_token", keys.refresh_token}} {}
    Result<host::Secret> read(std::string_view reference) const override {
        const auto found = values_.find(std::string(reference));
        if (found == values_.end()) return fail(Errc::kNotFound, "no such secret");
        return host::Secret(std::string(found->second));
    }
    Result<> write(std::string_view, const host::Secret&) override {
        return fail(Errc::kUnsupported, "not here");
    }

private:
    std::map<std::string, std::string> values_;
};

host::ConnectionSettings settings_for(const std::string& folder,
                                      const peer::zoho::PeerCredentials& keys) {
    host::ConnectionSettings out;
    out.name = kZoho;
    out.plugin_path = KONTOR_ZOHO_PLUGIN;
    out.isolation.own_process = false;  // virtual time does not pass between processes
    const std::string base = kBaseUrl;
    out.options_json = R"({"data_centre":"custom","bulk":"never","accounts_url":")" + base +
                       R"(","api_url":")" + base + R"(","upload_url":")" + base + R"("})";
    out.auth.kind = "oauth2";
    out.auth.values["client_id"] = keys.client_id;
    out.auth.secrets = {{"client_secret", "client_secret"}, {"refresh_token", "refresh_token"}};
    out.state_folder = folder;
    return out;
}

}  // namespace

Laptop::Laptop(Parts parts, const Outfit& outfit)
    : parts_(std::move(parts)),
      outfit_(outfit),
      clock_(parts_.time, parts_.seed + 1),
      dice_(parts_.seed + 2),
      machine_(parts_.name, clock_, parts_.seed + 3, parts_.trace),
      network_(parts_.organisation, parts_.time, parts_.seed + 4, parts_.trace,
               {.yield = parts_.yield,
                .gone = [this] { return disk().dead(); },
                .violation = parts_.violation}),
      sleeper_(parts_.time, parts_.yield, [this] { return disk().dead(); }),
      secrets_(std::make_unique<Secrets>(parts_.keys)) {
    std::filesystem::remove_all(parts_.folder);
    std::filesystem::create_directories(parts_.folder);
    auto& settings = connections_[kZoho].settings;
    settings.name = kZoho;
    settings.plugin = "zoho";
    settings.mapping = outfit.mapping;
    settings.streams = outfit.streams;
    if (!outfit.replica.empty()) machine_.disk.put(kReplicaPath, outfit.replica);
    machine_.open();
}

void Laptop::connect(remote::Remote& beside, merge::Mapping mapping) {
    beside_ = &beside;
    auto& settings = connections_[kBeside].settings;
    settings.name = kBeside;
    settings.plugin = "simulated";
    settings.mapping = std::move(mapping);
}

Result<> Laptop::open_zoho() {
    if (zoho_) return {};
    auto opened =
        host::open_connection(settings_for(parts_.folder, parts_.keys), {.clock = clock_,
                                                                         .random = dice_.random(),
                                                                         .log = log_,
                                                                         .secrets = *secrets_,
                                                                         .http = &network_,
                                                                         .sleeper = &sleeper_});
    if (!opened) return pass(opened);
    zoho_ = std::move(*opened);
    return {};
}

void Laptop::forget_sessions() {
    for (auto& [name, connected] : connections_)
        connected.session = std::make_unique<engine::Session>();
}

Result<engine::CycleReport> Laptop::sync(const std::string& connection,
                                         const engine::CycleOptions& options,
                                         engine::Observer& observer) {
    const bool beside = connection == kBeside;
    auto& connected = connections_.at(connection);
    if (beside)
        connected.settings.streams = must(beside_->describe(), "describe");
    else if (auto opened = open_zoho(); !opened)
        return pass(opened);
    engine::Cycle cycle({.db = *machine_.engine,
                         .remote = beside ? *beside_ : *zoho_,
                         .clock = clock_,
                         .random = dice_.random(),
                         .log = log_,
                         .observer = observer,
                         .gate = gate_,
                         .cancelled = cancelled_,
                         .session = connected.session.get()},
                        connected.settings);
    auto done = cycle.run(options);
    // As the daemon's worker does.
    const bool kept = done && (!done->problem || remote::leaves_writes(*done->problem));
    if (!kept) connected.session = std::make_unique<engine::Session>();
    return done;
}

std::vector<remote::StreamSpec> Laptop::describe() {
    must(open_zoho(), "open");
    auto streams = must(zoho_->describe(), "describe");
    std::erase_if(streams, [](const remote::StreamSpec& stream) {
        return stream.name != "users" && stream.name != "Accounts" && stream.name != "Contacts";
    });
    return streams;
}

Result<> Laptop::set_push(const std::string& connection, bool on) {
    return engine::set_push(*machine_.api, connection, on);
}

Result<> Laptop::sql(const std::string& text) {
    if (parts_.trace.prints()) parts_.trace.note("sql " + text);
    auto done = local().execute(text);
    if (!done && local().in_transaction()) static_cast<void>(local().execute("ROLLBACK"));
    return done;
}

void Laptop::each(const std::string& query,
                  const std::function<void(const replica::Statement&)>& row) const {
    auto statement = must(local().prepare(query), query.c_str());
    while (must(statement.step(), query.c_str())) row(statement);
}

std::string Laptop::text(const std::string& query) const {
    std::string out;
    each(query, [&](const replica::Statement& row) {
        if (out.empty() && !row.is_null(0)) out = row.text(0);
    });
    return out;
}

void Laptop::sign_in(const peer::zoho::PeerCredentials& keys) {
    zoho_.reset();
    connections_.at(kZoho).session = std::make_unique<engine::Session>();
    parts_.keys = keys;
    secrets_ = std::make_unique<Secrets>(keys);
}

void Laptop::restart() {
    zoho_.reset();
    forget_sessions();
    machine_.close();
    if (disk().dead()) disk().restart();
    machine_.open();
}

namespace {

/// The fewer tables a handle has to read, the more seeds a second.
void drop_other_entities(const replica::Database& db) {
    const auto standard = must(replica::Catalogue::load(db), "catalogue");
    for (const auto& entity : standard.entities()) {
        if (entity.name == "contact" || entity.name == "account" || entity.name == "user") continue;
        must(db.execute("DROP TABLE \"" + entity.name + "\""), "drop");
        const auto id = std::to_string(entity.id);
        must(db.execute("DELETE FROM kontor_field WHERE entity = " + id +
                        "; DELETE FROM kontor_entity WHERE id = " + id),
             "delete");
    }
}

}  // namespace

Outfit make_outfit(const std::string& folder) {
    Outfit out;
    WorldTime time;
    Trace trace;
    Organisation organisation(time, 1);
    {
        Laptop laptop({.name = "kontor-zoho-outfit",
                       .folder = folder,
                       .organisation = organisation.peer(),
                       .keys = organisation.keys(),
                       .time = time,
                       .trace = trace,
                       .yield = [] {}},
                      out);
        SeededRandom random(1);
        must(replica::migrate(laptop.local(), random), "migrate");
        drop_other_entities(laptop.local());
        out.streams = laptop.describe();
        const auto catalogue = must(replica::Catalogue::load(laptop.local()), "catalogue");
        auto proposal = engine::propose(out.streams, catalogue, kZoho);
        auto transaction = must(replica::Transaction::begin(laptop.local()), "begin");
        for (const auto& entity : proposal.entities)
            must(replica::ensure_entity(laptop.local(), entity), "ensure");
        must(transaction.commit(), "commit");
        out.mapping = std::move(proposal.mapping);
        must(laptop.local().execute("PRAGMA wal_checkpoint(TRUNCATE)"), "checkpoint");
        out.replica = laptop.disk().get(kReplicaPath);
    }
    return out;
}

}  // namespace kontor::simulation::zoho
