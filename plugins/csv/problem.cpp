#include "plugins/csv/problem.hpp"

#include <array>
#include <cstddef>

namespace kontor::csv {
namespace {

struct Texts {
    std::string_view name, en, zh;
};

// In the order of Reason.
constexpr std::array<Texts, 23> kTexts{{
    {"", "", ""},
    {"open_quote", "a quotation mark opens a cell and is never closed", "引号没有闭合"},
    {"behind_quote", "text stands behind a closing quotation mark", "闭合引号之后还有文字"},
    {"too_long", "the row is longer than 16 MiB", "该行超过 16 MiB"},
    {"too_many_cells", "the row has more than 4,096 cells", "该行超过 4096 个单元格"},
    {"cell_count", "the row has another number of cells than the header", "单元格数量与表头不符"},
    {"encoding", "the row has bytes that are no text in the file's encoding",
     "该行含有不属于文件编码的字节"},
    {"not_integer", "the cell is no whole number, as the column's others are",
     "该单元格不是整数，与该列不符"},
    {"not_number", "the cell is no number, as the column's others are",
     "该单元格不是数字，与该列不符"},
    {"not_date", "the cell is no date that exists, as the column's others are",
     "该单元格不是有效日期，与该列不符"},
    {"not_time", "the cell is no date with time, as the column's others are",
     "该单元格不是有效的日期时间，与该列不符"},
    {"not_boolean", "the cell is neither yes nor no, as the column's others are",
     "该单元格不是“是”或“否”，与该列不符"},
    {"same_key", "another row above has the same key", "上方已有一行使用相同的键"},
    {"no_parent",
     "no row of the other table has this key or name: the row is taken in without it, and gets it "
     "when that row comes",
     "另一张表中没有此编号或名称的行：该行已导入但未关联，待对应的行出现后自动关联"},
    {"several_parents",
     "several rows of the other table have this name: the row is taken in without it; write the "
     "key instead",
     "另一张表中有多行使用此名称：该行已导入但未关联，请改填编号"},
    {"unreadable", "the file cannot be read", "无法读取该文件"},
    {"not_workbook",
     "the file is no workbook that can be read, or is damaged: save it again as "
     ".xlsx or CSV",
     "该文件不是可读取的工作簿或已损坏：请重新另存为 .xlsx 或 CSV"},
    {"protected",
     "the workbook is protected by a password, or an old .xls: save it as .xlsx "
     "without a password",
     "工作簿有密码保护，或是旧的 .xls：请另存为不带密码的 .xlsx"},
    {"too_large", "the file is larger than is read, or unpacks to too much: split it",
     "文件过大，或解压后过大：请拆分"},
    {"no_header", "the file has no header row", "文件没有表头行"},
    {"no_key_column", "the file lacks the column that tells its rows apart",
     "文件缺少用于区分各行的键列"},
    {"new_table", "the file is a table that is not mapped yet", "该文件是尚未映射的新表"},
    {"more", "the file has further rows that were not taken in", "该文件还有其他未导入的行"},
}};

const Texts& texts_of(Reason reason) {
    return kTexts.at(static_cast<std::size_t>(reason));
}

}  // namespace

std::string_view name_of(Reason reason) {
    return texts_of(reason).name;
}
bool is_refusal(Reason reason) {
    return reason != Reason::kNoParent && reason != Reason::kSeveralParents;
}
std::string_view english(Reason reason) {
    return texts_of(reason).en;
}
std::string_view chinese(Reason reason) {
    return texts_of(reason).zh;
}

}  // namespace kontor::csv
