#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "connectors/sdk/host.hpp"

namespace kontor::fxiaoke {

/// What a connection has learned of its tenant where the documents are silent. Kept by the host.
class State {
public:
    /// Reads what the host has kept; what cannot be read is as good as nothing.
    explicit State(sdk::Host& host);

    std::string tenant;                    ///< tenant_id; "" = no record was seen yet
    std::optional<bool> keyset_with_time;  ///< whether `_id GT` and a time filter both hold
    std::map<std::string, std::int64_t> invalid_asked_ms;  ///< by object: asked in vain
    std::set<std::string> shows_invalid;  ///< objects whose invalidated records can be listed
    bool owner_as_text = false;           ///< changeOwner wants "[1000]"
    bool null_as_text = false;            ///< a field is emptied by "", not by null

    /// Hands it to the host if it differs from what was last handed over.
    void save();

private:
    [[nodiscard]] std::string encode() const;

    sdk::Host& host_;
    std::string saved_;
};

}  // namespace kontor::fxiaoke
