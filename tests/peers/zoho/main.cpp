// kontor-peer-zoho: a simulated Zoho CRM organisation on loopback.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tests/peers/zoho/callbacks.hpp"
#include "tests/peers/zoho/peer.hpp"
#include "tests/peers/zoho/server.hpp"
#include "tests/peers/zoho/times.hpp"

namespace {

namespace fs = std::filesystem;
using kontor::peer_zoho::PeerOptions;
using kontor::peer_zoho::Server;
using kontor::peer_zoho::ServerOptions;
using kontor::peer_zoho::ZohoPeer;

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

/// A private folder that goes when the peer goes, unless the user named one.
class Folder {
public:
    explicit Folder(const std::string& named) : kept_(!named.empty()) {
        if (kept_) {
            fs::create_directories(named);
            path_ = named;
            return;
        }
        std::string pattern = (fs::temp_directory_path() / "kontor-peer-zoho.XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
        path_ = pattern;
    }
    ~Folder() {
        std::error_code error;
        if (!kept_) fs::remove_all(path_, error);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    const std::string& path() const { return path_; }

private:
    bool kept_;
    std::string path_;
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

std::int64_t system_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

void complete(Arguments& a) {
    for (const std::string& text : a.switches) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos) throw std::invalid_argument("--switch needs NAME=VALUE");
        a.peer.switches.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    if (!a.edition.empty()) a.peer.switches.emplace_back("edition", a.edition);
    if (a.no_credits_limit) a.peer.switches.emplace_back("credits_limit", "false");
    a.peer.counts = a.counts;
    if (a.now.empty()) return;
    const auto start = kontor::peer_zoho::parse_instant(a.now);
    if (!start) throw std::invalid_argument("--now needs an instant such as 2026-05-20T10:00:00Z");
    const std::int64_t shift = *start * 1000 - system_ms();
    a.peer.clock_ms = [shift] { return system_ms() + shift; };
}

int serve(Arguments& a) {
    const Folder folder(a.directory);
    ZohoPeer peer(a.peer);
    ServerOptions options;
    options.port = a.port;
    options.latency_ms = a.latency_ms;
    options.threads = a.threads;
    options.body_limit = peer.body_limit();
    options.identity = kontor::peer_zoho::load_or_make_identity(folder.path());
    kontor::peer_zoho::CallbackSender callbacks([&peer] { return peer.take_callbacks(); });
    options.handler = [&](const kontor::peer_zoho::Request& r) {
        auto response = peer.handle(r);
        if (peer.callbacks_due()) callbacks.wake();
        return response;
    };
    Server server(std::move(options));
    const std::string base = "https://127.0.0.1:" + std::to_string(server.port());
    peer.set_base_url(base);
    const auto known = peer.credentials();
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
