#include "connectors/declarative/read.hpp"

#include <algorithm>

#include "connectors/declarative/merge.hpp"
#include "connectors/declarative/reader.hpp"
#include "connectors/declarative/shape.hpp"
#include "connectors/declarative/template.hpp"
#include "connectors/declarative/time_format.hpp"

namespace kontor::declarative {

using config::Node;
using config::TableReader;

Json to_json(const Node& node) {
    switch (node.kind) {
        case Node::Kind::kTable: {
            Json out = Json::object();
            for (const auto& member : node.members) out[member.name] = to_json(member.value);
            return out;
        }
        case Node::Kind::kArray: {
            Json out = Json::array();
            for (const auto& item : node.items) out.push_back(to_json(item));
            return out;
        }
        case Node::Kind::kInteger:
            return node.integer;
        case Node::Kind::kReal:
            return node.real;
        case Node::Kind::kBoolean:
            return node.boolean;
        case Node::Kind::kText:
        case Node::Kind::kTime:
            break;
    }
    return node.text;
}

void read_pointers(TableReader& table, std::string_view key, std::vector<Pointer>& out) {
    const Node* value = table.any(key);
    if (value == nullptr) return;
    const std::vector<Node> one{*value};
    std::vector<Pointer> read;
    for (const auto& item : value->kind == Node::Kind::kArray ? value->items : one) {
        const auto pointer =
            item.kind == Node::Kind::kText ? Pointer::parse(item.text) : std::nullopt;
        if (!pointer) {
            table.problem(item, key,
                          "must be a place in the answer: \"\" for the whole, or \"/member\", "
                          "\"/data/0/id\" (JSON Pointer)");
            return;
        }
        read.push_back(*pointer);
    }
    out = std::move(read);
}

void read_pointer(TableReader& table, std::string_view key, std::optional<Pointer>& out) {
    std::vector<Pointer> read;
    const Node* value = table.node().member(key);
    read_pointers(table, key, read);
    if (read.size() == 1)
        out = read.front();
    else if (read.size() > 1)
        table.problem(*value, key, "must be one place, not several");
}

void read_pointer(TableReader& table, std::string_view key, Pointer& out) {
    std::optional<Pointer> read;
    read_pointer(table, key, read);
    if (read) out = *read;
}

void read_texts(TableReader& table, std::string_view key, Names& out) {
    const Node* value = table.node().member(key);
    if (value == nullptr || value->kind != Node::Kind::kText) return table.texts(key, out);
    std::string text;
    table.text(key, text);
    out = {text};
}

void read_label(TableReader& table, std::string_view key, Label& out) {
    const Node* value = table.node().member(key);
    if (value == nullptr || value->kind != Node::Kind::kTable) return table.text(key, out.en);
    TableReader languages(*table.any(key), table.dotted(key), table.into());
    languages.text("en", out.en);
    languages.text("zh", out.zh);
    languages.finish();
}

void check_template(const Reading& reading, const TableReader& table, std::string_view key,
                    const Node& at, std::string_view text, const Names& allowed) {
    const auto names = names_in(text);
    if (!names) {
        table.problem(at, key,
                      "has a brace without its partner; a brace that is meant as such is doubled, "
                      "{{ or }}");
        return;
    }
    for (const auto& name : *names) {
        if (std::ranges::find(allowed, name) != allowed.end() ||
            reading.option_names.contains(name))
            continue;
        Names all = allowed;
        all.insert(all.end(), reading.option_names.begin(), reading.option_names.end());
        std::string list;
        for (const auto& each : all) list += (list.empty() ? "{" : ", {") + each + "}";
        table.problem(at, key,
                      "{" + name + "} stands for nothing here; there is " +
                          (list.empty() ? "nothing that could" : list),
                      config::nearest(name, all));
    }
}

void read_template(const Reading& reading, TableReader& table, std::string_view key,
                   std::string& out, const Names& allowed) {
    const Node* value = table.node().member(key);
    table.text(key, out);
    if (value != nullptr && value->kind == Node::Kind::kText)
        check_template(reading, table, key, *value, value->text, allowed);
}

void read_pairs(const Reading& reading, TableReader& table, std::string_view key, Pairs& out,
                const Names& allowed) {
    const Node* value = table.table(key);
    if (value == nullptr) return;
    for (const auto& member : value->members) {
        const auto name = std::string(key) + "." + member.name;
        if (member.value.kind == Node::Kind::kTable || member.value.kind == Node::Kind::kArray) {
            table.problem(member.value, name, "must be a text, a number, or true or false");
            continue;
        }
        const std::string text = as_text(to_json(member.value));
        check_template(reading, table, name, member.value, text, allowed);
        out.emplace_back(member.name, text);
    }
}

namespace {

void check_texts(const Reading& reading, const TableReader& table, std::string_view key,
                 const Node& node, const Names& allowed) {
    if (node.kind == Node::Kind::kText)
        check_template(reading, table, key, node, node.text, allowed);
    for (const auto& item : node.items) check_texts(reading, table, key, item, allowed);
    for (const auto& member : node.members) {
        Node at = member.value;
        at.line = member.line;
        at.column = member.column;
        check_template(reading, table, key, at, member.name, allowed);
        check_texts(reading, table, key, member.value, allowed);
    }
}

void read_options(Reading& reading, TableReader& document) {
    const Node* all = document.table("option");
    if (all == nullptr) return;
    for (const auto& member : all->members) {
        const auto prefix = "option." + member.name;
        if (member.value.kind != Node::Kind::kTable) {
            document.problem(member.value, prefix, "must be a table");
            continue;
        }
        TableReader table(member.value, prefix, reading.into);
        Option option;
        option.name = member.name;
        table.one_of("type", option.type, {"text", "integer", "boolean", "url", "list"});
        table.boolean("required", option.required);
        read_texts(table, "choices", option.choices);
        read_label(table, "help", option.help);
        if (const auto* fallback = table.any("default")) option.fallback = to_json(*fallback);
        table.finish();
        reading.option_names.insert(option.name);
        reading.out.options.push_back(std::move(option));
    }
}

void read_shapes(const Reading& reading, TableReader& document) {
    const Node* all = document.table("format");
    if (all == nullptr) return;
    for (const auto& member : all->members) {
        const Json shape = to_json(member.value);
        const auto use = use_of(shape);
        if (use.value == use.time)
            document.problem(member.value, "format." + member.name,
                             "must have either \"%v\", where the value stands, or the parts of a "
                             "moment: \"%Y\", \"%m\", \"%d\", \"%H\", \"%M\", \"%S\", \"%f\"");
        reading.out.shapes.emplace(member.name, shape);
    }
}

void read_limits(const Reading& reading, TableReader& document) {
    const Node* node = document.table("limits");
    if (node == nullptr) return;
    TableReader table(*node, "limits", reading.into);
    Limits& out = reading.out.limits;
    table.number("requests_per_second", out.requests_per_second, 0, 1e6);
    table.integer("concurrency", out.concurrency, 0, 1000);
    table.integer("daily_credits", out.daily_credits, 0, std::int64_t{1} << 50);
    table.text("credits_left_header", out.credits_left_header);
    table.finish();
}

const std::vector<std::pair<std::string, Means>>& meanings() {
    static const std::vector<std::pair<std::string, Means>> all = {
        {"ok", Means::kOk},
        {"empty", Means::kEmpty},
        {"missing", Means::kMissing},
        {"invalid", Means::kInvalid},
        {"forbidden", Means::kForbidden},
        {"changed", Means::kChanged},
        {"duplicate", Means::kDuplicate},
        {"locked", Means::kLocked},
        {"unauthenticated", Means::kUnauthenticated},
        {"rate_limited", Means::kRateLimited},
        {"unavailable", Means::kUnavailable}};
    return all;
}

void read_statuses(TableReader& table, std::vector<int>& out) {
    const Node* value = table.any("status");
    if (value == nullptr) return;
    const std::vector<Node> one{*value};
    for (const auto& item : value->kind == Node::Kind::kArray ? value->items : one) {
        if (item.kind == Node::Kind::kInteger && item.integer >= 100 && item.integer <= 599)
            out.push_back(static_cast<int>(item.integer));
        else if (item.kind == Node::Kind::kText && item.text.size() == 3 && item.text[0] >= '1' &&
                 item.text[0] <= '5' && item.text.substr(1) == "xx")
            out.push_back(item.text[0] - '0');
        else
            table.problem(item, "status", "must be a status such as 404, or \"4xx\", or a list");
    }
}

Rule read_rule(const Reading& reading, const Node& node, const std::string& prefix) {
    TableReader table(node, prefix, reading.into);
    Rule out;
    read_texts(table, "requests", out.requests);
    read_texts(table, "streams", out.streams);
    read_statuses(table, out.statuses);
    read_pointer(table, "path", out.path);
    if (const auto* equals = table.any("equals")) {
        const Json json = to_json(*equals);
        out.equals = json.is_array() ? json.get<std::vector<Json>>() : std::vector<Json>{json};
    }
    table.text("contains", out.contains);
    table.text("header", out.header);
    std::ranges::transform(out.header, out.header.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    table.text("header_contains", out.header_contains);
    Names names;
    for (const auto& each : meanings()) names.push_back(each.first);
    std::string means;
    table.one_of("means", means, names);
    for (const auto& each : meanings())
        if (each.first == means) out.means = each.second;
    if (node.member("means") == nullptr)
        table.problem(node, "means", "is missing: what does an answer mean that this rule fits?");
    read_pointer(table, "id", out.id);
    read_pointer(table, "field", out.field);
    if (out.statuses.empty() && !out.path && out.header.empty() && out.contains.empty())
        table.problem(node, "", "fits every answer; give status, path, contains or header");
    table.finish();
    return out;
}

void read_errors(const Reading& reading, TableReader& document) {
    const Node* node = document.table("errors");
    if (node == nullptr) return;
    TableReader table(*node, "errors", reading.into);
    Errors& out = reading.out.errors;
    read_pointers(table, "message", out.message);
    read_pointers(table, "code", out.code);
    if (const Node* rules = table.array("rule"))
        for (const auto& rule : rules->items) {
            if (rule.kind == Node::Kind::kTable)
                out.rules.push_back(read_rule(reading, rule, "errors.rule"));
            else
                table.problem(rule, "rule", "must be a table: [[errors.rule]]");
        }
    table.finish();
}

void read_check(const Reading& reading, TableReader& document) {
    const Node* node = document.table("check");
    if (node == nullptr) return;
    Node request = *node;
    TableReader table(*node, "check", reading.into);
    Identity& out = reading.out.check;
    read_pointer(table, "org", out.org);
    read_pointer(table, "org_name", out.org_name);
    read_pointer(table, "user", out.user);
    read_pointer(table, "user_name", out.user_name);
    std::erase_if(request.members, [](const Node::Member& member) {
        return member.name == "org" || member.name == "org_name" || member.name == "user" ||
               member.name == "user_name";
    });
    out.request = read_request(reading, request, "check", "check");
}

void read_streams(const Reading& reading, TableReader& document) {
    Node usual;
    if (const Node* node = document.table("every_stream")) usual = *node;
    const Node* all = document.table("stream");
    if (all == nullptr || all->members.empty()) {
        if (document.node().member("stream") == nullptr)
            document.problem(document.node(), "stream",
                             "there is none: each kind of record is a table [stream.NAME]");
        return;
    }
    for (const auto& member : all->members) {
        if (member.value.kind != Node::Kind::kTable) {
            document.problem(member.value, "stream." + member.name, "must be a table");
            continue;
        }
        reading.out.streams.push_back(
            read_stream(reading, merged(usual, member.value), member.name));
    }
}

void check_references(const Reading& reading, const Node& document) {
    const TableReader table(document, "", reading.into);
    for (const auto& stream : reading.out.streams)
        for (const auto& field : stream.fields)
            for (const auto& to : field.to) {
                if (reading.out.stream(to) != nullptr) continue;
                Names names;
                for (const auto& each : reading.out.streams) names.push_back(each.name);
                const auto key = "stream." + stream.name + ".fields." + field.name;
                const Node* at = &document;
                for (const auto* step :
                     {"stream", stream.name.c_str(), "fields", field.name.c_str()})
                    if (const Node* next = at->member(step)) at = next;
                table.problem(*at, key + ".to", "there is no stream " + to,
                              config::nearest(to, names));
            }
}

bool is_name(const std::string& text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
}

}  // namespace

void read_json(const Reading& reading, TableReader& table, std::string_view key,
               std::optional<Json>& out, const Names& allowed) {
    const Node* value = table.any(key);
    if (value == nullptr) return;
    check_texts(reading, table, key, *value, allowed);
    out = to_json(*value);
}

void read_parameters(const Reading& reading, TableReader& table, std::string_view key,
                     Parameters& out, const Names& allowed) {
    const Node* value = table.table(key);
    if (value == nullptr) return;
    for (const auto& member : value->members) {
        check_texts(reading, table, std::string(key) + "." + member.name, member.value, allowed);
        const Json json = to_json(member.value);
        out.emplace_back(member.name, json.is_structured() ? json : Json(as_text(json)));
    }
}

std::optional<Description> read_description(std::string_view text, const std::string& file,
                                            config::Problems& problems) {
    const auto before = problems.size();
    const auto document = config::parse_toml(text, file, problems);
    if (!document) return std::nullopt;
    Description out;
    Reading reading{{file, problems, nullptr}, out};
    TableReader table(*document, "", reading.into);
    table.text("name", out.name, [](const std::string& name) {
        return is_name(name) ? "" : "must be of small letters, digits, - and _";
    });
    if (document->member("name") == nullptr)
        table.problem(*document, "name", "is missing: name = \"mycrm\"");
    table.text("version", out.version);
    read_label(table, "title", out.title);
    if (out.title.en.empty()) out.title.en = out.name;
    read_options(reading, table);
    read_auth(reading, table);
    read_template(reading, table, "base_url", out.base_url, out.names_in_address());
    reading.option_names.insert("random");  // another one in each request
    if (document->member("base_url") == nullptr)
        table.problem(*document, "base_url",
                      "is missing: the address that all paths begin at, "
                      "\"https://crm.example.com/api\" or \"{url}/api\" with an option url");
    read_texts(table, "hosts", out.hosts);
    read_template(reading, table, "time_zone", out.time_zone, {});
    if (out.time_zone.find('{') == std::string::npos && !parse_zone(out.time_zone))
        table.problem(*document->member("time_zone"), "time_zone",
                      "must be an offset such as \"+08:00\", or \"Z\"");
    read_pairs(reading, table, "headers", out.headers, {});
    read_parameters(reading, table, "query", out.query, {});
    read_shapes(reading, table);
    read_limits(reading, table);
    read_errors(reading, table);
    read_check(reading, table);
    read_streams(reading, table);
    check_references(reading, *document);
    table.finish();
    // What several streams or requests share is read with each of them.
    const auto member = [](const config::Problem& each) {
        return each.key.substr(each.key.find_last_of('.') + 1);
    };
    std::vector<config::Problem> all(problems.begin() + static_cast<std::ptrdiff_t>(before),
                                     problems.end());
    problems.resize(before);
    for (auto& each : all)
        if (std::ranges::none_of(problems, [&](const config::Problem& told) {
                return told.line == each.line && told.column == each.column &&
                       member(told) == member(each);
            }))
            problems.push_back(std::move(each));
    std::ranges::stable_sort(problems, {}, &config::Problem::line);
    if (problems.size() != before) return std::nullopt;
    return out;
}

}  // namespace kontor::declarative
