// A two-way connector for the REST server in server.py. Change it into yours from top to bottom:
// each method says what the host relies on. docs/connectors.md of Kontor explains the rest.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "connectors/sdk/json.hpp"

namespace {

namespace abi = kontor::abi;
namespace sdk = kontor::sdk;

constexpr int kPageSize = 50;
constexpr std::string_view kKeyField = "external_id";

class @CLASS@ {
public:
    static constexpr std::string_view kName = "@NAME@", kVersion = "1.0.0";

    /// What the host must know before it opens a connection: options, credentials, hosts.
    static std::string spec() {
        return R"({"title": {"en": "@NAME@"},
                   "options": [{"name": "url", "type": "url", "required": true,
                                "help": {"en": "Address of the server"}}],
                   "auth": [{"kind": "bearer", "secrets": ["token"]}],
                   "hosts": ["{url}"]})";
    }

    @CLASS@(sdk::Host& host, std::string_view config) : host_(host) {
        const sdk::Json json = sdk::parse_json(config, "config");
        base_ = sdk::text_of(sdk::member(json, "options"), "url");
    }

    /// Whose records these are. Another org_id later stops the connection.
    sdk::Identity check() {
        sdk::Url url(base_);
        url.path("me");
        const sdk::Json me = get(url, "me");
        sdk::Identity who;
        who.org_id = sdk::text_of(me, "organisation");
        who.user_id = sdk::text_of(me, "user");
        return who;
    }

    /// Asked anew now and then: read what may change from the server each time.
    std::vector<sdk::StreamSpec> describe() {
        sdk::Url url(base_);
        url.path("fields");
        sdk::StreamSpec people;
        people.name = "people";
        people.label = {"People", "联系人"};
        people.entity_hint = "contact";  // the standard kind of record that it means
        const sdk::Json answer = get(url, "fields");
        for (const sdk::Json& each : list_of(answer, "fields"))
            people.fields.push_back(field_of(each));
        sdk::Capabilities& can = people.capabilities;
        can.create = can.update = can.remove = true;
        can.fetch = can.list_ids = can.deleted_feed = true;
        can.key_field = kKeyField;
        can.find_fields = {std::string(kKeyField), "email"};
        can.cas = "batch";  // each change has a precondition of its own
        can.push_batch_max = 20;
        can.fetch_batch_max = 50;
        can.modified_resolution_ms = 100;
        fields_ = people.fields;
        return {people};
    }

    /// Everything changed since `cursor` ("" = all), deletions included, oldest first. The cursor is
    /// the last stamp: the next pull begins with it once more, for more records may have it by then.
    std::string pull(const sdk::Request& request, std::string_view cursor) {
        std::string since(cursor), after;
        if (const auto bar = since.find('|'); bar != std::string::npos) {
            after = since.substr(bar + 1);  // a checkpoint: within the records of one stamp
            since.resize(bar);
        }
        for (;;) {
            sdk::Url url(base_);
            url.path("people").query("since", since).query("after", after);
            url.query("limit", std::to_string(kPageSize));
            const sdk::Json page = get(url, "people");
            const sdk::Json& people = list_of(page, "people");
            abi::BatchWriter batch;
            for (const sdk::Json& each : people) {
                add(request, each, batch);
                since = sdk::text_of(each, "updated");
                after = sdk::text_of(each, "id");
            }
            const bool more = sdk::flag_of(page, "more");
            if (more && people.empty())
                throw sdk::Error(KONTOR_E_PROTOCOL, "people: the list does not go on");
            // Returns once the engine has committed the batch.
            host_.emit(batch, since + "|" + after);
            if (!more) return since;
        }
    }

    /// Ids and versions of all records that exist; true if surely complete.
    bool list_ids(const sdk::Request&) {
        std::string after;
        for (;;) {
            sdk::Url url(base_);
            url.path("ids").query("after", after);
            const sdk::Json page = get(url, "ids");
            abi::BatchWriter batch;
            for (const sdk::Json& each : list_of(page, "ids")) {
                after = sdk::text_of(each, "id");
                batch.begin(abi::Op::kId, after, version_of(each));
            }
            if (batch.records() > 0) host_.emit(batch);
            if (!sdk::flag_of(page, "more")) return true;
        }
    }

    /// One answer for each id.
    void fetch(const sdk::Request& request) {
        abi::BatchWriter batch;
        for (const std::string& id : request.ids) {
            sdk::HttpRequest ask;
            ask.url = record_url(id);
            const sdk::HttpResponse answer = host_.http(ask);
            if (answer.status == 404)
                batch.begin(abi::Op::kMissing, id);
            else
                add(request, body_of(answer, "person"), batch);
        }
        host_.emit(batch);
    }

    /// How a create whose answer was lost is found again: never from a late index.
    void find(const sdk::Request& request) {
        abi::BatchWriter batch;
        for (const std::string& value : request.values) {
            sdk::Url url(base_);
            url.path("people").query(request.field, value);
            const sdk::Json answer = get(url, "people");
            for (const sdk::Json& each : list_of(answer, "people")) add(request, each, batch);
        }
        host_.emit(batch);
    }

    /// One result for each change, in their order.
    std::vector<sdk::PushResult> push(const sdk::Request& request, abi::BatchReader changes) {
        if (fields_.empty()) describe();
        std::vector<sdk::PushResult> results;
        while (const auto change = changes.next()) {
            const sdk::Json body = body_of(request, *change, changes);
            try {
                results.push_back(send(*change, body));
            } catch (const sdk::Error& error) {
                results.push_back(doubt(error));
            }
        }
        return results;
    }

