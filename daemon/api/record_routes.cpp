// /records: read, filter, export and edit records of any entity.
#include <algorithm>

#include "connectors/sdk/csv_cell.hpp"
#include "daemon/api/edit_warnings.hpp"
#include "daemon/api/json_io.hpp"
#include "daemon/api/record_names.hpp"
#include "daemon/api/record_query.hpp"
#include "daemon/api/record_text.hpp"
#include "daemon/api/services.hpp"
#include "sync/engine/edit_rules.hpp"
#include "sync/replica/local_edits.hpp"
#include "sync/replica/lookup.hpp"
#include "sync/replica/values.hpp"

namespace kontor::api {
namespace {

using replica::Access;

constexpr std::int64_t kCsvPage = 1'000;  // records read at once: no long read transaction
constexpr std::size_t kBatchMax = 10'000;

using SharedCatalogue = std::shared_ptr<const replica::Catalogue>;

Result<SharedCatalogue> catalogue_with(Services& services, const replica::Database& db,
                                       const std::string& entity) {
    auto catalogue = services.databases.catalogues().get(db);
    if (!catalogue) return catalogue;
    if (auto found = replica::find_entity(**catalogue, entity); !found) return pass(found);
    return catalogue;
}

// --- Answers

// The record's last history entry: what its ETag says.
Result<std::int64_t> version_of(const replica::Database& db, const replica::Entity& entity,
                                std::int64_t id) {
    auto statement =
        db.prepare("SELECT max(seq) FROM kontor_history WHERE entity = ? AND record = ?");
    if (!statement) return pass(statement);
    statement->bind(1, entity.id);
    statement->bind(2, id);
    auto row = statement->step();
    if (!row) return pass(row);
    return *row ? statement->integer(0) : 0;
}

Result<ApiResponse> list_records(const ApiRequest& request, const replica::Database& db,
                                 const replica::Catalogue& catalogue, const replica::Query& query) {
    const auto& entity = *catalogue.entity(query.entity);
    auto page = replica::list(db, catalogue, query);
    if (!page) return pass(page);
    auto columns = replica::columns_of(catalogue, query);
    if (!columns) return pass(columns);
    const RecordText record_text(entity, *columns);
    std::vector<ValueView> values(columns->size());
    RecordNames names(db, catalogue);
    ApiResponse response;
    std::string& body = response.body;
    body = "{\"entity\":\"" + entity.name + "\",\"records\":[";
    for (const auto& record : page->records) {
        if (&record != page->records.data()) body += ',';
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = record[i].second.view();
        record_text.append(body, values);
        if (request.get("names") != "true") continue;
        for (std::size_t i = 0; i < values.size(); ++i)
            if (const auto* field = entity.field((*columns)[i]))
                if (auto added = names.add(*field, values[i]); !added) return pass(added);
    }
    body += ']';
    if (request.get("names") == "true") body += ",\"names\":" + names.to_json().dump();
    body += ",\"next\":";
    if (page->next.empty()) {
        body += "null";
    } else {
        json next = json::array();
        for (const auto& value : page->next) next.push_back(to_json(value.view()));
        append_json(body, json_response(next).body);
    }
    body += ",\"total\":";
    if (request.get("total") == "true") {
        auto total = replica::count(db, catalogue, query);
        if (!total) return pass(total);
        body += std::to_string(*total);
    } else {
        body += "null";
    }
    body += '}';
    return response;
}

// --- CSV

std::string csv_value(const ValueView& value, bool defuse) {
    switch (value.kind) {
        case Kind::kInteger:
            return std::to_string(value.integer);
        case Kind::kReal:
            return json(value.real).dump();
        case Kind::kText:
            return sdk::csv_cell(value.text, defuse);
        default:
            return "";
    }
}

// Page by page, so that a slow reader holds no read transaction that would keep the WAL growing.
class CsvStream final : public BodyStream {
public:
    CsvStream(app::Databases& databases, SharedCatalogue catalogue, replica::Query query,
              std::string head, bool defuse)
        : databases_(databases),
          catalogue_(std::move(catalogue)),
          query_(std::move(query)),
          head_(std::move(head)),
          defuse_(defuse) {}

