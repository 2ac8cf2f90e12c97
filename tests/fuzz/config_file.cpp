// Configuration and mapping files: every mistake is a problem with a place, nothing else happens.
#include "config/mapping_file.hpp"
#include "config/parse.hpp"
#include "tests/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kontor::config;
    const auto text = as_text(data, size);
    Config config;
    Problems problems;
    Origins origins;
    apply_toml(text, "/etc/kontor/kontor.toml", config, problems, &origins);
    check_whole(config, origins, problems);
    Problems mapping_problems;
    const auto mapping = parse_mapping(text, "/etc/kontor/zoho.mapping.toml", mapping_problems);
    must_hold(mapping.has_value() == mapping_problems.empty());
    return 0;
}
