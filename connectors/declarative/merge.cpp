#include "connectors/declarative/merge.hpp"

#include <algorithm>

namespace kontor::declarative {

using config::Node;

Node merged(const Node& under, const Node& over) {
    if (under.kind != Node::Kind::kTable || over.kind != Node::Kind::kTable) return over;
    Node out = under;
    out.line = over.line;
    out.column = over.column;
    for (const auto& member : over.members) {
        const auto found =
            std::ranges::find(out.members, member.name, [](const auto& m) { return m.name; });
        if (found == out.members.end()) {
            out.members.push_back(member);
            continue;
        }
        const bool off = member.value.kind == Node::Kind::kBoolean && !member.value.boolean;
        if (off && found->value.kind == Node::Kind::kTable) {
            out.members.erase(found);
            continue;
        }
        found->value = merged(found->value, member.value);
        found->line = member.line;
        found->column = member.column;
    }
    return out;
}

}  // namespace kontor::declarative