    Result<std::optional<std::string>> next() override {
        if (!head_.empty()) return std::optional<std::string>(std::exchange(head_, ""));
        if (ended_) return std::nullopt;
        auto db = databases_.lend(Access::kReadOnly);
        if (!db) return pass(db);
        auto page = replica::list(**db, *catalogue_, query_);
        if (!page) return pass(page);
        std::string out;
        for (const auto& record : page->records) {
            const char* comma = "";
            for (const auto& [name, value] : record) {
                out += comma + csv_value(value.view(), defuse_);
                comma = ",";
            }
            out += "\r\n";
        }
        ended_ = page->next.empty();
        query_.after = std::move(page->next);
        query_.offset = 0;
        return std::optional<std::string>(std::move(out));
    }

private:
    app::Databases& databases_;
    const SharedCatalogue catalogue_;
    replica::Query query_;
    std::string head_;
    const bool defuse_;
    bool ended_ = false;
};

Result<ApiResponse> export_csv(const ApiRequest& request, app::Databases& databases,
                               SharedCatalogue catalogue, replica::Query query) {
    // What was asked for and the id; a uid that nobody named is of no use in a spreadsheet.
    const auto named = named_fields(request);
    if (!named.empty() && std::find(named.begin(), named.end(), "uid") == named.end())
        std::erase(query.columns, "uid");
    auto columns = replica::columns_of(*catalogue, query);
    if (!columns) return pass(columns);
    const bool bom = request.get("bom") == "true";
    const bool defuse = bom || request.get("defuse") == "true";
    std::string head = bom ? "\xEF\xBB\xBF" : "";
    const char* comma = "";
    for (const auto& column : *columns) {
        head += comma + column;
        comma = ",";
    }
    head += "\r\n";
    query.limit = kCsvPage;
    ApiResponse response;
    response.content_type = "text/csv; charset=utf-8";
    response.stream = std::make_unique<CsvStream>(databases, std::move(catalogue), std::move(query),
                                                  std::move(head), defuse);
    return response;
}

// --- Edits

Result<> take_fields(const json& object, replica::Edit& edit) {
    if (!object.is_object()) return fail(Errc::kInvalid, "fields must be an object");
    for (const auto& [name, item] : object.items()) {
        auto value = value_from(item);
        if (!value) return pass(value);
        edit.fields.emplace(name, std::move(*value));
        if (item.is_structured()) edit.json.insert(name);
    }
    return {};
}

// 409 if If-Match names another version than the present one.
Result<> check_match(const ApiRequest& request, const replica::Database& db,
                     const replica::Entity& entity, std::int64_t id) {
    if (request.if_match.empty() || request.if_match == "*") return {};
    auto version = version_of(db, entity, id);
    if (!version) return pass(version);
    if (request.if_match == "\"" + std::to_string(*version) + "\"") return {};
    return fail(Errc::kConflict, "the record has changed meanwhile",
                {{"entity", entity.name}, {"record", std::to_string(id)}});
}

// Appends what the record refers to is called, as a last member.
Result<> append_names(std::string& out, const replica::Database& db,
                      const replica::Catalogue& catalogue, const replica::Entity& entity,
                      std::int64_t id) {
    RecordNames names(db, catalogue);
    Result<> trouble;
    auto found = replica::get(db, entity, id, [&](auto values) {
        // id and uid come first
        for (std::size_t i = 0; i < entity.fields.size() && trouble; ++i)
            trouble = names.add(entity.fields[i], values[i + 2]);
    });
    if (!found) return pass(found);
    if (!trouble) return trouble;
    out.back() = ',';
    out += "\"names\":" + names.to_json().dump() + '}';
    return {};
}

// Appends the record. False if there is none.
Result<bool> append_record(std::string& out, const replica::Database& db,
                           const replica::Entity& entity, std::int64_t id) {
    const RecordText record_text(entity);
    return replica::get(db, entity, id, [&](auto values) { record_text.append(out, values); });
}

void set_version(ApiResponse& response, std::int64_t version) {
    response.headers.emplace_back("ETag", "\"" + std::to_string(version) + "\"");
}

// What no remote takes would be put back by the next sync: refused at once, with the reason.
Result<> check_only_read(const engine::OnlyRead& only, const replica::Entity& entity,
                         std::span<const replica::Edit> edits) {
    for (std::size_t i = 0; i < edits.size(); ++i) {
        std::map<std::string, std::string> args{{"entity", entity.name},
                                                {"edit", std::to_string(i)}};
        if (edits[i].id != 0) args["record"] = std::to_string(edits[i].id);
        if (edits[i].kind != replica::Edit::Kind::kUpdate && !only.records().empty()) {
            args["connection"] = only.records();
            args["reason"] = "only_read_records";
            return fail(Errc::kPermission,
                        "records of " + entity.name + " are only read from " + only.records() +
                            ", which takes no changes of them",
                        std::move(args));
        }
        for (const auto& [name, value] : edits[i].fields) {
            const auto shown_by = value.is_absent() ? std::string() : only.column(name);
            if (shown_by.empty()) continue;
            args["field"] = name;
            args["connection"] = shown_by;
            args["reason"] = "only_read_field";
            return fail(Errc::kPermission,
                        name + " is only read from " + shown_by + ", which takes no changes of it",
                        std::move(args));
        }
    }
    return {};
}

// The answer to edits, within their transaction: it shows what they made, nothing later.
Result<ApiResponse> edited(const replica::Database& db, const replica::Entity& entity,
                           std::span<const replica::Edit> edits, const replica::EditResult& done,
                           json warnings, int status) {
    json body = {{"entity", entity.name},
                 {"ids", done.ids},
                 {"warnings", std::move(warnings)},
                 {"undo", nullptr}};
    const bool changed = done.last_seq >= done.first_seq;
    if (changed) body["undo"] = {{"since", done.first_seq}, {"until", done.last_seq}};
    auto response = json_response(body, status);
    if (edits.size() != 1 || edits[0].kind == replica::Edit::Kind::kRemove) return response;

    response.body.back() = ',';
    response.body += "\"record\":";
    auto shown = append_record(response.body, db, entity, done.ids[0]);
    if (!shown) return pass(shown);
    if (!*shown) response.body += "null";
    response.body += '}';
    auto version =
        changed ? Result<std::int64_t>(done.last_seq) : version_of(db, entity, done.ids[0]);
    if (!version) return pass(version);
    set_version(response, *version);
    return response;
}

Result<ApiResponse> apply(Services& services, const ApiRequest& request,
                          std::span<const replica::Edit> edits, int status) {
    auto db = services.databases.lend(Access::kLocal);
    if (!db) return pass(db);
    const auto& name = request.param("entity");
    ApiResponse response;
    std::shared_ptr<const engine::EditRules> rules;
    replica::EditSteps steps;
    steps.before = [&](const replica::Catalogue& catalogue) -> Result<> {
        auto entity = replica::find_entity(catalogue, name);
        if (!entity) return pass(entity);
        if (edits.size() == 1 && edits[0].id != 0)
            if (auto same = check_match(request, **db, **entity, edits[0].id); !same) return same;
        auto found = edit_rules_of(services, **db, **entity);
        if (!found) return pass(found);
        rules = std::move(*found);
        return check_only_read(rules->only_read, **entity, edits);
    };
    steps.after = [&](const replica::Catalogue& catalogue,
                      const replica::EditResult& done) -> Result<> {
        const auto& entity = *catalogue.entity(name);
        auto made = edited(**db, entity, edits, done,
                           warnings_of(*rules, entity, edits, done, request.language), status);
        if (!made) return pass(made);
        response = std::move(*made);
        return {};
    };
    replica::LocalEdits local(**db, services.databases.catalogues());
    auto done = request.may_wait ? local.apply(edits, request.actor, steps)
                                 : local.try_apply(edits, request.actor, steps);
    if (!done) return pass(done);
    services.edited();
    return response;
}

Result<ApiResponse> get_records(Services& services, const ApiRequest& request) {
    auto db = services.databases.lend(Access::kReadOnly);
    if (!db) return pass(db);
    auto catalogue = catalogue_with(services, **db, request.param("entity"));
    if (!catalogue) return pass(catalogue);
    auto query = read_query(request, *(*catalogue)->entity(request.param("entity")));
    if (!query) return pass(query);
    const auto format = request.get("format", "json");
    if (format == "csv")
        return export_csv(request, services.databases, std::move(*catalogue), std::move(*query));
    if (format != "json") return fail(Errc::kInvalid, "format must be json or csv");
    return list_records(request, **db, **catalogue, *query);
}

Result<ApiResponse> get_record(Services& services, const ApiRequest& request) {
    auto id = id_of(request, "id");
    if (!id) return pass(id);
    auto db = services.databases.lend(Access::kReadOnly);
    if (!db) return pass(db);
    auto moment = replica::Snapshot::begin(**db);
    if (!moment) return pass(moment);
    auto catalogue = catalogue_with(services, **db, request.param("entity"));
    if (!catalogue) return pass(catalogue);
    const auto& entity = *(*catalogue)->entity(request.param("entity"));
    ApiResponse response;
    auto found = append_record(response.body, **db, entity, *id);
    if (!found) return pass(found);
    if (!*found)
        return fail(Errc::kNotFound, entity.name + " " + std::to_string(*id),
                    {{"entity", entity.name}, {"record", std::to_string(*id)}});
    if (request.get("names") == "true")
        if (auto named = append_names(response.body, **db, **catalogue, entity, *id); !named)
            return pass(named);
    auto version = version_of(**db, entity, *id);
    if (!version) return pass(version);
    set_version(response, *version);
    return response;
}

Result<ApiResponse> post_records(Services& services, const ApiRequest& request) {
    auto body = parse_body(request, {"fields", "records"});
    if (!body) return pass(body);
    const bool batch = body->contains("records");
    if (batch == body->contains("fields"))
        return fail(Errc::kInvalid, "give either fields or records");
    if (batch && !(*body)["records"].is_array())
        return fail(Errc::kInvalid, "records must be a list");
    const json items = batch ? (*body)["records"] : json::array({(*body)["fields"]});
    if (items.size() > kBatchMax) return fail(Errc::kInvalid, "too many records at once");
    std::vector<replica::Edit> edits;
    for (const auto& item : items) {
        replica::Edit edit;
        edit.kind = replica::Edit::Kind::kCreate;
        edit.entity = request.param("entity");
        if (auto taken = take_fields(item, edit); !taken) return pass(taken);
        edits.push_back(std::move(edit));
    }
    return apply(services, request, edits, 201);
}

Result<ApiResponse> change_record(Services& services, const ApiRequest& request,
                                  replica::Edit::Kind kind) {
    auto id = id_of(request, "id");
    if (!id) return pass(id);
    replica::Edit edit;
    edit.kind = kind;
    edit.entity = request.param("entity");
    edit.id = *id;
    if (kind == replica::Edit::Kind::kUpdate) {
        auto body = parse_body(request, {"fields"});
        if (!body) return pass(body);
        const json fields = body->contains("fields") ? (*body)["fields"] : json();
        if (auto taken = take_fields(fields, edit); !taken) return pass(taken);
    }
    return apply(services, request, std::span(&edit, 1), 200);
}

}  // namespace

void add_record_routes(Router& router, Services& s) {
    const std::string all = "/api/v1/records/{entity}";
    const std::string one = all + "/{id}";
    router.add("GET", all + "?filter&sort&fields&limit&after&offset&total&format&bom&defuse&names",
               [&s](const ApiRequest& r) { return get_records(s, r); });
    router.add(
        "POST", all, [&s](const ApiRequest& r) { return post_records(s, r); }, Cost::kBrief);
    router.add(
        "GET", one + "?names", [&s](const ApiRequest& r) { return get_record(s, r); },
        Cost::kLight);
    router.add(
        "PATCH", one,
        [&s](const ApiRequest& r) { return change_record(s, r, replica::Edit::Kind::kUpdate); },
        Cost::kBrief);
    router.add(
        "DELETE", one,
        [&s](const ApiRequest& r) { return change_record(s, r, replica::Edit::Kind::kRemove); },
        Cost::kBrief);
}

}  // namespace kontor::api
