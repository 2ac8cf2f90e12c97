#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sync/engine/context.hpp"
#include "sync/engine/merger.hpp"
#include "sync/remote/remote.hpp"

namespace kontor::engine {

/// The first load of a stream whose entity is still empty: thousands of rows a commit, values bound
/// as they came, one history entry per stretch of rows. Whatever is not plain (a record that is
/// there already, a reference that has not arrived) takes the merger's way. References to what it
/// brings are completed at the end of the load (Merger::complete_references), and other remotes
/// learn of the records as of any that were here before (see link_elsewhere).
///
/// Needs an open engine transaction. Throws Failure.
class Loader {
public:
    Loader(Context& context, const StreamPlan& plan, Merger& merger, StreamCounts& counts);
    ~Loader();
    Loader(const Loader&) = delete;
    Loader& operator=(const Loader&) = delete;

    /// True if nothing here can meet what the load brings: no rows, no links.
    [[nodiscard]] static bool applies(Sql& sql, const StreamPlan& plan);

    /// False once another remote has brought records of this kind meanwhile, which may be the same:
    /// the rest of the load is the merger's.
    [[nodiscard]] bool alone() const;

    /// Inserts a record. `image` need not live longer than the call.
    void insert(const remote::RecordView& image);
    /// Ends a stretch: its history entry is written. Call before each commit.
    void finish_stretch();
    /// Other remotes that keep such records are to take in the new ones in their next cycle. Call
    /// before each commit.
    void link_elsewhere();

private:
    struct Field;
    class RecentReferences;
    bool bind_fields(const remote::RecordView& image);
    void remember_differences(const remote::RecordView& image, std::int64_t link);

    Context& context_;
    const StreamPlan& plan_;
    Merger& merger_;
    StreamCounts& counts_;
    std::unique_ptr<RecentReferences> references_;
    std::vector<Field> fields_;  // in the order of the image
    std::unique_ptr<replica::Statement> insert_row_, insert_link_;
    std::int64_t first_ = 0;  // of the stretch
    std::int64_t last_ = 0;
    // Of the record at hand, by field:
    std::vector<Value> converted_;  // what a lens made of it
    std::vector<char> exact_;       // true if the column maps back to just what came
    bool all_exact_ = true;
};

/// Indexes that sync and people need (references, uid), built once a first load is done rather than
/// kept up during it. Idempotent. Needs no open transaction. `counts` gets the longest wait.
void build_indexes(Context& context, const StreamPlan& plan, StreamCounts& counts);

}  // namespace kontor::engine
