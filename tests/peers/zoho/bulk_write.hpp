#pragma once
// Bulk Write: an uploaded CSV file becomes inserts, updates or upserts.

#include <map>
#include <string>
#include <vector>

#include "tests/peers/zoho/api_error.hpp"
#include "tests/peers/zoho/call.hpp"
#include "tests/peers/zoho/org.hpp"
#include "tests/peers/zoho/record_writer.hpp"

namespace kontor::peer::zoho {

class BulkWrite {
public:
    BulkWrite(Org& org, RecordWriter& writer) : org_(org), writer_(writer) {}

    Response upload(Call& call);
    Response create(Call& call);
    Response status(Call& call, const std::string& job_id);
    Response result(Call& call, const std::string& job_id);

private:
    struct Column {
        std::size_t field = 0;
        std::size_t index = 0;
        std::string find_by;
    };
    struct Job {
        const Module* module = nullptr;
        std::string operation;
        std::string file_id;
        std::string file_name;
        std::string find_by;
        bool ignore_empty = false;
        std::vector<Column> columns;
        Json resource;
        std::int64_t created_ms = 0;
        bool ran = false;
        bool failed = false;
        int added = 0;
        int updated = 0;
        int skipped = 0;
        int total = 0;
        std::string zip;
    };

    Job parse(const Json& body) const;
    void run(const std::string& job_id, Job& job);
    WriteResult write_row(const Job& job, const std::vector<std::string>& cells, bool& updated);
    Json cell_value(const Field& field, const Column& column, const std::string& text) const;
    std::optional<Slot> find_row(const Job& job, const Json& element) const;
    Job& find(const std::string& job_id);

    Org& org_;
    RecordWriter& writer_;
    std::map<std::string, std::string> files_;  ///< file id -> ZIP
    std::map<std::string, Job> jobs_;
};

/// Rows of an RFC 4180 text; at most `limit` rows.
std::vector<std::vector<std::string>> parse_csv(std::string_view text, char delimiter,
                                                std::size_t limit);

}  // namespace kontor::peer::zoho
