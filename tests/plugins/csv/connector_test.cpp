// A folder of CSV files as its owner sees it: what is taken in, what is reported, what a change to
// a file does.
#include "tests/plugins/csv/folder.hpp"

using namespace kontor;
using namespace kontor::test;
using Texts = std::vector<std::string>;

TEST_CASE("a file is a table whose columns are recognised by their Chinese or English names",
          "[csv]") {
    CsvFolder folder;
    folder.put("联系人.csv",
               "编号,姓名,手机,邮箱,公司,生日,积分,会员,备注\r\n"
               "C1,张三,013800138000,zs@example.cn,华为,2026/5/20,7,是,\r\n"
               "C2,李四,13900139000,ls@example.cn,腾讯,1990-01-02,12,否,\"两行\n备注\"\r\n");
    const auto stream = folder.stream("联系人");
    CHECK(stream.entity_hint == "contact");
    const auto of = [&](const char* name) {
        const auto field = CsvFolder::field(stream, name);
        return field.type + " " + field.column_hint;
    };
    CHECK(of("姓名") == "text full_name");
    CHECK(of("手机") == "phone mobile");
    CHECK(of("邮箱") == "email email");
    CHECK(of("生日") == "date date_of_birth");
    CHECK(of("积分") == "integer ");
    CHECK(of("会员") == "boolean ");
    const auto records = folder.pull("联系人");
    REQUIRE(records.size() == 2);
    CHECK(records[0].id == "C1");
    CHECK(records[0].values.at("手机") == "013800138000");
    CHECK(records[0].values.at("生日") == "2026-05-20");
    CHECK(records[0].values.at("会员") == "1");
    CHECK(records[0].values.at("备注") == "(null)");
    CHECK(records[1].values.at("备注") == "两行\n备注");

    CsvFolder english;
    english.put("Customers 2026.csv", "Company Name,Website,Employees\nAcme,www.acme.example,12\n");
    const auto customers = english.stream("Customers 2026");
    CHECK(customers.entity_hint == "account");
    CHECK(CsvFolder::field(customers, "Company Name").column_hint == "name");
    CHECK(CsvFolder::field(customers, "Employees").type == "integer");
}

TEST_CASE("bad rows are reported with their file and line, and the others are taken in", "[csv]") {
    CsvFolder folder;
    folder.put("contacts.csv",
               "id,name,born date\n"            // 1
               "1,Ada,1815-12-10\n"             // 2
               "2,\"two\nlines\",1906-12-09\n"  // 3, 4
               "3,too,many,cells\n"             // 5
               "4,few\n"                        // 6
               "1,same key,2000-01-01\n"        // 7
               "5,\"x\"y,2000-01-01\n"          // 8
               "6,\xFF\xFE,2000-01-01\n"        // 9: not UTF-8, and few enough to be damage
               "7,Grace,1906-12-09\n"           // 10
               "8,\"never closed,2000-01-01\n"  // 11
               "9,Barbara,1939-11-07\n");       // 12
    // Characters of several bytes show that the file is UTF-8 all the same.
    folder.fake.granted.at("inbox/contacts.csv").bytes +=
        "10,巴贝奇巴贝奇巴贝奇巴贝奇巴贝奇巴贝奇巴贝奇巴贝奇巴贝奇巴贝奇巴贝奇巴贝奇巴贝奇巴贝奇,"
        "1791-12-26\n";
    Texts ids;
    for (const auto& record : folder.pull("contacts")) ids.push_back(record.id);
    CHECK(ids == Texts{"1", "2", "7", "9", "10"});
    CHECK(folder.problems() ==
          Texts{"contacts.csv:5 (null) cell_count", "contacts.csv:6 (null) cell_count",
                "contacts.csv:7 (null) same_key", "contacts.csv:8 (null) behind_quote",
                "contacts.csv:9 (null) encoding", "contacts.csv:11 (null) open_quote"});

    // Put right in the file: the reports go, all of them, and the rows arrive.
    folder.put("contacts.csv", "id,name,born date\n1,Ada,1815-12-10\n3,three,2000-01-01\n4,four\n");
    CHECK(folder.problems() == Texts{"contacts.csv:4 (null) cell_count",
                                     "gone inbox/contacts.csv:1", "gone inbox/contacts.csv:2",
                                     "gone inbox/contacts.csv:3", "gone inbox/contacts.csv:4",
                                     "gone inbox/contacts.csv:5"});
    CHECK(folder.problems().empty());
    folder.remove("contacts.csv");
    folder.put("other.csv", "id,name\n1,x\n");
    CHECK(folder.problems() ==
          Texts{"gone inbox/contacts.csv:0", "other.csv:(null) (null) new_table"});
}

