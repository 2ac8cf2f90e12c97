#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sync/engine/merger.hpp"

namespace kontor::engine {

/// One record while it is merged.
struct Merger::Work {
    Link link;
    const remote::RecordView& image;
    bool authoritative = false;
    Row row;                           ///< as it is going to be
    std::map<std::size_t, Value> was;  ///< what columns held that are written, by column index
    Link stored_link;                  ///< as it is in the database
    Shadows stored;                    ///< as they are in the database
    Shadows shadows;                   ///< as they are going to be
    std::vector<Intent> intents;
    std::map<std::size_t, std::string> rules;  ///< why a column changed, by column index
    std::vector<const GroupPlan*> waiting;
    std::set<std::int64_t> completed;  ///< groups: the remote has added to what we sent
    bool stale = false;                ///< a group may be: read the record by id
    bool own_write = false;  ///< an acknowledged push of ours has just been settled from it
    bool explained = false;  ///< … of which no version was told: who wrote the image was that one
    bool conflicts = false;  ///< some are open
    bool made_by_us = false;  ///< or under our name, and nothing of it has been merged before
};

}  // namespace kontor::engine
