#include "plugins/csv/table.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "plugins/csv/headers.hpp"
#include "plugins/csv/text.hpp"

namespace kontor::csv {
namespace {

constexpr std::size_t kIdBytesMax = 200;

std::uint64_t mix(std::uint64_t hash, std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 1099511628211u;
    return (hash ^ 0x1F) * 1099511628211u;  // ends the text
}

constexpr std::uint64_t kSeed = 14695981039346656037u;

std::string hex(std::uint64_t number) {
    std::array<char, 17> out{};
    std::snprintf(out.data(), out.size(), "%016llx", static_cast<unsigned long long>(number));
    return out.data();
}

bool fits_an_id(std::string_view text) {
    return text.size() <= kIdBytesMax && std::ranges::none_of(text, [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
           });
}

}  // namespace

const Column* Table::column(std::string_view wanted) const {
    const auto found = std::ranges::find(columns, wanted, &Column::name);
    return found == columns.end() ? nullptr : &*found;
}

sdk::StreamSpec Table::stream(bool complete) const {
    sdk::StreamSpec out;
    out.name = name;
    out.label = {name, name};
    out.custom = entity.empty();
    out.entity_hint = entity;
    // Who is missing from the list is asked for before it is believed.
    out.capabilities.list_ids = out.capabilities.fetch = complete;
    out.capabilities.fetch_batch_max = 5'000;
    for (const Column& column : columns) {
        sdk::FieldSpec field;
        field.name = column.name;
        field.label = {column.name, column.name};
        field.type = name_of(column.type);
        field.custom = column.hint.empty();
        field.column_hint = column.hint;
        for (const auto& choice : column.choices) field.choices.push_back({choice, choice});
        out.fields.push_back(std::move(field));
    }
    for (const Reference& reference : references) {
        sdk::FieldSpec field;
        field.name = reference.field;
        field.label = {reference.field, reference.field};
        field.type = "reference";
        field.custom = reference.hint.empty();
        field.column_hint = reference.hint;
        field.references = {reference.table};
        out.fields.push_back(std::move(field));
    }
    return out;
}

bool identifies(std::string_view column) {
    if (const auto hint = meaning_of("contact", column).column;
        hint == "full_name" || hint == "last_name" || hint == "first_name")
        return true;
    return meaning_of("lead", column).column == "company" ||
           meaning_of("account", column).column == "name" ||
           meaning_of("deal", column).column == "name" ||
           meaning_of("product", column).column == "code" ||
           meaning_of("product", column).column == "name";
}

RowIds::RowIds(const Table& table, const std::vector<std::string>& columns) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (!table.key.empty() && columns[i] == table.key) key_ = i;
        const Column* column = table.column(columns[i]);
        if (column != nullptr && column->identifies) identifying_.push_back(i);
    }
    if (identifying_.empty())
        for (std::size_t i = 0; i < columns.size(); ++i) identifying_.push_back(i);
}

std::optional<std::string> RowIds::next(const std::vector<std::string_view>& cells) {
    if (key_) {
        if (const auto value = trimmed(cells[*key_]); !value.empty()) {
            const std::uint64_t hash = mix(kSeed, value);
            if (++seen_[hash] > 1) return std::nullopt;
            return fits_an_id(value) ? std::string(value) : "key-" + hex(hash);
        }
    }
    std::uint64_t hash = mix(kSeed, "row");
    for (const std::size_t i : identifying_) hash = mix(hash, folded(cells[i]));
    const std::uint32_t count = ++seen_[hash];
    std::string out = "row-" + hex(hash);
    if (count > 1) out += "-" + std::to_string(count);
    return out;
}

}  // namespace kontor::csv
