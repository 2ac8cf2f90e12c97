#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sync/base/result.hpp"
#include "sync/replica/database.hpp"

namespace kontor::replica {

struct IntegrityProblem {
    enum class Kind {
        kDatabase,  ///< SQLite found damage
        kTable,     ///< an entity's table is missing
        kColumn,    ///< a column of the catalogue is missing, or one that it does not know is there
        kTrigger,   ///< a capture trigger is missing or not as this version makes it
        kIndex,     ///< an index of an entity is missing
    };
    Kind kind = Kind::kDatabase;
    std::string detail;  ///< SQLite's text, or the name of what is wrong
};
[[nodiscard]] std::string_view to_string(IntegrityProblem::Kind kind);

enum class IntegrityDepth {
    kQuick,  ///< structure of the file; seconds for gigabytes
    kFull,   ///< indexes against tables too
};

/// Looks for damage, in the file and between catalogue and tables. Changes nothing; at most 100
/// problems of the file are listed. An error means that it could not look.
[[nodiscard]] Result<std::vector<IntegrityProblem>> check_integrity(const Database& db,
                                                                    IntegrityDepth depth);

}  // namespace kontor::replica
