#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/csv/options.hpp"

namespace kontor::csv {

/// Records that go out: each push is one new CSV file in the outbox, whole from the moment it is
/// seen, with a row for each change. Nothing is ever taken in from there.
class Exports {
public:
    Exports(sdk::Host& host, const Options& options) : host_(host), options_(options) {}

    [[nodiscard]] std::vector<sdk::StreamSpec> streams() const;
    [[nodiscard]] static bool is_export(std::string_view stream);

    /// The results of writing one file. Throws sdk::Error if it could not be written: then there is
    /// none.
    std::vector<sdk::PushResult> push(const sdk::Request& request, abi::BatchReader changes);
    /// Records of these keys in files that are still in the outbox.
    void find(const sdk::Request& request);

private:
    [[nodiscard]] std::string file_of(std::string_view entity, const std::string& text);

    sdk::Host& host_;
    const Options& options_;
};

}  // namespace kontor::csv
