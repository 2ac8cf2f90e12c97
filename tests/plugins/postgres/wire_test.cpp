// The query part of PostgreSQL's protocol, without a server: what is sent, and what is taken from a
// server that says anything. A server that speaks as it should is in read_test.cpp.
#include <catch2/catch.hpp>

#include "connectors/sdk/connector.hpp"
#include "plugins/postgres/connector.hpp"
#include "plugins/postgres/cursor.hpp"
#include "plugins/postgres/ids.hpp"
#include "plugins/postgres/session.hpp"
#include "plugins/postgres/wire.hpp"
#include "tests/support/fake_host.hpp"

using namespace kontor;
using namespace kontor::postgres;

namespace {

const std::string kZero(1, '\0');

std::string number(std::uint32_t value, int bytes = 4) {
    std::string out;
    for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i)));
    return out;
}

std::string message(char type, const std::string& body = {}) {
    return type + number(static_cast<std::uint32_t>(body.size() + 4)) + body;
}

std::string row(const std::vector<Cell>& cells) {
    std::string body = number(static_cast<std::uint32_t>(cells.size()), 2);
    for (const auto& cell : cells)
        body +=
            cell ? number(static_cast<std::uint32_t>(cell->size())) + *cell : number(0xffffffff);
    return message('D', body);
}

std::string error(const std::string& state, const std::string& text) {
    return message('E', "C" + state + kZero + "M" + text + kZero + "cname" + kZero + kZero);
}

const std::string kReady = message('Z', "I");
const std::string kDone = message('1') + message('2') + message('C', "SELECT 1" + kZero);

struct Server {
    explicit Server(std::vector<std::string> script) : answers(std::move(script)) {
        fake.server = [this](std::string_view written) -> std::string {
            seen += written;
            if (!set_up) {
                set_up = true;
                return kDone + kReady;
            }
            if (at >= answers.size()) return {};
            return answers[at++];
        };
    }
    std::vector<std::string> answers;
    std::size_t at = 0;
    bool set_up = false;
    std::string seen;
    test::FakeHost fake;
    sdk::Host host{fake.raw()};
    Options options = Options::parse(R"({"options": {"host": "db", "database": "crm"}})");
};

kontor_status status_of(const std::string& answer) {
    Server server({answer});
    Session session(server.host, server.options);
    try {
        static_cast<void>(session.rows({"SELECT 1", {}}));
    } catch (const sdk::Error& thrown) {
        return thrown.status();
    }
    return KONTOR_OK;
}

}  // namespace

