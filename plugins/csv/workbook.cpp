#include "plugins/csv/workbook.hpp"

#include <map>

#include "plugins/csv/archive.hpp"
#include "plugins/csv/workbook_parts.hpp"
#include "plugins/csv/xml_pieces.hpp"

namespace kontor::csv {
namespace {

// "worksheets/sheet1.xml" of xl/workbook.xml, or "/xl/worksheets/sheet1.xml".
std::string path_of(std::string_view target) {
    if (target.starts_with('/')) return std::string(target.substr(1));
    return "xl/" + std::string(target);
}

void load(const sdk::HostFile& file, std::int64_t size, std::string_view name,
          pugi::xml_document& out) {
    Part part(file, size, name);
    if (!part.found()) throw Unreadable(Reason::kNotWorkbook);
    parse_xml(part.read_all(kPartBytesMax), out);
}

bool has_rows(const sdk::HostFile& file, std::int64_t size, const std::string& path) {
    Part part(file, size, path);
    if (!part.found()) return false;
    XmlPieces rows([&](char* buffer, std::size_t room) { return part.read(buffer, room); }, "c",
                   kSheetBytesMax);
    return rows.next() != nullptr;
}

}  // namespace

WorkbookParts workbook_parts(const sdk::HostFile& file, std::int64_t size) {
    pugi::xml_document workbook, relations;
    load(file, size, "xl/workbook.xml", workbook);
    load(file, size, "xl/_rels/workbook.xml.rels", relations);
    WorkbookParts out;
    std::map<std::string, std::string> targets;
    for (const auto& relation : relations.document_element().children()) {
        const std::string_view type = relation.attribute("Type").value();
        const std::string path = path_of(relation.attribute("Target").value());
        targets[relation.attribute("Id").value()] = path;
        if (type.ends_with("/sharedStrings")) out.strings = path;
        if (type.ends_with("/styles")) out.styles = path;
    }
    const auto root = workbook.document_element();
    out.from_1904 = child_of(root, "workbookPr").attribute("date1904").as_bool();
    for (const auto& sheet : child_of(root, "sheets").children()) {
        // hidden or veryHidden; some programs write that a sheet is visible.
        const std::string_view state = sheet.attribute("state").value();
        if (local_name(sheet) != "sheet" || (!state.empty() && state != "visible")) continue;
        std::string id;
        for (const auto& attribute : sheet.attributes())
            if (std::string_view(attribute.name()).ends_with(":id")) id = attribute.value();
        if (const auto found = targets.find(id); found != targets.end())
            out.sheets.emplace_back(sheet.attribute("name").value(), found->second);
        if (out.sheets.size() > kSheetsMax) throw Unreadable(Reason::kTooLarge);
    }
    return out;
}

std::vector<std::string> sheet_names(const sdk::HostFile& file, std::int64_t size) {
    std::vector<std::string> out;
    for (const auto& [name, path] : workbook_parts(file, size).sheets)
        if (has_rows(file, size, path)) out.push_back(name);
    return out;
}

}  // namespace kontor::csv
