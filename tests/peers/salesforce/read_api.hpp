#pragma once
// Descriptions, queries, and what was deleted or changed.

#include <map>
#include <string>
#include <vector>

#include "tests/peers/salesforce/call.hpp"

namespace kontor::peer::salesforce {

class ReadApi {
public:
    explicit ReadApi(Org& org) : org_(org) {}

    /// The resource of the version: where things are, and who asks.
    Response root(const std::string& base_url) const;
    Response describe_global() const;
    Response describe(const std::string& object);
    /// query, queryAll, and what goes on from there.
    Response query(Call& call);
    Response deleted(Call& call);
    /// POST /composite/sobjects/X {ids, fields}
    Response retrieve(Call& call);
    Response row(Call& call);

private:
    struct Locator {
        std::string object;
        std::vector<std::string> fields, ids;
    };
    Json page(const std::string& key, const Locator& locator, std::size_t from);

    Org& org_;
    std::map<std::string, Locator> locators_;
};

}  // namespace kontor::peer::salesforce
