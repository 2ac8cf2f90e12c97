// Configuration files: everything wrong is reported, each with its place and what was meant; layers
// go over one another in the documented order; no secret gets in or out.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/load.hpp"
#include "config/parse.hpp"

using namespace kontor::config;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

struct Folder {
    Folder() {
        std::string name = (fs::temp_directory_path() / "kontor-config-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~Folder() { fs::remove_all(path); }
    std::string write(const std::string& name, const std::string& text) const {
        const auto file = path / name;
        fs::create_directories(file.parent_path());
        std::ofstream(file) << text;
        return file.string();
    }
    fs::path path;
};

Problems problems_of(const std::string& text) {
    Config config;
    Problems problems;
    apply_toml(text, "/c/kontor.toml", config, problems);
    return problems;
}

Environment environment_of(std::map<std::string, std::string> variables) {
    return [variables](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
    };
}

}  // namespace

TEST_CASE("the example is a correct configuration that shows the defaults", "[config]") {
    Config config;
    Problems problems;
    Origins origins;
    apply_file(KONTOR_EXAMPLE_TOML, config, problems, &origins);
    check_whole(config, origins, problems);
    for (const auto& p : problems) FAIL_CHECK(p.text());
    const Config defaults;
    CHECK(config.daemon == defaults.daemon);
    CHECK(config.api == defaults.api);
    CHECK(config.sync == defaults.sync);
    CHECK(config.search == defaults.search);
    CHECK(config.connectors == defaults.connectors);
    REQUIRE(config.connections.size() == 1);
    const auto& zoho = config.connections[0];
    CHECK(zoho.plugin == "zoho");
    CHECK(zoho.interval == 15min);
    CHECK(zoho.guards == Guards{});
    CHECK(zoho.limits == Limits{});
    CHECK(std::get<std::string>(zoho.options.at("data_centre")) == "eu");
    CHECK(fs::path(zoho.mapping).is_absolute());
    CHECK(zoho.secrets.size() == 2);
    CHECK(zoho.sign_in.values.at("client_id") == "1000.ABCDEFGH");
}

TEST_CASE("each setting tells the line that it stands in", "[config]") {
    Config config;
    Problems problems;
    Origins origins;
    apply_toml(
        "[connection.a]\nplugin = \"zoho\"\n"
        "[connection.a.options]\ndata_centre = \"cn\"\n"
        "[connection.a.sign_in]\nkind = \"oauth\"\nclient_id = \"1000.A\"\n"
        "[connection.a.secrets]\nclient_secret = \"file:/s\"\nrefresh_token = \"file:/t\"\n"
        "[backup.b]\ntarget = \"/b\"\npassword = \"file:/p\"\n"
        "[backup.b.secrets]\nKEY = \"file:/k\"\n[backup.b.options]\nport = \"22\"\n",
        "/c/kontor.toml", config, problems, &origins);
    REQUIRE(problems.empty());
    CHECK(origins["connection.a.plugin"] == "/c/kontor.toml:2");
    CHECK(origins["connection.a.options.data_centre"] == "/c/kontor.toml:4");
    CHECK(origins["connection.a.sign_in.kind"] == "/c/kontor.toml:6");
    CHECK(origins["connection.a.sign_in.client_id"] == "/c/kontor.toml:7");
    CHECK(origins["connection.a.secrets.client_secret"] == "/c/kontor.toml:9");
    CHECK(origins["connection.a.secrets.refresh_token"] == "/c/kontor.toml:10");
    CHECK(origins["backup.b.secrets.KEY"] == "/c/kontor.toml:15");
    CHECK(origins["backup.b.options.port"] == "/c/kontor.toml:17");
}

TEST_CASE("a backup says where, with which passphrase and for how long", "[config][backup]") {
    Config config;
    Problems problems;
    Origins origins;
    apply_toml(
        "[backup.office]\ntarget = \"store\"\npassword = \"file:/p\"\nkeep = { daily = 7 }\n"
        "[backup.away]\ntarget = \"sftp:b@nas:/k\"\npassword = \"env:P\"\nupload_kib = 100\n"
        "secrets = { AWS_SECRET_ACCESS_KEY = \"file:/k\" }\noptions = { \"sftp.command\" = \"x\" "
        "}\n",
        "/c/kontor.toml", config, problems, &origins);
    check_whole(config, origins, problems);
    REQUIRE(problems.empty());
    REQUIRE(config.backups.size() == 2);
    CHECK(config.backups[0].name == "away");
    CHECK(config.backups[0].target == "sftp:b@nas:/k");
    CHECK(config.backups[0].options.at("sftp.command") == "x");
    CHECK(config.backup("office")->target == "/c/store");
    CHECK(config.backup("office")->keep.daily == 7);

    apply_toml("[backup.b]\ntarget = \"rest:https://u:s3cr3t@h/\"\npassword = \"s3cr3t\"\n",
               "/c/kontor.toml", config, problems, &origins);
    check_whole(config, origins, problems);
    REQUIRE(problems.size() == 2);
    for (const auto& p : problems) CHECK(p.text().find("s3cr3t") == std::string::npos);
    problems.clear();
    apply_toml("[backup.c]\nkeep = { dayly = 1 }\n", "/c/kontor.toml", config, problems, &origins);
    check_whole(config, origins, problems);
    CHECK(problems.size() == 4);  // the key, the passphrase of b, and what c lacks
    CHECK(problems[0].nearest == "daily");
    problems.clear();
    Config secrets;
    apply_toml(
        "[backup.d]\ntarget = \"/d\"\npassword = \"file:/p\"\nsecrets_password = \"file:/q\"\n"
        "[backup.e]\ntarget = \"/e\"\npassword = \"file:/p\"\nsecrets_password = \"file:/p\"\n",
        "/c/kontor.toml", secrets, problems);
    check_whole(secrets, Origins{}, problems);
    CHECK(secrets.backup("d")->secrets_password == "file:/q");
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].key == "backup.e.secrets_password");
}

