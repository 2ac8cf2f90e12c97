// What a plugin says of itself before it is opened, and what it says of options: it may be hostile,
// and the addresses that its spec names are where secrets go.
#include "connectors/host/spec.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace kontor;

const std::map<std::string, std::string> kTexts{
    {"data_centre", "cn"}, {"api_url", "https://crm.example"}, {"blank", ""}, {"token", "t"}};

void check(const host::AuthSpec& auth) {
    must_hold(auth.token_limit_count >= 0 && auth.token_limit_window.count() >= 0);
    must_hold(auth.app_token.lasts.count() > 0 && auth.app_token.claims_last.count() > 0);
    for (const auto& [name, pattern] : auth.app_token.headers) (void)host::expand(pattern, kTexts);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = as_text(data, size);
    const auto spec = host::PluginSpec::parse(text);
    if (!spec) {
        must_hold(spec.error().code == Errc::kProtocol);
        must_hold(!spec.error().message.empty());
        return 0;
    }
    for (const auto& option : spec->options) must_hold(!option.name.empty());
    for (const auto& auth : spec->auth) check(auth);
    for (const auto& each : spec->hosts) (void)host::expand(each, kTexts);
    (void)spec->auth_for("", kTexts);
    for (const char* given : {"", "{}", R"({"data_centre":"cn","n":1,"list":["a"]})"}) {
        const auto options = host::complete_options(*spec, given);
        if (!options) {
            must_hold(options.error().code == Errc::kConfig);
            continue;
        }
        must_hold(options->json.starts_with('{'));
    }
    return 0;
}
