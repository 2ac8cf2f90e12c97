#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/rest/api.hpp"
#include "plugins/rest/values.hpp"

namespace kontor::rest {

/// What a row says of itself.
struct Stamp {
    std::string id;
    std::optional<std::int64_t> modified_ms;
    std::string actor;
    bool gone = false;

    /// Orders bytewise; "" if the row does not say when it changed.
    [[nodiscard]] std::string version() const;
};

/// Rows of one stream as records of a request. Everything given must outlive it.
class Rows {
public:
    /// `fields`: names, as the request has them. Throws Error(kInvalid) for an unknown one.
    Rows(Api& api, const declarative::Stream& stream, const std::vector<std::string>& fields);

    /// Throws Error(kProtocol) if the row has no id.
    [[nodiscard]] Stamp stamp(const Json& row) const;
    /// The record as it is.
    void add(const Json& row, const Stamp& stamp, abi::BatchWriter& out) const;
    /// What `{fields}` stands for: the members of a row that hold these fields, id and time.
    [[nodiscard]] const Json& wanted() const { return wanted_; }
    [[nodiscard]] const ValueForms& forms() const { return forms_; }

private:
    Api& api_;
    const declarative::Stream& stream_;
    ValueForms forms_;
    std::vector<const declarative::Field*> fields_;
    Json wanted_ = Json::array();
};

}  // namespace kontor::rest
