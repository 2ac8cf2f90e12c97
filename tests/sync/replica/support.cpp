#include "tests/sync/replica/support.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "sync/replica/migrations.hpp"

namespace kontor::replica::test {

namespace {

template <class T>
T need(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
}

/// A copy of a new replica, made once: a migration costs more than most tests.
Database create(const std::string& path) {
    static const TempDir dir;
    static const std::string original = [] {
        const Database db = need(Database::open(dir.path("new.db"), {.create = true}));
        SeededRandom random(1);
        if (auto done = migrate(db, random); !done) throw std::runtime_error(done.error().message);
        return db.path();
    }();
    std::filesystem::copy_file(original, path);
    return need(Database::open(path, {}));
}

}  // namespace

TempDir::TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "kontor-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    dir_ = name;
}

TempDir::~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
}

Replica::Replica() : db_(create(dir_.path("replica.db"))) {}

Database Replica::open(Access access) const {
    return need(Database::open(path(), {.access = access}));
}

void Replica::while_closed(const std::function<void()>& what) {
    { const Database closed = std::move(db_); }
    what();
    db_ = open(Access::kLocal);
}

Catalogue Replica::catalogue() const {
    return need(Catalogue::load(db_));
}

std::int64_t Replica::field(const std::string& entity, const std::string& name) const {
    const Catalogue all = catalogue();
    const Entity* e = all.entity(entity);
    const Field* f = e != nullptr ? e->field(name) : nullptr;
    if (f == nullptr) throw std::runtime_error("no field " + name);
    return f->id;
}

void Replica::run_on(const Database& db, const std::string& sql) {
    if (auto done = db.execute(sql); !done) throw std::runtime_error(done.error().message);
}

std::vector<std::string> Replica::rows(const std::string& sql) const {
    Statement statement = need(db_.prepare(sql));
    std::vector<std::string> out;
    while (need(statement.step())) {
        std::string line;
        for (int c = 0; c < statement.columns(); ++c) {
            if (c != 0) line += '|';
            line += statement.is_null(c) ? "∅" : std::string(statement.text(c));
        }
        out.push_back(std::move(line));
    }
    return out;
}

std::string Replica::one(const std::string& sql) const {
    const auto all = rows(sql);
    if (all.size() != 1) throw std::runtime_error(std::to_string(all.size()) + " rows from " + sql);
    return all.front();
}

std::vector<std::string> Replica::history(std::int64_t after) const {
    return rows(
        "SELECT e.name || ' ' || h.record || ' ' || coalesce(f.name,'-') || ' ' || h.op || ' ' ||"
        " CASE WHEN h.field IS NULL AND h.op='d' THEN '(uid)' ELSE quote(h.old) END"
        " FROM kontor_history h JOIN kontor_entity e ON e.id=h.entity"
        " LEFT JOIN kontor_field f ON f.id=h.field WHERE h.seq>" +
        std::to_string(after) + " ORDER BY h.seq");
}

std::int64_t Replica::last_seq() const {
    return need(db_.scalar("SELECT max(seq) FROM kontor_history"));
}

std::string Replica::sqlite3(const std::string& sql, int* status) const {
    const std::string script = dir_.path("script.sql");
    std::ofstream(script) << ".bail on\n.timeout 10000\n" << sql << "\n";
    const std::string command =
        "sqlite3 -batch -init /dev/null '" + path() + "' <'" + script + "' 2>&1";
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("popen");
    std::string out;
    std::array<char, 4096> buffer{};
    while (const std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe))
        out.append(buffer.data(), n);
    const int ended = pclose(pipe);
    if (status != nullptr) *status = WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
    return out;
}

Result<ShownBy> nothing_only_read(const Entity&) {
    return [](const std::string&) { return std::string(); };
}

}  // namespace kontor::replica::test
