#pragma once
// Finds the handler of an authorised API request.

#include "tests/peers/zoho/attachments.hpp"
#include "tests/peers/zoho/bulk_read.hpp"
#include "tests/peers/zoho/bulk_write.hpp"
#include "tests/peers/zoho/call.hpp"
#include "tests/peers/zoho/coql.hpp"
#include "tests/peers/zoho/metadata_api.hpp"
#include "tests/peers/zoho/read_api.hpp"
#include "tests/peers/zoho/watch.hpp"
#include "tests/peers/zoho/write_api.hpp"

namespace kontor::peer::zoho {

class Router {
public:
    Router(Org& org, RecordWriter& writer)
        : org_(org),
          writer_(writer),
          read_(org),
          write_(org, writer),
          metadata_(org),
          bulk_read_(org),
          bulk_write_(org, writer),
          watch_(org),
          attachments_(org, writer) {}

    /// Throws ApiError. `call.path` is set from the target; `kind` names the operation.
    Response route(Call& call, std::string& kind);
    Watch& watch() { return watch_; }

private:
    Response bulk(Call& call, std::string& kind);
    Response module_route(Call& call, std::string& kind);
    Response record_route(Call& call, const Module& module, std::string& kind);
    Response locking(Call& call, const Module& module, const std::string& id);
    Response relate(Call& call, const Module& listed, const std::string& id);
    Response related(Call& call, const Module& module, const std::string& id);
    const Module& module_named(const std::string& name) const;

    Org& org_;
    RecordWriter& writer_;
    ReadApi read_;
    WriteApi write_;
    MetadataApi metadata_;
    BulkRead bulk_read_;
    BulkWrite bulk_write_;
    Watch watch_;
    Attachments attachments_;
};

}  // namespace kontor::peer::zoho
