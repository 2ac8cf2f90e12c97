#include "sync/replica/standard_entities.hpp"

#include <algorithm>
#include <utility>

#include "sync/replica/standard_columns.hpp"

namespace kontor::replica {

namespace standard {

using enum remote::FieldType;

StandardField column(std::string_view name, remote::FieldType type, std::string_view en,
                     std::string_view zh, const Options& options) {
    Field f;
    f.name = name;
    f.type = type;
    f.scale = options.scale;
    f.precision = options.precision;
    f.target = options.target;
    f.label = {std::string(en), std::string(zh)};
    if (options.personal) f.data_class = "personal";
    f.read_only = options.read_only;
    f.searchable = is_text(type) && !options.code;
    return {std::move(f), options.group};
}

Columns join(std::vector<Columns> parts) {
    Columns all;
    for (Columns& part : parts)
        for (StandardField& field : part) all.push_back(std::move(field));
    return all;
}

Columns address(const std::string& prefix, std::string_view en, std::string_view zh) {
    struct Part {
        std::string_view name, en, zh;
    };
    static constexpr Part kParts[] = {{"street", "street", "街道"},
                                      {"city", "city", "城市"},
                                      {"state", "state", "省份"},
                                      {"zip", "postal code", "邮编"},
                                      {"country", "country", "国家"}};
    // Group names are views: those of the few prefixes in use.
    const std::string_view group = prefix == "mailing"    ? "mailing_address"
                                   : prefix == "other"    ? "other_address"
                                   : prefix == "billing"  ? "billing_address"
                                   : prefix == "shipping" ? "shipping_address"
                                                          : "address";
    Columns columns;
    for (const Part& part : kParts) {
        const std::string name =
            prefix.empty() ? std::string(part.name) : prefix + "_" + std::string(part.name);
        columns.push_back(column(name, kText, std::string(en) + " " + std::string(part.en),
                                 std::string(zh) + std::string(part.zh),
                                 {.group = group, .personal = true}));
    }
    return columns;
}

Columns common() {
    return {
        column("owner_id", kReference, "Owner", "负责人", {.target = "user"}),
        column("tags", kList, "Tags", "标签"),
        column("remote_created_at", kInstant, "Created there at", "远端创建时间", kReadOnly),
        column("remote_modified_at", kInstant, "Modified there at", "远端修改时间", kReadOnly),
        column("remote_created_by", kReference, "Created there by", "远端创建人",
               {.target = "user", .read_only = true}),
        column("remote_modified_by", kReference, "Modified there by", "远端修改人",
               {.target = "user", .read_only = true}),
    };
}

Columns currency() {
    return {
        column("currency", kText, "Currency", "币种", {.group = "amount", .code = true}),
        column("exchange_rate", kDecimal, "Exchange rate", "汇率",
               {.group = "amount", .precision = 15, .scale = 9}),
    };
}

}  // namespace standard

const std::vector<StandardEntity>& standard_entities() {
    static const std::vector<StandardEntity> all = [] {
        std::vector<StandardEntity> entities;
        for (auto&& part :
             {standard::people(), standard::sales(), standard::activities(), standard::feedback()})
            entities.insert(entities.end(), part.begin(), part.end());
        return entities;
    }();
    return all;
}

std::string_view standard_group(std::string_view entity, std::string_view field) {
    const auto& all = standard_entities();
    const auto found = std::ranges::find(all, entity, &StandardEntity::name);
    if (found == all.end()) return "";
    for (const StandardField& f : found->fields)
        if (f.field.name == field) return f.group;
    return "";
}

Entity to_entity(const StandardEntity& standard) {
    Entity e;
    e.name = standard.name;
    e.label = standard.label;
    e.builtin = true;
    for (const StandardField& f : standard.fields) e.fields.push_back(f.field);
    return e;
}

}  // namespace kontor::replica
