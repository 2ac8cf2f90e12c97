#include "daemon/feedback/respondents.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/feedback/people.hpp"
#include "daemon/feedback/token.hpp"

namespace kontor::feedback {
namespace {

using nlohmann::json;

constexpr std::size_t kPhoneDigitsMin = 7;
constexpr std::size_t kPhoneDigitsCompared = 9;  // without the country's and the trunk's code

/// What the service has under a name: a field that came with the link, or a question.
std::string field_of(const Traces& traces, const std::string& name) {
    if (name == "token") return traces.token;
    for (const auto* all : {&traces.hidden, &traces.answers}) {
        if (!all->is_object()) continue;
        const auto found = all->find(name);
        if (found == all->end() || found->is_structured() || found->is_null()) continue;
        return found->is_string() ? found->get<std::string>()
                                  : found->dump(-1, ' ', false, json::error_handler_t::replace);
    }
    return {};
}

std::string trimmed(const std::string& text) {
    constexpr const char* kBlanks = " \t\r\n";
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string last_digits(const std::string& phone) {
    std::string out;
    std::ranges::copy_if(phone, std::back_inserter(out),
                         [](char c) { return c >= '0' && c <= '9'; });
    if (out.size() < kPhoneDigitsMin) return {};
    return out.size() > kPhoneDigitsCompared ? out.substr(out.size() - kPhoneDigitsCompared) : out;
}

/// The same of a column, in SQLite's own functions.
std::string last_digits_sql(const std::string& column) {
    std::string out = replica::sql_name(column);
    for (const char* mark : {" ", "-", "(", ")", ".", "/", "+"})
        out = "replace(" + out + ",'" + mark + "','')";
    return "substr(" + out + ",-" + std::to_string(kPhoneDigitsCompared) + ")";
}

}  // namespace

Result<Respondents> Respondents::open(const replica::Database& db,
                                      const replica::Catalogue& catalogue, const Survey& survey,
                                      const Source& source, const host::Secret* secret) {
    auto people = People::open(db, catalogue, survey);
    if (!people) return pass(people);
    const auto& entity = people->entity();
    for (const auto& match : source.match)
        if (entity.field(match.second) == nullptr)
            return no_column(entity, match.second, source.line);
    Respondents out(db, survey, source, entity, secret);
    const auto& audience = survey.audience;
    if (entity.field(audience.address) != nullptr) out.address_ = audience.address;
    if (entity.field(audience.phone) != nullptr) out.phone_ = audience.phone;
    return out;
}

Result<std::string> Respondents::one(const std::string& condition, const std::string& value) const {
    auto query = db_.prepare("SELECT id FROM " + replica::sql_name(entity_.name) + " WHERE " +
                             condition + "=?1 ORDER BY id LIMIT 2");
    if (!query) return pass(query);
    query->bind(1, value);
    auto row = query->step();
    if (!row) return pass(row);
    if (!*row) return std::string();
    const auto id = query->integer(0);
    row = query->step();
    if (!row) return pass(row);
    return *row ? std::string() : entity_.name + ":" + std::to_string(id);
}

Result<std::optional<Invitation>> Respondents::open_invitation(const char* column,
                                                               const std::string& value) const {
    auto query =
        db_.prepare("SELECT id FROM survey_invitation WHERE survey=?1 AND " + std::string(column) +
                    "=?2 AND state IN('ready','sent') ORDER BY id DESC LIMIT 1");
    if (!query) return pass(query);
    query->bind(1, survey_.id);
    query->bind(2, value);
    auto row = query->step();
    if (!row) return pass(row);
    if (!*row) return std::optional<Invitation>();
    const auto id = query->integer(0);
    query->reset();
    return find_invitation(db_, id);
}

Result<Respondent> Respondents::by_address(const std::string& address) const {
    Respondent out;
    std::string folded = trimmed(address);
    std::ranges::transform(folded, folded.begin(), [](unsigned char c) {
        return c < 0x80 ? static_cast<char>(std::tolower(c)) : static_cast<char>(c);
    });
    if (folded.empty() || address_.empty()) return out;
    // One address is one person, in whichever record.
    auto invitation = open_invitation("person", short_hash("email:" + folded));
    if (!invitation) return pass(invitation);
    out.invitation = std::move(*invitation);
    if (out.invitation) {
        out.who = out.invitation->who;
        return out;
    }
    auto query = db_.prepare("SELECT id FROM " + replica::sql_name(entity_.name) + " WHERE lower(" +
                             replica::sql_name(address_) + ")=?1 ORDER BY id LIMIT 1");
    if (!query) return pass(query);
    query->bind(1, folded);
    auto row = query->step();
    if (!row) return pass(row);
    if (*row) out.who = entity_.name + ":" + std::to_string(query->integer(0));
    return out;
}

Result<Respondent> Respondents::find(const Traces& traces) const {
    Respondent out;
    if (secret_ != nullptr && !source_.invitation.empty())
        if (const auto ticket = read_ticket(field_of(traces, source_.invitation), *secret_);
            ticket && ticket->purpose == Purpose::kAnswer) {
            auto invitation = find_invitation(db_, ticket->key);
            if (!invitation) return pass(invitation);
            if (*invitation && (**invitation).survey == survey_.id) {
                out.invitation = std::move(*invitation);
                out.who = out.invitation->who;
                return out;
            }
        }
    for (const auto& [field, column] : source_.match)
        if (const auto value = trimmed(field_of(traces, field));
            !value.empty() && out.who.empty()) {
            auto who = one("CAST(" + replica::sql_name(column) + " AS TEXT)", value);
            if (!who) return pass(who);
            out.who = std::move(*who);
        }
    if (out.who.empty()) {
        const auto named = field_of(traces, source_.email);
        auto found = by_address(named.empty() ? traces.email : named);
        if (!found) return found;
        out = std::move(*found);
    }
    if (out.who.empty() && !phone_.empty()) {
        const auto named = field_of(traces, source_.phone);
        const auto digits = last_digits(named.empty() ? traces.phone : named);
        if (!digits.empty()) {
            auto who = one(last_digits_sql(phone_), digits);
            if (!who) return pass(who);
            out.who = std::move(*who);
        }
    }
    if (out.who.empty() || out.invitation) return out;
    auto invitation = open_invitation("who", out.who);
    if (!invitation) return pass(invitation);
    out.invitation = std::move(*invitation);
    return out;
}

}  // namespace kontor::feedback
