#pragma once
// Drives a ZohoPeer in-process, in virtual time.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/peers/zoho/peer.hpp"
#include "tests/peers/zoho/schema/message_schema.hpp"

namespace kontor::peer::zoho {

struct Answer {
    int status = 0;
    Headers headers;
    std::string text;
    Delivery delivery = Delivery::normal;

    nlohmann::json json() const { return nlohmann::json::parse(text); }
};

class TestClient {
public:
    /// 2026-11-20T00:00:00Z at the start.
    static constexpr std::int64_t kStart = 1795132800;

    explicit TestClient(std::uint64_t contacts = 500,
                        std::vector<std::pair<std::string, std::string>> switches = {},
                        bool strict = false)
        : peer_(options(contacts, std::move(switches), strict)) {
        refresh();
    }

    ZohoPeer& peer() { return peer_; }
    /// Every answer is checked against the message schemas, unless a fault damages them.
    void check_messages(bool on) { checked_ = on; }
    void advance_s(std::int64_t seconds) { now_ms_ += seconds * 1000; }
    void advance_ms(std::int64_t by) { now_ms_ += by; }

    Answer call(const std::string& method, const std::string& target, const std::string& body = {},
                Headers headers = {}) {
        Request request;
        request.method = method;
        request.target = target;
        request.body = body;
        request.headers = std::move(headers);
        if (!find_header(request.headers, "Authorization"))
            request.headers.emplace_back("Authorization", "Zoho-oauthtoken " + token_);
        Response response = peer_.handle(request);
        if (checked_) check(request, response);
        return {response.status, response.headers, std::move(response.body), response.delivery};
    }
    Answer get(const std::string& target, Headers headers = {}) {
        return call("GET", "/crm/v8/" + target, {}, std::move(headers));
    }
    Answer post(const std::string& target, const nlohmann::json& body, Headers headers = {}) {
        return call("POST", "/crm/v8/" + target, body.dump(), std::move(headers));
    }
    Answer put(const std::string& target, const nlohmann::json& body, Headers headers = {}) {
        return call("PUT", "/crm/v8/" + target, body.dump(), std::move(headers));
    }
    nlohmann::json control(const std::string& name, const nlohmann::json& body) {
        const Answer answer = call("POST", "/_control/" + name, body.dump());
        return answer.json();
    }
    /// A token request with the form body; the answer's JSON.
    nlohmann::json token(const std::string& form) {
        return call("POST", "/oauth/v2/token", form).json();
    }
    std::string refresh_form() {
        const PeerCredentials known = peer_.credentials();
        return "grant_type=refresh_token&client_id=" + known.client_id +
               "&client_secret=" + known.client_secret + "&refresh_token=" + known.refresh_token;
    }
    void refresh() { token_ = token(refresh_form()).value("access_token", ""); }
    void use_token(std::string token) { token_ = std::move(token); }

    /// A contact's id after inserting it.
    std::string add_contact(const nlohmann::json& fields) {
        return post("Contacts", {{"data", {fields}}})
            .json()
            .at("data")
            .at(0)
            .at("details")
            .at("id");
    }

private:
    PeerOptions options(std::uint64_t contacts,
                        std::vector<std::pair<std::string, std::string>> switches, bool strict) {
        PeerOptions out;
        out.strict = strict;
        out.contacts = contacts;
        out.switches = std::move(switches);
        out.clock_ms = [this] { return now_ms_; };
        return out;
    }

    static void check(const Request& request, const Response& response) {
        const auto type = find_header(response.headers, "Content-Type");
        if (request.path().starts_with("/_control") || response.delivery != Delivery::normal ||
            !type || !type->starts_with("application/json"))
            return;
        INFO(request.method << " " << request.target << " -> " << response.status << " "
                            << response.body.substr(0, 2000));
        CHECK(zoho_schema::response_problems(request.method, request.path(), response.status,
                                             response.body) == std::vector<std::string>{});
    }

    bool checked_ = true;
    std::int64_t now_ms_ = kStart * 1000;
    ZohoPeer peer_;
    std::string token_;
};

}  // namespace kontor::peer::zoho
