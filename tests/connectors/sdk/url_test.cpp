#include "connectors/sdk/url.hpp"

#include <catch2/catch.hpp>

namespace sdk = kontor::sdk;

TEST_CASE("URLs encode what a value may not smuggle in", "[sdk]") {
    sdk::Url url("https://api.example/");
    url.path("crm/v8").segment("a/b?c").query("q", "x&y=1 ü").query("r", "");
    CHECK(url.text() == "https://api.example/crm/v8/a%2Fb%3Fc?q=x%26y%3D1%20%C3%BC&r=");
}
