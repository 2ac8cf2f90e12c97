#include "sync/search/finder.hpp"

#include <algorithm>
#include <unordered_set>

namespace kontor::search {
namespace {

// Candidates that do not meet the query after all (a phrase's words in another order, rows that
// changed since they were indexed) are passed over, but not without end.
constexpr std::size_t kCheckedPerListMax = 512;
constexpr std::size_t kCheckedMax = 2048;
constexpr std::size_t kCheckedBytesMax = 4 * 1024 * 1024;
constexpr std::size_t kWantedMin = 16;
constexpr int kCompletionsMax = 32;

constexpr std::size_t kTitleBytes = 120;
constexpr std::size_t kSnippetBytes = 160;
constexpr std::size_t kSnippetLead = 40;
constexpr std::size_t kHighlightsMax = 16;

/// Fields of a record as the matcher sees them; the last one may be the joined name.
struct Fields {
    std::vector<FieldText> texts;
    std::string joined;
};

void fields_of(const EntityLayout& layout, const Record& record, Fields& out) {
    out.texts.clear();
    for (std::size_t i = 0; i < layout.fields.size(); ++i)
        out.texts.push_back({record.texts[i], layout.fields[i].title});
    if (!layout.has_full_name()) return;
    out.joined = full_name(record.texts[static_cast<std::size_t>(layout.first_name)],
                           record.texts[static_cast<std::size_t>(layout.last_name)]);
    out.texts.push_back({out.joined, true});
}

std::string title_of(const EntityLayout& layout, const Fields& fields) {
    if (layout.has_full_name() && !fields.joined.empty())
        return std::string(cut_text(fields.joined, kTitleBytes));
    for (std::size_t i = 0; i < layout.fields.size(); ++i)
        if (layout.fields[i].title && !fields.texts[i].text.empty())
            return std::string(cut_text(fields.texts[i].text, kTitleBytes));
    return {};
}

bool continues_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

/// The part of `text` around `at`, beginning at a character.
std::string_view excerpt(std::string_view text, const Stretch& at) {
    std::size_t begin = at.begin > kSnippetLead ? at.begin - kSnippetLead : 0;
    if (text.size() <= kSnippetBytes) begin = 0;
    while (begin > 0 && continues_character(text[begin])) --begin;
    return cut_text(text.substr(begin), kSnippetBytes);
}

}  // namespace

Result<> Finder::refresh() {
    auto stamp = replica::content_stamp(replica_);
    if (!stamp) return pass(stamp);
    if (*stamp == stamp_) return {};  // nothing was written: the catalogue is the same
    auto layouts = load_layouts(replica_);
    if (!layouts) return pass(layouts);
    if (*layouts != layouts_) {
        readers_.clear();
        layouts_.clear();
        for (const EntityLayout& layout : *layouts) {
            auto reader = RecordReader::prepare(replica_, layout);
            if (!reader) return pass(reader);
            readers_.push_back(std::move(*reader));
        }
        layouts_ = std::move(*layouts);
    }
    stamp_ = *stamp;
    return {};
}

Result<std::vector<Hit>> Finder::search(std::string_view text, const SearchOptions& options) {
    if (auto done = refresh(); !done) return pass(done);
    if (!options.entity.empty() &&
        std::ranges::find(layouts_, options.entity, &EntityLayout::name) == layouts_.end())
        return fail(Errc::kNotFound, "nothing is searchable in '" + options.entity + "'",
                    {{"entity", options.entity}});
    Query query = parse_query(text);
    std::vector<Hit> hits;
    if (query.terms.empty()) return hits;

    auto found = candidates(query, options.entity);
    if (found && checked_ == 0 && query.completable()) {
        // No record has these very words: perhaps the last is not typed to its end. (Not after
        // candidates that failed: words that exist may be frequent, and completing them slow.)
        auto words = file_.words_with_prefix(query.last_word(), kCompletionsMax);
        if (!words) return pass(words);
        if (!words->empty()) {
            query = query.completed(std::move(*words));
            found = candidates(query, options.entity);
        }
    }
    if (!found) return pass(found);

    const auto better = [](const Candidate& a, const Candidate& b) {
        if (a.match.score != b.match.score) return a.match.score > b.match.score;
        if (a.record.id != b.record.id) return a.record.id > b.record.id;
        return a.reader < b.reader;
    };
    std::ranges::sort(*found, better);
    Matcher matcher(query);
    const std::size_t first = std::min(options.offset, found->size());
    const std::size_t count = std::min({options.limit, kLimitMax, found->size() - first});
    for (std::size_t i = first; i < first + count; ++i) hits.push_back(hit((*found)[i], matcher));
    return hits;
}

Result<std::vector<Finder::Candidate>> Finder::candidates(const Query& query,
                                                          const std::string& entity) {
    const std::string expression = query.match_expression();
    const std::size_t entities = entity.empty() ? layouts_.size() : 1;
    const std::size_t wanted =
        std::max(kRankedMax / 2 / std::max<std::size_t>(entities, 1), kWantedMin);
    Matcher matcher(query);
    checked_ = checked_bytes_ = 0;
    std::vector<Candidate> out;
    for (std::size_t i = 0; i < layouts_.size(); ++i) {
        if (!entity.empty() && layouts_[i].name != entity) continue;
        if (auto done = collect("titles", expression, i, wanted, matcher, out); !done)
            return pass(done);
        if (auto done = collect("terms", expression, i, wanted, matcher, out); !done)
            return pass(done);
    }
    return out;
}

/// Adds the newest `wanted` records of one entity that meet the query and are not there yet.
Result<> Finder::collect(const std::string& table, const std::string& expression,
                         std::size_t reader, std::size_t wanted, Matcher& matcher,
                         std::vector<Candidate>& out) {
    std::unordered_set<std::int64_t> known;
    for (const Candidate& candidate : out)
        if (candidate.reader == reader) known.insert(candidate.record.id);

    auto rows = file_.db().prepare("SELECT rowid FROM " + table + " WHERE " + table +
                                   " MATCH ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid DESC");
    if (!rows) return pass(rows);
    const std::int64_t entity = layouts_[reader].id;
    rows->bind(1, expression);
    rows->bind(2, pack(entity, 0));
    rows->bind(3, pack(entity, kRecordMax));

    Fields fields;
    std::size_t taken = 0;
    for (std::size_t checked = 0; taken < wanted && checked < kCheckedPerListMax; ++checked) {
        if (checked_ >= kCheckedMax || checked_bytes_ > kCheckedBytesMax) break;
        auto row = rows->step();
        if (!row) return in_context("search", row.error());
        if (!*row) break;
        const std::int64_t id = record_of(rows->integer(0));
        if (known.contains(id)) continue;
        ++checked_;
        auto record = readers_[reader].record(id);
        if (!record) return pass(record);
        if (!record->exists) continue;
        fields_of(layouts_[reader], *record, fields);
        for (const FieldText& field : fields.texts) checked_bytes_ += field.text.size();
        const auto match = matcher.match(fields.texts);
        if (!match) continue;
        ++taken;
        out.push_back({reader, std::move(*record), *match});
    }
    return {};
}

Hit Finder::hit(const Candidate& candidate, Matcher& matcher) const {
    const EntityLayout& layout = layouts_[candidate.reader];
    Fields fields;
    fields_of(layout, candidate.record, fields);
    const std::size_t best = candidate.match.field;

    Hit hit;
    hit.entity = layout.id;
    hit.entity_name = layout.name;
    hit.record = candidate.record.id;
    hit.score = candidate.match.score;
    hit.title = title_of(layout, fields);
    hit.field = best < layout.fields.size() ? layout.fields[best].name : "full_name";
    hit.snippet = excerpt(fields.texts[best].text, candidate.match.at);
    hit.highlights = matcher.find_all(hit.snippet, kHighlightsMax);
    std::ranges::replace_if(
        hit.snippet, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    return hit;
}

}  // namespace kontor::search
