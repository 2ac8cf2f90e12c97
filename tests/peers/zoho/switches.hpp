#pragma once
// What Zoho's documents leave open.

#include "tests/peers/base/switches.hpp"

namespace kontor::peer::zoho {

Switches make_switches();

}  // namespace kontor::peer::zoho
