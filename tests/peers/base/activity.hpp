#pragma once
// What the API was asked: the log and the counters of the control side.

#include <cstdint>
#include <deque>
#include <map>
#include <string>

namespace kontor::peer {

struct LogEntry {
    std::uint64_t sequence = 0;
    std::int64_t at_ms = 0;
    std::string method;
    std::string path;
    std::string module;
    std::string kind;
    int status = 0;
    int credits = 0;
    int written = 0;
    std::string fault;
};

/// The last kLogMost requests, and counts of all.
struct Activity {
    static constexpr std::size_t kLogMost = 200000;

    std::deque<LogEntry> log;
    std::uint64_t next_sequence = 1;
    std::map<std::string, std::uint64_t> requests;  ///< by kind
    std::map<int, std::uint64_t> statuses;
    std::uint64_t records_written = 0;
    int in_flight_most = 0;

    void add(LogEntry entry) {
        entry.sequence = next_sequence++;
        ++requests[entry.kind];
        ++statuses[entry.status];
        records_written += static_cast<std::uint64_t>(entry.written);
        log.push_back(std::move(entry));
        if (log.size() > kLogMost) log.pop_front();
    }
};

}  // namespace kontor::peer
