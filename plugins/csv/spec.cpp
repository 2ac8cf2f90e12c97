#include "plugins/csv/spec.hpp"

#include "connectors/sdk/json.hpp"
#include "plugins/csv/options.hpp"

namespace kontor::csv {
namespace {

using sdk::Json;

Json option(const char* name, const char* type, Json fallback, const char* en, const char* zh) {
    Json out{{"name", name}, {"type", type}, {"help", {{"en", en}, {"zh", zh}}}};
    if (!fallback.is_null()) out["default"] = std::move(fallback);
    return out;
}

Json choice(const char* name, Json choices, const char* en, const char* zh) {
    Json out = option(name, "text", choices.front(), en, zh);
    out["choices"] = std::move(choices);
    return out;
}

Json options() {
    return Json::array(
        {choice("encoding",
                {"auto", "UTF-8", "GB18030", "UTF-16LE", "UTF-16BE", "Big5", "windows-1252"},
                "Encoding of the CSV files; auto finds it for each",
                "CSV 文件的编码；auto 为逐个文件自动识别"),
         choice("delimiter", {"auto", "comma", "semicolon", "tab", "bar"},
                "What separates the cells of the CSV files", "CSV 文件的分隔符"),
         option("fill_short_rows", "boolean", false,
                "A row with too few cells is taken in; those at its end are empty",
                "单元格不足的行照常导入，缺少的单元格视为空"),
         choice("date_order", {"auto", "month-first", "day-first"},
                "What 05/06/2026 means where the column does not show it",
                "列本身无法判断时，05/06/2026 的含义"),
         option("utc_offset_minutes", "integer", 480,
                "Offset from UTC of times without a zone, in minutes",
                "无时区时间与 UTC 的差（分钟）"),
         option("tables", "list", Json::array(),
                "Which files are one table: contacts=contacts*.csv, or people=team.xlsx#Sheet1",
                "哪些文件属于同一张表：contacts=contacts*.csv，或 people=team.xlsx#Sheet1"),
         option("keys", "list", Json::array(),
                "Column that tells a table's rows apart: contacts=编号; * for all tables",
                "用于区分各行的列：contacts=编号；* 表示所有表"),
         option("entities", "list", Json::array(),
                "Kind of record that a table holds: members=contact",
                "表中记录的类型：members=contact"),
         option("types", "list", Json::array(),
                "Type of a column, instead of what its cells look like: contacts.birthday=text",
                "指定列的类型，不按单元格内容判断：contacts.生日=text"),
         option("references", "list", Json::array(),
                "Column whose cells name rows of another table: contacts.company=customers; - for "
                "none",
                "单元格指向另一张表的列：contacts.公司=客户；- 表示不关联"),
         option("complete", "boolean", false,
                "The files always hold all records: what is in none any more is deleted",
                "文件始终包含全部记录：文件中不再出现的即视为已删除"),
         option("settle_s", "integer", 3, "Seconds that a file must be unchanged before it is read",
                "文件保持多少秒未改动后才读取"),
         option("exports", "list", Json::array(),
                "Kinds of records that are written to files in the folder outbox: contact,account",
                "写入 outbox 目录文件的记录类型：contact,account"),
         choice("out_encoding", {"UTF-8-mark", "UTF-8", "GB18030"},
                "Encoding of written files; Excel needs the mark to read UTF-8",
                "写出文件的编码；Excel 需要带标记的 UTF-8"),
         choice("out_delimiter", {"comma", "semicolon", "tab"}, "Delimiter of written files",
                "写出文件的分隔符"),
         choice("out_headers", {"en", "zh"}, "Language of the header of written files",
                "写出文件的表头语言"),
         option("defuse", "boolean", true,
                "Texts that a spreadsheet would run as formulas are written with an apostrophe",
                "会被表格当作公式执行的文本写出时加撇号")});
}

Json folder(std::string_view name, bool required, bool write, const char* en, const char* zh) {
    return {{"name", name},
            {"required", required},
            {"write", write},
            {"help", {{"en", en}, {"zh", zh}}}};
}

}  // namespace

std::string spec_json() {
    const Json spec{
        {"title", {{"en", "Spreadsheets (CSV, XLSX)"}, {"zh", "电子表格（CSV、XLSX）"}}},
        {"options", options()},
        {"auth", Json::array({{{"kind", "none"}}})},
        {"folders", Json::array({folder(kInbox, true, false, "Folder of the files to take in",
                                        "要导入的文件所在的目录"),
                                 folder(kOutbox, false, true, "Folder that files are written to",
                                        "写出文件的目录")})},
        {"hosts", Json::array()}};
    return spec.dump();
}

}  // namespace kontor::csv
