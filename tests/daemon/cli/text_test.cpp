// Widths, tables, CSV, suggestions, filters and values: the pure parts.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "daemon/cli/progress.hpp"
#include "daemon/cli/sse.hpp"
#include "daemon/cli/suggest.hpp"
#include "daemon/cli/table.hpp"
#include "daemon/cli/values.hpp"
#include "daemon/cli/width.hpp"

using namespace kontor;
using namespace kontor::cli;
using messages::Language;

TEST_CASE("width counts terminal cells, not bytes", "[cli][width]") {
    CHECK(display_width("") == 0);
    CHECK(display_width("Ada") == 3);
    CHECK(display_width("李娜") == 4);
    CHECK(display_width("ＡＢ") == 4);     // full-width Latin
    CHECK(display_width("ｱ") == 1);        // half-width katakana
    CHECK(display_width("e\u0301") == 1);  // combining accent
    CHECK(display_width("한글") == 4);
    CHECK(display_width("\U0001F600") == 2);
    CHECK(display_width("\u2708\uFE0F") == 2);  // emoji by variation selector
    CHECK(display_width("\U0001F468\u200D\U0001F469") == 2);
    CHECK(display_width("\xFF") == 1);  // not UTF-8: a replacement character
}

TEST_CASE("clip never cuts a character in two and never exceeds its cells", "[cli][width]") {
    CHECK(clip("Ada", 3) == "Ada");
    CHECK(clip("Adam", 3) == "Ad…");
    CHECK(clip("李娜娜", 5) == "李娜…");
    CHECK(clip("李娜娜", 4) == "李…");
    CHECK(clip("李", 1) == "…");
    CHECK(clip("x", 0).empty());
    CHECK(clip("e\u0301e\u0301e\u0301", 2) == "e\u0301…");
}

TEST_CASE("what comes from outside cannot steer the terminal", "[cli][width]") {
    CHECK(one_line("a\x1b[31mb") == "a\uFFFD[31mb");
    CHECK(one_line("a\nb\tc\r") == "a b c");
    CHECK(one_line("abc\u202Etxt") == "abctxt");
    CHECK(one_line("a\x7F\u009Bb") == "a\uFFFD\uFFFDb");
    CHECK(printable("a\nb") == "a\nb");
}

TEST_CASE("columns of a table line up for Chinese and Latin text", "[cli][table]") {
    Table table{.columns = {{.title = "NAME"}, {.title = "AMOUNT", .right = true}}, .rows = {}};
    table.add({"李娜", "1,250"});
    table.add({"Ada Lovelace", "7"});
    CHECK(render_table(table, {}) ==
          "NAME          AMOUNT\n"
          "李娜           1,250\n"
          "Ada Lovelace       7\n");
}

