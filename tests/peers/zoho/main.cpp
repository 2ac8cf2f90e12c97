// kontor-peer-zoho: a simulated Zoho CRM organisation on loopback.

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tests/peers/base/program.hpp"
#include "tests/peers/base/server.hpp"
#include "tests/peers/zoho/callbacks.hpp"
#include "tests/peers/zoho/credits.hpp"
#include "tests/peers/zoho/peer.hpp"

namespace {

namespace peer = kontor::peer;
using kontor::peer::Server;
using kontor::peer::ServerOptions;
using kontor::peer::zoho::PeerOptions;
using kontor::peer::zoho::ZohoPeer;

struct Arguments {
    PeerOptions peer;
    std::vector<std::string> switches;
    std::string directory;
    std::string now;
    std::uint16_t port = 0;
    std::int64_t latency_ms = 0;
    unsigned threads = 2;
    bool list_switches = false;
    bool no_credits_limit = false;
    std::string edition;
    std::vector<std::pair<std::string, std::uint64_t>> counts;
};

constexpr std::pair<const char*, const char*> kCountOptions[] = {
    {"--accounts", "Accounts"},
    {"--leads", "Leads"},
    {"--deals", "Deals"},
    {"--products", "Products"},
    {"--quotes", "Quotes"},
    {"--sales-orders", "Sales_Orders"},
    {"--purchase-orders", "Purchase_Orders"},
    {"--invoices", "Invoices"},
    {"--campaigns", "Campaigns"},
    {"--tasks", "Tasks"},
    {"--events", "Events"},
    {"--calls", "Calls"},
    {"--notes", "Notes"},
    {"--cases", "Cases"},
    {"--solutions", "Solutions"},
    {"--vendors", "Vendors"},
    {"--price-books", "Price_Books"},
    {"--service-visits", "Service_Visits"},
};

void declare(CLI::App& app, Arguments& a) {
    app.add_option("--records", a.peer.contacts, "contacts; other modules follow from it");
    app.add_option("--seed", a.peer.seed, "seed of the generated data");
    app.add_option("--latency", a.latency_ms, "milliseconds added to every answer");
    app.add_option("--port", a.port, "port on 127.0.0.1, 0: any");
    app.add_option("--db", a.peer.database, "SQLite file that keeps changes");
    app.add_option("--dir", a.directory, "folder for certificates, kept");
    app.add_option("--switch", a.switches, "NAME=VALUE");
    app.add_option("--now", a.now, "instant at which the peer's clock starts");
    app.add_option("--threads", a.threads, "threads for connections")->check(CLI::Range(1, 64));
    app.add_option("--edition", a.edition, "free, standard, professional, enterprise, ultimate");
    app.add_flag("--no-credits-limit", a.no_credits_limit, "credits never run out");
    app.add_flag("--strict", a.peer.strict, "check requests against the message schemas");
    app.add_flag("--list-switches", a.list_switches, "print all switches as JSON");
    for (const auto& [option, module] : kCountOptions)
        app.add_option_function<std::uint64_t>(
            option,
            [&a, name = std::string(module)](std::uint64_t count) {
                a.counts.emplace_back(name, count);
            },
            std::string("number of ") + module);
}

void complete(Arguments& a) {
    a.peer.switches = peer::split_switches(a.switches);
    if (!a.edition.empty()) a.peer.switches.emplace_back("edition", a.edition);
    if (a.no_credits_limit) a.peer.switches.emplace_back("credits_limit", "false");
    a.peer.counts = a.counts;
    if (!a.now.empty()) a.peer.clock_ms = peer::clock_from(a.now);
}

int serve(Arguments& a) {
    const peer::Folder folder(a.directory, "kontor-peer-zoho");
    ZohoPeer zoho(a.peer);
    ServerOptions options;
    options.port = a.port;
    options.latency_ms = a.latency_ms;
    options.threads = a.threads;
    options.body_limit = zoho.body_limit();
    options.name = "ZGS";
    options.too_large_body =
        R"({"code":"REQUEST_ENTITY_TOO_LARGE","details":{},"message":"the request is too large","status":"error"})";
    options.identity = peer::load_or_make_identity(folder.path());
    peer::zoho::CallbackSender callbacks(zoho);
    options.handler = [&](const peer::Request& r) {
        auto response = zoho.handle(r);
        if (zoho.callbacks_due()) callbacks.wake();
        return response;
    };
    options.heavy = peer::zoho::is_heavy;
    Server server(std::move(options));
    const std::string base = "https://127.0.0.1:" + std::to_string(server.port());
    zoho.set_base_url(base);
    const auto known = zoho.credentials();
    const nlohmann::ordered_json hello{{"base_url", base},
                                       {"accounts_url", base},
                                       {"ca_file", folder.path() + "/ca.pem"},
                                       {"client_id", known.client_id},
                                       {"client_secret", known.client_secret},
                                       {"refresh_token", known.refresh_token},
                                       {"grant_code", known.grant_code},
                                       {"control_url", base + "/_control"}};
    std::cout << hello.dump() << std::endl;
    server.run_until_signal();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Simulated Zoho CRM v8 organisation for tests", "kontor-peer-zoho");
    Arguments arguments;
    declare(app, arguments);
    app.set_version_flag("--version", "kontor-peer-zoho " KONTOR_VERSION);
    CLI11_PARSE(app, argc, argv);
    try {
        if (arguments.list_switches) {
            std::cout << ZohoPeer::list_switches() << "\n";
            return 0;
        }
        complete(arguments);
        return serve(arguments);
    } catch (const std::exception& error) {
        std::cerr << "kontor-peer-zoho: " << error.what() << "\n";
        return 1;
    }
}
