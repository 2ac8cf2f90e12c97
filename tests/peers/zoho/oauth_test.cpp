#include <catch2/catch.hpp>

#include "tests/peers/zoho/test_client.hpp"

using nlohmann::json;
namespace zoho = kontor::peer::zoho;
using zoho::TestClient;

TEST_CASE("a refresh works in all three encodings and gives no refresh token") {
    TestClient client(5);
    const std::string form = client.refresh_form();
    const json by_form = client.token(form);
    CHECK(by_form["expires_in"] == 3600);
    CHECK(by_form["token_type"] == "Bearer");
    CHECK(by_form["api_domain"] == "https://127.0.0.1");
    CHECK_FALSE(by_form.contains("refresh_token"));
    const json by_query = client.call("POST", "/oauth/v2/token?" + form).json();
    CHECK(by_query.contains("access_token"));
    std::string multipart;
    for (const auto& [name, value] : kontor::peer::parse_query(form))
        multipart += "--XX\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" +
                     value + "\r\n";
    multipart += "--XX--\r\n";
    const json by_parts = client
                              .call("POST", "/oauth/v2/token", multipart,
                                    {{"Content-Type", "multipart/form-data; boundary=XX"}})
                              .json();
    CHECK(by_parts.contains("access_token"));
}

TEST_CASE("a grant code works once, within its life") {
    TestClient client(5);
    const auto known = client.peer().credentials();
    const std::string form = "grant_type=authorization_code&client_id=" + known.client_id +
                             "&client_secret=" + known.client_secret + "&code=";
    const json first = client.token(form + known.grant_code);
    CHECK(first.contains("refresh_token"));
    CHECK(client.token(form + known.grant_code)["error"] == "invalid_code");
    const std::string another = client.control("grant", json::object())["grant_code"];
    client.advance_s(181);
    CHECK(client.token(form + another)["error"] == "invalid_code");
}

TEST_CASE("a server-based client's code comes by redirect and is bound to its address") {
    TestClient client(5);
    const auto known = client.peer().credentials();
    const auto consent = [&](const std::string& more) {
        return client.call("GET",
                           "/oauth/v2/auth?response_type=code&scope=ZohoCRM.modules.ALL&"
                           "redirect_uri=http%3A%2F%2Flocalhost%3A1%2Fback&client_id=" +
                               known.client_id + more);
    };
    const auto code_of = [](const zoho::Answer& answer) {
        REQUIRE(answer.status == 302);
        const std::string to(kontor::peer::find_header(answer.headers, "Location").value());
        CHECK(to.starts_with("http://localhost:1/back?location=us&accounts-server=https%3A%2F%2F"));
        const auto query = kontor::peer::parse_query(to.substr(to.find('?') + 1));
        CHECK(kontor::peer::find_parameter(query, "state") == "s 1");
        return std::string(kontor::peer::find_parameter(query, "code").value());
    };
    const std::string form = "grant_type=authorization_code&client_id=" + known.client_id +
                             "&client_secret=" + known.client_secret + "&code=";
    const auto code = code_of(consent("&access_type=offline&state=s%201"));
    const auto at = "&redirect_uri=http%3A%2F%2Flocalhost%3A1%2Fback";
    CHECK(client.token(form + code + at).contains("refresh_token"));
    const auto elsewhere = code_of(consent("&access_type=offline&state=s%201"));
    CHECK(client.token(form + elsewhere)["error"] == "invalid_redirect_uri");
    const auto online = code_of(consent("&state=s%201"));
    CHECK_FALSE(client.token(form + online + at).contains("refresh_token"));
    client.control("switch", {{"name", "consent"}, {"value", "deny"}});
    const auto denied = consent("&state=x");
    CHECK(kontor::peer::find_header(denied.headers, "Location") ==
          "http://localhost:1/back?error=access_denied&state=x");
    CHECK(client.call("GET", "/oauth/v2/auth?client_id=other").status == 400);
}

TEST_CASE("token errors come with HTTP 200 unless switched") {
    TestClient client(5);
    const auto wrong = client.call("POST", "/oauth/v2/token", "grant_type=refresh_token");
    CHECK(wrong.status == 200);
    CHECK(wrong.json()["error"] == "invalid_client");
    client.control("switch", {{"name", "token_error_status"}, {"value", "400"}});
    CHECK(client.call("POST", "/oauth/v2/token", "").status == 400);
}

TEST_CASE("ten access tokens in ten minutes, then refused; tokens expire after an hour") {
    TestClient client(5);
    for (int i = 0; i < 9; ++i) CHECK(client.token(client.refresh_form()).contains("access_token"));
    CHECK(client.token(client.refresh_form())["error"] == "Access Denied");
    client.advance_s(601);
    CHECK(client.token(client.refresh_form()).contains("access_token"));
    CHECK(client.get("org").status == 200);
    client.advance_s(3600);
    const auto dead = client.get("org");
    CHECK(dead.status == 401);
    CHECK(dead.json()["code"] == "INVALID_TOKEN");
}

TEST_CASE("the sixteenth active token ends the oldest") {
    TestClient client(5);
    const json first = client.token(client.refresh_form());
    client.use_token(first["access_token"]);
    for (int i = 0; i < 15; ++i) {
        if (i % 7 == 0) client.advance_s(601);
        REQUIRE(client.token(client.refresh_form()).contains("access_token"));
    }
    CHECK(client.get("org").status == 401);
}

TEST_CASE("a revoked refresh token is an invalid code") {
    TestClient client(5);
    client.control("fault", {{"kind", "revoke_refresh_token"}});
    CHECK(client.get("org").status == 401);
    CHECK(client.token(client.refresh_form())["error"] == "invalid_code");
}

TEST_CASE("only Zoho-oauthtoken is accepted unless switched") {
    TestClient client(5);
    const std::string token = client.token(client.refresh_form())["access_token"];
    const kontor::peer::Headers bearer{{"Authorization", "Bearer " + token}};
    CHECK(client.get("org", bearer).status == 401);
    client.control("switch", {{"name", "bearer_accepted"}, {"value", "true"}});
    CHECK(client.get("org", bearer).status == 200);
}
