// Surveys that run by themselves: weeks of virtual time on a real replica, from the file to what is
// handed out.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "daemon/feedback/send.hpp"
#include "daemon/feedback/survey_file.hpp"
#include "daemon/jobs/survey_jobs.hpp"
#include "tests/daemon/jobs/world.hpp"

namespace kontor::jobs {
namespace {

using namespace std::chrono_literals;
using test::at;
using test::World;
using Texts = std::vector<std::string>;

feedback::Survey survey_of(const std::string& parts, const std::string& id = "nps") {
    config::Problems problems;
    auto survey =
        feedback::parse_survey("id = \"" + id + "\"\ntitle = \"T\"\n" + parts +
                                   "\n[[question]]\nid = \"score\"\nkind = \"nps\"\ntext = \"Q\"\n",
                               id + ".toml", problems);
    for (const auto& problem : problems) FAIL(problem.text());
    return *survey;
}

/// A World whose one job is a survey that is really sent, on the replica of the world.
struct Desk {
    explicit Desk(feedback::Survey asked, const std::string& begin = "2026-05-01T08:00")
        : survey(std::move(asked)),
          world(begin),
          db(world.replica().open(replica::Access::kLocal)) {
        world.does["survey:nps"] = [this](const config::Job& job, const Run& run) {
            Outcome out;
            auto done =
                feedback::send({db, catalogues, world.now(), "job:" + job.name}, survey,
                               {.choose = !run.follow_up || job.times.empty()}, {lexicon, false});
            if (!done) {
                out.done = tl::unexpected<Error>(done.error());
                return out;
            }
            for (const auto& due : done->sending.due)
                sent.push_back(format_instant(world.now()).substr(0, 16) + " " +
                               due.person.address + " " + std::to_string(due.reminder));
            out.next = done->next();
            return out;
        };
        world.give({*job_of(survey)});
    }
    void person(const std::string& name) {
        world.replica().run("INSERT INTO contact(last_name, email) VALUES('" + name + "','" + name +
                            "@example.com')");
    }
    [[nodiscard]] const Texts& sends() const { return sent; }

