#include <algorithm>

#include "connectors/declarative/reader.hpp"
#include "connectors/declarative/template.hpp"

namespace kontor::declarative {
namespace {

using config::Node;
using config::TableReader;

void set_text(TableReader& table, const char* key, Json& spec, const char* member,
              std::string fallback = {}) {
    std::string text = std::move(fallback);
    table.text(key, text);
    if (!text.empty()) spec[member] = text;
}

void set_texts(TableReader& table, const char* key, Json& spec, const char* member) {
    Names texts;
    read_texts(table, key, texts);
    if (!texts.empty()) spec[member] = texts;
}

void require(TableReader& table, const char* key, const char* why) {
    if (table.node().member(key) == nullptr)
        table.problem(table.node(), key, std::string("is missing: ") + why);
}

void read_token_server(const Reading& reading, TableReader& table, Json& spec, bool consent) {
    std::string url;
    read_template(reading, table, "token_url", url, {});
    spec["token_url"] = url;
    require(table, "token_url", "the address that gives access tokens");
    set_texts(table, "scopes", spec, "scopes");
    set_text(table, "scope_separator", spec, "scope_separator", " ");
    set_text(table, "header", spec, "header");
    set_text(table, "scheme", spec, "scheme");
    if (!consent) return;
    read_template(reading, table, "authorize_url", url, {});
    if (table.node().member("authorize_url") != nullptr) spec["authorize_url"] = url;
}

// "/token" is a place in the answer, "header:NAME" and "cookie:NAME" are beside it; a token may be
// all of it, "body".
std::string read_answer_place(TableReader& table, const std::string& key) {
    const Node* value = table.node().member(key);
    if (key == "token" && value != nullptr && value->text == "body") {
        std::string out;
        table.text(key, out);
        return out;
    }
    if (value != nullptr && value->kind == Node::Kind::kText)
        for (const std::string_view beside : {"header:", "cookie:"})
            if (value->text.starts_with(beside) && value->text.size() > beside.size()) {
                std::string out;
                table.text(key, out);
                return out;
            }
    std::optional<Pointer> at;
    read_pointer(table, key, at);
    return at ? at->text() : std::string();
}

// What a sign-in or a challenge is asked for with.
void read_body(const Reading& reading, TableReader& table, Json& exchange, const Names& gaps) {
    std::optional<Json> body;
    read_json(reading, table, "body", body, gaps);
    Parameters form;
    read_parameters(reading, table, "form", form, gaps);
    if (body && !form.empty()) table.problem(table.node(), "form", "stands beside a body");
    exchange["request"] = body.value_or(Json::object());
    if (form.empty()) return;
    exchange["format"] = "form";
    for (const auto& [name, value] : form) exchange["request"][name] = value;
}

// Names for more of an answer, which become gaps.
void read_keep(const Reading& reading, TableReader& table, Json& exchange, Names& gaps) {
    const Node* keep = table.table("keep");
    if (keep == nullptr) return;
    TableReader kept(*keep, table.dotted("keep"), reading.into);
    exchange["keep_at"] = Json::object();
    for (const auto& member : keep->members) {
        if (const auto place = read_answer_place(kept, member.name); !place.empty())
            exchange["keep_at"][member.name] = place;
        gaps.push_back(member.name);
    }
}

// A request before the sign-in, for what that has to prove or to hand back.
void read_challenge(const Reading& reading, TableReader& login, Json& exchange, Names& gaps) {
    const Node* node = login.table("challenge");
    if (node == nullptr) return;
    TableReader table(*node, login.dotted("challenge"), reading.into);
    Json& out = exchange["challenge"] = Json::object();
    std::string text;
    read_template(reading, table, "url", text, {});
    out["url"] = text;
    require(table, "url", "where the challenge comes from, \"{url}/challenge\"");
    const Names before = gaps;
    Pairs query;
    read_pairs(reading, table, "query", query, before);
    for (const auto& [name, value] : query) out["query"][name] = value;
    read_body(reading, table, out, before);
    text = table.node().member("body") || table.node().member("form") ? "POST" : "GET";
    table.text("method", text);
    out["method"] = text;
    read_keep(reading, table, out, gaps);
    require(table, "keep", "what of the answer signing in needs, { nonce = \"/nonce\" }");
    table.finish();
}

void read_pairs_to(const Reading& reading, TableReader& table, std::string_view key, Json& out,
                   const Names& gaps) {
    Pairs pairs;
    read_pairs(reading, table, key, pairs, gaps);
    for (const auto& [name, value] : pairs) out[name] = value;
}

// Digests: each may be made of those before it.
void read_digests(const Reading& reading, TableReader& table, Json& spec, Names& gaps) {
    for (const char* algorithm : {"md5", "sha1", "sha256"}) {
        const Node* made = table.table(algorithm);
        if (made == nullptr) continue;
        TableReader texts(*made, table.dotted(algorithm), reading.into);
        for (const auto& member : made->members) {
            std::string text;
            read_template(reading, texts, member.name, text, gaps);
            spec["digests"][algorithm][member.name] = text;
        }
        for (const auto& member : made->members) gaps.push_back(member.name);
    }
}

// True if all that stands in `text` is there already.
bool is_made_of(const Reading& reading, const std::string& text, const Names& gaps) {
    const auto names = names_in(text);
    return names && std::ranges::all_of(*names, [&](const auto& name) {
               return std::ranges::find(gaps, name) != gaps.end() ||
                      reading.option_names.contains(name);
           });
}

// Texts in base64, of which a sign-in may use those that need nothing of its answer.
void read_base64(const Reading& reading, TableReader& table, Json& spec, Names& before,
                 Names& after) {
    const Node* made = table.table("base64");
    if (made == nullptr) return;
    TableReader texts(*made, table.dotted("base64"), reading.into);
    const Names given = before;
    for (const auto& member : made->members) {
        std::string text;
        read_template(reading, texts, member.name, text, after);
        spec["bear"]["base64"][member.name] = text;
        if (is_made_of(reading, text, given)) before.push_back(member.name);
    }
    for (const auto& member : made->members) after.push_back(member.name);
}

// Where requests bear what they bear. An address is handled with base_url (read_auth()).
void read_bearing(const Reading& reading, TableReader& table, Json& spec, const Names& gaps) {
    read_pairs_to(reading, table, "headers", spec["bear"]["headers"], gaps);
    read_pairs_to(reading, table, "query", spec["bear"]["query"], gaps);
    read_pairs_to(reading, table, "in_body", spec["bear"]["body"], gaps);
}

Names read_names(TableReader& table, Json& spec, const char* example) {
    Names values, secrets;
    read_texts(table, "values", values);
    read_texts(table, "secrets", secrets);
    spec["values"] = values;
    spec["secrets"] = secrets;
    require(table, "secrets", example);
    values.insert(values.end(), secrets.begin(), secrets.end());
    return values;
}

// The same in each request.
Names read_keys(const Reading& reading, TableReader& table, Json& spec) {
    Names gaps =
        read_names(table, spec, "the names of what must be kept secret, such as [\"key\"]");
    read_digests(reading, table, spec, gaps);
    Names before = gaps;
    read_base64(reading, table, spec, before, gaps);
    read_bearing(reading, table, spec, gaps);
    return gaps;
}

// Texts signed with a key. `after` gets those that stand in base64 alone: bytes.
void read_signatures(const Reading& reading, TableReader& table, Json& spec, Names& gaps,
                     Names& after) {
    const Node* made = table.table("hmac");
    if (made == nullptr) return;
    TableReader all(*made, table.dotted("hmac"), reading.into);
    const Names given = gaps;
    for (const auto& member : made->members) {
        const Node* node = all.table(member.name);
        if (node == nullptr) continue;
        TableReader signature(*node, all.dotted(member.name), reading.into);
        std::string key, text, algorithm = "sha256", form = "hex";
        read_template(reading, signature, "key", key, given);
        read_template(reading, signature, "text", text, given);
        require(signature, "key", "with what it is signed, \"{secret_key}\"");
        require(signature, "text", "what is signed, \"{method} {path}\"");
        signature.one_of("algorithm", algorithm, {"md5", "sha1", "sha256", "sha512"});
        signature.one_of("as", form, {"hex", "base64", "raw"});
        signature.finish();
        spec["signatures"][member.name] = {
            {"key", key}, {"text", text}, {"algorithm", algorithm}, {"form", form}};
        (form == "raw" ? after : gaps).push_back(member.name);
    }
}

// Made anew of each request.
void read_signed(const Reading& reading, TableReader& table, TableReader& document, Json& spec) {
    Names gaps =
        read_names(table, spec, "the names of what must be kept secret, such as [\"secret_key\"]");
    for (const char* name : {"method", "path", "query", "body", "time", "time_ms", "random"})
        gaps.emplace_back(name);
    read_digests(reading, table, spec, gaps);
    Names in_base64;
    read_signatures(reading, table, spec, gaps, in_base64);
    if (!spec.contains("digests") && !spec.contains("signatures"))
        table.problem(table.node(), "hmac",
                      "is missing: what is signed, hmac.signature = { key = \"{secret_key}\", "
                      "text = \"{method} {path}\" }; or md5, sha1, sha256");
    in_base64.insert(in_base64.end(), gaps.begin(), gaps.end());
    const auto all = in_base64.size();
    Names none;
    read_base64(reading, table, spec, none, in_base64);
    gaps.insert(gaps.end(), in_base64.begin() + static_cast<std::ptrdiff_t>(all), in_base64.end());
    read_bearing(reading, table, spec, gaps);
    if (!spec["bear"]["body"].is_null() && spec.dump().find("{body}") != std::string::npos)
        table.problem(*table.node().member("in_body"), "in_body",
                      "would change the body that is signed as {body}");
    // Paths begin behind it, so the host has to know it.
    if (const Node* url = document.node().member("base_url");
        url != nullptr && url->kind == Node::Kind::kText)
        spec["signed_below"] = url->text;
}

// A request whose answer brings what later requests bear.
Names read_login(const Reading& reading, TableReader& table, Json& spec) {
    Names gaps =
        read_names(table, spec, "the names of what must be kept secret, such as [\"password\"]");
    std::string url;
    read_template(reading, table, "url", url, {});
    spec["token_url"] = url;
    require(table, "url", "where to sign in, \"{url}/login\"");
    Json& exchange = spec["exchange"] = Json::object();
    read_challenge(reading, table, exchange, gaps);
    read_digests(reading, table, spec, gaps);
    std::string method = "POST";
    table.one_of("method", method, {"POST", "GET", "PUT"});
    exchange["method"] = method;
    if (const auto token = read_answer_place(table, "token"); !token.empty())
        exchange["token"] = token;
    require(table, "token",
            "where the answer has the token, \"/token\", \"cookie:NAME\", or \"body\" if it is all "
            "of it");
    std::optional<Pointer> expires, expires_ms, code;
    read_pointer(table, "expires_s", expires);
    read_pointer(table, "expires_ms", expires_ms);
    if (expires) exchange["expires_s"] = expires->text();
    if (expires_ms) exchange["expires_ms"] = expires_ms->text();
    if (expires && expires_ms)
        table.problem(*table.node().member("expires_ms"), "expires_ms", "stands beside expires_s");
    std::chrono::milliseconds lasts(0);
    table.duration("lasts", lasts, std::chrono::seconds(1), std::chrono::hours(24 * 90));
    if (lasts.count() > 0) exchange["lasts_s"] = lasts.count() / 1000;
    read_pointer(table, "code", code);
    if (code) exchange["code"] = code->text();
    Names after = gaps;
    after.emplace_back("token");
    read_keep(reading, table, exchange, after);
    read_base64(reading, table, spec, gaps, after);
    read_body(reading, table, exchange, gaps);
    Json asking = Json::object();
    read_pairs_to(reading, table, "send_headers", asking, gaps);
    if (!asking.empty()) exchange["headers"] = asking;
    read_bearing(reading, table, spec, after);
    Json refused = Json::array();
    if (const Node* statuses = table.array("refused_status"))
        for (const auto& item : statuses->items) refused.push_back(item.integer);
    spec["refused_statuses"] = refused;
    if (const auto* codes = table.any("refused_codes")) spec["refused_codes"] = to_json(*codes);
    return after;
}

// Names that stand in `base_url` as well: the host puts what they are there into each address.
void read_address_parts(const Reading& reading, TableReader& document, Json& spec,
                        const Names& gaps) {
    const Node* url = document.node().member("base_url");
    if (url == nullptr || url->kind != Node::Kind::kText) return;
    const auto names = names_in(url->text);
    if (!names) return;
    for (const auto& name : *names) {
        if (reading.option_names.contains(name) || std::ranges::find(gaps, name) == gaps.end())
            continue;
        spec["bear"]["path"][name] = "{" + name + "}";
        const auto scheme = url->text.find("://");
        const auto host_end = url->text.find('/', scheme == std::string::npos ? 0 : scheme + 3);
        if (url->text.find("{" + name + "}") < host_end)
            document.problem(*url, "base_url",
                             "{" + name + "} must stand behind the host, in the path");
    }
}

void require_bearing(TableReader& table, const Json& spec) {
    const auto& bear = spec["bear"];
    for (const char* where : {"headers", "query", "body", "path"})
        if (bear.contains(where) && !bear[where].empty()) return;
    table.problem(table.node(), "headers",
                  "is missing: what requests bear, { Authorization = \"Bearer {token}\" }, or "
                  "query, or in_body; or a name in base_url");
}

Auth read_one(Reading& reading, TableReader& document, const Node& node) {
    TableReader table(node, "auth", reading.into);
    Auth out;
    std::string kind = "none";
    table.one_of("kind", kind,
                 {"none", "header", "query", "bearer", "basic", "keys", "signed", "oauth2",
                  "client_credentials", "login"});
    out.kind = kind;
    Json& spec = out.spec;
    spec["kind"] = kind;
    if (const auto* when = table.any("when")) spec["when"] = to_json(*when);
    Label title;
    read_label(table, "title", title);
    if (!title.en.empty()) spec["title"] = {{"en", title.en}, {"zh", title.zh}};
    if (kind == "header" || kind == "query" || kind == "bearer") spec["secrets"] = {"token"};
    if (kind == "header") {
        set_text(table, "header", spec, "header");
        set_text(table, "scheme", spec, "scheme");
        require(table, "header", "the name of the header that bears the key, \"X-Api-Key\"");
    }
    if (kind == "query") {
        set_text(table, "parameter", spec, "parameter");
        require(table, "parameter", "the name of the parameter that bears the key");
    }
    if (kind == "bearer") set_text(table, "scheme", spec, "scheme");
    if (kind == "basic") {
        spec["values"] = {"user"};
        spec["secrets"] = {"password"};
    }
    if (kind == "oauth2") {
        spec["secrets"] = {"client_secret", "refresh_token"};
        read_token_server(reading, table, spec, true);
    }
    if (kind == "client_credentials") {
        spec["values"] = {"client_id"};
        spec["secrets"] = {"client_secret"};
        std::string format = "form";
        table.one_of("format", format, {"form", "json"});
        spec["format"] = format;
        read_token_server(reading, table, spec, false);
    }
    if (kind == "login" || kind == "keys") {
        const auto gaps =
            kind == "login" ? read_login(reading, table, spec) : read_keys(reading, table, spec);
        read_address_parts(reading, document, spec, gaps);
    }
    if (kind == "signed") read_signed(reading, table, document, spec);
    if (kind == "login" || kind == "keys" || kind == "signed") {
        require_bearing(table, spec);
        for (const char* where : {"headers", "query", "body"})
            if (spec["bear"][where].is_null()) spec["bear"].erase(where);
    }
    table.finish();
    return out;
}

}  // namespace

void read_auth(Reading& reading, TableReader& document) {
    const Node* node = document.any("auth");
    if (node == nullptr) {
        document.problem(
            document.node(), "auth",
            "is missing: how does one sign in? [auth] kind = \"bearer\" (or \"none\")");
        return;
    }
    if (node->kind == Node::Kind::kTable) {
        reading.out.auth.push_back(read_one(reading, document, *node));
    } else if (node->kind == Node::Kind::kArray) {
        for (const auto& item : node->items)
            if (item.kind == Node::Kind::kTable)
                reading.out.auth.push_back(read_one(reading, document, item));
    } else {
        document.problem(*node, "auth", "must be a table, or several: [[auth]]");
    }
}

}  // namespace kontor::declarative
