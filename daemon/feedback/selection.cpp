#include "daemon/feedback/selection.hpp"

#include <algorithm>
#include <set>

#include "daemon/api/record_filter.hpp"
#include "daemon/feedback/people.hpp"
#include "daemon/feedback/token.hpp"
#include "sync/replica/query.hpp"

namespace kontor::feedback {
namespace {

using replica::Catalogue;
using replica::Database;
using replica::Entity;

Result<replica::Filter> filter_of(const Entity& entity, const Clause& clause) {
    const auto compare = replica::compare_from(clause.where.compare);
    if (!compare) return fail(Errc::kInternal, "a comparison was not checked");
    if (clause.where.field != "id" && entity.field(clause.where.field) == nullptr)
        return no_column(entity, clause.where.field, clause.line);
    auto filter = api::typed_filter(entity, clause.where.field, *compare, clause.where.value);
    if (!filter) filter.error().args.emplace("line", std::to_string(clause.line));
    return filter;
}

std::string digits_of(std::string_view phone) {
    std::string out;
    for (const char c : phone)
        if ((c >= '0' && c <= '9') || (c == '+' && out.empty())) out += c;
    return out;
}

std::string lower_trimmed(std::string_view address) {
    std::string out;
    for (const char c : address)
        if (c != ' ' && c != '\t')
            out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

bool is_address(std::string_view text) {
    const auto at = text.find('@');
    return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
           text.find_first_of(" \t\r\n,;<>", 0) == std::string_view::npos &&
           text.find('@', at + 1) == std::string_view::npos;
}

// All invitations that still bind anybody, read once.
class Memory {
public:
    static Result<Memory> load(const Database& db, const Survey& survey, Instant now) {
        Memory out;
        out.by_record_ = survey.timing.becomes.has_value();
        const auto longest =
            std::max({survey.limits.same_survey, survey.limits.any_survey, survey.limits.account});
        // An event asks once of one record, however long ago; its key goes on from the last one.
        auto query = db.prepare(
            "SELECT survey,person,coalesce(what,''),coalesce(account_id,0),"
            "coalesce(reserved_at,remote_created_at),ask_key,coalesce(state,'')='withdrawn',"
            "coalesce(state,'')='unreachable' AND coalesce(reason,'')='bounced' FROM "
            "survey_invitation"
            " WHERE survey=?1 OR reserved_at IS NULL OR reserved_at>=?2"
            " OR (state='unreachable' AND reason='bounced') ORDER BY reserved_at,id");
        if (!query) return pass(query);
        query->bind(1, survey.id);
        query->bind(2, format_instant(now - longest));
        while (true) {
            auto row = query->step();
            if (!row) return pass(row);
            if (!*row) return out;
            // Whoever was asked at a time that is not known was asked just now: rather not twice.
            const auto at = parse_instant(query->text(4)).value_or(now);
            const std::string person(query->text(1));
            const bool same = query->text(0) == survey.id;
            const auto place = out.place(person, std::string(query->text(2)));
            // Also after one that was withdrawn: its key is taken.
            if (same) out.last_keys_[place] = query->text(5);
            if (query->integer(6) != 0) continue;
            if (query->integer(7) != 0) out.bounced_.insert(person);
            out.persons_[person] = at;
            if (same) out.survey_[place] = at;
            if (query->integer(3) != 0) out.accounts_[query->integer(3)] = at;
        }
    }

    [[nodiscard]] Past of(const std::string& person, const Candidate& candidate) const {
        Past out;
        if (const auto at = persons_.find(person); at != persons_.end())
            out.any_survey = at->second;
        const auto here = place(person, candidate.what);
        if (const auto at = survey_.find(here); at != survey_.end()) out.this_survey = at->second;
        if (const auto at = last_keys_.find(here); at != last_keys_.end())
            out.last_key = at->second;
        if (const auto at = accounts_.find(candidate.account); at != accounts_.end())
            out.account = at->second;
        out.chosen_already = chosen_.contains(person);
        out.bounced = bounced_.contains(person);
        return out;
    }
    void choose(const std::string& person, const Candidate& candidate, Instant now) {
        chosen_.insert(person);
        if (candidate.account != 0) accounts_[candidate.account] = now;
    }

private:
    [[nodiscard]] std::string place(const std::string& person, const std::string& what) const {
        return by_record_ ? person + ' ' + what : person;
    }
    bool by_record_ = false;
    std::map<std::string, Instant> persons_;
    std::map<std::string, Instant> survey_;
    std::map<std::string, std::string> last_keys_;
    std::map<std::int64_t, Instant> accounts_;
    std::set<std::string> chosen_;
    std::set<std::string> bounced_;
};

// When a record's column last changed, or the record was made here.
Result<std::optional<Instant>> event_at(const Database& db, const Entity& entity,
                                        std::int64_t record, const replica::Field& field) {
    auto query = db.prepare(
        "SELECT max(at) FROM kontor_history WHERE entity=?1 AND record=?2"
        " AND ((op='u' AND field=?3) OR (op='i' AND field IS NULL))");
    if (!query) return pass(query);
    query->bind(1, entity.id);
    query->bind(2, record);
    query->bind(3, field.id);
    auto row = query->step();
    if (!row) return pass(row);
    return parse_instant(query->text(0));
}

// What a record is called on every device: by its remote, else by its uid. "" = no record.
Result<std::string> known_as(const Database& db, const Entity& entity, std::int64_t record) {
    auto link = db.prepare(
        "SELECT coalesce((SELECT coalesce(c.org_id,c.name)||'/'||s.name||'/'||l.ext_id"
        " FROM kontor_stream s JOIN kontor_connection c ON c.id=s.connection"
        " JOIN kontor_link l ON l.stream=s.id AND l.record=?2 AND l.ext_id IS NOT NULL"
        " WHERE s.entity=?1 ORDER BY 1 LIMIT 1),uid,'') FROM " +
        replica::sql_name(entity.name) + " WHERE id=?2");
    if (!link) return pass(link);
    link->bind(1, entity.id);
    link->bind(2, record);
    auto row = link->step();
    if (!row) return pass(row);
    return std::string(*row ? link->text(0) : "");
}

bool within(const std::optional<Instant>& past, milliseconds span, Instant now) {
    return past && span.count() > 0 && *past + span > now;
}

bool sampled(const Survey& survey, const std::string& person) {
    if (survey.limits.sample >= 1) return true;
    const auto& seed = survey.limits.seed.empty() ? survey.id : survey.limits.seed;
    const auto mac = hmac_sha256(seed, person);
    std::uint64_t number = 0;
    for (int i = 0; i < 6; ++i)
        number = number * 256 + static_cast<unsigned char>(mac[static_cast<std::size_t>(i)]);
    return static_cast<double>(number) < survey.limits.sample * 281'474'976'710'656.0;  // 2^48
}

}  // namespace

std::string_view to_string(Verdict verdict) {
    constexpr std::string_view kNames[] = {
        "ask",        "no_event",    "delay",         "long_ago",   "no_person",
        "opted_out",  "no_consent",  "no_address",    "bounced",    "same_person",
        "asked_this", "asked_other", "account_asked", "not_sampled"};
    return kNames[static_cast<std::size_t>(verdict)];
}

std::pair<std::string, std::string> Candidate::reached_by(const Survey& survey) const {
    for (const auto& channel : survey.channels) {
        if (channel == "link" && !bounced && is_address(lower_trimmed(address)))
            return {channel, lower_trimmed(address)};
        if (channel == "phone" && digits_of(phone).size() >= 3) return {channel, digits_of(phone)};
    }
    return {};
}

std::string Candidate::person(const Survey& survey) const {
    // By e-mail where there is one, whatever the channel: one clock over all channels.
    const auto mail = lower_trimmed(address);
    if (is_address(mail)) return short_hash("email:" + mail);
    const auto [channel, reached] = reached_by(survey);
    return channel.empty() ? "" : short_hash(channel + ":" + reached);
}

Verdict judge(const Survey& survey, const Candidate& candidate, const Past& past, Instant now) {
    const auto& limits = survey.limits;
    if (survey.timing.becomes) {
        if (!candidate.event) return Verdict::kNoEvent;
        if (*candidate.event + survey.timing.delay > now) return Verdict::kDelay;
        if (*candidate.event + survey.timing.delay + limits.expires <= now)
            return Verdict::kLongAgo;
    }
    if (candidate.who.empty()) return Verdict::kNoPerson;
    if (candidate.opted_out) return Verdict::kOptedOut;
    if (!candidate.consents) return Verdict::kNoConsent;
    if (candidate.reached_by(survey).first.empty())
        return candidate.bounced ? Verdict::kBounced : Verdict::kNoAddress;
    if (past.chosen_already) return Verdict::kSamePerson;
    if (within(past.this_survey, limits.same_survey, now)) return Verdict::kAskedThis;
    // The same event does not ask twice, however long ago that was.
    if (survey.timing.becomes && past.this_survey && *past.this_survey >= *candidate.event)
        return Verdict::kAskedThis;
    if (within(past.any_survey, limits.any_survey, now)) return Verdict::kAskedOther;
    if (within(past.account, limits.account, now)) return Verdict::kAccountAsked;
    if (!sampled(survey, candidate.person(survey))) return Verdict::kNotSampled;
    return Verdict::kAsk;
}

Result<Selection> select(const Database& db, const Catalogue& catalogue, const Survey& survey,
                         Instant now) {
    auto people = People::open(db, catalogue, survey);
    if (!people) return pass(people);
    const auto& entity = *catalogue.entity(survey.audience.entity);
    replica::Query query{.entity = entity.name, .columns = {"id"}, .limit = 0};
    if (!survey.audience.person.empty()) query.columns.push_back(survey.audience.person);
    auto clauses = survey.audience.where;
    const replica::Field* event = nullptr;
    if (survey.timing.becomes) {
        clauses.push_back(*survey.timing.becomes);
        event = entity.field(survey.timing.becomes->where.field);
    }
    for (const auto& clause : clauses) {
        auto filter = filter_of(entity, clause);
        if (!filter) return pass(filter);
        query.filters.push_back(std::move(*filter));
    }
    auto memory = Memory::load(db, survey, now);
    if (!memory) return pass(memory);

    Selection out;
    Result<> failed;
    const auto look = [&](std::int64_t record, std::int64_t person_id) -> Result<> {
        Candidate candidate;
        if (!survey.audience.person.empty())
            candidate.what = entity.name + ":" + std::to_string(record);
        if (event != nullptr) {
            auto at = event_at(db, entity, record, *event);
            if (!at) return pass(at);
            candidate.event = *at;
        }
        if (person_id != 0)
            if (auto read = people->read(person_id, candidate); !read) return pass(read);
        const auto person = candidate.person(survey);
        const auto past = memory->of(person, candidate);
        candidate.bounced = candidate.bounced || past.bounced;
        const auto verdict = judge(survey, candidate, past, now);
        ++out.counts[verdict];
        if (verdict == Verdict::kDelay) {
            const auto due = *candidate.event + survey.timing.delay;
            out.next = std::min(out.next.value_or(due), due);
        }
        if (verdict != Verdict::kAsk) return {};
        memory->choose(person, candidate, now);
        if (out.chosen.size() >= static_cast<std::size_t>(survey.limits.batch)) {
            ++out.beyond_batch;
            return {};
        }
        auto [channel, address] = candidate.reached_by(survey);
        Result<std::string> about;
        if (!candidate.what.empty()) about = known_as(db, entity, record);
        if (!about) return pass(about);
        const auto key =
            short_hash(survey.id + '\n' + person + '\n' + *about + '\n' + past.last_key);
        out.chosen.push_back({std::move(candidate), key, person, channel, address});
        return {};
    };
    const bool itself = survey.audience.person.empty();
    auto streamed = replica::stream(db, catalogue, query, [&](std::span<const ValueView> row) {
        failed = look(row[0].integer, itself ? row[0].integer : row[1].integer);
        return failed.has_value();
    });
    if (!streamed) return pass(streamed);
    if (!failed) return pass(failed);
    return out;
}

}  // namespace kontor::feedback
