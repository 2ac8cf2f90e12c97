#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sync/merge/mapping.hpp"

namespace kontor::config {

/// Names of the mapping's enumerations in its file. Stable.
template <class E>
using Names = std::vector<std::pair<std::string, E>>;

inline const Names<merge::Policy>& policy_names() {
    using enum merge::Policy;
    static const Names<merge::Policy> names = {
        {"manual", kManual}, {"remote", kRemote}, {"local", kLocal}, {"newest", kNewest},
        {"union", kUnion},   {"max", kMax},       {"min", kMin},     {"restrictive", kRestrictive},
        {"append", kAppend}, {"sum", kSum},       {"owner", kOwner}};
    return names;
}
inline const Names<merge::Direction>& direction_names() {
    using enum merge::Direction;
    static const Names<merge::Direction> names = {{"both", kBoth}, {"in", kIn}, {"out", kOut}};
    return names;
}
inline const Names<merge::LensKind>& lens_names() {
    using enum merge::LensKind;
    static const Names<merge::LensKind> names = {{"plain", kPlain},
                                                 {"choice_map", kChoiceMap},
                                                 {"full_name", kFullName},
                                                 {"reference", kReference},
                                                 {"any_reference", kAnyReference},
                                                 {"one_reference", kOneReference}};
    return names;
}
inline const Names<merge::DeletePolicy>& delete_names() {
    using enum merge::DeletePolicy;
    static const Names<merge::DeletePolicy> names = {
        {"mirror", kMirror}, {"unlink", kUnlink}, {"ask", kAsk}};
    return names;
}
inline const Names<remote::FieldType>& type_names() {
    using enum remote::FieldType;
    static const Names<remote::FieldType> names = [] {
        Names<remote::FieldType> all;
        for (const auto type :
             {kText, kLongText, kEmail, kPhone, kUrl, kInteger, kReal, kDecimal, kBoolean, kDate,
              kInstant, kReference, kChoice, kList, kJson, kFile})
            all.emplace_back(std::string(remote::to_string(type)), type);
        return all;
    }();
    return names;
}

template <class E>
const std::string& name_of(const Names<E>& names, E value) {
    for (const auto& [name, known] : names)
        if (known == value) return name;
    return names.front().first;
}

}  // namespace kontor::config
