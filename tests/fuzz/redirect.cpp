// The address that a browser is sent back to: pasted by a person, or asked for by whoever connects.
#include "daemon/cli/redirect.hpp"

#include "tests/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = as_text(data, size);
    const auto came = kontor::cli::parse_redirect(text);
    // Whatever is taken for a redirect says yes or no.
    must_hold(!came || !came->code.empty() || !came->error.empty());
    (void)kontor::cli::RedirectListener::can_listen(text);
    return 0;
}
