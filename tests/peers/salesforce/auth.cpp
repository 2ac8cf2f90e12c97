#include "tests/peers/salesforce/auth.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>

namespace kontor::peer::salesforce {

namespace {

Response json_response(int status, const Json& body) {
    Response out;
    out.status = status;
    out.headers.emplace_back("Content-Type", "application/json;charset=UTF-8");
    out.body = body.dump();
    return out;
}

// Base64 of the web's kind; "" if it is malformed.
std::string decoded(std::string text) {
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
    const std::size_t padding = (4 - text.size() % 4) % 4;
    text.append(padding, '=');
    std::string out(text.size() / 4 * 3, '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    if (size < 0) return {};
    out.resize(static_cast<std::size_t>(size) - std::min<std::size_t>(padding, 2));
    return out;
}

}  // namespace

struct Auth::Key {
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pkey{EVP_RSA_gen(2048), &EVP_PKEY_free};
};

Auth::Auth(Org& org)
    : client_id("3MVG9" + org.random_hex(24)), client_secret(org.random_hex(40)), org_(org) {}
Auth::~Auth() = default;

std::string Auth::private_key() {
    if (!key_) key_ = std::make_unique<Key>();
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_PrivateKey(bio.get(), key_->pkey.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string Auth::problem_with(const std::string& assertion) {
    const auto first = assertion.find('.'), last = assertion.rfind('.');
    if (first == std::string::npos || first == last || !key_) return "invalid assertion";
    const Json head = Json::parse(decoded(assertion.substr(0, first)), nullptr, false);
    const Json claims =
        Json::parse(decoded(assertion.substr(first + 1, last - first - 1)), nullptr, false);
    if (!head.is_object() || !claims.is_object() || head.value("alg", "") != "RS256")
        return "invalid assertion";
    const std::string signature = decoded(assertion.substr(last + 1));
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_->pkey.get());
    if (EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                         signature.size(), reinterpret_cast<const unsigned char*>(assertion.data()),
                         last) != 1)
        return "invalid assertion";
    if (claims.value("iss", "") != client_id) return "client identifier invalid";
    if (claims.value("sub", "") != kUser) return "user hasn't approved this consumer";
    if (claims.value("aud", "") != "https://login.salesforce.com") return "audience is invalid";
    const std::int64_t left = claims.value("exp", std::int64_t{0}) - org_.now_ms() / 1000;
    return left > 0 && left <= 300 ? "" : "assertion has expired";
}

Response Auth::token(const Request& request, const std::string& base_url) {
    const Parameters form = parse_query(request.body);
    const auto value = [&](const char* name) {
        return std::string(find_parameter(form, name).value_or(""));
    };
    const auto refuse = [](const std::string& error, const std::string& why) {
        return json_response(400, {{"error", error}, {"error_description", why}});
    };
    const std::string grant = value("grant_type");
    if (grant == "urn:ietf:params:oauth:grant-type:jwt-bearer") {
        if (const std::string why = problem_with(value("assertion")); !why.empty())
            return refuse("invalid_grant", why);
    } else if (grant != "client_credentials") {
        return refuse("unsupported_grant_type", "grant type not supported");
    } else if (value("client_id") != client_id) {
        return refuse("invalid_client_id", "client identifier invalid");
    } else if (value("client_secret") != client_secret) {
        return refuse("invalid_client", "invalid client credentials");
    }
    const std::string token = org_.org_id.substr(0, 15) + "!" + org_.random_hex(64);
    tokens_.insert(token);
    return json_response(200, {{"access_token", token},
                               {"instance_url", base_url},
                               {"id", base_url + "/id/" + org_.org_id + "/" + org_.user_id},
                               {"token_type", "Bearer"},
                               {"scope", "api"},
                               {"issued_at", std::to_string(org_.now_ms())},
                               {"signature", org_.random_hex(44)}});
}

void Auth::require(const Request& request) const {
    const auto header = find_header(request.headers, "Authorization");
    constexpr std::string_view kScheme = "Bearer ";
    if (header && header->starts_with(kScheme) &&
        tokens_.count(std::string(header->substr(kScheme.size()))) != 0)
        return;
    throw ApiError{401, "INVALID_SESSION_ID", "Session expired or invalid"};
}

}  // namespace kontor::peer::salesforce
