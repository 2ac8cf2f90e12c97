// Record batches of a plugin that is not trusted.

#include <catch2/catch.hpp>
#include <ctime>
#include <iostream>
#include <limits>

#include "connectors/host/batch_decoder.hpp"
#include "connectors/host/description_json.hpp"
#include "sync/base/utf8.hpp"

using namespace kontor;
using namespace kontor::host;
using abi::BatchWriter;
using abi::Op;

namespace {

BatchDecoder decoder(std::size_t fields = 3) {
    return {fields, {Op::kRecord, Op::kDeleted, Op::kMerged, Op::kConverted}};
}

void check_refused(std::string_view batch, const std::string& why, const std::string& record = "") {
    auto d = decoder();
    const auto got = d.decode(batch);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Errc::kProtocol);
    CHECK(got.error().message.find(why) != std::string::npos);
    if (!record.empty()) CHECK(got.error().args.at("record") == record);
}

}  // namespace

TEST_CASE("a batch becomes records in the order of the fields asked for") {
    BatchWriter writer;
    writer.begin(Op::kRecord, "1", "v1", "", "user");
    writer.add(2, "三");
    writer.add(0, std::int64_t{-5});
    writer.begin(Op::kMerged, "2", "v2", "1");
    writer.begin(Op::kRecord, "3");
    writer.add_null(1);
    writer.add(2, 0.5);
    auto d = decoder();
    const auto got = d.decode(writer.bytes());
    REQUIRE(got);
    REQUIRE(got->size() == 3);
    const auto& one = (*got)[0];
    CHECK(one.id == "1");
    CHECK(one.version == "v1");
    CHECK(one.modified_by == "user");
    REQUIRE(one.fields.size() == 3);
    CHECK(one.fields[0] == ValueView::of(std::int64_t{-5}));
    CHECK(one.fields[1].is_absent());
    CHECK(one.fields[2] == ValueView::of(std::string_view("三")));
    CHECK((*got)[1].fact == remote::Fact::kMerged);
    CHECK((*got)[1].successor == "1");
    CHECK((*got)[2].fields[1].kind == Kind::kNull);
    CHECK((*got)[2].fields[2] == ValueView::of(0.5));
    CHECK(d.decode(BatchWriter().bytes())->empty());
}

TEST_CASE("a batch that breaks a rule is refused, naming the record where there is one") {
    BatchWriter writer;
    SECTION("no batch") {
        check_refused("nonsense", "malformed");
    }
    SECTION("empty id") {
        writer.begin(Op::kRecord, "");
        check_refused(writer.bytes(), "id");
    }
    SECTION("id of control characters") {
        writer.begin(Op::kRecord, "a\nb");
        check_refused(writer.bytes(), "id");
    }
    SECTION("id not UTF-8") {
        writer.begin(Op::kRecord, "a\xff");
        check_refused(writer.bytes(), "id");
    }
    SECTION("long id") {
        writer.begin(Op::kRecord, std::string(257, 'x'));
        check_refused(writer.bytes(), "id");
    }
    SECTION("field out of range") {
        writer.begin(Op::kRecord, "7");
        writer.add_null(3);
        check_refused(writer.bytes(), "not asked for", "7");
    }
    SECTION("field twice") {
        writer.begin(Op::kRecord, "7");
        writer.add_null(1);
        writer.add(1, "x");
        check_refused(writer.bytes(), "twice", "7");
    }
    SECTION("text that is not UTF-8") {
        writer.begin(Op::kRecord, "7");
        writer.add(1, "M\xfcller");
        check_refused(writer.bytes(), "UTF-8", "7");
    }
    SECTION("not finite") {
        writer.begin(Op::kRecord, "7");
        writer.add(1, std::numeric_limits<double>::quiet_NaN());
        check_refused(writer.bytes(), "finite", "7");
    }
    SECTION("an operation of another call") {
        writer.begin(Op::kCreate, "7");
        check_refused(writer.bytes(), "operation", "7");
    }
    SECTION("merged into nothing") {
        writer.begin(Op::kMerged, "7");
        check_refused(writer.bytes(), "merged", "7");
    }
    SECTION("too many records") {
        for (std::size_t i = 0; i <= BatchDecoder::kRecordsMax; ++i)
            writer.begin(Op::kDeleted, "7");
        check_refused(writer.bytes(), "too many");
    }
}

TEST_CASE("an id of exactly 256 bytes is accepted") {
    BatchWriter writer;
    writer.begin(Op::kRecord, std::string(256, 'x'));
    auto d = decoder();
    CHECK(d.decode(writer.bytes()));
}

