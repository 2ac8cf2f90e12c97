#pragma once

#include <string>
#include <string_view>

#include "connectors/sdk/request.hpp"
#include "plugins/zoho/cursor.hpp"
#include "plugins/zoho/records.hpp"

namespace kontor::zoho {

/// One pull of one module, in three stages that share this. Records gather in `out` and go to the
/// engine in batches, each with the cursor that goes on behind it.
struct Pull {
    Pull(Api& api_in, const Module& module_in, const sdk::Request& request)
        : api(api_in),
          module(module_in),
          columns(module_in, request.fields),
          records(api_in, columns),
          total_hint(request.total_hint) {}

    Api& api;
    const Module& module;
    Columns columns;
    Records records;
    std::int64_t total_hint;  ///< records in all, as far as is known; -1 = not known
    abi::BatchWriter out;
    Cursor cursor;

    /// Emits what has gathered if it is enough, with `cursor` as it is now if it is `resumable`.
    void flush_if_full(bool resumable = true);
    /// Emits whatever has gathered. `resumable`: `cursor` is right behind it.
    void flush(bool resumable);
};

/// Pulls everything since `cursor` and returns the next one.
[[nodiscard]] std::string pull(Pull& job, std::string_view cursor);

// The stages. Each leaves in job.cursor where the next one begins.

/// All records, by pages in the order of their ids, which never change.
void pull_by_scan(Pull& job);
/// All records by Bulk Read. False if this module or account cannot: nothing was emitted then.
[[nodiscard]] bool pull_by_bulk(Pull& job);
/// What changed, then what was deleted.
void pull_changes(Pull& job);
/// The stream "users", which has an interface of its own.
void pull_users(Pull& job, bool everything);

/// Whether Bulk Read gives all requested columns.
[[nodiscard]] bool bulk_has_all(const Columns& columns);

}  // namespace kontor::zoho
