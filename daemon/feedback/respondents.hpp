#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "connectors/host/secret.hpp"
#include "daemon/feedback/invitations.hpp"

namespace kontor::feedback {

/// What a service knows of who answered.
struct Traces {
    std::string email, phone, token;
    const nlohmann::json& hidden;   ///< fields that came with the link
    const nlohmann::json& answers;  ///< by the service's names of questions
};

/// Who answered, as far as it can be told.
struct Respondent {
    std::optional<Invitation> invitation;
    std::string who;  ///< "contact:42"; "" = nobody known
};

/// Finds the people behind a service's answers: by the token of our own link, by a field that
/// equals a column, by e-mail address, by telephone number. An address that several records share
/// is one person; a column or a number that several share is nobody's. Everything given must
/// outlive it. One thread at a time.
class Respondents {
public:
    /// `secret`: signs links; nullptr: tokens tell nothing. kNotFound, kInvalid: the audience or a
    /// column does not fit the catalogue (with the line).
    [[nodiscard]] static Result<Respondents> open(const replica::Database& db,
                                                  const replica::Catalogue& catalogue,
                                                  const Survey& survey, const Source& source,
                                                  const host::Secret* secret);

    /// kStorage.
    [[nodiscard]] Result<Respondent> find(const Traces& traces) const;

private:
    Respondents(const replica::Database& db, const Survey& survey, const Source& source,
                const replica::Entity& entity, const host::Secret* secret)
        : db_(db), survey_(survey), source_(source), entity_(entity), secret_(secret) {}
    /// The only record of that condition; "" if there is none, or several.
    [[nodiscard]] Result<std::string> one(const std::string& condition,
                                          const std::string& value) const;
    [[nodiscard]] Result<Respondent> by_address(const std::string& address) const;
    [[nodiscard]] Result<std::optional<Invitation>> open_invitation(const char* column,
                                                                    const std::string& value) const;

    const replica::Database& db_;
    const Survey& survey_;
    const Source& source_;
    const replica::Entity& entity_;
    const host::Secret* secret_;
    std::string address_, phone_;  ///< columns; "" if that kind of record has none
};

}  // namespace kontor::feedback
