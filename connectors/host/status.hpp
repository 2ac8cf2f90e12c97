#pragma once

#include "connectors/abi/kontor_connector.h"
#include "sync/base/result.hpp"

namespace kontor::host {

/// The ABI's name for one of our errors, and back. Values that one side lacks become the nearest.
[[nodiscard]] kontor_status status_of(Errc code);
[[nodiscard]] Errc errc_of(kontor_status status);

}  // namespace kontor::host
