// The notes of which pages have changed, out of a file that may be damaged: they are believed as a
// whole or not at all, and whatever they say of what was, no page that is written from here on is
// missed.
#include "sync/backup/changed_pages.hpp"

#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "sync/backup/file.hpp"
#include "sync/backup/image.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/sync/replica/support.hpp"

namespace kontor::backup {
namespace {

using nlohmann::json;

using Pages = std::map<std::uint32_t, std::string>;

Pages pages_of(const replica::Database& db) {
    Pages out;
    must_hold(read_image(db, [&](std::uint32_t page, std::string_view bytes) -> Result<> {
                  out[page] = bytes;
                  return {};
              }).has_value());
    return out;
}

/// The notes of this machine and of that file as it is.
json true_notes(json notes, const std::string& database) {
    struct stat is {};
    must_hold(::stat(database.c_str(), &is) == 0);
    notes["boot"] = read_whole("/proc/sys/kernel/random/boot_id").value();
    notes["file"] = {{"device", is.st_dev},
                     {"inode", is.st_ino},
                     {"size", is.st_size},
                     {"written_s", is.st_mtim.tv_sec},
                     {"written_ns", is.st_mtim.tv_nsec},
                     {"changed_s", is.st_ctim.tv_sec},
                     {"changed_ns", is.st_ctim.tv_nsec}};
    return notes;
}

}  // namespace
}  // namespace kontor::backup

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kontor;
    using namespace kontor::backup;
    static const replica::test::Replica kReplica;
    static const replica::test::TempDir kFolder;
    static const auto kReader = kReplica.open(replica::Access::kReadOnly);
    const ChangedPages changes(kReplica.path(), kFolder.path("changed"));
    const auto text = as_text(data, size);
    must_hold(write_whole(kFolder.path("changed"), text).has_value());
    changes.look();
    changes.settle("t", "p", "");

    // A backup takes a hundred times as long as to read the notes: not after each.
    if (size % 8 != 0) return 0;
    const auto notes = json::parse(text, nullptr, false);
    const auto point = notes.is_object() ? notes.find("point") : notes.end();
    if (point == notes.end() || !point->is_string() || *point == "") return 0;
    must_hold(
        write_whole(
            kFolder.path("changed"),
            true_notes(notes, kReplica.path()).dump(-1, ' ', false, json::error_handler_t::replace))
            .has_value());
    const auto before = pages_of(kReader);
    kReplica.run("INSERT OR REPLACE INTO kontor_meta(key, value) VALUES('fuzz', random())");
    const auto moment = changes.begin(kReader, point->get<std::string>(), "t");
    must_hold(moment.has_value());
    if (!moment->changed) return 0;
    for (const auto& [page, bytes] : pages_of(kReader)) {
        const auto old = before.find(page);
        must_hold((old != before.end() && old->second == bytes) || moment->changed->contains(page));
    }
    return 0;
}
