#include "tests/plugins/csv/workbook.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <stdexcept>
#include <vector>

namespace kontor::test {

std::string zip_of(const std::map<std::string, std::string>& parts) {
    std::size_t room = 1 << 20;
    for (const auto& [name, content] : parts) room += content.size();
    std::string out(room, '\0');
    std::size_t used = 0;
    archive* const writer = archive_write_new();
    archive_write_set_format_zip(writer);
    archive_write_open_memory(writer, out.data(), out.size(), &used);
    for (const auto& [name, content] : parts) {
        archive_entry* const entry = archive_entry_new();
        archive_entry_set_pathname(entry, name.c_str());
        archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        if (archive_write_header(writer, entry) != ARCHIVE_OK ||
            archive_write_data(writer, content.data(), content.size()) < 0)
            throw std::runtime_error(archive_error_string(writer));
        archive_entry_free(entry);
    }
    archive_write_close(writer);
    archive_write_free(writer);
    out.resize(used);
    return out;
}

std::map<std::string, std::string> workbook_with(const std::string& rows,
                                                 const std::string& strings,
                                                 const std::string& styles) {
    const std::string head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    const std::string office =
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    std::map<std::string, std::string> out;
    out["xl/workbook.xml"] = head + "<workbook xmlns:r=\"" + office +
                             "\"><sheets><sheet name=\"Sheet1\" sheetId=\"1\" r:id=\"rId1\"/>"
                             "</sheets></workbook>";
    out["xl/_rels/workbook.xml.rels"] =
        head + "<Relationships><Relationship Id=\"rId1\" Type=\"" + office +
        "/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"rId2\" Type=\"" +
        office +
        "/sharedStrings\" Target=\"sharedStrings.xml\"/><Relationship Id=\"rId3\" Type=\"" +
        office + "/styles\" Target=\"/xl/styles.xml\"/></Relationships>";
    out["xl/worksheets/sheet1.xml"] =
        head + "<worksheet><sheetData>" + rows + "</sheetData></worksheet>";
    out["xl/sharedStrings.xml"] = head + "<sst>" + strings + "</sst>";
    out["xl/styles.xml"] = head + "<styleSheet>" + styles + "</styleSheet>";
    return out;
}

}  // namespace kontor::test
