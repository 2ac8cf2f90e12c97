#include "plugins/salesforce/images.hpp"

#include <algorithm>

#include "connectors/sdk/canonical.hpp"
#include "plugins/salesforce/query.hpp"

namespace kontor::salesforce {

using sdk::Json;

std::string version_of(std::string_view stamp, std::string_view object) {
    const auto ms = sdk::parse_instant(stamp);
    if (!ms)
        throw sdk::Error(KONTOR_E_PROTOCOL, "list " + std::string(object) +
                                                ": a record without a "
                                                "time of change")
            .stream(std::string(object));
    return sdk::format_instant(*ms);
}

Images::Images(Metadata& metadata, const Object& object, const std::vector<std::string>& requested)
    : object_(object), prefixes_(metadata.prefixes()), projection_{"Id", object.stamp} {
    if (object.tells_actor) projection_.emplace_back("LastModifiedById");
    for (std::size_t i = 0; i < requested.size(); ++i) {
        const Field* field = object.field(requested[i]);
        if (field == nullptr) continue;
        const auto at = std::find(projection_.begin(), projection_.end(), field->spec.name);
        columns_.push_back({field, static_cast<std::uint16_t>(i),
                            static_cast<std::size_t>(at - projection_.begin())});
        if (at == projection_.end()) projection_.push_back(field->spec.name);
    }
}

void Images::begin(std::string_view id, std::string_view stamp, std::string_view actor,
                   abi::BatchWriter& out) const {
    if (!is_id(id))
        throw sdk::Error(KONTOR_E_PROTOCOL, "list " + object_.name + ": a record without an id")
            .stream(object_.name);
    out.begin(abi::Op::kRecord, id, version_of(stamp, object_.name), {},
              is_id(actor) ? actor : std::string_view());
}

void Images::add(const Json& row, abi::BatchWriter& out) const {
    begin(sdk::text_of(row, "Id"), sdk::text_of(row, object_.stamp),
          sdk::text_of(row, "LastModifiedById"), out);
    for (const Column& column : columns_)
        if (const auto found = row.find(column.field->spec.name); found != row.end())
            add_value(column.field->kind, *found, prefixes_, column.index, out);
}

std::vector<std::size_t> Images::order_of(const std::vector<std::string_view>& header) const {
    std::vector<std::size_t> out;
    for (const std::string& name : projection_) {
        const auto found = std::find(header.begin(), header.end(), name);
        if (found == header.end())
            throw sdk::Error(KONTOR_E_PROTOCOL, "export " + object_.name + ": no column " + name)
                .stream(object_.name);
        out.push_back(static_cast<std::size_t>(found - header.begin()));
    }
    return out;
}

void Images::add_cells(const std::vector<std::string_view>& cells,
                       const std::vector<std::size_t>& order, abi::BatchWriter& out) const {
    const auto cell = [&](std::size_t at) { return cells[order[at]]; };
    begin(cell(0), cell(1), object_.tells_actor ? cell(2) : std::string_view(), out);
    for (const Column& column : columns_)
        add_text(column.field->kind, cell(column.projected), prefixes_, column.index, out);
}

}  // namespace kontor::salesforce
