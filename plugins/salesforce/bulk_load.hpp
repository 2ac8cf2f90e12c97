#pragma once

#include "connectors/sdk/request.hpp"
#include "plugins/salesforce/cursor.hpp"
#include "plugins/salesforce/images.hpp"

namespace kontor::salesforce {

/// Everything of one object by a query job of Bulk API 2.0: it costs a handful of the day's
/// requests however many records there are.
class BulkLoad {
public:
    BulkLoad(Api& api, const Object& object, const Images& images, std::int64_t total_hint)
        : api_(api), object_(object), images_(images), total_hint_(total_hint) {}

    /// Orders a job and notes it in the cursor. False if the organisation does not let us.
    bool order(Cursor& cursor);
    /// Waits for the job and hands all over, from the cursor's locator on, with checkpoints. The
    /// cursor is then at the stage of changes. False if the job came to nothing: begin anew.
    bool run(Cursor& cursor);

private:
    bool wait(const Cursor& cursor);
    /// False if the results are gone.
    bool take_page(Cursor& cursor);
    void read_csv(const sdk::HostFile& file, Cursor& cursor);

    Api& api_;
    const Object& object_;
    const Images& images_;
    std::int64_t total_hint_;
};

}  // namespace kontor::salesforce
