#include "sync/merge/mapping.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace kontor::merge {
namespace {

constexpr std::array<std::pair<Policy, std::string_view>, 11> kPolicies{{
    {Policy::kManual, "manual"},
    {Policy::kRemote, "remote"},
    {Policy::kLocal, "local"},
    {Policy::kNewest, "newest"},
    {Policy::kUnion, "union"},
    {Policy::kMax, "max"},
    {Policy::kMin, "min"},
    {Policy::kRestrictive, "restrictive"},
    {Policy::kAppend, "append"},
    {Policy::kSum, "sum"},
    {Policy::kOwner, "owner"},
}};

}  // namespace

std::string_view to_string(Policy policy) {
    return kPolicies[static_cast<std::size_t>(policy)].second;
}

std::optional<Policy> policy_from(std::string_view name) {
    const auto* found =
        std::ranges::find_if(kPolicies, [&](const auto& entry) { return entry.second == name; });
    if (found == kPolicies.end()) return std::nullopt;
    return found->first;
}

std::vector<std::string> StreamMapping::remote_fields() const {
    std::vector<std::string> names;
    for (const auto& group : groups)
        for (const auto& field : group.fields) names.push_back(field.remote);
    return names;
}

const StreamMapping* Mapping::stream(std::string_view name) const {
    const auto found = std::ranges::find(streams, name, &StreamMapping::stream);
    return found == streams.end() ? nullptr : &*found;
}

}  // namespace kontor::merge
