#include "daemon/feedback/people.hpp"

#include "daemon/feedback/zone.hpp"

namespace kontor::feedback {

tl::unexpected<Error> no_column(const replica::Entity& entity, std::string_view column, int line) {
    return fail(
        Errc::kNotFound, entity.name + " has no field " + std::string(column),
        {{"entity", entity.name}, {"field", std::string(column)}, {"line", std::to_string(line)}});
}

Result<People> People::open(const replica::Database& db, const replica::Catalogue& catalogue,
                            const Survey& survey) {
    const auto& audience = survey.audience;
    const auto* entity = catalogue.entity(audience.entity);
    if (entity == nullptr)
        return fail(Errc::kNotFound, "there is no entity " + audience.entity,
                    {{"entity", audience.entity}, {"line", std::to_string(audience.line)}});
    if (!audience.person.empty()) {
        const auto* field = entity->field(audience.person);
        if (field == nullptr) return no_column(*entity, audience.person, audience.line);
        entity = field->type == remote::FieldType::kReference ? catalogue.entity(field->target)
                                                              : nullptr;
        if (entity == nullptr)
            return fail(Errc::kInvalid, audience.person + " refers to no kind of person",
                        {{"field", audience.person}, {"line", std::to_string(audience.line)}});
    }
    People out(db, survey, *entity);
    // What a survey may do without on entities that lack the usual columns.
    const auto optional = [&](const std::string& name, const char* usual) {
        return name == usual && entity->field(name) == nullptr ? std::string() : name;
    };
    out.opt_out_ = optional(audience.opt_out, "email_opt_out");
    const std::string columns[] = {optional(audience.address, "email"),
                                   optional(audience.phone, "mobile"),
                                   out.opt_out_,
                                   audience.consent,
                                   audience.language,
                                   audience.time_zone,
                                   audience.bounced,
                                   entity->field("account_id") != nullptr ? "account_id" : "",
                                   entity->field("owner_id") != nullptr ? "owner_id" : ""};
    std::string sql = "SELECT id";
    for (const auto& column : columns) {
        if (!column.empty() && entity->field(column) == nullptr)
            return no_column(*entity, column, audience.line);
        sql += column.empty() ? ",NULL" : "," + replica::sql_name(column);
    }
    out.sql_ = sql + " FROM " + replica::sql_name(entity->name) + " WHERE id=?1";
    return out;
}

Result<bool> People::read(std::int64_t id, Candidate& out) const {
    auto query = db_->prepare(sql_);
    if (!query) return pass(query);
    query->bind(1, id);
    auto found = query->step();
    if (!found || !*found) return found;
    out.who = entity_->name + ":" + std::to_string(id);
    out.address = query->text(1);
    out.phone = query->text(2);
    out.opted_out = query->integer(3) != 0;
    out.consents = survey_->audience.consent.empty() || query->integer(4) == 1;
    out.language = query->is_null(5) ? survey_->audience.default_language
                                     : messages::to_string(messages::language_from(query->text(5)));
    out.zone = query->text(6);
    if (!is_zone(out.zone)) out.zone = survey_->audience.default_time_zone;
    out.bounced = query->integer(7) != 0;
    out.account = entity_->name == "account" ? id : query->integer(8);
    out.owner = query->integer(9);
    return true;
}

}  // namespace kontor::feedback
