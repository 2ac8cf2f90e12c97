#pragma once

#include <string_view>
#include <vector>

#include "sync/replica/catalogue.hpp"

namespace kontor::replica {

/// A column that every replica has, and the field group that it belongs to by default ("": alone).
struct StandardField {
    Field field;
    std::string_view group;
};

struct StandardEntity {
    std::string_view name;
    remote::Label label;
    std::vector<StandardField> fields;
};

/// Accounts, contacts, leads, deals, products, quotes, orders, invoices, campaigns, tasks, events,
/// calls, notes, service cases, users, surveys' invitations, responses and submissions. Line items
/// are JSON; a reference to several kinds of record ("*") is the text "entity:id". Referenced
/// entities are in the list too. Immutable; callable from any thread.
[[nodiscard]] const std::vector<StandardEntity>& standard_entities();

/// Group of a standard column, "" if it has none or is not standard.
[[nodiscard]] std::string_view standard_group(std::string_view entity, std::string_view field);

/// For ensure_entity().
[[nodiscard]] Entity to_entity(const StandardEntity& standard);

}  // namespace kontor::replica
