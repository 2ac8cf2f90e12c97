#pragma once
// What the vendor's documents leave open, or what an organisation may be like.

#include "tests/peers/base/switches.hpp"

namespace kontor::peer::salesforce {

Switches make_switches();

}  // namespace kontor::peer::salesforce
