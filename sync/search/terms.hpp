#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sync/search/scan.hpp"

namespace kontor::search {

/// Raise it whenever the same text would give other terms: existing indexes are then rebuilt.
inline constexpr int kTermsVersion = 1;

/// Every term under which a text is indexed:
///  Han        each character, and each pair of neighbours (张伟明 → 张 张伟 伟 伟明 明)
///  words      as they are; numbers of fewer than four digits too
///  digits     each four neighbours of a run (+86 138-0013 → 8613 6138 1380 3800 8001 0013)
///  e-mail     the local part as a whole (zhang.wei@), where it is several words
/// A false return of `emit` stops.
void emit_terms(const Scan& scan, const std::function<bool(std::string_view)>& emit);

/// Terms that every text has which contains these digits (at least kDigitGram) in one run.
[[nodiscard]] std::vector<std::string> digit_terms(std::string_view digits);

/// Term of an e-mail's local part; "" if it is a single word and has no term of its own.
[[nodiscard]] std::string local_term(std::string_view local);

}  // namespace kontor::search