TEST_CASE("a batch that is cut or flipped anywhere is refused or harmless, never a crash") {
    BatchWriter writer;
    for (int i = 0; i < 3; ++i) {
        writer.begin(Op::kRecord, "id" + std::to_string(i), "v");
        writer.add(0, "text");
        writer.add(1, std::int64_t{1});
        writer.add(2, 2.5);
    }
    const std::string whole(writer.bytes());
    auto d = decoder();
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        const std::string part = whole.substr(0, cut);  // exact size, for the sanitizer
        const auto got = d.decode(part);
        if (got) CHECK(got->size() < 3);
    }
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (const int bit : {0, 3, 7}) {
            std::string flipped = whole;
            flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
            (void)d.decode(flipped);
        }
}

TEST_CASE("UTF-8 is told from what only looks like it") {
    for (const char* good : {"", "ascii only, longer than eight", "é", "三方", "😀", "aé三😀z"})
        CHECK(is_utf8(good));
    for (const char* bad : {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xed\xa0\x80",
                            "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
                            "\xe4\xb8", "abcdefgh\xe4\xb8", "\xc3(", "\xe4\xb8("})
        CHECK_FALSE(is_utf8(bad));
}

TEST_CASE("a description is read with its limits and refused where it contradicts itself") {
    const auto good =
        read_streams(R"({"streams":[{"name":"Contacts","label":{"en":"Contacts","zh":"联系人"},
        "unknown":1,"capabilities":{"pull":true,"create":true,"delete":true,"cas":"batch",
        "fetch":true,"fetch_with_push":true,
        "push_batch_max":-3,"fetch_batch_max":99999999999,"find_fields":["Email"]},
        "fields":[{"name":"Email","type":"email","unique":true,"max_length":100,
        "choices":[{"value":"a","label":"A"},{"value":"b"}],"references":["Accounts"]}]}]})");
    REQUIRE(good);
    const auto& stream = good->front();
    CHECK(stream.label.zh == "联系人");
    CHECK(stream.can.remove);
    CHECK(stream.can.cas == remote::CompareAndSet::kBatch);
    CHECK(stream.can.fetch_with_push);
    CHECK(stream.can.push_batch_max == 1);
    CHECK(stream.can.fetch_batch_max == 100'000);
    REQUIRE(stream.fields.size() == 1);
    CHECK(stream.fields[0].choices[1].label == "b");
    CHECK(stream.fields[0].max_length == 100);
    for (
        const char* bad :
        {"", "[]", "{}", R"({"streams":{}})", R"({"streams":[{"name":""}]})",
         R"({"streams":[{"name":"A"},{"name":"A"}]})",
         R"({"streams":[{"name":"A","fields":[{"name":"x","type":"colour"}]}]})",
         R"({"streams":[{"name":"A","fields":[{"name":"x","type":"text"},{"name":"x","type":"text"}]}]})",
         R"({"streams":[{"name":"A","capabilities":{"key_field":"K"}}]})",
         R"({"streams":[{"name":"A","capabilities":{"find_fields":["K"]}}]})"}) {
        INFO(bad);
        const auto got = read_streams(bad);
        REQUIRE_FALSE(got);
        CHECK(got.error().code == Errc::kProtocol);
    }
    const std::string deep = std::string(100'000, '[');
    CHECK_FALSE(read_streams(deep));
    CHECK(read_credits("[[[").left == -1);
}

TEST_CASE("decoding keeps up with a first load", "[.bench]") {
    constexpr int kRecords = 2'000;
    constexpr int kFields = 38;
    BatchWriter writer;
    for (int i = 0; i < kRecords; ++i) {
        writer.begin(Op::kRecord, std::to_string(5'000'000'000'000 + i),
                     "2026-01-01T00:00:00.000Z");
        for (std::uint16_t f = 0; f < kFields; ++f) {
            if (f % 4 == 0)
                writer.add(f, std::int64_t{i});
            else
                writer.add(f, f % 7 == 0 ? "文本 mixed text" : "a text of usual length");
        }
    }
    auto d = decoder(kFields);
    const std::string batch(writer.bytes());
    const auto begin = std::clock();  // CPU time: the machine may be busy
    constexpr int kRounds = 500;
    for (int i = 0; i < kRounds; ++i) REQUIRE(d.decode(batch));
    const double took_s = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    std::cout << "decoded " << static_cast<std::int64_t>(kRecords * kRounds / took_s)
              << " records of " << kFields << " fields a second\n";
}

TEST_CASE("a batch takes in another whole, and goes on after it", "[host][decoder]") {
    BatchWriter first, second, none;
    first.begin(abi::Op::kRecord, "1", "v1");
    first.add(0, "one");
    second.begin(abi::Op::kRecord, "2", "v2");
    second.add(0, std::int64_t{2});
    second.begin(abi::Op::kDeleted, "3");
    first.append(second);
    first.append(none);
    first.begin(abi::Op::kRecord, "4", "v4");
    first.add_null(0);
    CHECK(first.records() == 4);
    abi::BatchReader reader(first.bytes());
    std::string seen;
    while (const auto record = reader.next())
        seen.append(record->id).append(record->version).append(std::to_string(record->count)) +=
            ' ';
    CHECK(reader.ok());
    CHECK(seen == "1v11 2v21 30 4v41 ");
}
