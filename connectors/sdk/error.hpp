#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "connectors/abi/kontor_connector.h"

namespace kontor::sdk {

/// What a connector throws. It stops at the boundary, where it becomes a status and set_error().
/// Messages are for people: no secrets, no customer data.
class Error : public std::runtime_error {
public:
    Error(kontor_status status, const std::string& message)
        : std::runtime_error(message), status_(status) {}

    /// Adds where it happened; each returns *this so that it can be thrown at once.
    Error& stream(std::string name) { return stream_ = std::move(name), *this; }
    Error& field(std::string name) { return field_ = std::move(name), *this; }
    /// A field that is described but that the remote does not have (any more): the host reads the
    /// metadata anew before the next sync.
    Error& unknown_field(std::string name) { return unknown_field_ = std::move(name), *this; }
    /// The remote was reached and says itself that it cannot for now. Of an answer over HTTP the
    /// host knows without being told.
    Error& said_by_remote() { return said_by_remote_ = true, *this; }
    Error& retry_after_ms(std::int64_t ms) { return retry_after_ms_ = ms, *this; }

    [[nodiscard]] kontor_status status() const noexcept { return status_; }
    /// JSON for set_error(); "" if there is nothing to add.
    [[nodiscard]] std::string args_json() const;
    [[nodiscard]] std::int64_t retry_after_ms() const noexcept { return retry_after_ms_; }

private:
    kontor_status status_;
    std::string stream_, field_, unknown_field_;
    bool said_by_remote_ = false;
    std::int64_t retry_after_ms_ = -1;
};

}  // namespace kontor::sdk