private:
    static sdk::FieldSpec field_of(const sdk::Json& json) {
        sdk::FieldSpec field;
        field.name = sdk::text_of(json, "name");
        field.label = {sdk::text_of(json, "label"), {}};
        field.type = sdk::text_of(json, "type");  // the server's types are called as ours are
        field.required = sdk::flag_of(json, "required");
        field.read_only = sdk::flag_of(json, "read_only");
        field.unique = field.name == kKeyField;
        field.max_length = sdk::integer_of(json, "max_length");
        field.scale = sdk::integer_of(json, "scale");
        for (const sdk::Json& choice : sdk::member(json, "choices"))
            field.choices.push_back({choice.get<std::string>(), choice.get<std::string>()});
        // The standard column that it means.
        if (field.name == "name") field.column_hint = "last_name";
        if (field.name == "email" || field.name == "phone") field.column_hint = field.name;
        return field;
    }

    std::string record_url(std::string_view id) const {
        sdk::Url url(base_);
        url.path("people").segment(id);
        return url.text();
    }

    sdk::Json get(const sdk::Url& url, const std::string& doing) {
        sdk::HttpRequest request;
        request.url = url.text();
        return body_of(host_.http(request), doing);  // http() throws if no answer came
    }

    static sdk::Json body_of(const sdk::HttpResponse& answer, const std::string& doing) {
        if (answer.status / 100 == 2) return sdk::parse_json(answer.body, doing);
        const kontor_status status = answer.status == 401   ? KONTOR_E_UNAUTHENTICATED
                                     : answer.status == 403 ? KONTOR_E_PERMISSION
                                     : answer.status >= 500 ? KONTOR_E_UNAVAILABLE
                                                            : KONTOR_E_PROTOCOL;
        throw sdk::Error(status, doing + ": HTTP " + std::to_string(answer.status));
    }

    /// An answer without the list is a broken one, not an empty one.
    static const sdk::Json& list_of(const sdk::Json& page, const std::string& name) {
        const sdk::Json& list = sdk::member(page, name);
        if (!list.is_array()) throw sdk::Error(KONTOR_E_PROTOCOL, name + ": no list");
        return list;
    }

    /// Versions are compared as texts: a number needs a fixed width.
    static std::string version_of(const sdk::Json& person) {
        const std::string number = std::to_string(sdk::integer_of(person, "version"));
        return std::string(12 - std::min<std::size_t>(12, number.size()), '0') + number;
    }

    static void add(const sdk::Request& request, const sdk::Json& each, abi::BatchWriter& batch) {
        const std::string id = sdk::text_of(each, "id");
        if (id.empty()) throw sdk::Error(KONTOR_E_PROTOCOL, "people: one without id");
        if (sdk::flag_of(each, "deleted")) {
            batch.begin(abi::Op::kDeleted, id, version_of(each));
            return;
        }
        batch.begin(abi::Op::kRecord, id, version_of(each), {}, sdk::text_of(each, "by"));
        for (std::uint16_t i = 0; i < request.fields.size(); ++i) {
            if (!each.contains(request.fields[i])) continue;  // absent is not null
            const sdk::Json& value = each[request.fields[i]];
            if (value.is_null())
                batch.add_null(i);
            else if (value.is_boolean())
                batch.add(i, std::int64_t{value.get<bool>() ? 1 : 0});
            else if (value.is_number_integer())
                batch.add(i, value.get<std::int64_t>());
            else
                batch.add(i, std::string_view(sdk::text_of(each, request.fields[i])));
        }
    }

    [[nodiscard]] std::string type_of(const std::string& name) const {
        for (const sdk::FieldSpec& field : fields_)
            if (field.name == name) return field.type;
        return {};
    }

    [[nodiscard]] sdk::Json body_of(const sdk::Request& request,
                                    const abi::BatchReader::Record& change,
                                    abi::BatchReader& changes) const {
        sdk::Json body = sdk::Json::object();
        abi::BatchReader::Field field;
        for (int i = 0; i < change.count && changes.next_field(field); ++i) {
            const std::string& name = request.fields.at(field.field);
            sdk::Json& value = body[name];
            if (field.tag == abi::Tag::kText)
                value = field.text;
            else if (field.tag == abi::Tag::kReal)
                value = field.real;
            else if (field.tag == abi::Tag::kInteger && type_of(name) == "boolean")
                value = field.integer != 0;
            else if (field.tag == abi::Tag::kInteger)
                value = field.integer;
        }
        if (change.op == abi::Op::kCreate) body[std::string(kKeyField)] = change.key;
        return body;
    }

    sdk::PushResult send(const abi::BatchReader::Record& change, const sdk::Json& body) {
        sdk::HttpRequest request;
        request.lane = "write";
        request.url = record_url(change.id);
        switch (change.op) {
            case abi::Op::kCreate:
                request.method = "POST";
                request.url = sdk::Url(base_).path("people").text();
                break;
            case abi::Op::kUpdate:
                request.method = "PATCH";
                break;
            default:
                request.method = "DELETE";
                break;
        }
        if (!change.version.empty()) request.header("If-Match", std::string(change.version));
        if (change.op != abi::Op::kDelete) {
            request.header("Content-Type", "application/json");
            request.body = body.dump();
        }
        return result_of(change, host_.http(request));
    }

    static sdk::PushResult result_of(const abi::BatchReader::Record& change,
                                     const sdk::HttpResponse& answer) {
        sdk::PushResult result;
        result.id = change.id;
        if (answer.status == 404) return result.status = "missing", result;
        if (answer.status == 412) return result.status = "changed", result;
        if (answer.status == 403) return result.status = "forbidden", result;
        const bool deleted = change.op == abi::Op::kDelete && answer.status == 204;
        if (deleted) return result.status = "ok", result.action = "delete", result;
        if (answer.status == 400) {
            const sdk::Json said = sdk::parse_json(answer.body, "error");
            result.status = "invalid";
            result.code = sdk::text_of(said, "code");
            result.field = sdk::text_of(said, "field");
            result.message = sdk::text_of(said, "message");
            return result;
        }
        // 409: the server knows this external_id. It is ours, from an attempt whose answer was lost.
        const bool ours = change.op == abi::Op::kCreate && answer.status == 409;
        const sdk::Json person =
            ours ? sdk::parse_json(answer.body, "push") : body_of(answer, "push");
        if (sdk::text_of(person, "id").empty())
            throw sdk::Error(KONTOR_E_PROTOCOL, "push: an answer without id");
        result.status = "ok";
        result.id = sdk::text_of(person, "id");
        result.version = version_of(person);
        result.action = change.op == abi::Op::kCreate ? "create" : "update";
        return result;
    }

    /// No answer, or one that cannot be read: it may have been carried out. Only a limit says for
    /// sure that it was not.
    static sdk::PushResult doubt(const sdk::Error& error) {
        if (error.status() == KONTOR_E_CANCELLED) throw error;
        sdk::PushResult result;
        result.status = error.status() == KONTOR_E_RATE_LIMITED ? "retry" : "unknown";
        result.message = error.what();
        return result;
    }

    sdk::Host& host_;
    std::string base_;
    std::vector<sdk::FieldSpec> fields_;
};

}  // namespace

KONTOR_EXPORT_CONNECTOR(@CLASS@)
