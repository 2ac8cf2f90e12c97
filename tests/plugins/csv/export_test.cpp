// Records that go out as files, and what a person or program finds there.
#include "plugins/csv/table_reader.hpp"
#include "tests/plugins/csv/folder.hpp"

using namespace kontor;
using namespace kontor::test;

namespace {

std::vector<sdk::PushResult> push(CsvFolder& folder) {
    sdk::Request request;
    request.stream = "contact_export";
    request.fields = {"last_name", "mobile", "email", "date_of_birth"};
    abi::BatchWriter batch;
    batch.begin(abi::Op::kCreate, "", "", "uid-1");
    batch.add(0, "诸葛");
    batch.add(1, "+86 138");
    batch.add(2, "=HYPERLINK(\"http://x\")");
    batch.add(3, "2026-05-20");
    batch.begin(abi::Op::kUpdate, "uid-2");
    batch.add(0, "a,\"b\"\nc");
    batch.add_null(1);
    batch.begin(abi::Op::kDelete, "uid-3");
    return folder.connector().push(request, abi::BatchReader(batch.bytes()));
}

}  // namespace

TEST_CASE("a push is one new file that says what is to be done with each record", "[csv]") {
    CsvFolder folder(R"({"exports": ["contact"]})");
    folder.fake.clock_ms = 1'779'271'200'000;  // 2026-05-20T10:00:00Z
    const auto stream = folder.stream("contact_export");
    CHECK(stream.entity_hint == "contact");
    CHECK(stream.capabilities.create);
    const auto results = push(folder);
    REQUIRE(results.size() == 3);
    CHECK(results[0].status == "ok");
    CHECK(results[0].id == "uid-1");
    const auto& text = folder.fake.granted.at("outbox/contact-20260520T100000Z.csv").bytes;
    CHECK(text.rfind("\xEF\xBB\xBFkontor_id,kontor_action,last_name,first_name,", 0) == 0);
    CHECK(text.find("\r\nuid-1,create,诸葛,") != std::string::npos);
    CHECK(text.find("\"'=HYPERLINK(\"\"http://x\"\")\"") != std::string::npos);
    CHECK(text.find(",+86 138,") != std::string::npos);
    CHECK(text.find("\r\nuid-2,update,\"a,\"\"b\"\"\nc\",") != std::string::npos);
    CHECK(text.find("\r\nuid-3,delete,,") != std::string::npos);
    // Another push of the same second is another file.
    static_cast<void>(push(folder));
    CHECK(folder.fake.granted.count("outbox/contact-20260520T100000Z_002.csv") == 1);

    // Lost answers: what was written is found, with its values.
    sdk::Request find;
    find.stream = "contact_export";
    find.fields = {"email", "last_name"};
    find.values = {"uid-1", "uid-3", "uid-9"};
    folder.fake.clear();
    folder.connector().find(find);
    REQUIRE(folder.fake.records().size() == 1);
    CHECK(folder.fake.records()[0].id == "uid-1");
    CHECK(std::get<std::string>(folder.fake.records()[0].fields.at(0)) ==
          "=HYPERLINK(\"http://x\")");
}

TEST_CASE("what cannot be written was not carried out", "[csv]") {
    CsvFolder folder(R"({"exports": ["contact"]})");
    folder.fake.on_commit = [] { return KONTOR_E_FULL; };
    try {
        static_cast<void>(push(folder));
        FAIL("written");
    } catch (const sdk::Error& error) {
        CHECK(error.status() == KONTOR_E_FULL);
    }
    CHECK(folder.fake.granted.empty());
    CHECK(folder.fake.open_files == 0);
}

TEST_CASE("what goes out comes in again as it was", "[csv]") {
    for (
        const char* options :
        {R"({"exports": ["contact"]})",
         R"({"exports": ["contact"], "out_encoding": "GB18030", "out_headers": "zh", "out_delimiter": "semicolon"})"}) {
        INFO(options);
        CsvFolder out(options);
        static_cast<void>(push(out));
        CsvFolder in;
        in.put("contacts.csv", out.fake.granted.begin()->second.bytes);
        const auto stream = in.stream("contacts");
        std::map<std::string, std::string> name_of;
        for (const auto& field : stream.fields) name_of[field.column_hint] = field.name;
        const auto records = in.pull("contacts");
        REQUIRE(records.size() == 3);
        CHECK(records[0].id == "uid-1");
        CHECK(records[0].values.at(name_of.at("last_name")) == "诸葛");
        CHECK(records[0].values.at(name_of.at("mobile")) == "+86 138");
        CHECK(records[0].values.at(name_of.at("email")) == "=HYPERLINK(\"http://x\")");
        CHECK(records[0].values.at(name_of.at("date_of_birth")) == "2026-05-20");
        CHECK(records[1].values.at(name_of.at("last_name")) == "a,\"b\"\nc");
    }
}
