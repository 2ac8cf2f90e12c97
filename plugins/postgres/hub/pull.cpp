#include "plugins/postgres/hub/pull.hpp"

#include <algorithm>

#include "connectors/sdk/json.hpp"

namespace kontor::postgres::hub {
namespace {

using sdk::Json;

constexpr std::size_t kRowsOfPage = 5'000;   // of one statement
constexpr std::size_t kRowsOfBatch = 1'000;  // handed over at a time
constexpr std::size_t kBatchBytes = std::size_t{4} << 20;

/// Where a pull goes on. Opaque to the host.
struct Cursor {
    Stamp from = 0;         ///< rows with this stamp and later ones; 0: all rows
    Stamp next = 0;         ///< `from` of the next pull, once this one is at its end
    std::string stamp, id;  ///< the last row handed over; id "": none yet

    static Cursor parse(std::string_view text) {
        const Json json = Json::parse(text, nullptr, false);
        Cursor out;
        if (!json.is_object()) return out;
        out.from = sdk::integer_of(json, "from", 0);
        out.next = sdk::integer_of(json, "next", 0);
        out.stamp = sdk::text_of(json, "stamp");
        out.id = sdk::text_of(json, "id");
        return out;
    }
    [[nodiscard]] std::string text() const {
        Json json{{"from", from}, {"next", next}};
        if (!id.empty()) json["stamp"] = stamp, json["id"] = id;
        return json.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
};

void require_columns(const Row& row, std::size_t columns, const Stream& stream) {
    if (row.size() < columns)
        throw sdk::Error(KONTOR_E_PROTOCOL, stream.table.stream + ": a row lacks columns");
}

class Pull {
public:
    Pull(sdk::Host& host, Session& session, const Stream& stream, const sdk::Request& request)
        : host_(host), session_(session), stream_(stream), request_(request) {}

    std::string run(std::string_view cursor, Stamp horizon) {
        at_ = Cursor::parse(cursor);
        if (at_.next == 0) at_.next = horizon;
        while (read_page() == kRowsOfPage) host_.check_cancelled();
        return cursor_at(at_.next);
    }

private:
    [[nodiscard]] Statement statement() const {
        Statement out;
        std::string where, order = "kontor_id";
        const auto parameter = [&](std::string value) {
            out.parameters.emplace_back(std::move(value));
            return "$" + std::to_string(out.parameters.size());
        };
        if (at_.from == 0) {
            where = "kontor_deleted_at IS NULL";
            if (!at_.id.empty()) where += " AND kontor_id > " + parameter(at_.id);
        } else {
            order = "kontor_stamp, kontor_id";
            where = "kontor_stamp >= " + parameter(std::to_string(at_.from));
            if (!at_.id.empty()) {
                const auto stamp = parameter(at_.stamp);
                where +=
                    " AND (kontor_stamp, kontor_id) > (" + stamp + ", " + parameter(at_.id) + ")";
            }
        }
        out.sql = "SELECT " + stream_.columns(request_.fields) +
                  ", kontor_stamp, kontor_deleted_at IS NOT NULL FROM " + stream_.table.sql_name() +
                  " WHERE " + where + " ORDER BY " + order + " LIMIT " +
                  std::to_string(kRowsOfPage);
        return out;
    }

    std::size_t read_page() {
        std::size_t rows = 0;
        session_.each(statement(), [&](const Row& row) {
            ++rows;
            require_columns(row, 5, stream_);
            if (row.back().value_or("") == "t")
                batch_.begin(abi::Op::kDeleted, row[1].value_or(""), row[0].value_or(""), {},
                             row[2].value_or(""));
            else
                stream_.add(batch_, request_.fields, row);
            at_.stamp = row[row.size() - 2].value_or("");
            at_.id = row[1].value_or("");
            if (batch_.records() >= kRowsOfBatch || batch_.bytes().size() >= kBatchBytes)
                host_.emit(batch_, at_.text());
        });
        if (batch_.records() > 0) host_.emit(batch_, at_.text());
        return rows;
    }

    sdk::Host& host_;
    Session& session_;
    const Stream& stream_;
    const sdk::Request& request_;
    Cursor at_;
    abi::BatchWriter batch_;
};

}  // namespace

std::string pull(sdk::Host& host, Session& session, const Stream& stream,
                 const sdk::Request& request, std::string_view cursor, Stamp horizon) {
    return Pull(host, session, stream, request).run(cursor, horizon);
}

Stamp begins_at(std::string_view cursor) {
    const auto at = Cursor::parse(cursor);
    return at.next == 0 ? at.from : 0;
}

std::string cursor_at(Stamp horizon) {
    return Cursor{.from = horizon, .next = 0, .stamp = "", .id = ""}.text();
}

void list_ids(sdk::Host& host, Session& session, const Stream& stream) {
    const auto table = stream.table.sql_name();
    session.run("DELETE FROM " + table + " WHERE kontor_deleted_at < now() - interval '" +
                std::to_string(kTombstoneDays) + " days'");
    abi::BatchWriter batch;
    session.each({std::string("SELECT ") + kVersionText + ", kontor_id FROM " + table +
                      " WHERE kontor_deleted_at IS NULL",
                  {}},
                 [&](const Row& row) {
                     require_columns(row, 2, stream);
                     batch.begin(abi::Op::kId, row[1].value_or(""), row[0].value_or(""));
                     if (batch.records() >= kRowsOfPage) host.emit(batch);
                 });
    host.emit(batch);
}

void fetch(sdk::Host& host, Session& session, const Stream& stream, const sdk::Request& request) {
    abi::BatchWriter batch;
    std::vector<std::string> found;
    session.each(
        {"SELECT " + stream.columns(request.fields) + ", kontor_deleted_at IS NOT NULL FROM " +
             stream.table.sql_name() + " WHERE kontor_id = ANY($1::text[])",
         {array_text(request.ids)}},
        [&](const Row& row) {
            require_columns(row, 4, stream);
            found.emplace_back(row[1].value_or(""));
            if (row.back().value_or("") == "t")
                batch.begin(abi::Op::kDeleted, found.back(), row[0].value_or(""));
            else
                stream.add(batch, request.fields, row);
        });
    std::ranges::sort(found);
    for (const auto& id : request.ids)
        if (!std::ranges::binary_search(found, id)) batch.begin(abi::Op::kMissing, id);
    host.emit(batch);
}

void find(sdk::Host& host, Session& session, const Stream& stream, const sdk::Request& request) {
    if (request.field != kId)
        throw sdk::Error(KONTOR_E_INVALID, request.stream + ": no search by " + request.field)
            .stream(request.stream);
    abi::BatchWriter batch;
    session.each({"SELECT " + stream.columns(request.fields) + " FROM " + stream.table.sql_name() +
                      " WHERE kontor_id = ANY($1::text[]) AND kontor_deleted_at IS NULL",
                  {array_text(request.values)}},
                 [&](const Row& row) { stream.add(batch, request.fields, row); });
    host.emit(batch);
}

}  // namespace kontor::postgres::hub
