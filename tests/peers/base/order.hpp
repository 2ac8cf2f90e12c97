#pragma once
// Orders on the control side of a simulated remote.

#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::peer {

/// Thrown for a control request that makes no sense; becomes 400 {"error": …}.
struct ControlError {
    std::string message;
};

/// The members that an order takes, by its name.
using Takes = std::map<std::string, std::vector<std::string_view>, std::less<>>;

/// Throws ControlError for a member that nobody reads: what is misspelt would do nothing, and the
/// test that ordered it would pass. `name` ends up in the message.
void take_only(const nlohmann::json& object, std::string_view name,
               const std::vector<std::string_view>& known);
/// The same by a table, if it has the name.
void take_known(const nlohmann::json& object, const std::string& name, const Takes& takes);

/// The parameters of an order for a fault inside of the remote: `params`, with what `takes` has for
/// its kind. Only a rule about records counts (`counted`).
nlohmann::json fault_parameters(const nlohmann::json& body, const Takes& takes,
                                const std::vector<std::string_view>& counted);

/// The member of that name, which must be one of these texts; throws ControlError otherwise.
std::string one_of(const nlohmann::json& object, const char* name,
                   const std::vector<std::string_view>& values);

}  // namespace kontor::peer
