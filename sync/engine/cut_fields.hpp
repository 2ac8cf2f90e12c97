#pragma once

#include <cstdint>
#include <string_view>

#include "sync/engine/context.hpp"
#include "sync/engine/plan.hpp"

/// Lists leave out what is long. Where such a field has changed and the record looks as it is known
/// (it was hidden from us, or is of another type now), only a read by id shows what it holds: the
/// next whole sweep then reads all records by id. Kept in kontor_meta until it has.
namespace kontor::engine {

/// Whatever records hold may have changed under versions that are known. Needs an open transaction.
void doubt_all(Sql& sql, std::int64_t stream);

/// The content of `field` has changed under versions that are known. Needs an open transaction.
void doubt_if_cut(Context& context, const StreamPlan& plan, std::string_view field);

[[nodiscard]] bool must_be_read_by_id(Sql& sql, std::int64_t stream);

/// All that is listed has been. Needs an open transaction.
void was_read_by_id(Sql& sql, std::int64_t stream);

}  // namespace kontor::engine
