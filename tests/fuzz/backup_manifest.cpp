// What lies beside a backup's pages: it comes out of a repository that others may have written to.
#include "sync/backup/manifest.hpp"
#include "tests/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kontor;
    const auto read = backup::parse_manifest(as_text(data, size));
    if (!read) {
        must_hold(read.error().code == Errc::kCorrupt || read.error().code == Errc::kTooNew);
        return 0;
    }
    must_hold(read->format == backup::kFormat && read->point >= 0);
    must_hold(read->size.pages > 0 && read->size.page_bytes >= 512);
    must_hold(read->size.page_bytes <= 65'536);
    must_hold((read->size.page_bytes & (read->size.page_bytes - 1)) == 0);
    const auto again = backup::parse_manifest(backup::to_json(*read));
    must_hold(again && *again == *read);
    return 0;
}
