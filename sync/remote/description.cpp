#include "sync/remote/description.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace kontor::remote {
namespace {

using Names = std::array<std::pair<FieldType, std::string_view>, 16>;
constexpr Names kNames{{{FieldType::kText, "text"},
                        {FieldType::kLongText, "longtext"},
                        {FieldType::kEmail, "email"},
                        {FieldType::kPhone, "phone"},
                        {FieldType::kUrl, "url"},
                        {FieldType::kInteger, "integer"},
                        {FieldType::kReal, "real"},
                        {FieldType::kDecimal, "decimal"},
                        {FieldType::kBoolean, "boolean"},
                        {FieldType::kDate, "date"},
                        {FieldType::kInstant, "instant"},
                        {FieldType::kReference, "reference"},
                        {FieldType::kChoice, "choice"},
                        {FieldType::kList, "list"},
                        {FieldType::kJson, "json"},
                        {FieldType::kFile, "file"}}};

}  // namespace

std::string_view to_string(FieldType type) {
    return kNames[static_cast<std::size_t>(type)].second;
}

std::optional<FieldType> field_type_from(std::string_view name) {
    const auto* found =
        std::ranges::find_if(kNames, [&](const auto& entry) { return entry.second == name; });
    if (found == kNames.end()) return std::nullopt;
    return found->first;
}

const FieldSpec* StreamSpec::field(std::string_view field_name) const {
    const auto found = std::ranges::find(fields, field_name, &FieldSpec::name);
    return found == fields.end() ? nullptr : &*found;
}

}  // namespace kontor::remote
