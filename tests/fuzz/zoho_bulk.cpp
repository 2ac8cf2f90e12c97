// The result of a bulk job: an archive from the server, or one that is sound around CSV that is
// not.
#include <algorithm>
#include <cstring>

#include "plugins/zoho/csv_records.hpp"
#include "plugins/zoho/zip_stream.hpp"
#include "tests/fuzz/zoho_module.hpp"
#include "tests/plugins/zoho/zip_archive.hpp"

namespace {

using namespace kontor;

// In pieces of awkward sizes.
zoho::ZipStream::Source source_of(std::string_view archive) {
    return [archive](std::int64_t offset, char* buffer, std::size_t size) {
        const auto some = archive.substr(std::min(static_cast<std::size_t>(offset), archive.size()),
                                         std::min(size, std::size_t{17}));
        std::memcpy(buffer, some.data(), some.size());
        return some.size();
    };
}

std::string unpacked(std::string_view archive) {
    zoho::ZipStream zip(source_of(archive));
    std::string out;
    char buffer[100];
    while (const auto got = zip.read(buffer, sizeof buffer)) out.append(buffer, got);
    return out;
}

void read(std::string_view archive, zoho::CsvRecords::As as) {
    static const zoho::Module module = test::module_of_all_kinds();
    static const zoho::Columns columns(module, test::names_of(module));
    zoho::ZipStream zip(source_of(archive));
    sdk::CsvReader csv([&](char* to, std::size_t room) { return zip.read(to, room); },
                       zoho::bulk_format());
    abi::BatchWriter batch;
    try {
        zoho::CsvRecords rows(csv, columns, as);
        while (rows.next(batch)) {
        }
    } catch (const sdk::Error&) {
        // what was read before is handed over all the same
    }
    test::check_records(batch.bytes(), module.fields.size(), batch.records());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    // The first byte chooses.
    const auto as =
        (data[0] & 1) != 0 ? zoho::CsvRecords::As::kIds : zoho::CsvRecords::As::kRecords;
    const auto input = as_text(data + 1, size - 1);
    try {
        if ((data[0] & 2) != 0) {
            (void)unpacked(input);
            read(input, as);
            return 0;
        }
        test::ZipForm form;
        form.stored = (data[0] & 4) != 0;
        form.descriptor = (data[0] & 8) != 0;
        // A stored file whose size comes afterwards may end wherever a mark like this stands.
        if (form.stored && form.descriptor && input.find("PK\7\10") != std::string_view::npos)
            return 0;
        const auto archive = test::zip_archive(std::string(input), form);
        must_hold(unpacked(archive) == input);
        read(archive, as);
    } catch (const sdk::Error&) {
        must_hold((data[0] & 2) != 0);  // what we packed ourselves is sound
    }
    return 0;
}