TEST_CASE("what the columns are is decided once, and a cell of another kind is a problem",
          "[csv]") {
    CsvFolder folder;
    folder.put("orders.csv",
               "id,amount,date,paid\n1,\"1,234.50\",2026-05-20,yes\n2,8,2026/5/1,no\n");
    CHECK(CsvFolder::field(folder.stream("orders"), "amount").type == "decimal");
    auto records = folder.pull("orders");
    REQUIRE(records.size() == 2);
    CHECK(records[0].values.at("amount") == "1234.5");
    CHECK(records[1].values.at("date") == "2026-05-01");

    folder.put(
        "orders.csv",
        "id,amount,date,paid\n1,many,2026-05-20,yes\n2,8,2026-02-30,no\n3,9,2026-03-01,maybe\n"
        "4,9,2026-03-01,no\n");
    CHECK(CsvFolder::field(folder.stream("orders"), "amount").type == "decimal");
    records = folder.pull("orders");
    REQUIRE(records.size() == 1);
    CHECK(records[0].id == "4");
    CHECK(folder.problems() == Texts{"orders.csv:2 amount not_number", "orders.csv:3 date not_date",
                                     "orders.csv:4 paid not_boolean"});
}

TEST_CASE("a file that did not change is not read again, one that did is read whole", "[csv]") {
    CsvFolder folder;
    folder.put("contacts/may.csv", "email,name\na@example.com,Ada\n");
    folder.put("contacts/june.csv", "email,name,phone\ng@example.com,Grace,0123\n");
    CHECK(folder.pull("contacts").size() == 2);
    CHECK(folder.pull("contacts").empty());

    // Touched only: nothing new.
    folder.put("contacts/may.csv", "email,name\na@example.com,Ada\n");
    CHECK(folder.pull("contacts").empty());
    folder.put("contacts/may.csv", "email,name\na@example.com,Ada Lovelace\n");
    const auto records = folder.pull("contacts");
    REQUIRE(records.size() == 1);
    CHECK(records[0].id == "a@example.com");
    CHECK(records[0].values.at("name") == "Ada Lovelace");
    // A column that the file does not have is not emptied.
    CHECK(records[0].values.count("phone") == 0);
}