TEST_CASE("all errors are reported with place, key, reason and the nearest key", "[config]") {
    const auto problems = problems_of(
        "[daemon]\n"
        "log_levl = \"info\"\n"
        "log_format = \"jurnal\"\n"
        "[sync]\n"
        "interval = 15\n"
        "jitter = 7\n"
        "[conection.x]\n"
        "plugin = \"zoho\"\n");
    REQUIRE(problems.size() == 5);
    // Sections are read in a fixed order, so the order of problems is stable.
    CHECK(problems[0].text() ==
          "/c/kontor.toml:3:14: daemon.log_format: must be one of: auto, text, journal (did you "
          "mean 'journal'?)");
    CHECK(problems[1].text() ==
          "/c/kontor.toml:2:1: daemon.log_levl: unknown key (did you mean 'log_level'?)");
    CHECK(problems[2].text() ==
          "/c/kontor.toml:5:12: sync.interval: must be a text, is an integer");
    CHECK(problems[3].line == 6);
    CHECK(problems[4].nearest == "connection");
    CHECK(to_error(problems).args.at("count") == "5");
}

TEST_CASE("a reserve of credits is a part of them", "[config]") {
    for (const std::int64_t reserve : {399, 400}) {
        Config config;
        Problems problems;
        apply_toml(
            "[connection.a]\nplugin = \"p\"\n[connection.a.limits]\ndaily_credits = 400\n"
            "credit_reserve = " +
                std::to_string(reserve) + "\n",
            "/c/kontor.toml", config, problems);
        check_whole(config, Origins{}, problems);
        REQUIRE(problems.size() == (reserve < 400 ? 0U : 1U));
        if (!problems.empty()) CHECK(problems[0].key == "connection.a.limits.credit_reserve");
    }
}

TEST_CASE("folders are opened by name, and mistakes in them are named", "[config]") {
    Config config;
    Problems problems;
    apply_toml("[connection.a]\nplugin = \"p\"\n[connection.a.folders]\nin = { path = \"data\" }\n",
               "/c/kontor.toml", config, problems);
    CHECK(problems.empty());
    REQUIRE(config.connections.size() == 1);
    CHECK(config.connections[0].folders.at("in") == GrantedFolder{"/c/data", false});
    const auto wrong = problems_of(
        "[connection.a]\nplugin = \"p\"\n[connection.a.folders]\nin = \"/data\"\n"
        "Out = { path = \"/o\" }\nnone = { write = true }\nmore = { path = \"/m\", writ = true "
        "}\n");
    REQUIRE(wrong.size() == 4);
    CHECK(wrong[0].key == "connection.a.folders.in");
    CHECK(wrong[0].line == 4);
    CHECK(wrong[1].line == 5);
    CHECK(wrong[2].reason.find("path is missing") != std::string::npos);
    CHECK(wrong[3].nearest == "write");
}

