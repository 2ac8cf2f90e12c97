#include "plugins/postgres/reader.hpp"

#include <algorithm>
#include <set>

#include "plugins/postgres/ids.hpp"
#include "plugins/postgres/values.hpp"
#include "plugins/postgres/versions.hpp"

namespace kontor::postgres {

std::string key_list(const Table& table) {
    std::string out;
    for (const auto& part : table.key) out += (out.empty() ? "" : ", ") + identifier(part);
    return out;
}

std::string key_condition(const Table& table, std::size_t first) {
    const auto array = [&](std::size_t i) {
        return "$" + std::to_string(first + i) +
               "::pg_catalog.text[]::" + table.key_part(i).sql_type + "[]";
    };
    if (table.key.size() == 1) return key_list(table) + " = ANY(" + array(0) + ")";
    std::string arrays;
    for (std::size_t i = 0; i < table.key.size(); ++i)
        arrays += (i > 0 ? ", pg_catalog.unnest(" : "pg_catalog.unnest(") + array(i) + ")";
    return "(" + key_list(table) + ") IN (SELECT * FROM ROWS FROM (" + arrays + ") AS ids)";
}

std::vector<Cell> key_parameters(const Table& table, const std::vector<std::string>& ids) {
    std::vector<std::vector<std::string>> parts(table.key.size());
    for (const auto& id : ids) {
        const auto split = split_id(id, table.key.size());
        for (std::size_t i = 0; i < split.size(); ++i) parts[i].push_back(split[i]);
    }
    std::vector<Cell> out;
    out.reserve(parts.size());
    for (const auto& part : parts) out.emplace_back(array_text(part));
    return out;
}

RowReader::RowReader(const Table& table, const Options& options,
                     const std::vector<std::string>& fields)
    : table_(table), options_(options) {
    for (const auto& name : fields) {
        const auto* const column = table.column(name);
        if (column == nullptr)
            throw sdk::Error(KONTOR_E_INVALID, table.stream + " has no column " + name)
                .stream(table.stream)
                .unknown_field(name);
        fields_.push_back(column);
    }
}

std::string RowReader::columns() const {
    auto out = version_expression(table_);
    for (const auto& part : table_.key) out += ", " + identifier(part) + "::pg_catalog.text";
    for (const auto* column : fields_) out += ", " + read_expression(*column, options_);
    return out;
}

std::size_t RowReader::column_count() const {
    return 1 + table_.key.size() + fields_.size();
}

std::vector<std::string> RowReader::key(const Row& row) const {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < table_.key.size(); ++i)
        out.emplace_back(row.at(1 + i).value_or(""));
    return out;
}

void RowReader::add(abi::BatchWriter& out, const Row& row) const {
    if (row.size() < column_count())
        throw sdk::Error(KONTOR_E_PROTOCOL, table_.stream + ": a row lacks columns");
    out.begin(abi::Op::kRecord, join_id(key(row)), row[0].value_or(""));
    for (std::size_t i = 0; i < fields_.size(); ++i)
        add_value(out, static_cast<std::uint16_t>(i), *fields_[i], row[1 + table_.key.size() + i]);
}

void RowReader::fetch_some(Session& session, const std::vector<std::string>& ids,
                           abi::BatchWriter& out, std::vector<std::string>& found) const {
    try {
        session.each({"SELECT " + columns() + " FROM " + table_.sql_name() + " WHERE " +
                          key_condition(table_, 1),
                      key_parameters(table_, ids)},
                     [&](const Row& row) {
                         add(out, row);
                         found.push_back(join_id(key(row)));
                     });
    } catch (const SqlError& error) {
        // An id that is no value of the key's type at all is not there; the others may be.
        if (error.state().substr(0, 2) != "22") throw;
        if (ids.size() == 1) return;
        const auto half = ids.begin() + static_cast<std::ptrdiff_t>(ids.size() / 2);
        fetch_some(session, {ids.begin(), half}, out, found);
        fetch_some(session, {half, ids.end()}, out, found);
    }
}

void RowReader::fetch(Session& session, const std::vector<std::string>& ids, abi::BatchWriter& out,
                      const std::function<void(const std::string& id)>& missing) const {
    std::vector<std::string> sound;
    for (const auto& id : ids)
        if (!split_id(id, table_.key.size()).empty()) sound.push_back(id);
    std::vector<std::string> found;
    if (!sound.empty()) fetch_some(session, sound, out, found);
    std::ranges::sort(found);
    for (const auto& id : ids)
        if (!std::ranges::binary_search(found, id)) missing(id);
}

}  // namespace kontor::postgres
