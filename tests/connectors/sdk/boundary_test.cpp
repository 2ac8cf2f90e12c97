// A connector written with the SDK, seen through the C functions as the host sees it.
#include <catch2/catch.hpp>
#include <stdexcept>

#include "connectors/sdk/connector.hpp"
#include "tests/support/fake_host.hpp"

namespace sdk = kontor::sdk;
namespace abi = kontor::abi;

namespace {

class Sample {
public:
    static constexpr std::string_view kName = "sample", kVersion = "1.2.3";
    static std::string spec() { return R"({"title":{"en":"Sample"}})"; }
    Sample(sdk::Host& host, std::string_view config) : host_(host) {
        if (config == "refuse") throw sdk::Error(KONTOR_E_INVALID, "refused");
    }
    sdk::Identity check() {
        sdk::HttpRequest request;
        request.url = "https://api.example/me";
        const auto answer = host_.http(request);
        return {"org", "", std::string(answer.body), answer.header("x-name"), 0, 0, -1};
    }
    static std::vector<sdk::StreamSpec> describe() { throw std::runtime_error("a library's text"); }
    std::string pull(const sdk::Request& request, std::string_view cursor) {
        abi::BatchWriter batch;
        batch.begin(abi::Op::kRecord, "1", "v");
        batch.add(0, request.fields.at(0));
        host_.emit(batch, "half");
        CHECK(batch.records() == 0);
        return std::string(cursor) + "+";
    }
    static std::vector<sdk::PushResult> push(const sdk::Request&, abi::BatchReader) {
        throw sdk::Error(KONTOR_E_RATE_LIMITED, "later").stream("s").retry_after_ms(5000);
    }

private:
    sdk::Host& host_;
};

kontor_str str(std::string_view text) {
    return sdk::to_str(text);
}

}  // namespace

KONTOR_EXPORT_CONNECTOR(Sample)

TEST_CASE("a class becomes a connector", "[sdk]") {
    kontor::test::FakeHost host;
    const kontor_connector* sample = kontor_connector_entry();
    CHECK(sdk::to_view(sample->name) == "sample");
    kontor_instance* it = nullptr;
    kontor_str out{};

    SECTION("an exception of the constructor refuses the connection") {
        CHECK(sample->open(host.raw(), str("refuse"), &it) == KONTOR_E_INVALID);
        CHECK(host.error_message == "refused");
        return;
    }
    REQUIRE(sample->open(host.raw(), str("{}"), &it) == KONTOR_OK);
    SECTION("requests go through the host and answers come back") {
        host.script({200, "Ada", {{"x-name", "A"}}});
        REQUIRE(sample->check(it, &out) == KONTOR_OK);
        const auto json = sdk::parse_json(sdk::to_view(out), "out");
        CHECK(json["user_id"] == "Ada");
        CHECK(json["user_name"] == "A");
    }
    SECTION("a lost answer is a status with an explanation") {
        host.script({0, "", {}, KONTOR_E_TIMEOUT});
        CHECK(sample->check(it, &out) == KONTOR_E_TIMEOUT);
        CHECK_FALSE(host.error_message.empty());
    }
    SECTION("records and cursors cross") {
        REQUIRE(sample->pull(it, str(R"({"stream":"s","fields":["f"]})"), str("c"), &out) ==
                KONTOR_OK);
        CHECK(sdk::to_view(out) == "c+");
        REQUIRE(host.batches.size() == 1);
        CHECK(host.batches[0].checkpoint == "half");
        CHECK(std::get<std::string>(host.records()[0].fields.at(0)) == "f");
    }
    SECTION("an engine that stops a pull is obeyed") {
        host.on_emit = [](const auto&) { return KONTOR_E_CANCELLED; };
        CHECK(sample->pull(it, str(R"({"stream":"s","fields":["f"]})"), str(""), &out) ==
              KONTOR_E_CANCELLED);
    }
    SECTION("foreign exceptions stop at the boundary") {
        CHECK(sample->describe(it, &out) == KONTOR_E_INTERNAL);
        CHECK(sample->pull(it, str("[1"), str(""), &out) == KONTOR_E_INVALID);
        CHECK(sample->pull(it, str(R"({"stream":"s"})"), str(""), &out) == KONTOR_E_INTERNAL);
    }
    SECTION("errors carry where and when") {
        CHECK(sample->push(it, str(R"({"stream":"s"})"), str(""), &out) == KONTOR_E_RATE_LIMITED);
        CHECK(host.error_args == R"({"retry_after_ms":5000,"stream":"s"})");
    }
    SECTION("what a class leaves out is unsupported") {
        CHECK(sample->find(it, str(R"({"stream":"s"})")) == KONTOR_E_UNSUPPORTED);
        CHECK(sample->credits(it, &out) == KONTOR_OK);
    }
    sample->close(it);
}
