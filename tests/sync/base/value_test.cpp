#include "sync/base/value.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace kontor {

TEST_CASE("absent, null, empty, zero and false are different values", "[base][value]") {
    const std::vector<Value> all{Value(),    Value::null(),          Value(""),
                                 Value("0"), Value(std::int64_t{0}), Value(0.0),
                                 Value("a")};
    for (std::size_t i = 0; i < all.size(); ++i)
        for (std::size_t j = 0; j < all.size(); ++j) {
            CHECK((all[i] == all[j]) == (i == j));
            CHECK((all[i].view() == all[j].view()) == (i == j));
        }
    CHECK(Value().is_absent());
    CHECK_FALSE(Value().is_blank());
    CHECK(Value::null().is_null());
    CHECK(Value::null().is_blank());
    CHECK(Value("").is_blank());
    CHECK_FALSE(Value(" ").is_blank());
}

TEST_CASE("a value owns its text, a view borrows it", "[base][value]") {
    std::string text = "王小明";
    const Value value{text};
    text = "x";
    CHECK(value.text() == "王小明");
    CHECK(value.view().text.data() == value.text().data());
    CHECK(Value(value.view()) == value);
    const Value zero{std::string("a\0b", 3)};
    CHECK(zero.text().size() == 3);
    CHECK(Value(ValueView::of(std::int64_t{7})).integer() == 7);
    CHECK(Value(ValueView::of(0.5)).real() == 0.5);
}

}  // namespace kontor
