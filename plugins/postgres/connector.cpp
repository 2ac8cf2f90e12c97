#include "plugins/postgres/connector.hpp"

#include <algorithm>
#include <charconv>

#include "plugins/postgres/pull.hpp"
#include "plugins/postgres/push.hpp"
#include "plugins/postgres/reader.hpp"
#include "plugins/postgres/spec.hpp"

namespace kontor::postgres {
namespace {

constexpr const char* kWho =
    "SELECT pg_catalog.current_database(), session_user,"
    " pg_catalog.floor(extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::int8,"
    " (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())";

// The cluster's own number. Engines that only speak PostgreSQL's protocol have none.
std::string cluster(Session& session) {
    try {
        const auto rows =
            session.rows({"SELECT system_identifier FROM pg_catalog.pg_control_system()", {}});
        return rows.at(0).at(0).value_or("");
    } catch (const SqlError&) {
        return {};
    }
}

bool is_another_schema(const SqlError& error) {
    // No such column, table, schema or function; a type that is another now.
    const auto state = error.state();
    return state == "42703" || state == "42P01" || state == "3F000" || state == "42883" ||
           state == "42804";
}

}  // namespace

std::string Connector::spec() {
    return spec_json();
}

Connector::Connector(sdk::Host& host, std::string_view config)
    : host_(host), options_(Options::parse(config)) {}

sdk::Identity Connector::check() {
    Session session(host_, options_);
    const auto rows = session.rows({kWho, {}});
    if (rows.size() != 1 || rows[0].size() != 4)
        throw sdk::Error(KONTOR_E_PROTOCOL, "the database does not say which it is");
    const auto& row = rows[0];
    sdk::Identity out;
    out.org_id = cluster(session) + "/" + row[3].value_or("");
    out.org_name = row[0].value_or("");
    out.user_id = row[1].value_or("");
    out.user_name = out.user_id;
    const auto time = row[2].value_or("");
    std::from_chars(time.data(), time.data() + time.size(), out.server_time_ms);
    return out;
}

std::vector<sdk::StreamSpec> Connector::describe() {
    Session session(host_, options_);
    tables_ = read_catalog(session, options_, host_);
    std::vector<sdk::StreamSpec> out;
    for (const auto& each : *tables_) out.push_back(postgres::describe(each));
    return out;
}

const Table& Connector::table(const std::string& stream) {
    if (!tables_) {
        Session session(host_, options_);
        tables_ = read_catalog(session, options_, host_);
    }
    const auto found = std::ranges::find(*tables_, stream, &Table::stream);
    if (found == tables_->end())
        throw sdk::Error(KONTOR_E_NOT_FOUND, "there is no table " + stream).stream(stream);
    return *found;
}

template <class Work>
auto Connector::noticing_changes(const std::string& stream, Work&& work) {
    try {
        return work(table(stream));
    } catch (const SqlError& error) {
        if (is_another_schema(error)) tables_.reset();
        throw;
    }
}

std::string Connector::pull(const sdk::Request& request, std::string_view cursor) {
    return noticing_changes(request.stream, [&](const Table& table) {
        Session session(host_, options_);
        return postgres::pull(host_, session, table, options_, request, cursor);
    });
}

bool Connector::list_ids(const sdk::Request& request) {
    return noticing_changes(request.stream, [&](const Table& table) {
        Session session(host_, options_);
        return postgres::list_ids(host_, session, table);
    });
}

void Connector::fetch(const sdk::Request& request) {
    noticing_changes(request.stream, [&](const Table& table) {
        Session session(host_, options_);
        abi::BatchWriter batch;
        std::vector<std::string> gone;
        RowReader(table, options_, request.fields)
            .fetch(session, request.ids, batch, [&](const auto& id) { gone.push_back(id); });
        // A row that a policy hides from us looks the same as one that is gone.
        const auto op = table.partial ? abi::Op::kForbidden : abi::Op::kMissing;
        for (const auto& id : gone) batch.begin(op, id);
        host_.emit(batch);
    });
}

void Connector::find(const sdk::Request& request) {
    noticing_changes(request.stream, [&](const Table& table) {
        const auto* const column = table.column(request.field);
        if (column == nullptr || column->name != table.key_column)
            throw sdk::Error(KONTOR_E_INVALID, request.stream + ": no search by " + request.field)
                .stream(request.stream);
        Session session(host_, options_);
        const RowReader reader(table, options_, request.fields);
        abi::BatchWriter batch;
        session.each({"SELECT " + reader.columns() + " FROM " + table.sql_name() + " WHERE " +
                          identifier(column->name) + " = ANY($1::pg_catalog.text[])",
                      {array_text(request.values)}},
                     [&](const Row& row) { reader.add(batch, row); });
        host_.emit(batch);
    });
}

std::vector<sdk::PushResult> Connector::push(const sdk::Request& request,
                                             abi::BatchReader changes) {
    return noticing_changes(request.stream, [&](const Table& table) {
        return postgres::push(host_, table, options_, request, changes);
    });
}

}  // namespace kontor::postgres
