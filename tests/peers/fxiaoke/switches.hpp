#pragma once
// What the vendor's documents leave open.

#include "tests/peers/base/switches.hpp"

namespace kontor::peer::fxiaoke {

Switches make_switches();

}  // namespace kontor::peer::fxiaoke
