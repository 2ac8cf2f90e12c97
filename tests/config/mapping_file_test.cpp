// Mapping files: what is written reads back as it was, and mistakes are named with their place.
#include "config/mapping_file.hpp"

#include <catch2/catch.hpp>

using namespace kontor;
using namespace kontor::config;

namespace {

merge::Mapping rich_mapping() {
    merge::FieldMapping name;
    name.remote = "Full Name";
    name.columns = {"first_name", "last_name"};
    name.lens = merge::LensKind::kFullName;
    name.required = true;
    name.max_length = 80;

    merge::FieldMapping stage;
    stage.remote = "Stage";
    stage.columns = {"stage"};
    stage.lens = merge::LensKind::kChoiceMap;
    stage.type = remote::FieldType::kChoice;
    stage.choices = {{"已签约 \"A\"", "won"}, {"lost", "lost"}};

    merge::FieldMapping owner;
    owner.remote = "Owner";
    owner.columns = {"owner_id"};
    owner.lens = merge::LensKind::kReference;
    owner.type = remote::FieldType::kReference;
    owner.direction = merge::Direction::kIn;
    owner.references = {"Users", "Queues"};
    owner.read_only = owner.create_only = owner.may_be_cut = true;
    owner.scale = 2;

    merge::GroupMapping a{"name", merge::Policy::kRemote, merge::Policy::kLocal, {name}};
    merge::GroupMapping b{
        "stage", merge::Policy::kNewest, merge::Policy::kOwner, {stage, owner}, "zoho"};
    merge::StreamMapping stream;
    stream.stream = "Contacts";
    stream.entity = "contact";
    stream.key_field = "Kontor_Id";
    stream.push = false;
    stream.create = false;
    stream.delete_there = merge::DeletePolicy::kAsk;
    stream.delete_relayed = merge::DeletePolicy::kMirror;
    stream.delete_here = merge::DeletePolicy::kUnlink;
    stream.delete_against_edit = merge::Policy::kManual;
    stream.groups = {a, b};
    merge::StreamMapping bare;
    bare.stream = "Deals";
    bare.entity = "deal";
    return merge::Mapping{{stream, bare}};
}

}  // namespace

TEST_CASE("a written mapping reads back as it was", "[config][mapping]") {
    const auto mapping = rich_mapping();
    Problems problems;
    const auto read = parse_mapping(write_mapping(mapping, "zoho"), "m.toml", problems);
    for (const auto& p : problems) FAIL_CHECK(p.text());
    REQUIRE(read);
    CHECK(*read == mapping);
}

TEST_CASE("a decision that stands is put into a mapping and taken out again, and nothing else",
          "[config][mapping]") {
    Problems problems;
    const auto change = [&](const std::string& text, const std::optional<Decided>& decided) {
        auto out = with_standing(text, "m", "zoho", "contact", "stage", decided, problems);
        REQUIRE(out);
        return *out;
    };
    const auto stage = [&](const std::string& text) {
        auto mapping = parse_mapping(text, "m", problems);
        REQUIRE(mapping);
        return mapping->streams.front().groups[1];
    };
    const Decided theirs{merge::Policy::kRemote, "uid:1000 (\"ann\")", "2026-05-01T08:00:00.000Z"};
    const auto plain = write_mapping(rich_mapping(), "zoho") + "# a person's remark";

    const auto standing = change(plain, theirs);
    CHECK(standing.find("# a person's remark") != std::string::npos);
    CHECK(stage(standing).policy == merge::Policy::kRemote);
    CHECK(stage(standing).standing ==
          merge::StandingDecision{merge::Policy::kNewest, theirs.by, theirs.at});
    CHECK(stage(standing).owner == "zoho");
    // Asked for again, the other way: what holds without it stays what it was.
    const auto other = change(standing, Decided{merge::Policy::kLocal, "uid:1", theirs.at});
    CHECK(stage(other).policy == merge::Policy::kLocal);
    CHECK(stage(other).standing->instead == merge::Policy::kNewest);
    CHECK(change(other, std::nullopt) == plain);
    CHECK(change(plain, std::nullopt) == plain);

    const std::string inline_only =
        "stream = [{ name = \"C\", entity = \"contact\", group = [{ name = \"stage\", fields = "
        "[{ remote = \"S\", column = \"s\", type = \"text\" }] }] }]";
    auto mapping = parse_mapping(change(inline_only, theirs), "m", problems);
    REQUIRE(mapping);
    CHECK(mapping->streams.front().groups.front().policy == merge::Policy::kRemote);
    CHECK(problems.empty());
}

TEST_CASE("mistakes in a mapping are named with their place", "[config][mapping]") {
    Problems problems;
    const auto read = parse_mapping(
        "[[stream]]\n"
        "name = \"Contacts\"\n"
        "entitty = \"contact\"\n"
        "[[stream.group]]\n"
        "name = \"a\"\n"
        "policy = \"neweset\"\n"
        "fields = [ { remote = \"X\", column = \"x\", type = \"phon\" }, { column = \"y\" },"
        " { remote = \"Z\", column = \"y\" } ]\n"
        "[[stream.group]]\n"
        "name = \"a\"\n"
        "owner = \"zoho\"\n"
        "fields = [ { remote = \"X\" }, 3 ]\n",
        "m.toml", problems);
    CHECK_FALSE(read);
    std::string all;
    for (const auto& p : problems) all += p.text() + "\n";
    INFO(all);
    CHECK(all.find("stream[0].entitty: unknown key (did you mean 'entity'?)") != std::string::npos);
    CHECK(all.find("stream[0].entity: is missing") != std::string::npos);
    CHECK(all.find("m.toml:6:10: stream[0].group[0].policy") != std::string::npos);
    CHECK(all.find("(did you mean 'newest'?)") != std::string::npos);
    CHECK(all.find("(did you mean 'phone'?)") != std::string::npos);
    CHECK(all.find("fields[1].remote: is missing") != std::string::npos);
    CHECK(all.find("'a' is there already") != std::string::npos);
    CHECK(all.find("only means something with the policy 'owner'") != std::string::npos);
    CHECK(all.find("'X' is there already") != std::string::npos);
    CHECK(all.find("stream[0].group[0].column: 'y' is there already") != std::string::npos);
    CHECK(all.find("names exactly one column") != std::string::npos);
    CHECK(all.find("must hold tables, has an integer") != std::string::npos);
}
