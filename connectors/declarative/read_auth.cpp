#include <algorithm>

#include "connectors/declarative/reader.hpp"

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

// "/token" is a place in the answer, "header:NAME" and "cookie:NAME" are beside it.
std::string read_token_place(TableReader& table) {
    const Node* value = table.node().member("token");
    if (value != nullptr && value->kind == Node::Kind::kText)
        for (const std::string_view beside : {"header:", "cookie:"})
            if (value->text.starts_with(beside) && value->text.size() > beside.size()) {
                std::string out;
                table.text("token", out);
                return out;
            }
    std::optional<Pointer> at;
    read_pointer(table, "token", at);
    return at ? at->text() : std::string();
}

// A request whose answer brings what later requests bear.
void read_login(const Reading& reading, TableReader& table, Json& spec) {
    Names values, secrets;
    read_texts(table, "values", values);
    read_texts(table, "secrets", secrets);
    spec["values"] = values;
    spec["secrets"] = secrets;
    require(table, "secrets", "the names of what must be kept secret, such as [\"password\"]");
    Names gaps = values;
    gaps.insert(gaps.end(), secrets.begin(), secrets.end());
    std::string url, text;
    read_template(reading, table, "url", url, {});
    spec["token_url"] = url;
    require(table, "url", "where to sign in, \"{url}/login\"");
    Json& exchange = spec["exchange"] = Json::object();
    std::optional<Json> body;
    read_json(reading, table, "body", body, gaps);
    Pairs form;
    read_pairs(reading, table, "form", form, gaps);
    if (body && !form.empty()) table.problem(table.node(), "form", "stands beside a body");
    exchange["request"] = body.value_or(Json::object());
    if (!form.empty()) {
        exchange["format"] = "form";
        for (const auto& [name, value] : form) exchange["request"][name] = value;
    }
    std::optional<Pointer> expires, code;
    if (const auto token = read_token_place(table); !token.empty()) exchange["token"] = token;
    require(table, "token", "where the answer has the token, \"/token\" or \"cookie:NAME\"");
    read_pointer(table, "expires_s", expires);
    if (expires) exchange["expires_s"] = expires->text();
    std::chrono::milliseconds lasts(0);
    table.duration("lasts", lasts, std::chrono::seconds(1), std::chrono::hours(24 * 90));
    if (lasts.count() > 0) exchange["lasts_s"] = lasts.count() / 1000;
    read_pointer(table, "code", code);
    if (code) exchange["code"] = code->text();
    gaps.emplace_back("token");
    if (const Node* keep = table.table("keep")) {
        TableReader kept(*keep, table.dotted("keep"), reading.into);
        exchange["keep_at"] = Json::object();
        for (const auto& member : keep->members) {
            std::optional<Pointer> at;
            read_pointer(kept, member.name, at);
            if (at) exchange["keep_at"][member.name] = at->text();
            gaps.push_back(member.name);
        }
    }
    if (const Node* made = table.table("base64")) {
        TableReader texts(*made, table.dotted("base64"), reading.into);
        for (const auto& member : made->members) {
            read_template(reading, texts, member.name, text, gaps);
            spec["bear"]["base64"][member.name] = text;
        }
        for (const auto& member : made->members) gaps.push_back(member.name);
    }
    Pairs headers;
    read_pairs(reading, table, "headers", headers, gaps);
    for (const auto& [name, value] : headers) spec["bear"]["headers"][name] = value;
    require(table, "headers", "what later requests bear, { Authorization = \"Bearer {token}\" }");
    Json refused = Json::array();
    if (const Node* statuses = table.array("refused_status"))
        for (const auto& item : statuses->items) refused.push_back(item.integer);
    spec["refused_statuses"] = refused;
    if (const auto* codes = table.any("refused_codes")) spec["refused_codes"] = to_json(*codes);
}

Auth read_one(const Reading& reading, const Node& node) {
    TableReader table(node, "auth", reading.into);
    Auth out;
    std::string kind = "none";
    table.one_of(
        "kind", kind,
        {"none", "header", "query", "bearer", "basic", "oauth2", "client_credentials", "login"});
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
    if (kind == "login") read_login(reading, table, spec);
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
        reading.out.auth.push_back(read_one(reading, *node));
    } else if (node->kind == Node::Kind::kArray) {
        for (const auto& item : node->items)
            if (item.kind == Node::Kind::kTable)
                reading.out.auth.push_back(read_one(reading, item));
    } else {
        document.problem(*node, "auth", "must be a table, or several: [[auth]]");
    }
}

}  // namespace kontor::declarative
