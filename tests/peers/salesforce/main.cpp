// kontor-peer-salesforce: a simulated Salesforce organisation on loopback.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tests/peers/base/program.hpp"
#include "tests/peers/base/server.hpp"
#include "tests/peers/salesforce/peer.hpp"

namespace {

namespace peer = kontor::peer;
using peer::salesforce::SalesforcePeer;

struct Arguments {
    peer::salesforce::PeerOptions peer;
    std::vector<std::string> switches, counts;
    std::string directory, now;
    std::uint16_t port = 0;
    std::int64_t latency_ms = 0;
    unsigned threads = 2;
    bool list_switches = false;
};

void declare(CLI::App& app, Arguments& a) {
    app.add_option("--records", a.peer.contacts, "contacts; other objects follow from it");
    app.add_option("--count", a.counts, "OBJECT=N");
    app.add_option("--seed", a.peer.seed, "seed of the generated data");
    app.add_option("--latency", a.latency_ms, "milliseconds added to every answer");
    app.add_option("--port", a.port, "port on 127.0.0.1, 0: any");
    app.add_option("--dir", a.directory, "folder for certificates, kept");
    app.add_option("--switch", a.switches, "NAME=VALUE");
    app.add_option("--now", a.now, "instant at which the peer's clock starts");
    app.add_option("--threads", a.threads, "threads for connections")->check(CLI::Range(1, 64));
    app.add_flag("--list-switches", a.list_switches, "print all switches as JSON");
}

void complete(Arguments& a) {
    a.peer.switches = peer::split_switches(a.switches);
    for (const auto& [object, count] : peer::split_switches(a.counts))
        a.peer.counts.emplace_back(object, std::stoull(count));
    if (!a.now.empty()) a.peer.clock_ms = peer::clock_from(a.now);
}

int serve(Arguments& a) {
    const peer::Folder folder(a.directory, "kontor-peer-salesforce");
    SalesforcePeer organisation(a.peer);
    peer::ServerOptions options;
    options.port = a.port;
    options.latency_ms = a.latency_ms;
    options.threads = a.threads;
    options.name = "sfdcedge";
    options.identity = peer::load_or_make_identity(folder.path());
    options.handler = [&](const peer::Request& r) { return organisation.handle(r); };
    peer::Server server(std::move(options));
    const std::string base = "https://127.0.0.1:" + std::to_string(server.port());
    organisation.set_base_url(base);
    const std::string key_file = folder.path() + "/private_key.pem";
    std::ofstream(key_file) << organisation.private_key();
    std::filesystem::permissions(
        key_file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    const auto known = organisation.credentials();
    const nlohmann::ordered_json hello{
        {"base_url", base},
        {"ca_file", folder.path() + "/ca.pem"},
        {"client_id", known.client_id},
        {"client_secret", known.client_secret},
        {"user", known.user},
        {"private_key_file", key_file},
        {"org_id", known.org_id},
        {"user_id", known.user_id},
        {"control_url", base + "/_control"},
        {"note", "imitates published behaviour; not compared with a live organisation"}};
    std::cout << hello.dump() << std::endl;
    server.run_until_signal();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app(
        "Simulated Salesforce organisation for tests. It imitates documented behaviour and has not "
        "been "
        "compared with a live organisation.",
        "kontor-peer-salesforce");
    Arguments arguments;
    declare(app, arguments);
    app.set_version_flag("--version", "kontor-peer-salesforce " KONTOR_VERSION);
    CLI11_PARSE(app, argc, argv);
    try {
        if (arguments.list_switches) {
            std::cout << SalesforcePeer::list_switches() << "\n";
            return 0;
        }
        complete(arguments);
        return serve(arguments);
    } catch (const std::exception& error) {
        std::cerr << "kontor-peer-salesforce: " << error.what() << "\n";
        return 1;
    }
}
