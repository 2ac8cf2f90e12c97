// Rows that name rows of another table: a contact's company, by its key or its name, there already,
// not yet, or not to be told from others.
#include "tests/plugins/csv/folder.hpp"

using namespace kontor;
using namespace kontor::test;
using Texts = std::vector<std::string>;

namespace {

constexpr const char* kCompanies = "编号,公司名称\nK1,华为\nK2,Acme Ltd.\n";
constexpr const char* kPeople =
    "编号,姓名,手机,公司\n1,张三,13800138000,华为\n2,Ada,13900139000,acme ltd\n"
    "3,李四,13700137000,K2\n4,王五,13600136000,\n5,赵六,13500135000,腾讯\n";

/// What the rows refer to: "1 K1".
Texts referred(CsvFolder& folder, const std::string& table, const std::string& field) {
    Texts out;
    for (const auto& record : folder.pull(table)) {
        const auto found = record.values.find(field);
        out.push_back(record.id + " " + (found == record.values.end() ? "-" : found->second));
    }
    return out;
}

}  // namespace

TEST_CASE("a contact's company is found by its name or its key", "[csv]") {
    CsvFolder folder;
    folder.put("客户.csv", kCompanies);
    folder.put("联系人.csv", kPeople);
    const auto field = CsvFolder::field(folder.stream("联系人"), "公司 > 客户");
    CHECK(field.type == "reference");
    CHECK(field.references == Texts{"客户"});
    CHECK(field.column_hint == "account_id");
    CHECK(CsvFolder::field(folder.stream("联系人"), "公司").type == "text");  // stays
    CHECK(referred(folder, "联系人", "公司 > 客户") ==
          Texts{"1 K1", "2 K2", "3 K2", "4 (null)", "5 -"});
    CHECK(folder.problems() == Texts{"联系人.csv:6 公司 no_parent"});
}

TEST_CASE("a row whose company comes later gets it then, though its own file is as it was",
          "[csv]") {
    CsvFolder folder;
    folder.put("客户.csv", kCompanies);
    folder.put("联系人.csv", kPeople);
    CHECK(folder.pull("联系人").size() == 5);
    CHECK(folder.problems().size() == 1);
    CHECK(folder.pull("联系人").empty());  // waits, and is not read again for nothing

    folder.put("客户.csv", std::string(kCompanies) + "K3,腾讯\n");
    CHECK(referred(folder, "联系人", "公司 > 客户").back() == "5 K3");
    CHECK(folder.problems() == Texts{"gone inbox/联系人.csv:0"});
    CHECK(folder.pull("联系人").empty());
    folder.put("客户.csv", std::string(kCompanies) + "K3,腾讯\nK4,另一家\n");
    CHECK(folder.pull("联系人").empty());  // nothing waits any more
}

TEST_CASE("a cursor that was kept half way through what waited reads the rest again", "[csv]") {
    CsvFolder folder;
    folder.put("客户.csv", kCompanies);
    folder.put("contacts/a.csv", "编号,姓名,手机,公司\n1,甲,13800138000,腾讯\n");
    folder.put("contacts/b.csv", "编号,姓名,手机,公司\n2,乙,13900139000,腾讯\n");
    CHECK(folder.pull("contacts").size() == 2);
    folder.put("客户.csv", std::string(kCompanies) + "K3,腾讯\n");
    CHECK(folder.pull("contacts").size() == 2);
    REQUIRE(folder.fake.batches.size() >= 2);
    folder.cursors["contacts"] =
        folder.fake.batches.front().checkpoint;  // as of behind the first file
    CHECK(referred(folder, "contacts", "公司 > 客户") == Texts{"2 K3"});
}

TEST_CASE("several companies of one name are told, not guessed", "[csv]") {
    CsvFolder folder;
    folder.put("客户.csv", "编号,公司名称\nK1,华为\nK2,华为\n");
    folder.put("联系人.csv",
               "编号,姓名,手机,公司\n1,张三,13800138000,华为\n2,李四,13900139000,K2\n");
    CHECK(referred(folder, "联系人", "公司 > 客户") == Texts{"1 -", "2 K2"});
    CHECK(folder.problems() == Texts{"联系人.csv:2 公司 several_parents"});
}

TEST_CASE("a key column is preferred to a name, and a deal names company and contact", "[csv]") {
    CsvFolder folder;
    folder.put("客户.csv", "编号,公司名称\nK1,华为\n");
    folder.put("联系人.csv", "联系人编号,姓名,手机,客户编号,公司\nP1,张三,13800138000,K1,别名\n");
    folder.put("商机.csv", "商机编号,商机名称,阶段,金额,客户,联系人\nD1,一,新,5,华为,张三\n");
    CHECK(referred(folder, "联系人", "客户编号 > 客户") == Texts{"P1 K1"});
    const auto deal = folder.stream("商机");
    CHECK(CsvFolder::field(deal, "联系人 > 联系人").column_hint == "contact_id");
    CHECK(referred(folder, "商机", "客户 > 客户") == Texts{"D1 K1"});
    folder.cursors.erase("商机");
    CHECK(referred(folder, "商机", "联系人 > 联系人") == Texts{"D1 P1"});
    CHECK(folder.problems().empty());
}

TEST_CASE("which table a column names can be said, or that it names none", "[csv]") {
    for (const bool none : {true, false}) {
        CsvFolder folder(none ? R"({"references":["people.company=-"]})"
                              : R"({"references":["people.company=clients"]})");
        folder.put("clients.csv", "id,company name\n1,Acme\n");
        folder.put("customers.csv", "id,company name\n9,Acme\n");  // by itself nobody could tell
        folder.put("people.csv", "id,name,email,company\n1,Ada,a@example.com,Acme\n");
        const auto fields = folder.stream("people").fields;
        const bool there = std::ranges::any_of(
            fields, [](const auto& field) { return field.name == "company > clients"; });
        CHECK(there != none);
        if (there) CHECK(referred(folder, "people", "company > clients") == Texts{"1 1"});
    }
}
