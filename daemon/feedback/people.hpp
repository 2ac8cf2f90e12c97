#pragma once

#include <string>

#include "daemon/feedback/selection.hpp"

namespace kontor::feedback {

/// kNotFound: the survey names a column that the replica does not have; with the line.
[[nodiscard]] tl::unexpected<Error> no_column(const replica::Entity& entity,
                                              std::string_view column, int line);

/// Reads the people that a survey may ask: address, language, zone, consent. Everything given must
/// outlive it. One thread at a time.
class People {
public:
    /// kNotFound, kInvalid: the audience does not fit the catalogue.
    [[nodiscard]] static Result<People> open(const replica::Database& db,
                                             const replica::Catalogue& catalogue,
                                             const Survey& survey);

    /// The person of that id into `out`; false if there is none.
    [[nodiscard]] Result<bool> read(std::int64_t id, Candidate& out) const;

    /// The kind of record that a person is.
    [[nodiscard]] const replica::Entity& entity() const { return *entity_; }
    /// The column that unsubscribing sets; "" if that kind of record has none.
    [[nodiscard]] const std::string& opt_out() const { return opt_out_; }

private:
    People(const replica::Database& db, const Survey& survey, const replica::Entity& entity)
        : db_(&db), survey_(&survey), entity_(&entity) {}
    const replica::Database* db_;
    const Survey* survey_;
    const replica::Entity* entity_;
    std::string opt_out_;
    std::string sql_;
};

}  // namespace kontor::feedback
