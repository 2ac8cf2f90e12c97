#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sync/replica/rewind.hpp"
#include "sync/replica/undo.hpp"

namespace kontor::replica {

/// The records that an undo is about, each of which can be planned for itself. Not thread-safe;
/// `catalogue` and `only_read` have to outlive it.
class UndoRecords {
public:
    /// Those that have entries of the scope by now. kNotFound, kInvalid as preview_undo().
    [[nodiscard]] static Result<UndoRecords> choose(const Database& db, const Catalogue& catalogue,
                                                    const UndoScope& scope,
                                                    const OnlyReadOf& only_read);

    [[nodiscard]] std::size_t size() const { return targets_.size(); }
    /// What would be taken back of record number `at`, as it is now.
    [[nodiscard]] Result<UndoPlan> plan(const Database& db, std::size_t at);

private:
    /// The scope as a condition on entries.
    struct Chosen {
        UndoScope scope;
        char op = 0;  ///< if set, entries of this kind alone
        [[nodiscard]] bool operator()(const Entry& entry) const;
    };
    struct Target {
        std::int64_t entity;
        std::int64_t record;
        std::int64_t first_seq;
    };

    UndoRecords(const Catalogue& catalogue, const OnlyReadOf& only_read)
        : catalogue_(catalogue), only_read_(only_read) {}
    Result<> read_scope(const Database& db, const UndoScope& scope);
    Result<> read_targets(const Database& db, const UndoScope& scope);

    const Catalogue& catalogue_;
    const OnlyReadOf& only_read_;
    Chosen chosen_;
    std::vector<Target> targets_;
    std::int64_t known_ = 0;  // the entity that shown_by_ is of
    ShownBy shown_by_;
};

}  // namespace kontor::replica