TEST_CASE("a long text is shown whole in a pipe, and fills no other row with spaces",
          "[cli][table]") {
    const std::string letter(40'000, 'x');
    Table table{.columns = {{.title = "text"}, {.title = "id"}}, .rows = {}};
    table.add({letter, "1"});
    table.add({"short", "2"});
    const auto shown = render_table(table, {.width_max = 0});
    CHECK(shown.find(letter + "  1\n") != std::string::npos);
    CHECK(shown.size() < letter.size() + 1'000);
}

TEST_CASE("a narrow terminal clips the widest column and keeps the others", "[cli][table]") {
    Table table{.columns = {{.title = "ID", .min = 2}, {.title = "TEXT"}}, .rows = {}};
    table.add({"1", "a text that is far too long"});
    const auto out = render_table(table, {.width_max = 16, .bold_titles = false, .titles = false});
    CHECK(out == "1  a text that …\n");
    CHECK(render_table(table, {.width_max = 0, .bold_titles = false, .titles = false}) ==
          "1  a text that is far too long\n");
}

TEST_CASE("spare columns are left out before those that count are clipped", "[cli][table]") {
    Table table{.columns = {{.title = "ID", .min = 2},
                            {.title = "WHO", .spare = 1},
                            {.title = "NAME"},
                            {.title = "WHEN", .min = 4, .spare = 2}},
                .rows = {}};
    table.add({"1", "李婷", "a long name", "2026-05"});
    const auto shown = [&](std::size_t width) {
        return render_table(table, {.width_max = width, .bold_titles = false, .titles = false});
    };
    CHECK(shown(0) == "1  李婷  a long name  2026-05\n");
    CHECK(shown(29) == "1  李婷  a long name  2026-05\n");
    CHECK(shown(24) == "1  李婷  a long …  2026…\n");
    CHECK(shown(22) == "1  李婷  a long name\n");
    CHECK(shown(19) == "1  李婷  a long na…\n");
    CHECK(shown(16) == "1  a long name\n");
    CHECK(shown(5) == "1  a long …\n");
}

TEST_CASE("CSV quotes, ends lines with CRLF and disarms formulas", "[cli][table]") {
    Table table{.columns = {{.title = "a"}, {.title = "b"}}, .rows = {}};
    table.add({"say \"hi\", you", "=SUM(A1)"});
    table.add({"-5", "line\nbreak"});
    CHECK(render_csv(table, false) ==
          "a,b\r\n\"say \"\"hi\"\", you\",'=SUM(A1)\r\n-5,\"line\nbreak\"\r\n");
    CHECK(render_csv(table, true).substr(0, 3) == "\xEF\xBB\xBF");
}

TEST_CASE("Markdown escapes bars", "[cli][table]") {
    Table table{.columns = {{.title = "a", .right = true}}, .rows = {}};
    table.add({"x|y"});
    CHECK(render_markdown(table) == "| a |\n| ---: |\n| x\\|y |\n");
}

TEST_CASE("a mistyped word is recognised, a foreign one is not", "[cli][suggest]") {
    const std::vector<std::string> words{"status", "sync", "search", "set"};
    CHECK(suggest("sttaus", words) == "status");
    CHECK(suggest("snyc", words) == "sync");
    CHECK(suggest("serach", words) == "search");
    CHECK(suggest("elephant", words).empty());
    CHECK(suggest("", words).empty());
    CHECK(suggest(std::string(1000, 's'), words).empty());
}

TEST_CASE("filters are read with the longest sign first", "[cli][values]") {
    const auto where = [](std::string_view word) {
        const auto w = parse_where(Language::kEnglish, word);
        return w ? w->field + "|" + w->compare + "|" + w->value : "error";
    };
    CHECK(where("stage=Closed Won") == "stage|=|Closed Won");
    CHECK(where("amount >= 1000") == "amount|>=|1000");
    CHECK(where("amount<10") == "amount|<|10");
    CHECK(where("name~Li") == "name|contains|Li");
    CHECK(where("name^=Li") == "name|startswith|Li");
    CHECK(where("stage!=Lost") == "stage|!=|Lost");
    CHECK(where("stage<>Lost") == "stage|!=|Lost");
    CHECK(where("stage==Lost") == "stage|=|Lost");
    CHECK(where("note=a=b") == "note|=|a=b");
    CHECK(where("fax=") == "fax|isnull|");
    CHECK(where("fax!=") == "fax|notnull|");
    CHECK(where("amount>") == "error");
    CHECK(where("=x") == "error");
    CHECK(where("nothing") == "error");
}

TEST_CASE("values are text, JSON or blank", "[cli][values]") {
    const auto values = parse_values(
        Language::kEnglish, {"name=Li Na", "amount:=12.5", "fax=", "opt:=true", "note=a:=b"});
    REQUIRE(values);
    CHECK(*values == nlohmann::json{{"name", "Li Na"},
                                    {"amount", 12.5},
                                    {"fax", nullptr},
                                    {"opt", true},
                                    {"note", "a:=b"}});
    CHECK_FALSE(parse_values(Language::kEnglish, {"name"}));
    CHECK_FALSE(parse_values(Language::kEnglish, {"=x"}));
    CHECK_FALSE(parse_values(Language::kEnglish, {":=1"}));
    CHECK_FALSE(parse_values(Language::kEnglish, {"a:={"}));
    CHECK_FALSE(parse_values(Language::kEnglish, {"a=1", "a=2"}));
}

TEST_CASE("server-sent events survive any cut", "[cli][sse]") {
    const std::string stream =
        ": hello\n\nid: 7\nevent: sync.progress\ndata: {\"a\":1}\n\nid: 8\r\ndata: x\r\ndata: y\r\n"
        "\r\ndata: unfinished";
    for (std::size_t cut = 1; cut <= stream.size(); ++cut) {
        SseParser parser;
        std::vector<SseEvent> events;
        const auto take = [&](const SseEvent& event) {
            events.push_back(event);
            return true;
        };
        for (std::size_t at = 0; at < stream.size(); at += cut)
            REQUIRE(parser.feed(std::string_view(stream).substr(at, cut), take));
        REQUIRE(events.size() == 2);
        CHECK(events[0].id == "7");
        CHECK(events[0].type == "sync.progress");
        CHECK(events[0].data == "{\"a\":1}");
        CHECK(events[1].type == "message");
        CHECK(events[1].data == "x\ny");
        CHECK(parser.last_id() == "8");
    }
}

TEST_CASE("an endless event is dropped, the next one is read", "[cli][sse]") {
    SseParser parser;
    int count = 0;
    const auto take = [&](const SseEvent& event) {
        CHECK(event.data == "fine");
        ++count;
        return true;
    };
    const std::string block(1u << 16, 'x');
    CHECK(parser.feed("data: ", take));
    for (int i = 0; i < 32; ++i) CHECK(parser.feed(block, take));
    CHECK(parser.feed("\n\ndata: fine\n\n", take));
    CHECK(count == 1);
}

TEST_CASE("progress tells count, share, rate and time left", "[cli][progress]") {
    const Step step{"zoho", "pull", "Contacts", 25'000, 100'000};
    CHECK(progress_count(Language::kEnglish, step, 1500) ==
          "25,000/100,000 (25 %)  1,500/s  50 s left");
    CHECK(progress_count(Language::kEnglish, {"zoho", "pull", "Contacts", 7, 0}, 0) == "7");
    CHECK(duration_text(std::chrono::seconds(59)) == "59 s");
    CHECK(duration_text(std::chrono::seconds(7500)) == "2 h 5 min");
    CHECK(grouped(-1234567) == "-1,234,567");
    CHECK(grouped(999) == "999");
}

TEST_CASE("a word for the shell is quoted where it has to be", "[cli][text]") {
    CHECK(shell_word("plain-7,a:b") == "plain-7,a:b");
    CHECK(shell_word("") == "''");
    CHECK(shell_word(R"(["黄",7])") == R"('["黄",7]')");
    CHECK(shell_word("O'Neil $HOME") == R"('O'\''Neil $HOME')");
}
