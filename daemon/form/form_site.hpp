#pragma once

#include "daemon/api/feedback_service.hpp"
#include "daemon/api/http.hpp"

namespace kontor::form {

/// The pages that links lead to: /s/TOKEN asks, /u/TOKEN unsubscribes. A GET never records
/// anything: scanners of mail follow links. Nobody is known but by the token. Thread-safe; both
/// given must outlive it.
class FormSite {
public:
    FormSite(api::Services& services, api::FeedbackService& surveys)
        : services_(services), surveys_(surveys) {}

    /// Answers any request; of `request` method, path, query, content_type, language and body
    /// count.
    [[nodiscard]] api::ApiResponse answer(const api::ApiRequest& request) const;

private:
    [[nodiscard]] api::ApiResponse ask(const api::ApiRequest& request,
                                       const std::string& token) const;
    [[nodiscard]] api::ApiResponse take(const api::ApiRequest& request,
                                        const feedback::Survey& survey,
                                        const feedback::Invitation& invitation,
                                        messages::Language language) const;
    [[nodiscard]] api::ApiResponse unsubscribe(const api::ApiRequest& request,
                                               const std::string& token) const;

    api::Services& services_;
    api::FeedbackService& surveys_;
};

}  // namespace kontor::form
