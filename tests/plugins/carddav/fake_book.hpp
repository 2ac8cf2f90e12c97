#pragma once

/// A CardDAV server with one user's address books, in memory, behind a FakeHost. It has switches
/// for what servers do differently. Not thread-safe.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/carddav/connector.hpp"
#include "tests/support/fake_host.hpp"

namespace kontor::test {

class FakeBook {
public:
    FakeBook();

    FakeHost host;
    std::map<std::string, std::string> cards;          ///< name → text
    std::vector<std::pair<int, std::string>> changes;  ///< number, name: what happened when

    std::map<std::string, std::int64_t> modified_ms;
    bool tells_times = true;
    bool times_in_reports = true;
    bool has_tokens = true;
    int tokens_from = 0;      ///< older ones are refused
    bool weak_etags = false;  ///< with the card, as behind a proxy that compresses
    bool etag_of_put = true;
    bool converts = false;    ///< hands out version 3 unless version 4 is asked for
    std::size_t page = 1000;  ///< changes that one answer tells
    bool may_write = true;
    std::string tidy;  ///< a line that the server puts into every card it is given

    void put(const std::string& name, const std::string& text);
    void remove(const std::string& name);
    [[nodiscard]] std::string etag(const std::string& name) const;
    [[nodiscard]] std::string last_token() const;

    /// A connector on it, and what a call of it emitted.
    carddav::Connector& connector();
    std::vector<EmittedRecord> pull(std::string& cursor);
    std::vector<EmittedRecord> fetch(std::vector<std::string> ids);
    sdk::PushResult push(abi::Op op, const std::string& id, const std::string& version,
                         const std::map<std::string, std::string>& values,
                         const std::string& key = "");
    [[nodiscard]] std::size_t requests(const std::string& method) const;

    static sdk::Request request();

private:
    FakeResponse answer(const FakeRequest& request);
    FakeResponse propfind(const FakeRequest& request);
    FakeResponse report(const FakeRequest& request);
    FakeResponse sync(const FakeRequest& request);
    FakeResponse write(const FakeRequest& request, const std::string& name);
    [[nodiscard]] std::string response(const std::string& name, bool in_report) const;

    sdk::Host sdk_host_;
    std::optional<carddav::Connector> connector_;
};

/// Value of a field of FakeBook::request() in a record; "" if it is blank or not there.
[[nodiscard]] std::string field(const EmittedRecord& record, const std::string& name);

}  // namespace kontor::test
