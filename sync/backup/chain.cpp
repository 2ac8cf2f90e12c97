#include "sync/backup/chain.hpp"

#include <filesystem>

#include "sync/backup/changed_pages.hpp"
#include "sync/backup/file.hpp"
#include "sync/backup/page_delta.hpp"
#include "sync/backup/page_hashes.hpp"
#include "sync/base/clock.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/history.hpp"

namespace kontor::backup {
namespace {

namespace fs = std::filesystem;

// Files of one folder: what is new in a folder makes a repository store the list of all others
// again, some hundred bytes each.
constexpr std::int64_t kDeltasInFolder = 32;
constexpr std::int64_t kPointsMax = 1'024;
constexpr std::size_t kHeaderMax = std::size_t{1} << 20;
constexpr std::chrono::hours kWholeEvery{24};
constexpr std::size_t kNumberBytes = 4;
constexpr std::size_t kRecordHead = 2 * kNumberBytes;  // page, length

std::string base_of(const std::string& folder) {
    return folder + "/base.db";
}
std::string base_manifest_of(const std::string& folder) {
    return folder + "/base.json";
}
std::string manifest_of(const std::string& folder) {
    return folder + "/manifest.json";
}

std::string digits(std::int64_t number, std::size_t width) {
    auto out = std::to_string(number);
    if (out.size() < width) out.insert(0, width - out.size(), '0');
    return out;
}

std::string delta_folder(const std::string& folder, std::int64_t point) {
    return folder + "/deltas/" + digits((point - 1) / kDeltasInFolder, 5);
}
std::string delta_of(const std::string& folder, std::int64_t point) {
    return delta_folder(folder, point) + "/" + digits(point, 8) + ".pages";
}

tl::unexpected<Error> damaged(const std::string& what) {
    return fail(Errc::kCorrupt, "the backup is damaged: " + what,
                {{"detail", what}, {"reason", "backup_damaged"}});
}

std::int64_t size_of(const std::string& path) {
    std::error_code failed;
    const auto size = fs::file_size(path, failed);
    return failed ? 0 : static_cast<std::int64_t>(size);
}

Result<> make_folder(const std::string& path) {
    std::error_code failed;
    fs::create_directories(path, failed);
    if (failed)
        return fail(Errc::kStorage, "create " + path + ": " + failed.message(), {{"path", path}});
    return {};
}

std::string number_bytes(std::uint32_t number) {
    return {static_cast<char>(number >> 24), static_cast<char>(number >> 16),
            static_cast<char>(number >> 8), static_cast<char>(number)};
}

std::uint32_t number_at(std::string_view bytes) {
    std::uint32_t out = 0;
    for (std::size_t i = 0; i < kNumberBytes; ++i)
        out = (out << 8) | static_cast<unsigned char>(bytes[i]);
    return out;
}

// --- Reading

Result<Manifest> read_manifest(const std::string& path) {
    const auto text = read_whole(path);
    if (!text) return tl::unexpected<Error>(text.error());
    return parse_manifest(*text);
}

/// The line in front of a delta's pages; `in` then stands at the first of them.
Result<Manifest> read_header(File& in) {
    std::string line;
    std::string byte(1, '\0');
    while (line.size() < kHeaderMax) {
        const auto got = in.read(byte);
        if (!got) return tl::unexpected<Error>(got.error());
        if (*got == 0) break;
        if (byte[0] == '\n') return parse_manifest(line);
        line += byte;
    }
    return damaged("a delta without its manifest");
}

Result<Manifest> header_of(const std::string& path) {
    auto in = File::open(path);
    if (!in) return pass(in);
    return read_header(*in);
}

/// Puts the pages of a delta into `to`. What differs little from the base says only how.
Result<Manifest> apply_delta(const std::string& path, File& base, File& to) {
    auto in = File::open(path);
    if (!in) return pass(in);
    auto manifest = read_header(*in);
    if (!manifest) return manifest;
    const auto page_bytes = manifest->size.page_bytes;
    PageDelta delta;
    std::string head(kRecordHead, '\0');
    std::string before(page_bytes, '\0');
    while (true) {
        const auto got = in->read(head);
        if (!got) return tl::unexpected<Error>(got.error());
        if (*got == 0) return manifest;
        const auto page = number_at(head);
        const auto length = number_at(std::string_view(head).substr(kNumberBytes));
        if (*got != head.size() || page == 0 || page > manifest->size.pages || length > page_bytes)
            return damaged(path);
        std::string bytes(length, '\0');
        const auto body = in->read(bytes);
        if (!body) return tl::unexpected<Error>(body.error());
        if (*body != length) return damaged(path);
        const auto at = static_cast<std::int64_t>(page - 1) * page_bytes;
        if (length < page_bytes) {
            if (auto done = base.read_at(at, before); !done) return pass(done);
            auto decoded = delta.decode(before, bytes, page_bytes);
            if (!decoded) return pass(decoded);
            bytes = std::move(*decoded);
        }
        if (auto done = to.write_at(at, bytes); !done) return pass(done);
    }
}

// --- Writing

/// What is known of the newest point.
struct Known {
    Manifest manifest;
    PageHashes hashes;
    std::uint32_t base_pages = 0;
    std::int64_t deltas_bytes = 0;
};

/// nullopt if a new base is needed.
std::optional<Known> known_state(const std::string& folder, const std::string& hashes_file) {
    const auto manifest = read_manifest(manifest_of(folder));
    const auto bytes = read_whole(hashes_file);
    if (!manifest || !bytes || manifest->point >= kPointsMax) return std::nullopt;
    Known out{*manifest, PageHashes::from_bytes(*bytes), 0, 0};
    if (out.hashes.content() != manifest->content) return std::nullopt;
    const auto base = read_manifest(base_manifest_of(folder));
    const auto base_bytes = size_of(base_of(folder));
    if (!base || base->chain != manifest->chain ||
        base_bytes != static_cast<std::int64_t>(base->size.pages) * base->size.page_bytes)
        return std::nullopt;
    out.base_pages = base->size.pages;
    for (std::int64_t point = 1; point <= manifest->point; ++point) {
        const auto bytes_of = size_of(delta_of(folder, point));
        if (bytes_of == 0) return std::nullopt;
        out.deltas_bytes += bytes_of;
    }
    if (out.deltas_bytes > base_bytes / 2) return std::nullopt;
    return out;
}

/// The parts of a manifest that the replica itself tells. Within a snapshot.
Result<Manifest> describe(const replica::Database& db, const PointLabel& label) {
    Manifest out;
    out.at = label.at;
    out.made_by = label.made_by;
    auto id = db.prepare("SELECT value FROM kontor_meta WHERE key = 'replica_id'");
    if (!id) return pass(id);
    auto row = id->step();
    if (!row) return pass(row);
    if (*row) out.replica_id = id->text(0);
    const std::pair<const char*, std::int64_t*> numbers[] = {
        {"SELECT value FROM kontor_meta WHERE key = 'epoch'", &out.epoch},
        {"PRAGMA user_version", &out.schema_version},
        {"SELECT max(seq) FROM kontor_history", &out.history_seq}};
    for (const auto& [sql, place] : numbers) {
        auto number = db.scalar(sql);
        if (!number) return pass(number);
        *place = *number;
    }
    return out;
}

/// The counts as they follow from those at `before` and the history since: what is not read as a
/// whole is not counted anew. Empty if those are not known, or entries are gone: a restore begins
/// a history of its own. Within a snapshot.
Result<std::map<std::string, std::int64_t>> counts_since(const replica::Database& db,
                                                         const Manifest& before,
                                                         const Manifest& now) {
    if (before.records.empty() || now.history_seq < before.history_seq || now.epoch != before.epoch)
        return std::map<std::string, std::int64_t>{};
    auto out = replica::records_since(db, before.history_seq);
    if (!out) return out;
    for (auto& [entity, records] : *out)
        if (const auto known = before.records.find(entity); known != before.records.end())
            records += known->second;
    return out;
}

/// True if what is known of changed pages was compared with the whole within the last day.
bool compared_lately(const std::string& whole_at, const std::string& now) {
    const auto then = parse_instant(whole_at);
    const auto at = parse_instant(now);
    return then && at && *at >= *then && *at - *then < kWholeEvery;
}

/// What is to be read, and from where.
struct Reading {
    ChangedPages changes;
    ChangedPages::Moment moment;
    bool whole = true;
};

/// Makes the new point valid.
Result<> settle(const std::string& folder, const std::string& hashes_file, const PageHashes& hashes,
                const Manifest& manifest) {
    if (auto done = write_whole(hashes_file, hashes.bytes()); !done) return done;
    return write_whole(manifest_of(folder), to_json(manifest));
}

Result<Extended> begin_chain(const std::string& folder, const std::string& hashes_file,
                             const replica::Database& db, Manifest manifest,
                             const std::string& chain_id) {
    if (auto made = make_folder(folder); !made) return pass(made);
    const auto fresh = base_of(folder) + ".new";
    PageHashes hashes;
    {
        auto out = File::create(fresh);
        if (!out) return pass(out);
        auto size = read_image(db, [&](std::uint32_t page, std::string_view bytes) {
            hashes.put(page, bytes);
            return out->write_at(
                static_cast<std::int64_t>(page - 1) * static_cast<std::int64_t>(bytes.size()),
                bytes);
        });
        Result<> written;
        if (size) written = out->sync();
        if (!size || !written) {
            std::error_code ignored;
            fs::remove(fresh, ignored);
            return tl::unexpected<Error>(size ? written.error() : size.error());
        }
        manifest.size = *size;
    }
    manifest.chain = chain_id;
    hashes.resize(manifest.size.pages);
    manifest.content = hashes.content();
    // From here to the end there is no valid point in this folder; those in repositories stay.
    std::error_code ignored;
    fs::remove(manifest_of(folder), ignored);
    fs::remove_all(folder + "/deltas", ignored);
    if (auto done = move_into_place(fresh, base_of(folder)); !done) return pass(done);
    if (auto done = write_whole(base_manifest_of(folder), to_json(manifest)); !done)
        return pass(done);
    if (auto done = settle(folder, hashes_file, hashes, manifest); !done) return pass(done);
    const auto bytes = static_cast<std::int64_t>(manifest.size.pages) * manifest.size.page_bytes;
    return Extended{manifest, true, true, manifest.size.pages, manifest.size.pages, 0, bytes};
}

Result<> write_delta(const Manifest& manifest, const std::string& pages_file,
                     const std::string& path) {
    auto pages = File::open(pages_file);
    if (!pages) return pass(pages);
    const auto fresh = path + ".new";
    auto out = File::create(fresh);
    if (!out) return pass(out);
    if (auto done = out->append(to_json(manifest) + "\n"); !done) return done;
    std::string piece(std::size_t{1} << 20, '\0');
    while (true) {
        const auto got = pages->read(piece);
        if (!got) return tl::unexpected<Error>(got.error());
        if (auto done = out->append(std::string_view(piece).substr(0, *got)); !done) return done;
        if (*got < piece.size()) break;
    }
    if (auto done = out->sync(); !done) return done;
    return move_into_place(fresh, path);
}

Result<Extended> add_delta(const std::string& folder, const std::string& hashes_file,
                           const replica::Database& db, const Reading& reading, Known known,
                           Manifest manifest) {
    manifest.chain = known.manifest.chain;
    manifest.point = known.manifest.point + 1;
    if (auto made = make_folder(delta_folder(folder, manifest.point)); !made) return pass(made);
    // The header says what is known only after the pages: they go to a file of their own first.
    const auto path = delta_of(folder, manifest.point);
    const auto pages_file = path + ".part";
    Extended out;
    out.whole = reading.whole;
    const auto& changed = reading.moment.changed;
    const auto may_differ = [&, before = known.manifest.size.pages](std::uint32_t page) {
        return page > before || changed->contains(page);
    };
    {
        auto pages = File::create(pages_file);
        if (!pages) return pass(pages);
        auto base = File::open(base_of(folder));
        if (!base) return pass(base);
        PageDelta delta;
        std::string before(known.manifest.size.page_bytes, '\0');
        const auto store = [&](std::uint32_t page, std::string_view bytes) -> Result<> {
            ++out.pages_read;
            if (!known.hashes.put(page, bytes)) return {};
            ++out.pages_changed;
            if (changed && !may_differ(page)) ++out.pages_missed;
            std::string shorter;
            if (page <= known.base_pages) {
                const auto at =
                    static_cast<std::int64_t>(page - 1) * static_cast<std::int64_t>(bytes.size());
                if (auto done = base->read_at(at, before); !done) return done;
                shorter = delta.encode(before, bytes);
            }
            const std::string_view body = shorter.empty() ? bytes : std::string_view(shorter);
            auto record = number_bytes(page);
            record += number_bytes(static_cast<std::uint32_t>(body.size()));
            record += body;
            return pages->append(record);
        };
        const auto size = reading.whole ? read_image(db, store) : read_pages(db, may_differ, store);
        if (!size) {
            std::error_code ignored;
            fs::remove(pages_file, ignored);
            return tl::unexpected<Error>(size.error());
        }
        manifest.size = *size;
    }
    known.hashes.resize(manifest.size.pages);
    manifest.content = known.hashes.content();
    Result<> done;
    if (out.pages_changed == 0 && manifest.size == known.manifest.size) {
        // The same content at a later moment.
        manifest.point = known.manifest.point;
        done = write_whole(manifest_of(folder), to_json(manifest));
    } else {
        done = write_delta(manifest, pages_file, path);
        if (done) done = settle(folder, hashes_file, known.hashes, manifest);
        out.bytes_written = size_of(path);
    }
    std::error_code ignored;
    fs::remove(pages_file, ignored);
    if (!done) {
        fs::remove(path + ".new", ignored);
        return pass(done);
    }
    out.manifest = std::move(manifest);
    return out;
}

}  // namespace

std::vector<Miscount> compare_counts(const std::map<std::string, std::int64_t>& records,
                                     const std::map<std::string, std::int64_t>& expected) {
    std::vector<Miscount> out;
    for (const auto& [entity, count] : records)
        if (const auto known = expected.find(entity);
            known != expected.end() && known->second != count)
            out.push_back({entity, count, known->second});
    return out;
}

Result<std::map<std::string, std::int64_t>> count_records(const replica::Database& db) {
    std::map<std::string, std::int64_t> out;
    const auto catalogue = replica::Catalogue::load(db);
    if (!catalogue) return tl::unexpected<Error>(catalogue.error());
    for (const auto& entity : catalogue->entities()) {
        auto count = db.scalar("SELECT count(*) FROM " + replica::sql_name(entity.name));
        if (!count) return tl::unexpected<Error>(count.error());
        out[entity.name] = *count;
    }
    return out;
}

Result<Extended> extend_chain(const ChainFiles& files, const replica::Database& db,
                              const PointLabel& label) {
    auto known = known_state(files.folder, files.hashes);
    const auto page_bytes = db.scalar("PRAGMA page_size");
    if (!page_bytes) return tl::unexpected<Error>(page_bytes.error());
    if (known && *page_bytes != known->manifest.size.page_bytes) known.reset();

    // Counts and pages are of one moment.
    const ChangedPages changes(db.path(), files.changed);
    auto moment = changes.begin(db, known ? known->manifest.content : "", label.chain_id);
    if (!moment) return pass(moment);
    Reading reading{changes, std::move(*moment), true};
    reading.whole = !known || !reading.moment.changed || !reading.moment.in_file ||
                    !reading.moment.trusted || !compared_lately(reading.moment.whole_at, label.at);
    auto manifest = describe(db, label);
    if (!manifest) return pass(manifest);
    std::map<std::string, std::int64_t> expected;
    if (known) {
        auto counts = counts_since(db, known->manifest, *manifest);
        if (!counts) return pass(counts);
        expected = std::move(*counts);
    }
    manifest->counted = reading.whole;
    manifest->records = expected;
    std::vector<Miscount> miscounted;
    if (reading.whole) {
        auto counts = count_records(db);
        if (!counts) return pass(counts);
        miscounted = compare_counts(*counts, expected);
        manifest->records = std::move(*counts);
    }
    auto out =
        known ? add_delta(files.folder, files.hashes, db, reading, std::move(*known),
                          std::move(*manifest))
              : begin_chain(files.folder, files.hashes, db, std::move(*manifest), label.chain_id);
    if (!out) return out;
    changes.settle(label.chain_id, out->manifest.content, reading.whole ? label.at : "");
    if (out->pages_missed > 0) changes.distrust();
    out->miscounted = std::move(miscounted);
    return out;
}

Result<std::vector<Manifest>> points_of(const std::string& folder) {
    auto newest = read_manifest(manifest_of(folder));
    if (!newest) return pass(newest);
    std::vector<Manifest> out;
    auto base = read_manifest(base_manifest_of(folder));
    if (!base) return pass(base);
    out.push_back(std::move(*base));
    for (std::int64_t point = 1; point <= newest->point; ++point) {
        auto header = header_of(delta_of(folder, point));
        if (!header) return pass(header);
        if (header->chain != newest->chain || header->point != point)
            return damaged("deltas of two chains");
        out.push_back(std::move(*header));
    }
    // What was there without a change is said by the manifest alone.
    out.back().at = newest->at;
    return out;
}

Result<Manifest> assemble(const std::string& folder, std::optional<std::int64_t> point,
                          const std::string& path) {
    auto wanted = read_manifest(manifest_of(folder));
    if (!wanted) return wanted;
    if (point && (*point < 0 || *point > wanted->point))
        return fail(Errc::kNotFound, "the backup has no such point");
    const auto last = point.value_or(wanted->point);
    auto reached = read_manifest(base_manifest_of(folder));
    if (!reached) return reached;

    std::error_code failed;
    fs::copy_file(base_of(folder), path, fs::copy_options::overwrite_existing, failed);
    const auto give_up = [&](Error error) -> tl::unexpected<Error> {
        std::error_code ignored;
        fs::remove(path, ignored);
        return tl::unexpected<Error>(std::move(error));
    };
    if (failed) {
        const auto code = failed == std::errc::no_space_on_device ? Errc::kFull : Errc::kStorage;
        return give_up(
            Error{code, "write " + path + ": " + failed.message(), {{"path", path}}, {}});
    }
    {
        auto base = File::open(base_of(folder));
        if (!base) return give_up(base.error());
        auto to = File::change(path);
        if (!to) return give_up(to.error());
        for (std::int64_t n = 1; n <= last; ++n) {
            auto applied = apply_delta(delta_of(folder, n), *base, *to);
            if (!applied) return give_up(applied.error());
            if (applied->chain != reached->chain)
                return give_up(damaged("deltas of two chains").value());
            reached = std::move(applied);
        }
        auto done =
            to->truncate(static_cast<std::int64_t>(reached->size.pages) * reached->size.page_bytes);
        if (done) done = to->sync();
        if (!done) return give_up(done.error());
    }
    const auto hashes = hash_file(path, reached->size.page_bytes);
    if (!hashes) return give_up(hashes.error());
    if (hashes->content() != reached->content)
        return give_up(damaged("its content is not what its manifest says").value());
    // Where nothing has changed since, the manifest alone tells of the later moment.
    return last == wanted->point && wanted->content == reached->content ? wanted : reached;
}

}  // namespace kontor::backup
