// SQL, the field catalogue, and search.
#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>

#include "daemon/api/json_io.hpp"
#include "daemon/api/services.hpp"
#include "sync/replica/local_edits.hpp"

namespace kontor::api {
namespace {

using replica::Access;

constexpr std::int64_t kRowsMax = 100'000;
constexpr std::size_t kBytesMax = std::size_t{32} << 20;
constexpr std::chrono::seconds kTimeMax{30};
constexpr int kStepsPerCheck = 10'000;

// What a statement of a user may do: read anything, write to entity tables. Schema, attached files
// and our own tables are out of bounds, except to the triggers that keep history.
int may(void*, int action, const char* first, const char* second, const char*,
        const char* trigger) {
    const std::string_view table = first != nullptr ? first : "";
    switch (action) {
        case SQLITE_SELECT:
        case SQLITE_READ:
        case SQLITE_RECURSIVE:
            return SQLITE_OK;
        case SQLITE_FUNCTION: {
            // The name is the second argument. These hand out addresses or load code.
            const std::string_view name = second != nullptr ? second : "";
            return name == "load_extension" || name == "fts3_tokenizer" ? SQLITE_DENY : SQLITE_OK;
        }
        case SQLITE_INSERT:
        case SQLITE_UPDATE:
        case SQLITE_DELETE:
            if (trigger != nullptr) return SQLITE_OK;
            return table.substr(0, 7) == "kontor_" || table.substr(0, 7) == "sqlite_" ? SQLITE_DENY
                                                                                      : SQLITE_OK;
        default:
            return SQLITE_DENY;
    }
}

struct Deadline {
    std::chrono::steady_clock::time_point at;
    static int passed(void* self) {
        return std::chrono::steady_clock::now() > static_cast<Deadline*>(self)->at ? 1 : 0;
    }
};

// Bounds a statement while it lives.
class Fence {
public:
    explicit Fence(sqlite3* db) : db_(db), deadline_{std::chrono::steady_clock::now() + kTimeMax} {
        sqlite3_set_authorizer(db_, may, nullptr);
        sqlite3_progress_handler(db_, kStepsPerCheck, Deadline::passed, &deadline_);
        length_max_ = sqlite3_limit(db_, SQLITE_LIMIT_LENGTH, static_cast<int>(kBytesMax));
    }
    ~Fence() {
        sqlite3_limit(db_, SQLITE_LIMIT_LENGTH, length_max_);
        sqlite3_progress_handler(db_, 0, nullptr, nullptr);
        sqlite3_set_authorizer(db_, nullptr, nullptr);
    }
    Fence(const Fence&) = delete;
    Fence& operator=(const Fence&) = delete;

private:
    sqlite3* db_;
    Deadline deadline_;
    int length_max_ = 0;
};

tl::unexpected<Error> sql_error(Error error) {
    if (error.code == Errc::kCancelled) {
        const auto seconds = std::to_string(kTimeMax / std::chrono::seconds{1});
        error.code = Errc::kInvalid;
        error.message = "the statement took longer than " + seconds + " s";
        error.args = {{"reason", "sql_time"}, {"seconds", seconds}};
    } else if (error.code == Errc::kStorage || error.code == Errc::kPermission) {
        error.code = Errc::kInvalid;  // syntax, no such table, not authorised
    }
    return tl::unexpected<Error>(std::move(error));
}

/// JSON has no bytes: as one would write them in SQL.
std::string blob_literal(std::string_view bytes) {
    const std::span octets(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    return fmt::format("x'{:02x}'", fmt::join(octets, ""));
}

bool is_blob(const replica::Statement& statement, int column) {
    return sqlite3_column_type(statement.raw(), column) == SQLITE_BLOB;
}

/// About what the row takes in the answer.
std::size_t size_of_row(const replica::Statement& statement) {
    std::size_t bytes = 0;
    for (int i = 0; i < statement.columns(); ++i)
        bytes += statement.value(i).text.size() * (is_blob(statement, i) ? 2 : 1) + 8;
    return bytes;
}

Result<json> collect(replica::Statement& statement, std::int64_t limit) {
    json columns = json::array();
    for (int i = 0; i < statement.columns(); ++i)
        columns.push_back(std::string(statement.column_name(i)));
    json rows = json::array();
    bool truncated = false;
    std::size_t bytes = 0;
    for (;;) {
        auto row = statement.step();
        if (!row) return sql_error(row.error());
        if (!*row) break;
        bytes += size_of_row(statement);
        truncated = rows.size() >= static_cast<std::size_t>(limit) || bytes > kBytesMax;
        if (truncated) break;
        json cells = json::array();
        for (int i = 0; i < statement.columns(); ++i) {
            const auto value = statement.value(i);
            cells.push_back(is_blob(statement, i) ? json(blob_literal(value.text))
                                                  : to_json(value));
        }
        rows.push_back(std::move(cells));
    }
    statement.reset();
    return json{{"columns", std::move(columns)},
                {"rows", std::move(rows)},
                {"truncated", truncated},
                {"changes", 0}};
}

Result<json> run_sql(const replica::Database& db, const json& body, const std::string& query,
                     bool read_only, std::int64_t limit) {
    const Fence fence(db.raw());
    // One statement only: what follows the first would silently not run.
    sqlite3_stmt* raw = nullptr;
    const char* rest = nullptr;
    const int code =
        sqlite3_prepare_v2(db.raw(), query.data(), static_cast<int>(query.size()), &raw, &rest);
    const bool empty = raw == nullptr;
    const bool writes = raw != nullptr && sqlite3_stmt_readonly(raw) == 0;
    sqlite3_finalize(raw);
    if (code == SQLITE_AUTH)
        return fail(Errc::kInvalid, "the statement does what is not allowed here",
                    {{"reason", "sql_fenced"}});
    if (code != SQLITE_OK) return sql_error(replica::storage_error(db.raw(), code, "SQL"));
    if (empty) return fail(Errc::kInvalid, "there is no statement");
    const std::string_view left(rest, static_cast<std::size_t>(query.data() + query.size() - rest));
    if (left.find_first_not_of(" \t\r\n;") != std::string_view::npos)
        return fail(Errc::kInvalid, "one statement at a time, please", {{"reason", "sql_one"}});
    if (writes && read_only)
        return fail(Errc::kPermission, "the statement writes; say so with read_only = false",
                    {{"reason", "sql_writes"}});
    auto statement = db.prepare(query);
    if (!statement) return sql_error(statement.error());
    const auto params = body.value("params", json::array());
    if (!params.is_array() ||
        params.size() != static_cast<std::size_t>(sqlite3_bind_parameter_count(statement->raw())))
        return fail(Errc::kInvalid, "params must have one value for each ?");
    for (std::size_t i = 0; i < params.size(); ++i) {
        auto value = value_from(params[i]);
        if (!value) return pass(value);
        statement->bind(static_cast<int>(i) + 1, *value);
    }
    auto out = collect(*statement, limit);
    if (out && writes) (*out)["changes"] = db.changes();
    return out;
}

Result<ApiResponse> sql(Services& services, const ApiRequest& request) {
    auto body = parse_body(request, {"query", "params", "read_only", "limit"});
    if (!body) return pass(body);
    auto query = text_in(*body, "query");
    if (!query) return pass(query);
    auto read_only = flag_in(*body, "read_only", true);
    if (!read_only) return pass(read_only);
    auto limit = integer_in(*body, "limit");
    if (!limit) return pass(limit);
    const auto rows = limit->value_or(1'000);
    if (rows < 1 || rows > kRowsMax)
        return fail(Errc::kInvalid,
                    "limit must be a whole number from 1 to " + std::to_string(kRowsMax),
                    {{"key", "limit"}});

    auto db = services.databases.lend(*read_only ? Access::kReadOnly : Access::kLocal);
    if (!db) return pass(db);
    if (*read_only) {
        auto out = run_sql(**db, *body, *query, true, rows);
        if (!out) return pass(out);
        return json_response(*out);
    }
    auto transaction = replica::Transaction::begin(**db);
    if (!transaction) return pass(transaction);
    auto before = (*db)->scalar("SELECT max(seq) FROM kontor_history");
    if (!before) return pass(before);
    auto out = run_sql(**db, *body, *query, false, rows);
    if (!out) return pass(out);
    if (auto named = replica::stamp_history(**db, *before, request.actor); !named)
        return pass(named);
    if (auto done = transaction->commit(); !done) return pass(done);
    services.edited();
    return json_response(*out);
}

// --- The field catalogue

json label_json(const remote::Label& label) {
    return {{"en", label.en}, {"zh", label.zh}};
}

json field_json(const replica::Field& f) {
    json choices = json::array();
    for (const auto& choice : f.choices)
        choices.push_back({{"value", choice.value}, {"label", choice.label}});
    return {{"name", f.name},
            {"type", remote::to_string(f.type)},
            {"label", label_json(f.label)},
            {"target", f.target},
            {"scale", f.scale},
            {"precision", f.precision},
            {"max_length", f.max_length},
            {"choices", std::move(choices)},
            {"data_class", f.data_class},
            {"leaves", f.leaves},
            {"read_only", f.read_only},
            {"searchable", f.searchable},
            {"gone", f.gone},
            {"origin", f.origin}};
}

Result<ApiResponse> entities(Services& services, const ApiRequest& request) {
    auto db = services.databases.lend(Access::kReadOnly);
    if (!db) return pass(db);
    auto catalogue = services.databases.catalogues().get(**db);
    if (!catalogue) return pass(catalogue);
    const bool with_counts = request.get("count") == "true";
    json out = json::array();
    for (const auto& entity : (*catalogue)->entities()) {
        json fields = json::array();
        for (const auto& field : entity.fields) fields.push_back(field_json(field));
        json records;
        if (with_counts) {
            // Names of the catalogue are safe names.
            auto count = (*db)->scalar("SELECT count(*) FROM \"" + entity.name + "\"");
            if (!count) return pass(count);
            records = *count;
        }
        out.push_back({{"name", entity.name},
                       {"label", label_json(entity.label)},
                       {"builtin", entity.builtin},
                       {"records", std::move(records)},
                       {"fields", std::move(fields)}});
    }
    return json_response({{"entities", std::move(out)}});
}

Result<ApiResponse> search_records(Services& services, const ApiRequest& request) {
    if (services.search == nullptr)
        return fail(Errc::kUnsupported, "search is switched off in the configuration");
    auto limit = number_of(request, "limit", 20, 1, search::kLimitMax);
    auto offset = number_of(request, "offset", 0, 0, search::kRankedMax);
    if (!limit) return pass(limit);
    if (!offset) return pass(offset);
    search::SearchOptions options;
    options.entity = request.get("entity");
    options.limit = static_cast<std::size_t>(*limit);
    options.offset = static_cast<std::size_t>(*offset);
    auto found = services.search->search(request.get("q"), options);
    if (!found) return pass(found);
    json hits = json::array();
    for (const auto& hit : found->hits) {
        json highlights = json::array();
        for (const auto& stretch : hit.highlights)
            highlights.push_back(json::array({stretch.begin, stretch.end}));
        hits.push_back({{"entity", hit.entity_name},
                        {"id", hit.record},
                        {"score", hit.score},
                        {"title", hit.title},
                        {"field", hit.field},
                        {"snippet", hit.snippet},
                        {"highlights", std::move(highlights)}});
    }
    return json_response({{"hits", std::move(hits)}, {"complete", found->complete}});
}

}  // namespace

void add_query_routes(Router& router, Services& s) {
    router.add(
        "POST", "/api/v1/sql", [&s](const ApiRequest& r) { return sql(s, r); }, Cost::kSlow);
    router.add("GET", "/api/v1/entities?count",
               [&s](const ApiRequest& r) { return entities(s, r); });
    router.add("GET", "/api/v1/search?q&entity&limit&offset",
               [&s](const ApiRequest& r) { return search_records(s, r); });
}

}  // namespace kontor::api
