// [jobs] and [job.NAME]: what is read, and that each mistake is told with its line and its reason.
#include <catch2/catch.hpp>

#include "config/parse.hpp"

namespace kontor::config {
namespace {

Config read(const std::string& text, Problems& problems) {
    Config config;
    Origins origins;
    apply_toml(text, "/c/kontor.toml", config, problems, &origins);
    check_whole(config, origins, problems);
    return config;
}

constexpr const char* kBackup = "[backup.office]\ntarget='/b'\npassword='file:/p'\n";

}  // namespace

TEST_CASE("a job says what, when, and under which conditions", "[config][jobs]") {
    Problems problems;
    const auto config = read(std::string(kBackup) + R"(
[jobs]
time_zone = "Asia/Shanghai"
retries = 5
alert_after = "3d"
[jobs.alert]
command = ["page", "--urgent"]
webhook = "file:/etc/kontor/hook"
email = ["it@example.com"]
smtp = "smtps://mail.example.com:465"
from = "kontor@example.com"
[job.nightly]
run = "backup run office"
when = ["daily 02:30", "on deal.stage = Closed Won", "on service_case.status"]
jitter = "10m"
only_if = ["mains", "unmetered"]
catch_up = false
retries = 0
[job.clean]
command = ["/usr/bin/true"]
when = "every 1h"
)",
                             problems);
    for (const auto& p : problems) FAIL_CHECK(p.text());
    CHECK(config.jobs.time_zone == "Asia/Shanghai");
    CHECK(config.jobs.retries.most == 5);
    CHECK(config.jobs.alert_after == 72h);
    CHECK(config.jobs.alert.command == std::vector<std::string>{"page", "--urgent"});
    REQUIRE(config.job.size() == 2);
    CHECK(config.job[0].name == "clean");
    CHECK_FALSE(config.job[0].retries);
    const auto& job = config.job[1];
    CHECK(job.run == std::vector<std::string>{"backup", "run", "office"});
    CHECK(job.times == std::vector<Schedule>{*Schedule::parse("daily 02:30")});
    REQUIRE(job.events.size() == 2);
    CHECK(job.events[0] == JobEvent{"deal", "stage", "Closed Won"});
    CHECK(job.events[1] == JobEvent{"service_case", "status", std::nullopt});
    CHECK(job.jitter == 10min);
    CHECK(job.retries == 0);
    CHECK_FALSE(job.catch_up);
}

TEST_CASE("each mistake in a job has its line and its reason", "[config][jobs]") {
    struct Case {
        std::string text, expected;
    };
    const Case cases[] = {
        {"[job.x]\nrun='backup run office'\nwhen='daily 25:00'",
         ":6:6: job.x.when: '25:00' is no time of the day such as 02:30"},
        {"[job.x]\nrun='backup run office'\nwhen=['hourly', 'daily 02:30 Mars/Base']",
         ":6:17: job.x.when: 'Mars/Base' is no time zone such as Europe/Berlin"},
        {"[job.x]\nrun='backup run office'\nwhen='on deal'",
         ":6:6: job.x.when: an event is written as on deal.stage, or as on deal.stage = Closed "
         "Won"},
        {"[job.x]\nrun='backup run garage'", ":5:1: job.x.run: there is no [backup.garage]"},
        {"[job.x]\nrun='verify zoho'", ":5:1: job.x.run: there is no [connection.zoho]"},
        {"[job.x]\nwhen='hourly'", ":4:1: job.x.run: is missing: what is to be done?"},
        {"[job.x]\nrun='backup run office'\ncommand=['true']",
         ":5:1: job.x.run: give either run or command"},
        {"[job.x]\nrun='delete everything'", ":5:5: job.x.run: must be one of"},
        {"[job.x]\nrun='feedback act'", ":5:5: job.x.run: must be one of"},
        {"[job.x]\nrun='backup run office --read-data'", ":5:5: job.x.run: must be one of"},
        {"[job.x]\nrun='feedback receive now'", ":5:5: job.x.run: must be one of"},
        {"[job.x]\nrun='backup run office'\nonly_if=['main']",
         "job.x.only_if: must be a list of mains, unmetered and idle (did you mean 'mains'?)"},
        {"[job.x]\nrun='backup run office'\nevery='1h'", ":6:1: job.x.every: "},
        {"[jobs]\ntime_zone='Beijing'", ":5:11: jobs.time_zone: is no time zone"},
        {"[jobs.alert]\nemail=['it@example.com']", "jobs.alert.smtp: e-mail needs smtp and from"},
        {"[jobs.alert]\nemail=['nobody']", "jobs.alert.email: 'nobody' must be an e-mail address"},
        {"[jobs.alert]\npassword='hunter2'", "jobs.alert.password: a secret is never written here"},
        {"[jobs.alert]\nwebhook='http://example.com'", "jobs.alert.webhook: must be a URL"},
    };
    for (const auto& c : cases) {
        Problems problems;
        (void)read(kBackup + c.text, problems);
        std::string all;
        for (const auto& p : problems) all += p.text() + "\n";
        INFO(c.text << "\n" << all);
        CHECK(all.find(c.expected) != std::string::npos);
        CHECK(all.find("hunter2") == std::string::npos);
    }
}

TEST_CASE("answers of survey services are taken by a job", "[config][jobs]") {
    Problems problems;
    const auto config = read("[job.x]\nrun='feedback act service'\nwhen='every 15m'", problems);
    CHECK(problems.empty());
    REQUIRE(config.job.size() == 1);
    CHECK(config.job[0].run == std::vector<std::string>{"feedback", "act", "service"});
}

}  // namespace kontor::config
