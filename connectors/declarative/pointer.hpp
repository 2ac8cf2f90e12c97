#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::declarative {

using Json = nlohmann::json;

/// A place in a JSON document (RFC 6901): "" the whole, "/data/0/id" a member. Beyond the RFC, the
/// step "[type=home]" is the first item of a list whose member `type` is `home`. A plain value.
class Pointer {
public:
    Pointer() = default;
    /// nullopt unless it is "" or begins with a slash.
    [[nodiscard]] static std::optional<Pointer> parse(std::string_view text);

    /// What is there; nullptr if nothing is.
    [[nodiscard]] const Json* find(const Json& in) const;
    /// Puts a value there; objects, and arrays for the steps that choose an item, are made on the
    /// way.
    void put(Json& in, Json value) const;
    /// This place, seen from what is at this pointer's beginning: "/a" + "/b" is "/a/b".
    [[nodiscard]] Pointer below(const Pointer& parent) const;
    /// True if this place is `parent` or lies in it.
    [[nodiscard]] bool is_in(const Pointer& parent) const;

    [[nodiscard]] const std::vector<std::string>& steps() const { return steps_; }
    /// Whether this step chooses an item of a list to write into: "0" or "[type=home]".
    [[nodiscard]] static bool chooses_item(std::string_view step);
    /// Which item of this list that is, by such a step; nullopt if it has none.
    [[nodiscard]] static std::optional<std::size_t> chosen_item(std::string_view step,
                                                                const Json& list);
    [[nodiscard]] std::string text() const;
    bool operator==(const Pointer&) const = default;

private:
    std::vector<std::string> steps_;
};

}  // namespace kontor::declarative
