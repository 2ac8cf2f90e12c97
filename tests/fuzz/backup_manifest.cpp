// What lies beside a backup's pages: it comes out of a repository that others may have written to.
#include "sync/backup/manifest.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace kontor;

// The beginning of a sound one.
constexpr const char* kSound = R"({"format":1,"chain":"c","point":0,"at":"","replica_id":"r",
    "epoch":1,"schema_version":1,"history_seq":1,"made_by":"","page_bytes":4096,"pages":1,
    "content":"","records":{},)";

void read(std::string_view text) {
    const auto read = backup::parse_manifest(text);
    if (!read) {
        must_hold(read.error().code == Errc::kCorrupt || read.error().code == Errc::kTooNew);
        return;
    }
    must_hold(read->format == backup::kFormat && read->point >= 0);
    must_hold(read->size.pages > 0 && read->size.page_bytes >= 512);
    must_hold(read->size.page_bytes <= 65'536);
    const auto again = backup::parse_manifest(backup::to_json(*read));
    must_hold(again && *again == *read);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = as_text(data, size);
    read(text);
    // One member that is odd is found out only if all others are sound: of a name the last counts.
    if (text.starts_with('{')) read(kSound + std::string(text.substr(1)));
    return 0;
}
