#pragma once
// Bulk Read: jobs whose result is a zipped CSV file.

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "tests/peers/zoho/api_error.hpp"
#include "tests/peers/zoho/call.hpp"
#include "tests/peers/zoho/criteria.hpp"
#include "tests/peers/zoho/org.hpp"

namespace kontor::peer::zoho {

class BulkRead {
public:
    explicit BulkRead(Org& org) : org_(org) {}

    Response create(Call& call);
    Response status(Call& call, const std::string& job_id);
    Response result(Call& call, const std::string& job_id);

private:
    struct Job {
        const Module* module = nullptr;
        std::vector<std::size_t> fields;
        Condition condition;
        Json query;
        std::string file_type;
        std::uint64_t page = 1;
        std::int64_t created_ms = 0;
        bool fails = false;
        bool ran = false;
        std::uint64_t count = 0;
        bool more = false;
        std::string zip;
    };

    Job parse(const Json& body);
    Condition criteria(const Module& module, const Json& node, int depth, int& tests) const;
    void run(const std::string& job_id, Job& job);
    Job& find(const std::string& job_id);
    Json created_by() const;

    Org& org_;
    std::map<std::string, Job> jobs_;
    std::deque<std::int64_t> downloads_ms_;
};

/// Appends a CSV cell, quoted where RFC 4180 asks for it.
void append_csv_cell(std::string& out, std::string_view text, bool always_quoted = false,
                     char escape = '"');

}  // namespace kontor::peer::zoho
