#include "plugins/postgres/pull.hpp"

#include <algorithm>
#include <charconv>

#include "connectors/sdk/json.hpp"
#include "plugins/postgres/cursor.hpp"
#include "plugins/postgres/ids.hpp"
#include "plugins/postgres/reader.hpp"
#include "plugins/postgres/triggers.hpp"
#include "plugins/postgres/versions.hpp"

namespace kontor::postgres {
namespace {

constexpr std::size_t kRowsOfPage = 20'000;  // of one statement
constexpr std::size_t kRowsOfBatch = 1'000;  // handed over at a time
constexpr std::size_t kBatchBytes = std::size_t{4} << 20;
constexpr std::size_t kChangesOfPage = 1'000;
// Within which a transaction ends, where the server does not show us when others began.
constexpr int kUnseen_s = 900;

// Transactions that began before now and may still commit rows that bear an earlier stamp.
constexpr const char* kInstantHorizon =
    "SELECT least(pg_catalog.clock_timestamp(), min(xact_start)) - CASE WHEN"
    " pg_catalog.bool_or(query = '<insufficient privilege>')"
    " THEN pg_catalog.make_interval(secs => $1::int4) ELSE '0' END"
    " FROM pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database()";

constexpr const char* kTransactionHorizon =
    "SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())";

class Pull {
public:
    Pull(sdk::Host& host, Session& session, const Table& table, const Options& options,
         const sdk::Request& request, std::string_view cursor)
        : host_(host),
          session_(session),
          table_(table),
          options_(options),
          reader_(table, options, request.fields),
          at_(Cursor::parse(cursor, table.changes)) {}

    std::string run() {
        if (went_back()) at_ = Cursor::parse({}, table_.changes);
        if (at_.next.empty()) at_.next = horizon();
        if (at_.scan)
            read_pages({}, {});
        else if (table_.changes == Changes::kColumn)
            read_pages(since(), {at_.from});
        else if (table_.changes == Changes::kTransactions)
            read_pages("pg_catalog.age(xmin) <= pg_catalog.age($1::pg_catalog.xid)",
                       {low_half(at_.from)});
        else
            return read_changes();
        Cursor done;
        done.by = table_.changes;
        done.scan = table_.changes == Changes::kAll;
        if (!done.scan) done.from = at_.next;
        if (table_.changes == Changes::kTriggers) done.page = {at_.next, "0"};
        return done.text();
    }

private:
    [[nodiscard]] bool by_transaction() const {
        return table_.changes == Changes::kTransactions || table_.changes == Changes::kTriggers;
    }

    std::string horizon() {
        if (table_.changes == Changes::kAll) return {};
        const auto rows = by_transaction()
                              ? session_.rows({kTransactionHorizon, {}})
                              : session_.rows({kInstantHorizon, {std::to_string(kUnseen_s)}});
        if (rows.empty() || rows[0].empty() || !rows[0][0])
            throw sdk::Error(KONTOR_E_PROTOCOL, "the database does not say how late it is");
        return *rows[0][0];
    }

    static std::uint64_t counter(std::string_view text) {
        std::uint64_t out = 0;
        std::from_chars(text.data(), text.data() + text.size(), out);
        return out;
    }

    // A database restored to an earlier state counts again from there; and after two thousand
    // million transactions an old one can no longer be told from a new one.
    bool went_back() {
        if (!by_transaction() || at_.from.empty()) return false;
        const auto then = counter(at_.from);
        const auto now = counter(horizon());
        return now < then || now - then > 2'000'000'000;
    }

