#pragma once
// Named settings: whatever a vendor's documents leave open, so that tests can run both ways.

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace kontor::peer {

struct SwitchDefinition {
    std::string_view name;
    std::string_view initial;
    std::string_view values;  ///< alternatives separated by '|', or "number", or "text"
    std::string_view about;
};

class Switches {
public:
    /// `definitions` must outlive this.
    explicit Switches(std::span<const SwitchDefinition> definitions);

    /// False when there is no switch of that name or the value is not one it knows.
    bool set(std::string_view name, std::string_view value);

    bool on(std::string_view name) const { return text(name) == "true"; }
    std::int64_t number(std::string_view name) const;
    const std::string& text(std::string_view name) const;

    /// JSON array of {name, value, default, values, about}.
    std::string list_json() const;
    const std::map<std::string, std::string, std::less<>>& values() const { return values_; }

private:
    const SwitchDefinition* find(std::string_view name) const;

    std::span<const SwitchDefinition> definitions_;
    std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace kontor::peer
