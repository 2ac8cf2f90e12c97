#include "tests/simulation/reader.hpp"

#include <sqlite3.h>

#include <utility>

namespace kontor::simulation {

Reader::Reader(std::uint64_t seed, Hooks hooks) : dice_(seed), hooks_(std::move(hooks)) {}

void Reader::follow(const replica::Database& engine, const replica::Database& reader,
                    int checkpoint_pages) {
    reader_ = &reader;
    checkpoint_pages_ = checkpoint_pages;
    stays_ = 0;
    sqlite3_wal_hook(engine.raw(), on_commit, this);
}

int Reader::on_commit(void* self, sqlite3* engine, const char* schema, int pages) {
    auto& reader = *static_cast<Reader*>(self);
    reader.look();
    if (pages >= reader.checkpoint_pages_)
        sqlite3_wal_checkpoint_v2(engine, schema, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    return SQLITE_OK;
}

void Reader::look() {
    if (hooks_.no_power()) return;
    if (stays_ == 0) {
        if (!run("BEGIN")) return;
        read();
        seen_ = now_;
        stays_ = dice_.percent(25) ? 1 + dice_.roll(6) : 0;
    } else if (--stays_ == 0) {
        read();
        if (now_ != seen_ && !hooks_.no_power())
            hooks_.violation("D8: a snapshot changed while it was read");
    }
    if (stays_ == 0) static_cast<void>(run("COMMIT"));
}

void Reader::read() {
    now_.clear();
    auto rows = reader_->prepare(
        "SELECT id, coalesce(city, ''), coalesce(street, '') FROM contact"
        " ORDER BY id");
    if (!rows) return refused(rows.error());
    while (true) {
        const auto more = rows->step();
        if (!more) return refused(more.error());
        if (!*more) return;
        const std::string city(rows->text(1)), street(rows->text(2));
        if (!hooks_.entered(city, street))
            hooks_.violation("D8: contact " + std::to_string(rows->integer(0)) + " has '" + city +
                             "' and '" + street +
                             "' between two transactions, which nobody"
                             " entered so");
        now_.push_back(std::to_string(rows->integer(0)) + ":" + city + ":" + street);
    }
}

bool Reader::run(const char* sql) {
    if (auto done = reader_->execute(sql); !done) {
        refused(done.error());
        return false;
    }
    return true;
}

void Reader::refused(const Error& error) {
    if (!hooks_.no_power()) hooks_.violation("D8: who reads was refused: " + error.message);
}

}  // namespace kontor::simulation
