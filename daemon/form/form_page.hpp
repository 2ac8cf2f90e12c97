#pragma once

#include <map>
#include <set>
#include <string>

#include "daemon/feedback/answers.hpp"
#include "daemon/feedback/survey.hpp"

namespace kontor::form {

/// Pages without scripts or anything from elsewhere, for telephones and screen readers. Everything
/// that came from outside is escaped. Pure.

struct FormPage {
    const feedback::Survey& survey;
    messages::Language language;
    const feedback::Answers& answers;                    ///< given so far, or suggested by a link
    const std::map<std::string, feedback::Flaw>& flaws;  ///< of these
    const std::set<std::string>& asked;                  ///< questions on this page
    bool not_saved = false;                              ///< the answers could not be kept just now
};
/// The questions of `asked`; the other answers go along hidden, so that nothing is kept between two
/// pages. Posts to the page's own address.
[[nodiscard]] std::string form_page(const FormPage& page);

/// A page with a heading and a paragraph. `key` is a text's: "form.thanks" has "form.thanks.text".
[[nodiscard]] std::string notice_page(messages::Language language, const std::string& key,
                                      const std::string& more = "");

/// Asks whether to be left in peace; one button.
[[nodiscard]] std::string unsubscribe_page(messages::Language language);

/// The Content-Security-Policy under which these pages work, and nothing else does.
[[nodiscard]] const std::string& content_policy();

/// Hidden from people; who fills it in is none.
inline constexpr const char* kTrap = "website";
/// Names of fields: answers are "q." and the question's id.
inline constexpr const char* kAskedField = "asked";

}  // namespace kontor::form