TEST_CASE("values go as parameters, as they are") {
    std::string out;
    append_bind(out, {Cell("a'b"), std::nullopt});
    CHECK(out == message('B', kZero + kZero + number(0, 2) + number(2, 2) + number(3) + "a'b" +
                                  number(0xffffffff) + number(0, 2)));
    CHECK_THROWS_AS(append_parse(out, std::string_view("SELECT\0 1", 9)), sdk::Error);
    CHECK_THROWS_AS(append_bind(out, std::vector<Cell>(65'536)), sdk::Error);
}

TEST_CASE("messages are cut out of whatever arrives together") {
    const auto bytes = row({Cell("one"), std::nullopt}) + kReady;
    MessageReader reader;
    std::vector<char> types;
    for (const char byte : bytes) {
        reader.feed({&byte, 1});
        while (const auto message = reader.next()) types.push_back(message->type);
    }
    CHECK(types == std::vector<char>{'D', 'Z'});
    MessageReader huge;
    huge.feed("D" + number(0x7fffffff));
    CHECK_THROWS_AS(huge.next(), sdk::Error);
    MessageReader tiny;
    tiny.feed("D" + number(3));
    CHECK_THROWS_AS(tiny.next(), sdk::Error);
}

TEST_CASE("a row whose sizes do not add up is refused") {
    Row out;
    const auto good = number(1, 2) + number(2) + "ab";  // what `out` points into
    read_row(good, out);
    CHECK(out[0] == "ab");
    for (const auto& bad :
         {std::string(), number(1, 2), number(1, 2) + number(3) + "ab",
          number(1, 2) + number(0xfffffff0), number(1, 2) + number(1) + "ab", number(9, 2)})
        CHECK_THROWS_AS(read_row(bad, out), sdk::Error);
}

TEST_CASE("an error's fields are found, and its values stay out of what is told") {
    const auto read =
        read_error("C22P02" + kZero + "Minvalid input syntax for type integer: \"Ada\"" + kZero +
                   "cname" + kZero + kZero);
    CHECK(read.state == "22P02");
    CHECK(read.column == "name");
    CHECK(std::string(SqlError(read).what()) == "invalid input syntax for type integer (22P02)");
    CHECK(read_error("Ccut off").state.empty());
}

TEST_CASE("that a server cannot for now is told as its own word") {
    ServerError stopping;
    stopping.state = "57P01";
    CHECK(SqlError(stopping).args_json() == R"({"reason":"net_said"})");
    stopping.state = "42501";
    CHECK(SqlError(stopping).args_json().empty());
}

TEST_CASE("a session takes rows, errors, and whatever else a server says") {
    CHECK(status_of(kDone + row({Cell("1")}) + kReady) == KONTOR_OK);
    CHECK(status_of(message('N', kZero) + kDone + message('S', "a") + kReady) == KONTOR_OK);
    CHECK(status_of(error("42501", "no") + kReady) == KONTOR_E_PERMISSION);
    CHECK(status_of(error("40001", "again") + kReady) == KONTOR_E_UNAVAILABLE);
    CHECK(status_of(error("57P01", "shutdown")) == KONTOR_E_UNAVAILABLE);
    CHECK(status_of(error("42P01", "no table") + kReady) == KONTOR_E_PROTOCOL);
    CHECK(status_of(kDone) == KONTOR_E_UNAVAILABLE);  // and nothing more
    CHECK(status_of(message('D', "?") + kReady) == KONTOR_E_PROTOCOL);
    CHECK(status_of("HTTP/1.1 400 Bad Request\r\n\r\n") == KONTOR_E_PROTOCOL);
}

TEST_CASE("several statements are one way there and one back") {
    Server server({message('1') + message('2') + message('C', "BEGIN" + kZero) + message('1') +
                       message('2') + row({Cell("7")}) + message('C', "INSERT 0 1" + kZero) +
                       kReady,
                   kDone + error("23505", "twice") + kReady, kReady});
    Session session(server.host, server.options);
    const auto outcomes = session.run_all({{"BEGIN", {}}, {"INSERT", {}}});
    REQUIRE(outcomes.size() == 2);
    CHECK(outcomes[1].count == 1);
    CHECK(outcomes[1].rows[0][0] == "7");
    CHECK_THROWS_AS(session.run_all({{"SELECT 1", {}}, {"INSERT", {}}}), SqlError);
    CHECK_THROWS_AS(session.run_all({{"SELECT 1", {}}}), sdk::Error);  // it did not answer
}

TEST_CASE("identifiers, literals and arrays are quoted") {
    CHECK(identifier("a\"b") == "\"a\"\"b\"");
    CHECK(literal("a'b\\") == "E'a''b\\\\'");
    CHECK(array_text({"a", "b\"c\\", ""}) == R"({"a","b\"c\\",""})");
    CHECK(rows_of("UPDATE 3") == 3);
    CHECK(rows_of("BEGIN") == 0);
}

TEST_CASE("ids of several parts are JSON, and others are not taken for them") {
    CHECK(join_id({"7"}) == "7");
    CHECK(join_id({"a", "b\"c"}) == R"(["a","b\"c"])");
    CHECK(split_id(R"(["a","b\"c"])", 2) == std::vector<std::string>{"a", "b\"c"});
    for (const auto* bad : {"", "a", "[1,2]", R"(["a"])", R"(["a","b","c"])", R"({"a":"b"})"})
        CHECK(split_id(bad, 2).empty());
}

TEST_CASE("a cursor for another way of finding changes begins anew") {
    Cursor cursor;
    cursor.by = Changes::kColumn;
    cursor.scan = false;
    cursor.from = "2026-05-20 10:00:00+00";
    cursor.page = {"a", "b"};
    const auto same = Cursor::parse(cursor.text(), Changes::kColumn);
    CHECK_FALSE(same.scan);
    CHECK(same.from == cursor.from);
    CHECK(same.page == cursor.page);
    CHECK(Cursor::parse(cursor.text(), Changes::kTransactions).scan);
    for (const auto* bad : {"", "{", "[]", "7", R"({"by": 1})"})
        CHECK(Cursor::parse(bad, Changes::kColumn).scan);
}

TEST_CASE("options say what is wrong with them") {
    const auto parse = [](const std::string& more) {
        return Options::parse(R"({"options": {"host": "db", "database": "crm")" + more + "}}");
    };
    const auto options = parse(R"(, "tables": ["crm.person modified=at key=ext", "deal"])");
    REQUIRE(options.tables.size() == 2);
    CHECK(options.tables[0].name == "crm.person");
    CHECK(options.tables[0].columns.at("modified") == "at");
    CHECK(options.address() == "postgresql://db:5432/crm");
    for (const auto* bad :
         {R"(, "tables": ["a b=c"])", R"(, "tables": ["a=b"])", R"(, "tables": [""])",
          R"(, "port": 0)", R"(, "time_zone": "x'y")", R"(, "overlap_s": -1)"})
        CHECK_THROWS_AS(parse(bad), sdk::Error);
}
