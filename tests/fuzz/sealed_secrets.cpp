// The secrets in a backup, out of a repository that others may have written to: whatever was
// changed in them, they are refused or are what was sealed.
#include "daemon/backup/sealed.hpp"
#include "tests/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using kontor::Errc;
    // What the seeds were sealed with, and from: with one round, so that there are many inputs a
    // second.
    const kontor::host::Secret passphrase("two words");
    const auto text = kontor::backup::unseal(as_text(data, size), passphrase);
    if (text)
        must_hold(*text == R"({"file:a":"S3CRET"})");
    else
        must_hold(text.error().code == Errc::kUnauthenticated ||
                  text.error().code == Errc::kCorrupt);
    return 0;
}
