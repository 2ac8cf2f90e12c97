#pragma once

#include "connectors/sdk/request.hpp"
#include "plugins/zoho/records.hpp"

namespace kontor::zoho {

/// Reads the records that a push was asked to read (Request::fetch), some at a time, and emits
/// them. What cannot be read is left out: the push goes on, and the host asks again.
class Meanwhile {
public:
    /// `request` must live as long.
    Meanwhile(Api& api, const Module& module, const sdk::Request& request);

    [[nodiscard]] bool done() const { return failed_ || steps_.done(); }
    /// Sends requests until as many are under way as may be beside those that write.
    void begin();
    /// Waits for the oldest request.
    void finish_next();

private:
    Api& api_;
    Columns columns_;
    Records records_;
    Records::ByIds steps_;
    abi::BatchWriter out_;
    bool failed_ = false;
};

}  // namespace kontor::zoho
