#pragma once

#include <vector>

#include "plugins/zoho/answer.hpp"
#include "plugins/zoho/push_body.hpp"

namespace kontor::zoho {

/// What one element of Zoho's answer says about one change.
[[nodiscard]] sdk::PushResult result_of(const sdk::Json& element, const Change& change);

/// Settles `changes`, which one request carried, from its answer: by position; by id for deletes.
/// What the answer does not speak of is "unknown". False if the whole request was refused and
/// surely nothing was carried out, for a reason that is no change's own (401, 429): `results` is
/// untouched then.
[[nodiscard]] bool settle(const sdk::HttpResponse& response,
                          const std::vector<const Change*>& changes,
                          std::vector<sdk::PushResult>& results);

}  // namespace kontor::zoho
