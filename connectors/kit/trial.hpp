#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "connectors/kit/collector.hpp"
#include "connectors/kit/kit.hpp"
#include "connectors/kit/outline.hpp"

namespace kontor::kit {

/// A first look through a connector that somebody is writing: some records of each stream, and of
/// what fails, what was asked and what came.

/// One request and its answer. No secret is in any of it.
struct Asked {
    std::string method, url;
    int status = 0;  ///< 0 = no answer came
    /// The answer: if it is a success its outline, `{"items": [{"id": number} × 25]}`, which has no
    /// values; else what it says, cut.
    std::string answer;
    std::vector<std::string> lists;    ///< JSON Pointers of the lists in it
    std::vector<std::string> members;  ///< of the first record in it
    std::vector<std::string> fields;   ///< of the place in it where the stream has its fields
    bool is_json = false;
};

/// What could not be done.
struct Problem {
    std::string doing;  ///< open, check, describe, pull, fetch, changes
    Error error;
    std::optional<Asked> asked;  ///< the last request before; nullopt if there was none
};

struct TriedStream {
    std::string name;
    std::vector<std::string> fields;
    std::vector<Image> records;          ///< the first ones
    std::vector<std::string> nowhere;    ///< fields that none of these has
    std::vector<std::string> odd;        ///< fields with a value that does not fit their type
    std::optional<std::string> differs;  ///< a field that a record by id shows otherwise
    std::optional<Asked> asked;          ///< the list, for `nowhere`
    std::string fields_at;               ///< where a record has its fields; "" = it is they
    std::vector<Problem> problems;
};

struct Trial {
    std::optional<remote::Identity> identity;
    std::optional<Problem> problem;  ///< why there are no streams
    std::vector<std::string> names;  ///< of all streams that there are
    std::vector<TriedStream> streams;
};

struct TrialOptions {
    host::ConnectionSettings connection;   ///< its state folder must be the trial's own
    std::set<std::string> streams;         ///< empty: all
    std::map<std::string, Places> places;  ///< of streams of which they are known
    std::size_t records = 5;               ///< of each
    bool all = false;                      ///< reads each list to its end, and then what changed
    std::stop_token stop;
};

/// Reads and never writes.
[[nodiscard]] Trial try_reading(const TrialOptions& options, const Deps& deps);

}  // namespace kontor::kit
