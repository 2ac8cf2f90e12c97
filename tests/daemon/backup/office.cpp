#include "tests/daemon/backup/office.hpp"

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "sync/backup/file.hpp"
#include "sync/replica/migrations.hpp"

namespace kontor::test {

namespace fs = std::filesystem;

namespace {

template <class T>
T value(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

void make_replica(const std::string& path) {
    SystemRandom random;
    const auto db =
        value(replica::Database::open(path, {.access = replica::Access::kLocal, .create = true}));
    value(replica::migrate(db, random));
    value(db.execute(
        "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<300)"
        " INSERT INTO contact(last_name,email) SELECT 'Name '||i, i||'@example.com' FROM n"));
}

}  // namespace

Office::Office() {
    fs::create_directories(state);
    fs::create_directories(dir.path("etc"));
    make_replica(state + "/replica.db");
    target.name = "office";
    target.target = dir.path("repository");
    target.password = "file:/not/read";
    loaded.folder = dir.path("etc");
    loaded.files = {dir.path("etc/kontor.toml")};
    value(backup::write_whole(loaded.files.front(), "# of the office\n"));
}

backup::Backups Office::backups() {
    return backups_of(state);
}

backup::Backups Office::backups_of(const std::string& state_dir) {
    return backup::Backups(state_dir, {secrets, clock, random,
                                       [](const std::string& name) {
                                           const char* text = std::getenv(name.c_str());
                                           return std::string(text == nullptr ? "" : text);
                                       },
                                       [this] { return cancel; }, "test", program});
}

void Office::wrap(const std::string& script) {
    program = dir.path("wrapped.sh");
    value(backup::write_whole(program, "#!/bin/bash\n" + script + "\n"));
    fs::permissions(program, fs::perms::owner_all);
}

void Office::sql(const std::string& text) const {
    const auto db =
        value(replica::Database::open(state + "/replica.db", {.access = replica::Access::kLocal}));
    value(db.execute(text));
}

std::int64_t Office::count(const std::string& text) const {
    return count_in(state + "/replica.db", text);
}

Result<backup::Restored> Office::restore_to(const std::string& state_dir, std::optional<Instant> to,
                                            const std::string& replica_id) {
    const auto from = backups_of(state_dir);
    return backup::restore_replica(from.repository(target),
                                   {state_dir, to, replica_id, state_dir + "/etc"}, clock, random);
}

std::int64_t count_in(const std::string& database, const std::string& sql) {
    const auto db =
        value(replica::Database::open(database, {.access = replica::Access::kReadOnly}));
    return value(db.scalar(sql));
}

Said shell(const std::string& command) {
    Said out;
    FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("popen");
    std::array<char, 4096> piece{};
    while (const auto got = std::fread(piece.data(), 1, piece.size(), pipe))
        out.text.append(piece.data(), got);
    const int status = ::pclose(pipe);
    out.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return out;
}

}  // namespace kontor::test
