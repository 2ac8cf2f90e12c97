#pragma once
// Named settings: whatever Zoho's documents leave open, so that tests can run both ways.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace kontor::peer_zoho {

class Switches {
public:
    Switches();

    /// False when there is no switch of that name or the value is not one it knows.
    bool set(std::string_view name, std::string_view value);

    bool on(std::string_view name) const { return text(name) == "true"; }
    std::int64_t number(std::string_view name) const;
    const std::string& text(std::string_view name) const;

    /// JSON array of {name, value, default, values, about}.
    std::string list_json() const;
    const std::map<std::string, std::string, std::less<>>& values() const { return values_; }

private:
    std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace kontor::peer_zoho
