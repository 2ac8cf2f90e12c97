#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "sync/base/result.hpp"
#include "sync/engine/acceptance.hpp"
#include "sync/engine/only_read.hpp"
#include "sync/remote/description.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/database.hpp"

namespace kontor::engine {

/// What is to be known of one kind of record before a person's edit of it. A plain value.
struct EditRules {
    OnlyRead only_read;     ///< what is refused
    Acceptance acceptance;  ///< what is taken here, and will not be there
};

/// How the remotes describe themselves. Thread-safe.
struct Descriptions {
    std::uint64_t edition = 0;  ///< another one whenever any of them changes
    std::function<std::vector<remote::StreamSpec>(const std::string& connection)> of;
};

/// As the mappings of all connections that have synced have it. kCorrupt, kStorage.
[[nodiscard]] Result<EditRules> edit_rules(const replica::Database& db,
                                           const replica::Entity& entity,
                                           const Descriptions& descriptions);

/// The same as it was last found, for all handles of one file: whether a mapping, the catalogue or
/// a description has changed is looked at each time, in microseconds. Thread-safe.
class EditRulesCache {
public:
    [[nodiscard]] Result<std::shared_ptr<const EditRules>> get(const replica::Database& db,
                                                               const replica::Entity& entity,
                                                               const Descriptions& descriptions);

private:
    std::mutex mutex_;
    std::string stamp_;
    std::map<std::int64_t, std::shared_ptr<const EditRules>> known_;
};

}  // namespace kontor::engine
