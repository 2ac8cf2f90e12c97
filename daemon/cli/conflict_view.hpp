#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "daemon/cli/context.hpp"

/// Conflicts as the API tells them, shown to a person.
namespace kontor::cli {

/// "contact 42 (李伟)".
[[nodiscard]] std::string record_text(const nlohmann::json& object);

/// Open ones: a row for each field, with the three sides; who and when, as far as there is room.
void print_conflict_list(Context& context, const nlohmann::json& conflicts);
/// Decided ones: a row for each field, with what was taken, what was not, by whom and when.
void print_decided_list(Context& context, const nlohmann::json& conflicts);
/// One with all there is to know of it.
void print_conflict(Context& context, const nlohmann::json& conflict);
/// One in a line: how it stands, or who decided what.
[[nodiscard]] std::string conflict_line(Context& context, const nlohmann::json& conflict);

}  // namespace kontor::cli