    static std::string low_half(const std::string& transaction) {
        return std::to_string(counter(transaction) & 0xffff'ffff);
    }

    std::string since() const {
        const auto start = "($1::pg_catalog.timestamptz - pg_catalog.make_interval(secs => " +
                           std::to_string(options_.overlap_s) + "))";
        const auto& column = *table_.column(table_.modified_column);
        const bool local = column.kind == Kind::kLocalInstant;
        return identifier(column.name) + " >= " +
               (local ? "(" + start + " AT TIME ZONE " + literal(options_.time_zone) + ")" : start);
    }

    // By the stamp and the key, else by the key: in this order pages follow one another.
    std::vector<std::string> order() const {
        auto out = table_.key;
        if (!at_.scan && table_.changes == Changes::kColumn)
            out.insert(out.begin(), table_.modified_column);
        return out;
    }

    void read_pages(const std::string& condition, const std::vector<Cell>& parameters) {
        while (read_page(condition, parameters) == kRowsOfPage) {
        }
    }

    std::size_t read_page(const std::string& condition, std::vector<Cell> parameters) {
        const auto columns = order();
        std::string list, last, where = condition;
        for (const auto& column : columns) {
            // By the table's column: "id" alone would be the text that is selected.
            list += (list.empty() ? "t." : ", t.") + identifier(column);
            last += ", " + identifier(column) + "::pg_catalog.text";
        }
        if (at_.page.size() == columns.size()) {
            std::string place;
            for (const auto& part : at_.page) {
                parameters.emplace_back(part);
                place += (place.empty() ? "$" : ", $") + std::to_string(parameters.size());
            }
            where += (where.empty() ? "" : " AND ");
            where += "(" + list + ") > (" + place + ")";
        }
        const Statement statement{"SELECT " + reader_.columns() + last + " FROM " +
                                      table_.sql_name() + " AS t" +
                                      (where.empty() ? "" : " WHERE " + where) + " ORDER BY " +
                                      list + " LIMIT " + std::to_string(kRowsOfPage),
                                  std::move(parameters)};
        std::size_t rows = 0;
        session_.each(statement, [&](const Row& row) {
            ++rows;
            reader_.add(batch_, row);
            at_.page.clear();
            for (std::size_t i = reader_.column_count(); i < row.size(); ++i)
                at_.page.emplace_back(row[i].value_or(""));
            if (batch_.records() >= kRowsOfBatch || batch_.bytes().size() >= kBatchBytes)
                host_.emit(batch_, at_.text());
        });
        if (batch_.records() > 0) host_.emit(batch_, at_.text());
        return rows;
    }

    // What the triggers noted, of transactions that are all at their end: what commits later has
    // a greater number than what is read.
    std::string read_changes() {
        const auto sql = "SELECT xid, seq, key FROM " + identifier(options_.schema) + "." +
                         std::string(kChangeTable) +
                         " WHERE relation = $1 AND (xid, seq) > ($2::pg_catalog.xid8,"
                         " $3::pg_catalog.int8) AND xid < pg_catalog.pg_snapshot_xmin("
                         "pg_catalog.pg_current_snapshot()) ORDER BY xid, seq LIMIT " +
                         std::to_string(kChangesOfPage);
        if (at_.page.size() != 2) at_.page = {at_.from, "0"};
        at_.next.clear();
        while (true) {
            const auto rows =
                session_.rows({sql, {table_.schema + "." + table_.name, at_.page[0], at_.page[1]}});
            if (rows.empty()) return at_.text();
            std::vector<std::string> ids;
            for (const auto& row : rows) {
                const auto key = sdk::parse_json(row.at(2).value_or(""), "a noted key");
                std::vector<std::string> parts;
                for (const auto& part : key)
                    if (part.is_string()) parts.push_back(part.get<std::string>());
                if (parts.size() == table_.key.size()) ids.push_back(join_id(parts));
                at_.page = {row[0].value_or(""), row[1].value_or("")};
            }
            at_.from = at_.page[0];
            std::ranges::sort(ids);
            ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
            std::vector<std::string> gone;
            reader_.fetch(session_, ids, batch_, [&](const auto& id) { gone.push_back(id); });
            for (const auto& id : gone) batch_.begin(abi::Op::kDeleted, id);
            host_.emit(batch_, at_.text());
        }
    }

    sdk::Host& host_;
    Session& session_;
    const Table& table_;
    const Options& options_;
    RowReader reader_;
    Cursor at_;
    abi::BatchWriter batch_;
};

}  // namespace

std::string pull(sdk::Host& host, Session& session, const Table& table, const Options& options,
                 const sdk::Request& request, std::string_view cursor) {
    return Pull(host, session, table, options, request, cursor).run();
}

bool list_ids(sdk::Host& host, Session& session, const Table& table) {
    abi::BatchWriter batch;
    // A version that only holds for one reading would have all records read again.
    const auto version = has_lasting_version(table) ? version_expression(table) : "''";
    std::string columns = version;
    for (const auto& part : table.key) columns += ", " + identifier(part) + "::pg_catalog.text";
    session.each({"SELECT " + columns + " FROM " + table.sql_name(), {}}, [&](const Row& row) {
        std::vector<std::string> key;
        for (std::size_t i = 1; i < row.size(); ++i) key.emplace_back(row[i].value_or(""));
        batch.begin(abi::Op::kId, join_id(key), row.at(0).value_or(""));
        if (batch.records() >= kRowsOfPage) host.emit(batch);
    });
    host.emit(batch);
    return !table.partial;
}

}  // namespace kontor::postgres
