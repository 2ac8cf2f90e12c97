#pragma once

#include <string>

namespace kontor::test {

/// How a ZIP archive of one file is made: Zoho's, a stored one, one whose sizes come afterwards.
struct ZipForm {
    bool stored = false, descriptor = false, descriptor_signature = true;
};
[[nodiscard]] std::string zip_archive(const std::string& content, const ZipForm& form = {});

}  // namespace kontor::test
