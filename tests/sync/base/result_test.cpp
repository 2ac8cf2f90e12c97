#include "sync/base/result.hpp"

#include <catch2/catch.hpp>
#include <set>

namespace kontor {

namespace {

Result<int> half(int n) {
    if (n % 2 != 0) return fail(Errc::kInvalid, "odd", {{"n", std::to_string(n)}});
    return n / 2;
}

Result<std::string> text_of_half(int n) {
    auto value = half(n);
    if (!value) return pass(value);
    return std::to_string(*value);
}

}  // namespace

TEST_CASE("a failure travels with its code, arguments and context", "[base][result]") {
    CHECK(*text_of_half(4) == "2");
    auto failed = text_of_half(3);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == Errc::kInvalid);
    CHECK(failed.error().args.at("n") == "3");
    const Result<> outer = in_context("pull Contacts", failed.error());
    CHECK(outer.error().message == "pull Contacts: odd");
    CHECK(outer.error().args.at("n") == "3");
}

TEST_CASE("every code has a name of its own", "[base][result]") {
    std::set<std::string_view> names;
    for (int code = 0; code <= static_cast<int>(Errc::kInternal); ++code)
        names.insert(to_string(static_cast<Errc>(code)));
    CHECK(names.size() == static_cast<std::size_t>(Errc::kInternal) + 1);
}

TEST_CASE("only what may pass by itself is retryable", "[base][result]") {
    std::set<Errc> retryable;
    for (int code = 0; code <= static_cast<int>(Errc::kInternal); ++code)
        if (Error{.code = static_cast<Errc>(code), .message = ""}.retryable())
            retryable.insert(static_cast<Errc>(code));
    CHECK(retryable ==
          std::set<Errc>{Errc::kRateLimited, Errc::kUnavailable, Errc::kTimeout, Errc::kBusy});
}

}  // namespace kontor
