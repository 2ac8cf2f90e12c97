// The plugin that authors copy must really load, speak the ABI and give its records.
#include <dlfcn.h>

#include <catch2/catch.hpp>
#include <string_view>

#include "tests/support/fake_host.hpp"

namespace {

kontor_str str(std::string_view text) {
    return {text.data(), text.size()};
}

}  // namespace

TEST_CASE("hello loads from its file and gives two people once", "[plugins][hello]") {
    void* library = dlopen(KONTOR_HELLO_SO, RTLD_NOW | RTLD_LOCAL);
    REQUIRE(library != nullptr);
    const auto entry =
        reinterpret_cast<kontor_connector_entry_fn>(dlsym(library, KONTOR_CONNECTOR_ENTRY));
    REQUIRE(entry != nullptr);
    const kontor_connector* hello = entry();
    CHECK(hello->abi_version == KONTOR_ABI_VERSION);

    kontor::test::FakeHost host;
    kontor_instance* instance = nullptr;
    REQUIRE(hello->open(host.raw(), str("{}"), &instance) == KONTOR_OK);
    kontor_str cursor{};
    const auto request = str(R"({"stream":"people","fields":["name"]})");
    REQUIRE(hello->pull(instance, request, str(""), &cursor) == KONTOR_OK);
    const auto people = host.records();
    REQUIRE(people.size() == 2);
    CHECK(people[0].id == "1");
    CHECK(std::get<std::string>(people[0].fields.at(0)) == "Ada");
    CHECK(std::get<std::string>(people[1].fields.at(0)) == "Grace");

    REQUIRE(hello->pull(instance, request, cursor, &cursor) == KONTOR_OK);
    CHECK(host.records().size() == 2);
    kontor_str out{};
    CHECK(hello->push(instance, request, str("KB"), &out) == KONTOR_E_UNSUPPORTED);
    CHECK_FALSE(host.error_message.empty());
    hello->close(instance);
    dlclose(library);
}