    feedback::Survey survey;
    World world;
    replica::Database db;
    replica::CatalogueCache catalogues;
    feedback::Lexicon lexicon;
    Texts sent;  ///< time, address, reminder
};

}  // namespace

TEST_CASE("a survey's schedule asks at its times, and reminds between them", "[jobs][surveys]") {
    Desk desk(
        survey_of("[timing]\nschedule = \"monthly 4 09:00 UTC\"\n[limits]\n"
                  "reminders = [\"2d\", \"5d\"]\nexpires = \"10d\"\n"));
    desk.person("ann");
    // Whoever is there before the time is not asked before it.
    desk.world.live_until("2026-05-04T08:59");
    CHECK(desk.sends().empty());
    desk.world.live_until("2026-05-05T12:00");
    CHECK(desk.sends() == Texts{"2026-05-04T09:00 ann@example.com 0"});
    desk.person("bob");
    desk.world.live_until("2026-05-12T00:00");
    CHECK(desk.sends() == Texts{"2026-05-04T09:00 ann@example.com 0",
                                "2026-05-06T09:00 ann@example.com 1",
                                "2026-05-09T09:00 ann@example.com 2"});
    // Asleep over the next time: it is done once when the machine is back.
    desk.world.sleep_until("2026-06-06T15:00");
    desk.world.live_until("2026-06-07T00:00");
    CHECK(desk.sends().back() == "2026-06-06T15:00 bob@example.com 0");
    CHECK(desk.sends().size() == 4);
    CHECK(desk.world.most_at_once == 1);
}

TEST_CASE("who is in quiet hours gets it when they are over", "[jobs][surveys]") {
    // 09:00 in London is the middle of the night in New York, always.
    Desk desk(
        survey_of("[audience]\ndefault_time_zone = \"America/New_York\"\n[timing]\n"
                  "schedule = \"monthly 1 09:00 Europe/London\"\n[limits]\n"
                  "quiet = { from = \"20:00\", until = \"09:00\", days = [\"sat\", \"sun\"] }\n"),
        "2026-07-30T08:00");
    desk.person("ann");
    desk.world.live_until("2026-08-05T00:00");
    // Saturday the 1st: not before Monday, 09:00 there.
    CHECK(desk.sends() == Texts{"2026-08-03T13:00 ann@example.com 0"});
}

TEST_CASE("an event asks after its delay, wherever kontord was meanwhile", "[jobs][surveys]") {
    Desk desk(
        survey_of("[audience]\nentity = \"deal\"\nperson = \"contact_id\"\n[timing]\n"
                  "becomes = \"stage=Closed Won\"\ndelay = \"2d\"\n[limits]\n"
                  "same_survey = \"0d\"\n"));
    desk.person("ann");
    desk.person("bob");
    desk.world.live_until("2026-05-01T08:10");
    // The history's stamps are the system's.
    desk.world.sleep_until(desk.world.replica().one("SELECT strftime('%Y-%m-%dT%H:%M','now')"));
    desk.world.live_until(format_instant(desk.world.now() + 1min));
    desk.world.replica().run("INSERT INTO deal(name,stage,contact_id) VALUES('A','New',1)");
    desk.world.replica().run("UPDATE deal SET stage='Closed Won'");
    desk.world.live_until(format_instant(desk.world.now() + 1min));
    CHECK(desk.world.runs.back().cause == "event");
    CHECK(desk.world.runs.back().records == "deal:1");
    desk.world.live_until(format_instant(desk.world.now() + 24h));
    CHECK(desk.sends().empty());
    desk.world.restart();
    desk.world.live_until(format_instant(desk.world.now() + 23h));
    CHECK(desk.sends().empty());
    desk.world.live_until(format_instant(desk.world.now() + 1h));
    REQUIRE(desk.sends().size() == 1);
    CHECK(desk.sends()[0].ends_with(" ann@example.com 0"));
    desk.world.live_until(format_instant(desk.world.now() + 24h * 20));
    CHECK(desk.sends().size() == 1);
}

TEST_CASE("what failed is owed: the next follow-up chooses too", "[jobs][surveys]") {
    Desk desk(survey_of("[timing]\nschedule = \"monthly 4 09:00 UTC\"\n"));
    desk.person("ann");
    desk.world.live_until("2026-05-04T08:00");
    desk.world.fails["survey:nps"] = Error{Errc::kConfig, "a mistake", {}, {}};
    desk.world.live_until("2026-05-04T12:30");
    CHECK(desk.world.alerts == Texts{"survey:nps failed"});
    desk.world.fails.clear();
    desk.world.live_until("2026-05-04T14:00");
    CHECK(desk.sends() == Texts{"2026-05-04T13:00 ann@example.com 0"});
    CHECK(desk.world.alerts == Texts{"survey:nps failed", "survey:nps recovered"});
}

TEST_CASE("a paused survey asks nobody; nothing is caught up after it", "[jobs][surveys]") {
    Desk desk(
        survey_of("[timing]\nschedule = \"weekdays 09:00 UTC\"\n[limits]\n"
                  "reminders = [\"1d\"]\nexpires = \"10d\"\n"));
    desk.world.live_until("2026-05-01T10:00");
    REQUIRE(desk.world.scheduler().pause("survey:nps", "uid:1"));
    desk.person("ann");
    desk.world.live_until("2026-05-07T10:00");
    CHECK(desk.sends().empty());
    REQUIRE(desk.world.scheduler().resume("survey:nps"));
    desk.world.live_until("2026-05-08T08:00");
    CHECK(desk.sends().empty());
    desk.world.live_until("2026-05-08T10:00");
    CHECK(desk.sends() == Texts{"2026-05-08T09:00 ann@example.com 0"});
}

TEST_CASE("a folder of surveys: what changes is found, a mistake keeps the job",
          "[jobs][surveys]") {
    const replica::test::TempDir dir;
    const auto write = [&](const std::string& name, const std::string& timing) {
        std::ofstream(dir.path(name + ".toml"))
            << "id = \"" << name << "\"\ntitle = \"T\"\n"
            << timing << "\n[[question]]\nid = \"score\"\nkind = \"nps\"\ntext = \"Q\"\n";
    };
    SurveyJobs surveys(std::filesystem::path(dir.path("x")).parent_path().string());
    CHECK_FALSE(surveys.changed());
    write("byhand", "");
    write("monthly", "[timing]\nschedule = \"monthly last 18:00 Asia/Shanghai\"");
    write("won", "[timing]\nbecomes = \"stage=Closed Won\"\ndelay = \"2d\"");
    write("big",
          "[audience]\nentity = \"deal\"\nperson = \"contact_id\"\n[timing]\n"
          "becomes = \"amount>=1000\"");
    CHECK(surveys.changed());
    surveys.read();
    CHECK_FALSE(surveys.changed());
    REQUIRE(surveys.jobs().size() == 3);
    const auto& big = surveys.jobs()[0];
    CHECK(big.name == "survey:big");
    CHECK(big.when == Texts{"on deal.amount >= 1000"});
    CHECK((big.events == std::vector<config::JobEvent>{{"deal", "amount", std::nullopt, true}}));
    CHECK(surveys.jobs()[1].run == Texts{"feedback", "send", "monthly"});
    CHECK(surveys.jobs()[1].times[0].next_after(at("2026-05-20T00:00")) == at("2026-05-31T10:00"));
    CHECK(surveys.jobs()[2].when == Texts{"on contact.stage = Closed Won, 2d later"});
    CHECK(surveys.jobs()[2].events[0].becomes == "Closed Won");

    write("monthly", "[timing]\nschedule = \"monthly 32 18:00\"");
    std::filesystem::remove(dir.path("won.toml"));
    CHECK(surveys.changed());
    surveys.read();
    REQUIRE(surveys.jobs().size() == 2);
    CHECK(surveys.jobs()[1].when == Texts{"monthly last 18:00 Asia/Shanghai"});
    REQUIRE(surveys.mistakes().contains("survey:monthly"));
    CHECK(surveys.mistakes().at("survey:monthly").find("monthly.toml:4") != std::string::npos);
}

}  // namespace kontor::jobs
