#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "daemon/feedback/invitations.hpp"
#include "daemon/feedback/survey_file.hpp"
#include "sync/base/random.hpp"
#include "sync/replica/migrations.hpp"

namespace kontor::feedback::test {

inline Instant at(const char* text) {
    return *parse_instant(text);
}

/// A survey of the standard audience; `parts` is more TOML in front of the questions.
inline Survey make_survey(const std::string& parts = "", const std::string& id = "s") {
    config::Problems problems;
    auto survey = parse_survey("id = \"" + id + "\"\ntitle = \"T\"\n" + parts +
                                   "\n[[question]]\nid = \"score\"\nkind = \"nps\"\n"
                                   "required = true\ntext = \"Q\"\n"
                                   "[[question]]\nid = \"why\"\nkind = \"text\"\ntext = \"W\"\n"
                                   "show_if = \"score<=6\"\n",
                               id + ".toml", problems);
    for (const auto& p : problems) FAIL(p.text());
    return *survey;
}

/// A replica in memory, edited as programs do.
class Office {
public:
    Office() : db(open()) {}

    void sql(const std::string& text) const {
        const auto done = db.execute(text);
        if (!done) FAIL(done.error().message + ": " + text);
    }
    [[nodiscard]] std::string one(const std::string& query) const {
        auto statement = db.prepare(query);
        REQUIRE(statement);
        auto row = statement->step();
        REQUIRE(row);
        return *row ? std::string(statement->text(0)) : "no row";
    }
    [[nodiscard]] Invitations invitations(Instant now) {
        return Invitations({db, catalogues, now, "job:feedback"});
    }
    [[nodiscard]] Result<Selection> select(const Survey& survey, Instant now) {
        return feedback::select(db, **catalogues.get(db), survey, now);
    }

    replica::Database db;
    replica::CatalogueCache catalogues;

private:
    static replica::Database open() {
        auto opened = replica::Database::open(":memory:", {.create = true});
        SeededRandom random(1);
        REQUIRE(opened);
        REQUIRE(replica::migrate(*opened, random));
        return std::move(*opened);
    }
};

}  // namespace kontor::feedback::test
