#pragma once
// Bulk API 2.0: query jobs.

#include <map>
#include <string>
#include <vector>

#include "tests/peers/salesforce/call.hpp"

namespace kontor::peer::salesforce {

class Bulk {
public:
    explicit Bulk(Org& org) : org_(org) {}

    /// Everything below /jobs/query
    Response handle(Call& call);
    void forget() { jobs_.clear(); }

private:
    struct Job {
        std::string id, object, operation, query;
        std::int64_t polls = 0;
        bool aborted = false;
        std::string header;
        std::vector<std::string> lines;
    };
    Response create(Call& call);
    Response results(const Call& call, const Job& job) const;
    [[nodiscard]] std::string state(const Job& job) const;
    [[nodiscard]] Json shown(const Job& job) const;

    Org& org_;
    std::map<std::string, Job> jobs_;
};

}  // namespace kontor::peer::salesforce
