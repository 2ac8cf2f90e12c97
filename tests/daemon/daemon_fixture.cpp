#include "tests/daemon/daemon_fixture.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "daemon/log_sink.hpp"
#include "tests/support/eventually.hpp"

namespace kontor::test {

namespace fs = std::filesystem;

TempDir::TempDir() {
    std::string name = (fs::temp_directory_path() / "kontor-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
}
TempDir::~TempDir() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}
std::string TempDir::path(const std::string& name) const {
    return (path_ / name).string();
}
std::string TempDir::write(const std::string& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
    return path(name);
}

std::string content_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

Result<remote::Identity> FakeRemote::check() {
    if (on_check) return on_check();
    remote::Identity who;
    who.org_id = "org-1";
    who.org_name = "Example";
    who.user_id = "u-1";
    return who;
}

Result<std::vector<remote::StreamSpec>> FakeRemote::describe() {
    if (described != nullptr) ++*described;
    remote::FieldSpec field;
    field.name = "Name";
    field.label.en = "Name";
    field.column_hint = "last_name";
    remote::StreamSpec stream;
    stream.name = "People";
    stream.label.en = "People";
    stream.entity_hint = "contact";
    stream.fields = {field};
    return std::vector<remote::StreamSpec>{stream};
}

Result<std::unique_ptr<remote::Remote>> FakeRemotes::open(const config::Connection&,
                                                          const Wishes&) {
    ++opened;
    if (on_open)
        if (auto refused = on_open(); !refused) return pass(refused);
    auto remote = std::make_unique<FakeRemote>();
    remote->on_check = on_check;
    remote->described = &described;
    remote->spent = &spent;
    return remote;
}

void MemoryLog::log(LogLevel, std::string_view event, std::initializer_list<LogField> fields) {
    if (on_event) on_event(event);
    const std::lock_guard lock(mutex_);
    lines_ += app::format_event(event, fields) + "\n";
}
std::string MemoryLog::text() const {
    const std::lock_guard lock(mutex_);
    return lines_;
}

Daemon::Daemon(const std::string& toml) {
    dir.write("kontor.toml", "[daemon]\nstate_dir = \"state\"\nsocket = \"run/s\"\n" + toml);
    run_cycle = [](engine::Cycle::Ports, const engine::ConnectionSettings&,
                   const engine::CycleOptions&) -> Result<engine::CycleReport> {
        return engine::CycleReport{};
    };
}

Daemon::~Daemon() {
    stop();
}

Result<> Daemon::start() {
    app::AppSettings settings;
    settings.flags.config = dir.path("kontor.toml");
    settings.environment = [this](const std::string& name) -> std::optional<std::string> {
        const auto found = environment.find(name);
        if (found == environment.end()) return std::nullopt;
        return found->second;
    };
    app::AppSeams seams;
    seams.log = &log;
    if (!real_plugins) seams.remotes = &remotes;
    seams.network = &network;
    seams.clock = &clock;
    seams.run_cycle = run_cycle;
    seams.run_verify = run_verify;
    seams.handle_signals = false;
    app = std::make_unique<app::App>(std::move(settings), std::move(seams));
    if (auto started = app->start(); !started) {
        app.reset();
        return started;
    }
    thread_ = std::thread([this] { app->run(); });
    return {};
}

void Daemon::stop() {
    if (!thread_.joinable()) return;
    app->shutdown();
    thread_.join();
    app.reset();
}

Answer Daemon::get(const std::string& target) {
    return call(socket(), "GET", target);
}
Answer Daemon::send(const std::string& method, const std::string& target,
                    const nlohmann::json& body) {
    return call(socket(), method, target, body.is_null() ? "" : body.dump());
}
nlohmann::json Daemon::json(const std::string& target) {
    const auto answer = get(target);
    INFO(target << " " << answer.body);
    REQUIRE(answer.status == 200);
    return nlohmann::json::parse(answer.body);
}

bool Daemon::until(const std::string& target,
                   const std::function<bool(const nlohmann::json&)>& good) {
    return eventually([&] {
        const auto answer = get(target);
        return answer.status == 200 && good(nlohmann::json::parse(answer.body));
    });
}

}  // namespace kontor::test