TEST_CASE("a file that is being written is waited for", "[csv]") {
    CsvFolder folder;
    folder.put("a.csv", "id,name\n1,x\n");
    folder.fake.granted["inbox/a.csv"].modified_ms = folder.fake.clock_ms - 1'000;
    CHECK(folder.pull("a").size() == 1);
    CHECK(folder.fake.clock_ms >= 1'800'000'000'000 + 2'000);
}

TEST_CASE("rows without a key are known by who they are, also when they move", "[csv]") {
    CsvFolder folder;
    folder.put("people.csv", "name,company,note\nAda,X,1\nAda,Y,2\nAda,X,3\n");
    const auto before = folder.pull("people");
    REQUIRE(before.size() == 3);
    CHECK(before[0].id != before[1].id);
    CHECK(before[2].id == before[0].id + "-2");
    folder.put("people.csv", "name,company,note\nNew,Z,0\nAda,Y,changed\nAda,X,1\nAda,X,3\n");
    const auto after = folder.pull("people");
    REQUIRE(after.size() == 4);
    CHECK(after[1].id == before[1].id);
    CHECK(after[2].id == before[0].id);
    CHECK(after[3].id == before[2].id);
}

TEST_CASE("the key is an id, else an e-mail address, else a mobile number that every row has",
          "[csv]") {
    const auto first_id = [](const std::string& text) {
        CsvFolder folder;
        folder.put("t.csv", text);
        return folder.pull("t").at(0).id;
    };
    CHECK(first_id("姓名,邮箱,客户编号\nA,a@b.cn,7\nB,b@b.cn,8\n") == "7");
    CHECK(first_id("姓名,邮箱,客户编号\nA,a@b.cn,7\nB,b@b.cn,7\n") == "a@b.cn");
    CHECK(first_id("姓名,邮箱,手机\nA,a@b.cn,7\nB,,8\n") == "7");
    CHECK(first_id("姓名,邮箱,手机\nA,a@b.cn,7\nB,,7\n").rfind("row-", 0) == 0);

    CsvFolder told(R"({"keys": ["t=姓名"]})");
    told.put("t.csv", "姓名,邮箱\nA,a@b.cn\n");
    CHECK(told.pull("t").at(0).id == "A");
    // It stays what it was, and a file without it is not taken in.
    told.put("u/t.csv", "x\n1\n");
    told.put("t.csv", "名字,邮箱\nA,a@b.cn\n");
    CHECK_THROWS_WITH(told.connector().describe(), Catch::Contains("has no column 姓名"));
}

TEST_CASE("ids are sound whatever stands in the key's cells", "[csv]") {
    CsvFolder folder(R"({"keys": ["*=id"]})");
    folder.put("t.csv", "id,name\n\"a\nb\",1\n" + std::string(300, 'x') + ",2\n../../etc,3\n,4\n");
    const auto records = folder.pull("t");
    REQUIRE(records.size() == 4);
    for (const auto& record : records) {
        CHECK(record.id.size() <= 256);
        CHECK(record.id.find('\n') == std::string::npos);
    }
    CHECK(records[2].id == "../../etc");
}

TEST_CASE("the list of ids is complete only if it was said and every row could be read", "[csv]") {
    const auto lists = [](const char* options, const char* text) {
        CsvFolder folder(options);
        folder.put("t.csv", "id,amount\n1,5\n2,6\n");
        static_cast<void>(folder.connector().describe());
        folder.put("t.csv", text);
        folder.fake.clear();
        sdk::Request request;
        request.stream = "t";
        return folder.connector().list_ids(request);
    };
    CHECK(lists(R"({"complete": true})", "id,amount\n1,5\n"));
    CHECK_FALSE(lists("{}", "id,amount\n1,5\n"));
    CHECK_FALSE(lists(R"({"complete": true})", "id,amount\n1,5\n2\n"));
    CHECK_FALSE(lists(R"({"complete": true})", "amount\n5\n"));
    CHECK_FALSE(lists(R"({"complete": true})", ""));
    CsvFolder all(R"({"complete": true})");
    all.put("t.csv", "id\n1\n");
    CHECK(all.stream("t").capabilities.list_ids);
    CHECK_FALSE(CsvFolder::field(all.stream("t"), "id").name.empty());
}

TEST_CASE("rows are fetched by id, and one that may hide behind a bad row is not missing",
          "[csv]") {
    CsvFolder folder(R"({"complete": true})");
    folder.put("t/old.csv", "id,amount\n1,5\n2,6\n");
    folder.put("t/new.csv", "id,amount\n2,7\n");
    static_cast<void>(folder.connector().describe());
    const auto fetch = [&] {
        folder.fake.clear();
        sdk::Request request;
        request.stream = "t";
        request.fields = {"amount"};
        request.ids = {"1", "2", "3", "../x"};
        folder.connector().fetch(request);
        std::map<std::string, std::pair<abi::Op, std::string>> out;
        for (const auto& record : folder.fake.records()) {
            std::string amount;
            if (const auto found = record.fields.find(0); found != record.fields.end())
                if (const auto* number = std::get_if<std::int64_t>(&found->second))
                    amount = std::to_string(*number);
            CHECK_FALSE(out.contains(record.id));
            out[record.id] = {record.op, amount};
        }
        return out;
    };
    auto got = fetch();
    CHECK(got.size() == 4);
    CHECK(got["1"] == std::pair{abi::Op::kRecord, std::string("5")});
    CHECK(got["2"] == std::pair{abi::Op::kRecord, std::string("7")});  // the file changed last
    CHECK(got["3"].first == abi::Op::kMissing);
    CHECK(got["../x"].first == abi::Op::kMissing);
    folder.put("t/bad.csv", "id,amount\n3\n");
    got = fetch();
    CHECK(got["1"].first == abi::Op::kRecord);
    CHECK(got["3"].first == abi::Op::kForbidden);
}

TEST_CASE("hidden files, Excel's lock files and other kinds of files are no tables", "[csv]") {
    CsvFolder folder;
    folder.put("a.csv", "id\n1\n");
    folder.put("~$a.xlsx", "lock");
    folder.put(".b.csv", "id\n1\n");
    folder.put("c.docx", "x");
    folder.put("d/.e.csv", "id\n1\n");
    Texts names;
    for (const auto& stream : folder.connector().describe()) names.push_back(stream.name);
    CHECK(names == Texts{"a", "csv_problems"});
    CHECK(folder.problems().empty());
}

TEST_CASE("titles above the header, delimiters and sep= are understood", "[csv]") {
    CsvFolder folder;
    folder.put("semicolon.csv", "sep=;\r\nid;name\r\n1;\"a;b\"\r\n");
    folder.put("tabs.txt", "id\tname\n1\ta,b\n2\tc\n");
    folder.put("title.csv", "客户名单 2026,,\n,,\n编号,姓名,电话\n1,王,010\n");
    folder.put("bar.csv", "id|name\n1|x\n");
    folder.put("single.csv", "name\nAda\nGrace\n");
    CHECK(folder.pull("semicolon").at(0).values.at("name") == "a;b");
    CHECK(folder.pull("tabs").at(0).values.at("name") == "a,b");
    CHECK(folder.pull("title").at(0).values.at("电话") == "010");
    CHECK(folder.pull("bar").at(0).values.at("name") == "x");
    CHECK(folder.pull("single").size() == 2);
}

TEST_CASE("one table of several files, by a pattern", "[csv]") {
    CsvFolder folder(R"({"tables": ["contacts=contacts*.csv"], "entities": ["contacts=lead"]})");
    folder.put("contacts-may.csv", "id,name\n1,a\n");
    folder.put("contacts-june.csv", "id,name\n2,b\n");
    CHECK(folder.stream("contacts").entity_hint == "lead");
    CHECK(folder.pull("contacts").size() == 2);
}

TEST_CASE("a table that came later is named until it is taken in, whoever looks at it meanwhile",
          "[csv]") {
    CsvFolder folder;
    folder.put("a.csv", "id\n1\n");
    CHECK(folder.problems().empty());
    folder.put("new.csv", "id,name\n1,x\n");
    const bool looked_at_before = GENERATE(false, true);
    if (looked_at_before) static_cast<void>(folder.connector().describe());
    CHECK(folder.problems() == Texts{"new.csv:(null) (null) new_table"});
    static_cast<void>(folder.connector().describe());
    CHECK(folder.problems().empty());  // nothing has changed
    folder.put("new.csv", "id,name\n1,y\n2\n");
    CHECK(folder.problems() == Texts{"new.csv:(null) (null) new_table"});

    // Mapped, it is as any other, though its file is as it was.
    folder.mapped.insert("new");
    CHECK(folder.problems() == Texts{"new.csv:3 (null) cell_count"});
    CHECK(folder.problems().empty());
}

TEST_CASE("what an earlier version described counts as taken in until a round is over", "[csv]") {
    CsvFolder folder;
    folder.put("a.csv", "id\n1\n");
    static_cast<void>(folder.connector().describe());
    folder.put("forgotten.csv", "id\n1\n");
    folder.mapped = {"a", "later"};
    folder.put("later.csv", "id\n1\n");
    folder.fake.state = R"({"tables":{"a":{"columns":{"id":"integer"},"entity":"","key":"id"},)"
                        R"("forgotten":{"columns":{"id":"integer"},"entity":"","key":"id"},)"
                        R"("later":{"columns":{"id":"integer"},"entity":"","key":"id"}},"v":1})";
    // Of what is mapped some is pulled behind the problems.
    sdk::Request request;
    request.stream = "csv_problems";
    folder.cursors["csv_problems"] = folder.connector().pull(request, "");
    CHECK(folder.fake.records().empty());
    CHECK(folder.problems() == Texts{"forgotten.csv:(null) (null) new_table"});
}

TEST_CASE("very many bad rows of a file are told as one more", "[csv]") {
    CsvFolder folder;
    std::string text = "id,name\n";
    for (int i = 0; i < 2'000; ++i) text += "x\n";
    folder.put("a.csv", text);
    const auto problems = folder.problems();
    REQUIRE(problems.size() == 501);
    CHECK(problems.back() == "a.csv:(null) (null) more");
}

TEST_CASE("options that make no sense are named", "[csv]") {
    FakeHost fake;
    sdk::Host host(fake.raw());
    for (const auto& [options, name] : {std::pair{R"({"types": ["a.b=colour"]})", "types"},
                                        {R"({"keys": ["x"]})", "keys"},
                                        {R"({"exports": ["starship"]})", "exports"},
                                        {R"({"settle_s": 99})", "settle_s"},
                                        {R"({"delimiter": "x"})", "delimiter"}})
        CHECK_THROWS_WITH(csv::Connector(host, R"({"options":)" + std::string(options) + "}"),
                          Catch::Contains(std::string("option ") + name));
}
