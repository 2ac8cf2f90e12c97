#include "sync/search/layout.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace kontor::search {
namespace {

constexpr std::array<std::string_view, 7> kTitles{"name",    "full_name", "first_name", "last_name",
                                                  "subject", "company",   "number"};

bool is_title(std::string_view field, std::string_view entity) {
    return std::ranges::find(kTitles, field) != kTitles.end() ||
           field == std::string(entity) + "_name";
}

void find_names(EntityLayout& layout) {
    for (std::size_t i = 0; i < layout.fields.size(); ++i) {
        if (layout.fields[i].name == "first_name") layout.first_name = static_cast<int>(i);
        if (layout.fields[i].name == "last_name") layout.last_name = static_cast<int>(i);
    }
    // Entities of other people's making may call it what they like: their first column it is.
    if (std::ranges::none_of(layout.fields, &LayoutField::title))
        layout.fields.front().title = true;
}

}  // namespace

std::string EntityLayout::fingerprint() const {
    std::string out = name;
    for (const LayoutField& field : fields) {
        out += ' ';
        out += std::to_string(field.id);
        out += field.title ? '+' : '-';
    }
    return out;
}

Result<std::vector<EntityLayout>> load_layouts(const replica::Database& replica) {
    auto rows = replica.prepare(
        "SELECT e.id, e.name, f.id, f.name FROM kontor_entity e JOIN kontor_field f "
        "ON f.entity = e.id WHERE f.searchable AND f.class <> 'secret' ORDER BY e.id, f.id");
    if (!rows) return pass(rows);
    std::vector<EntityLayout> layouts;
    for (;;) {
        auto row = rows->step();
        if (!row) return pass(row);
        if (!*row) break;
        if (layouts.empty() || layouts.back().id != rows->integer(0)) {
            layouts.emplace_back();
            layouts.back().id = rows->integer(0);
            layouts.back().name = rows->text(1);
        }
        EntityLayout& layout = layouts.back();
        layout.fields.push_back(
            {rows->integer(2), std::string(rows->text(3)), is_title(rows->text(3), layout.name)});
    }
    for (EntityLayout& layout : layouts) find_names(layout);
    return layouts;
}

}  // namespace kontor::search
