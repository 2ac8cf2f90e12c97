// Records as JSON text: the same as a JSON library writes, whatever the values are.
#include "daemon/api/record_text.hpp"

#include <catch2/catch.hpp>

#include "daemon/api/json_io.hpp"

using namespace kontor;
using remote::FieldType;

TEST_CASE("strings are written as a JSON library writes them", "[daemon][json]") {
    std::vector<std::string> texts{"",
                                   "plain",
                                   "李娜 \xF0\x9F\x98\x80 é",
                                   "\"quoted\" \\ /",
                                   "line\nand\ttab\x01\x7F",
                                   std::string("a\0b", 3),
                                   "\xC0\xAF",          // overlong
                                   "\xE0\x80\xAF",      // overlong
                                   "\xF0\x80\x80\xAF",  // overlong
                                   "\xED\xA0\x80",      // surrogate
                                   "\xF4\x90\x80\x80",  // beyond the last code point
                                   "\xF4\x8F\xBF\xBF",  // the last
                                   "\xED\x9F\xBF\xEE\x80\x80",
                                   "cut \xE6\x9D",
                                   "\x80 alone",
                                   "\xFF\xFE"};
    for (int lead = 0x80; lead < 0x100; ++lead)
        for (const int next : {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0})
            texts.push_back({static_cast<char>(lead), static_cast<char>(next), '\x80', '\x80'});
    for (const auto& text : texts) {
        std::string out = "x";
        api::append_json(out, text);
        CHECK(out ==
              "x" + api::json(text).dump(-1, ' ', false, api::json::error_handler_t::replace));
    }
}

TEST_CASE("a record shows each value by the type of its field", "[daemon][json]") {
    replica::Entity entity;
    entity.name = "thing";
    const auto add = [&](const char* name, FieldType type) {
        replica::Field field;
        field.name = name;
        field.type = type;
        entity.fields.push_back(field);
    };
    add("name", FieldType::kText);
    add("count", FieldType::kInteger);
    add("share", FieldType::kReal);
    add("active", FieldType::kBoolean);
    add("odd", FieldType::kBoolean);
    add("tags", FieldType::kList);
    add("broken", FieldType::kJson);
    add("empty", FieldType::kText);
    const std::vector<ValueView> values{ValueView::of(std::int64_t{42}),
                                        ValueView::of("u1"),
                                        ValueView::of("李"),
                                        ValueView::of(std::int64_t{-9'223'372'036'854'775'807}),
                                        ValueView::of(2.5),
                                        ValueView::of(std::int64_t{1}),
                                        ValueView::of(std::int64_t{7}),
                                        ValueView::of(R"(["a","b"])"),
                                        ValueView::of("{not json"),
                                        ValueView::null()};
    std::string out;
    api::RecordText(entity).append(out, values);
    CHECK(out ==
          R"({"entity":"thing","id":42,"uid":"u1","fields":{"name":"李",)"
          R"("count":-9223372036854775807,"share":2.5,"active":true,"odd":7,"tags":["a","b"],)"
          R"("broken":"{not json","empty":null}})");

    const std::vector<std::string> some{"uid", "id", "count"};
    out.clear();
    api::RecordText(entity, some)
        .append(out, std::vector<ValueView>{ValueView::null(), ValueView::of(std::int64_t{1}),
                                            ValueView::of(std::int64_t{3})});
    CHECK(out == R"({"entity":"thing","uid":null,"id":1,"fields":{"count":3}})");
}
