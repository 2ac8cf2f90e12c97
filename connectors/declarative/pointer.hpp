#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::declarative {

using Json = nlohmann::json;

/// A place in a JSON document (RFC 6901): "" the whole, "/data/0/id" a member. A plain value.
class Pointer {
public:
    Pointer() = default;
    /// nullopt unless it is "" or begins with a slash.
    [[nodiscard]] static std::optional<Pointer> parse(std::string_view text);

    /// What is there; nullptr if nothing is.
    [[nodiscard]] const Json* find(const Json& in) const;
    /// Puts a value there; objects, and arrays for the step "0", are made on the way.
    void put(Json& in, Json value) const;
    /// This place, seen from what is at this pointer's beginning: "/a" + "/b" is "/a/b".
    [[nodiscard]] Pointer below(const Pointer& parent) const;
    /// True if this place is `parent` or lies in it.
    [[nodiscard]] bool is_in(const Pointer& parent) const;

    [[nodiscard]] const std::vector<std::string>& steps() const { return steps_; }
    [[nodiscard]] std::string text() const;
    bool operator==(const Pointer&) const = default;

private:
    std::vector<std::string> steps_;
};

}  // namespace kontor::declarative