TEST_CASE("a literal secret is refused and not repeated", "[config]") {
    const auto problems = problems_of(
        "[connection.a]\nplugin = \"zoho\"\n[connection.a.secrets]\nrefresh_token = "
        "\"1000.s3cr3t\"\n");
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].line == 4);
    CHECK(problems[0].key == "connection.a.secrets.refresh_token");
    CHECK(problems[0].text().find("s3cr3t") == std::string::npos);
    CHECK(problems[0].text().find("file:") != std::string::npos);
}

TEST_CASE("a password in the proxy's address is refused and not repeated", "[config]") {
    const auto problems =
        problems_of("[connection.a]\nplugin = \"zoho\"\nproxy = \"http://u:s3cr3t@p:1\"\n");
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].text().find("s3cr3t") == std::string::npos);
}

TEST_CASE("syntax errors say where", "[config]") {
    const auto problems = problems_of("[daemon]\nlog_level = \n");
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].line == 2);
    CHECK(problems[0].file == "/c/kontor.toml");
}

TEST_CASE("hostile files give one clear error each", "[config]") {
    const Folder folder;
    const auto only = [](const std::string& file) {
        Config config;
        Problems problems;
        apply_file(file, config, problems);
        REQUIRE(problems.size() == 1);
        return problems[0].text();
    };
    CHECK(only((folder.path / "none.toml").string()).find("cannot be opened") != std::string::npos);
    CHECK(only(folder.path.string()).find("not a regular file") != std::string::npos);
    CHECK(only(folder.write("huge.toml", std::string(kFileMax + 1, '#'))).find("larger than") !=
          std::string::npos);
    CHECK(only(folder.write("binary.toml", std::string("\x00\xff\xfe", 3))).find("binary.toml") !=
          std::string::npos);
    CHECK(only(folder.write("deep.toml", "a = " + std::string(100'000, '['))).find("deep.toml") !=
          std::string::npos);
    CHECK(only(folder.write("array.toml", "daemon = [1]")).find("must be a table") !=
          std::string::npos);
    const auto open_to_all = folder.write("open.toml", "[job.a]\ncommand = [\"true\"]");
    std::filesystem::permissions(open_to_all, std::filesystem::perms::others_write,
                                 std::filesystem::perm_options::add);
    CHECK(only(open_to_all).find("chmod o-w") != std::string::npos);
    CHECK_FALSE(problems_of("[connection]\nx = 1").empty());
    CHECK_FALSE(problems_of("[connection.\"../x\"]\nplugin = \"a\"").empty());
    CHECK_FALSE(problems_of("[connection.a]\nplugin = \"../evil\"").empty());
}

TEST_CASE("a connection without a connector is an error with its place", "[config]") {
    const Folder folder;
    Flags flags;
    flags.config = folder.write("kontor.toml", "\n[connection.a]\npush = false\n");
    const auto loaded = load(flags, environment_of({}), false);
    REQUIRE(loaded.problems.size() == 1);
    CHECK(loaded.problems[0].key == "connection.a.plugin");
    CHECK(loaded.problems[0].line == 2);
}

TEST_CASE("flags beat variables beat includes beat files beat defaults", "[config]") {
    const Folder folder;
    folder.write("etc/kontor.toml",
                 "[daemon]\nlog_level = \"error\"\nlanguage = \"zh\"\nsocket = \"/system\"\n"
                 "[sync]\ninterval = \"1h\"\njitter = 0.3\n");
    folder.write("home/kontor/kontor.toml",
                 "[daemon]\nlog_level = \"warning\"\nsocket = \"own.sock\"\n[sync]\ninterval = "
                 "\"2h\"\n");
    folder.write("home/kontor/conf.d/b.toml", "[sync]\ninterval = \"4h\"\n");
    folder.write("home/kontor/conf.d/a.toml", "[sync]\ninterval = \"3h\"\n");
    folder.write("home/kontor/conf.d/a.mapping.toml", "[[stream]]\nname = \"x\"\n");
    const auto environment = environment_of({
        {"CONFIGURATION_DIRECTORY", (folder.path / "etc").string()},
        {"XDG_CONFIG_HOME", (folder.path / "home").string()},
        {"XDG_STATE_HOME", "relative/is/ignored"},
        {"HOME", "/home/someone"},
        {"KONTOR_LOG_LEVEL", "debug"},
    });
    auto loaded = load({}, environment, false);
    for (const auto& p : loaded.problems) FAIL_CHECK(p.text());
    CHECK(loaded.config.daemon.log_level == "debug");
    CHECK(loaded.config.daemon.language == "zh");
    CHECK(loaded.config.daemon.socket == (folder.path / "home/kontor/own.sock").string());
    CHECK(loaded.config.daemon.state_dir == "/home/someone/.local/state/kontor");
    CHECK(loaded.config.sync.interval == 4h);
    CHECK(loaded.config.sync.jitter == 0.3);
    CHECK(loaded.origins.at("daemon.log_level") == "KONTOR_LOG_LEVEL");
    CHECK(loaded.origins.at("sync.jitter") == (folder.path / "etc/kontor.toml").string() + ":7");
    CHECK(loaded.files.size() == 4);

    Flags flags;
    flags.log_level = "error";
    loaded = load(flags, environment, false);
    CHECK(loaded.config.daemon.log_level == "error");

    flags.log_level = "eror";
    loaded = load(flags, environment, false);
    REQUIRE(loaded.problems.size() == 1);
    CHECK(loaded.problems[0].nearest == "error");
}

TEST_CASE("paths come from systemd, then XDG, then the home directory", "[config]") {
    const auto systemd = default_paths(environment_of({{"STATE_DIRECTORY", "/s/a:/s/b"},
                                                       {"RUNTIME_DIRECTORY", "/r"},
                                                       {"XDG_STATE_HOME", "/x"}}),
                                       true);
    CHECK(systemd.state_dir == "/s/a");
    CHECK(systemd.socket == "/r/kontor.sock");
    const auto desktop = default_paths(
        environment_of({{"XDG_RUNTIME_DIR", "/run/user/1000"}, {"HOME", "/home/u"}}), false);
    CHECK(desktop.socket == "/run/user/1000/kontor/kontor.sock");
    CHECK(desktop.user_config == "/home/u/.config/kontor/kontor.toml");
    const auto root = default_paths(environment_of({{"HOME", "/root"}}), true);
    CHECK(root.state_dir == "/var/lib/kontor");
    CHECK(root.user_config.empty());
}

TEST_CASE("a written connection reads back as it was", "[config]") {
    Connection c;
    c.name = "fx-1";
    c.plugin = "fxiaoke";
    c.options = {{"url", std::string("https://a\"b\\")},
                 {"n", std::int64_t{3}},
                 {"flag", true},
                 {"list", std::vector<std::string>{"a", "b c"}}};
    c.sign_in = {"oauth2", {{"client_id", "a.b"}}};
    c.secrets = {{"token", "file:/s/t"}};
    c.interval = 90s;
    c.mapping = "/m/x.toml";
    c.push = false;
    c.jurisdiction = "CN";
    c.folders = {{"in", {"/srv/in", false}}, {"out", {"/srv/o\"ut", true}}};
    c.guards.missing_share = 0.05;
    c.limits.requests_per_second = 2.5;
    c.limits.daily_credits = 5'000;
    c.limits.credit_reserve = 300;
    Config config;
    Problems problems;
    apply_toml(write_connection(c), "/c/conf.d/fx-1.toml", config, problems);
    for (const auto& p : problems) FAIL_CHECK(p.text());
    REQUIRE(config.connections.size() == 1);
    CHECK(config.connections[0] == c);
}

TEST_CASE("a folder that cannot be entered is a mistake, not an empty one", "[config]") {
    const Folder folder;
    const auto file = folder.write("kontor.toml", "[sync]\ninterval = \"1h\"\n");
    Flags flags;
    flags.config = file;
    CHECK(load(flags, environment_of({}), false).problems.empty());

    // Nobody can follow it, not even root, whom no permissions keep out.
    const auto conf_d = folder.path / "conf.d";
    fs::create_symlink(conf_d, conf_d);
    auto loaded = load(flags, environment_of({}), false);
    REQUIRE(loaded.problems.size() == 1);
    CHECK(loaded.problems[0].file == conf_d.string());
    CHECK(loaded.problems[0].reason == "cannot be opened: Too many levels of symbolic links");

    const auto home = folder.path / "home";
    fs::create_symlink(home, home);
    loaded = load({}, environment_of({{"HOME", home.string()}}), false);
    REQUIRE(loaded.problems.size() == 1);
    CHECK(loaded.problems[0].file == (home / ".config/kontor/kontor.toml").string());
}

TEST_CASE("durations are written as they are read", "[config]") {
    for (const std::string text : {"0s", "1ms", "90s", "15m", "24h", "7d"}) {
        INFO(text);
        REQUIRE(parse_duration(text));
        CHECK(parse_duration(format_duration(*parse_duration(text))) == parse_duration(text));
    }
    for (const std::string text : {"", "5", "-1s", "1.5h", "99999999999999999d", "s"})
        CHECK_FALSE(parse_duration(text));
}
