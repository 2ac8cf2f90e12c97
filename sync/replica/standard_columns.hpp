#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sync/replica/standard_entities.hpp"

namespace kontor::replica::standard {

/// What a column has besides name, type and labels. Private to the tables of standard entities.
struct Options {
    std::string_view target = "";
    std::string_view group = "";
    int precision = 0;
    int scale = 0;
    bool personal = false;
    bool read_only = false;
    bool code = false;  ///< text for programs: search leaves it out
};

[[nodiscard]] StandardField column(std::string_view name, remote::FieldType type,
                                   std::string_view en, std::string_view zh,
                                   const Options& options = {});

inline constexpr Options kPersonal{.personal = true};
inline constexpr Options kCode{.code = true};
inline constexpr Options kReadOnly{.read_only = true};
inline constexpr Options kMoney{.precision = 15, .scale = 2};
inline constexpr Options kMoneyReadOnly{.precision = 15, .scale = 2, .read_only = true};
/// The currency and the amounts that it belongs to.
inline constexpr Options kAmount{.group = "amount", .precision = 15, .scale = 2};

using Columns = std::vector<StandardField>;

/// Joins lists of columns in order.
[[nodiscard]] Columns join(std::vector<Columns> parts);

/// <prefix>_street, city, state, zip, country: one group.
[[nodiscard]] Columns address(const std::string& prefix, std::string_view en, std::string_view zh);

/// Owner, tags, who made and changed the record at its remote and when.
[[nodiscard]] Columns common();

/// Currency and exchange rate, for entities with amounts in the group "amount".
[[nodiscard]] Columns currency();

[[nodiscard]] std::vector<StandardEntity> people();
[[nodiscard]] std::vector<StandardEntity> sales();
[[nodiscard]] std::vector<StandardEntity> activities();
[[nodiscard]] std::vector<StandardEntity> feedback();

}  // namespace kontor::replica::standard
