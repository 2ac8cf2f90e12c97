#include "sync/engine/verifier.hpp"

#include <algorithm>
#include <optional>
#include <queue>
#include <unordered_set>
#include <utility>

#include "sync/engine/epoch.hpp"
#include "sync/engine/examiner.hpp"

namespace kontor::engine {
namespace {

using Kind = VerifyFinding::Kind;
using Reason = VerifyReason;

/// Ids read by id in one go.
constexpr std::size_t kFetchBatch = 100;
/// Rows of a table looked at in one go.
constexpr std::int64_t kRowsBatch = 1'000;
/// Records that wait to be explained by what the next sync brings.
constexpr std::size_t kLateMax = 10'000;

/// Records of a stream by a number that is chosen by chance and belongs to each (splitmix64).
std::uint64_t lot(std::uint64_t seed, std::int64_t link) {
    std::uint64_t x = seed + static_cast<std::uint64_t>(link) * 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
}

/// One bit for each link.
class LinkSet {
public:
    void add(std::int64_t link) {
        const auto at = static_cast<std::size_t>(link);
        if (at >= bits_.size()) bits_.resize(at + at / 2 + 64);
        if (!bits_[at]) ++size_;
        bits_[at] = true;
    }
    void remove(std::int64_t link) {
        if (!has(link)) return;
        bits_[static_cast<std::size_t>(link)] = false;
        --size_;
    }
    [[nodiscard]] bool has(std::int64_t link) const {
        return static_cast<std::size_t>(link) < bits_.size() &&
               bits_[static_cast<std::size_t>(link)];
    }
    [[nodiscard]] std::int64_t size() const { return size_; }

private:
    std::vector<bool> bits_;
    std::int64_t size_ = 0;
};

/// Hands each batch on, within one moment of the replica.
class EachRecord final : public remote::RecordSink {
public:
    using Take = std::function<void(const remote::RecordView&)>;
    EachRecord(const replica::Database& db, const std::atomic<bool>& cancelled, Take take)
        : db_(db), cancelled_(cancelled), take_(std::move(take)) {}
    Result<> accept(std::span<const remote::RecordView> batch, std::string_view) override {
        return guarded([&] {
            if (cancelled_.load()) stop({Errc::kCancelled, "stopped", {}, {}});
            const auto moment = need(replica::Snapshot::begin(db_));
            for (const auto& record : batch) take_(record);
        });
    }

private:
    const replica::Database& db_;
    const std::atomic<bool>& cancelled_;
    Take take_;
};

/// Compares one stream.
class Comparison {
public:
    Comparison(Sql& sql, const Plans& plans, const StreamPlan& plan,
               const remote::Capabilities& can, const Verifier::Ports& ports, VerifyCounts& counts)
        : sql_(sql),
          plan_(plan),
          can_(can),
          ports_(ports),
          counts_(counts),
          examiner_(sql, plans, plan) {}

    void whole() {
        total_ =
            sql_.integer("SELECT records FROM kontor_stream WHERE id = ?", plan_.id).value_or(0);
        progress(0);
        list([&](const remote::RecordView& image) {
            if (image.fact != remote::Fact::kRecord) return;
            progress(1);
            look_at(examiner_.image(image), image.id);
        });
        for_each_link([&](std::int64_t link) {
            if (!seen_.has(link)) doubtful_.add(link);
        });
        confirm();
        look_at_local_ones();
    }

    void sample(std::int64_t size, std::uint64_t seed) {
        std::priority_queue<std::pair<std::uint64_t, std::int64_t>> least;
        for_each_link([&](std::int64_t link) {
            least.emplace(lot(seed, link), link);
            if (least.size() > static_cast<std::size_t>(size)) least.pop();
        });
        total_ = static_cast<std::int64_t>(least.size());
        for (; !least.empty(); least.pop()) doubtful_.add(least.top().second);
        progress(0);
        sampling_ = true;
        confirm();
    }

private:
    /// A record whose difference only a change that has not been fetched would explain.
    struct Late {
        Examined examined;
        std::string id;
    };

    // What is in doubt is read by id, as the remote has it at this moment. A list may show a record
    // twice: once as it was when the list was made, and once more since it was changed meanwhile.
    void look_at(Examined examined, std::string_view id) {
        const bool again = examined.link != 0 && seen_.has(examined.link);
        if (again && !equal_.has(examined.link)) return;
        if (examined.link != 0) seen_.add(examined.link);
        const bool doubtful = !examined.explained() || examined.cut;
        if (again) {
            if (examined.findings.empty() && !doubtful) return;
            equal_.remove(examined.link);
            --counts_.compared;
            --counts_.equal;
            counts_.values -= examined.values;
            count_not_shown(examined, -1);
        }
        if (doubtful) {
            if (examined.link != 0)
                doubtful_.add(examined.link);
            else
                strangers_.emplace_back(id);
            return;
        }
        if (examined.findings.empty()) equal_.add(examined.link);
        settle(std::move(examined));
    }

    void progress(std::int64_t more) {
        done_ += more;
        if (more == 0 || done_ % 50 == 0)
            ports_.observer.progress(
                {"verify", plan_.mapping.stream, done_, std::max(total_, done_)});
    }

    void list(const EachRecord::Take& take) { pull("", take); }

    void pull(const std::string& cursor, const EachRecord::Take& take) {
        EachRecord sink(ports_.db, ports_.cancelled, take);
        // Where the next pull starts is not kept: the replica's cursor stays where it is.
        if (auto end = ports_.remote.pull(plan_.mapping.stream, plan_.remote_fields, cursor, sink);
            !end)
            stop(in_context("verify " + plan_.mapping.stream, end.error()).value());
    }

    /// Live links with a remote id.
    template <class Take>
    void for_each_link(Take take) {
        std::int64_t after = 0;
        for (bool more = true; more;) {
            more = false;
            auto& rows = sql_.bind(
                "SELECT id FROM kontor_link WHERE stream = ? AND id > ? AND state = 0"
                " AND ext_id IS NOT NULL ORDER BY id LIMIT ?",
                plan_.id, after, kRowsBatch);
            while (Sql::step(rows)) {
                after = rows.integer(0);
                take(after);
                more = true;
            }
        }
    }

    // Reads again what the first look could not explain.
    void confirm() {
        if (!can_.fetch) return confirm_by_list();
        std::vector<std::string> ids;
        const auto flush = [&] {
            if (!ids.empty()) fetch(ids);
            ids.clear();
        };
        const auto take = [&](std::string id) {
            ids.push_back(std::move(id));
            if (ids.size() == kFetchBatch) flush();
        };
        if (doubtful_.size() > 0) for_each_doubtful([&](const Link& link) { take(link.ext_id); });
        std::ranges::sort(strangers_);  // a remote answers each id once
        strangers_.erase(std::unique(strangers_.begin(), strangers_.end()), strangers_.end());
        for (auto& id : strangers_) take(std::move(id));
        flush();
        tell_late_ones();
    }

    template <class Take>
    void for_each_doubtful(Take take) {
        std::vector<std::int64_t> found;
        std::int64_t after = 0;
        do {
            found.clear();
            auto& rows = sql_.bind(
                "SELECT id FROM kontor_link WHERE stream = ? AND id > ? AND ext_id IS NOT NULL"
                " ORDER BY id LIMIT ?",
                plan_.id, after, kRowsBatch);
            while (Sql::step(rows)) found.push_back(after = rows.integer(0));
            for (const std::int64_t id : found)
                if (doubtful_.has(id))
                    if (const auto link = link_by_id(sql_, id); link && !link->ext_id.empty())
                        take(*link);
        } while (!found.empty());
    }

    void fetch(const std::vector<std::string>& ids) {
        EachRecord sink(ports_.db, ports_.cancelled, [&](const remote::RecordView& image) {
            if (sampling_) progress(1);
            answer(image);
        });
        if (auto done = ports_.remote.fetch(plan_.mapping.stream, plan_.remote_fields, ids, sink);
            !done)
            stop(in_context("verify " + plan_.mapping.stream, done.error()).value());
        if (late_.size() >= kLateMax) tell_late_ones();  // not from within the answer
    }

    void confirm_by_list() {
        if (doubtful_.size() == 0 && strangers_.empty()) return;
        ask_what_comes();
        const std::unordered_set<std::string> strangers(strangers_.begin(), strangers_.end());
        LinkSet shown;
        list([&](const remote::RecordView& image) {
            const auto link = link_by_ext(sql_, plan_.id, image.id);
            if (link) shown.add(link->id);
            if (link ? doubtful_.has(link->id) : strangers.contains(std::string(image.id)))
                answer(image);
        });
        for_each_doubtful([&](const Link& link) {
            if (!shown.has(link.id)) absent(link, false);
        });
        tell_late_ones();
    }

    void answer(const remote::RecordView& image) {
        if (image.fact == remote::Fact::kRecord) return doubt(examiner_.image(image), image.id);
        if (const auto link = link_by_ext(sql_, plan_.id, image.id))
            absent(*link, image.fact == remote::Fact::kForbidden);
    }

    void absent(const Link& link, bool forbidden) {
        if (link.state != replica::LinkState::kLive || !read_row(sql_, plan_, link.record)) return;
        Examined out;
        out.link = link.id;
        out.newer = true;
        out.findings.push_back(examiner_.absent_there(link, forbidden));
        // Nothing tells of deletions but a comparison of the lists.
        if (out.findings.back().reason == Reason::kNone && !can_.deleted_feed)
            out.findings.back().reason = Reason::kNotFetched;
        doubt(std::move(out), link.ext_id);
    }

    void doubt(Examined examined, std::string_view id) {
        const bool coming = to_come(examined.link, id);
        if (examined.explained() || !examined.newer || coming)
            return settle(std::move(examined), coming);
        if (late_.size() >= 2 * kLateMax) return settle(std::move(examined));
        late_.push_back({std::move(examined), std::string(id)});
    }

    /// Whether the next sync brings it, as far as that has been asked.
    [[nodiscard]] bool to_come(std::int64_t link, std::string_view id) const {
        return link != 0 ? coming_.has(link) : newcomers_.contains(std::string(id));
    }

    void tell_late_ones() {
        if (late_.empty()) return;
        ask_what_comes();
        for (auto& late : std::exchange(late_, {})) {
            const bool coming = to_come(late.examined.link, late.id);
            settle(std::move(late.examined), coming);
        }
    }

    void ask_what_comes() {
        const std::string cursor =
            sql_.text("SELECT cursor FROM kontor_stream WHERE id = ?", plan_.id).value_or("");
        pull(cursor, [&](const remote::RecordView& image) {
            if (const auto link = link_by_ext(sql_, plan_.id, image.id))
                coming_.add(link->id);
            else
                newcomers_.emplace(image.id);
        });
    }

    void settle(Examined examined, bool coming = false) {
        counts_.values += examined.values;
        count_not_shown(examined, 1);
        if (examined.both) ++counts_.compared;
        if (examined.both && examined.findings.empty()) ++counts_.equal;
        for (VerifyFinding& found : examined.findings) {
            if (coming && examined.newer && found.reason == Reason::kNone)
                found.reason = Reason::kNotFetched;
            tell(found);
        }
    }

    void count_not_shown(const Examined& examined, std::int64_t times) {
        for (const std::string& field : examined.not_shown) {
            counts_.not_shown += times;
            if ((counts_.not_shown_fields[field] += times) == 0)
                counts_.not_shown_fields.erase(field);
        }
    }

    void tell(const VerifyFinding& found) {
        if (found.reason != Reason::kNone)
            ++counts_.explained[found.reason];
        else if (found.kind == Kind::kValue)
            ++counts_.differ;
        else
            ++(found.kind == Kind::kOnlyHere ? counts_.only_here : counts_.only_there);
        if (ports_.finding) ports_.finding(found);
    }

    // Records here that the remote was never told of, or that no longer have to do with it.
    void look_at_local_ones() {
        tell_of("SELECT e.id FROM " + replica::sql_name(plan_.entity.name) +
                " e JOIN kontor_link l ON l.record = e.id AND l.stream = ?1"
                " WHERE e.id > ?2 AND (l.ext_id IS NULL OR l.state NOT IN (0, 5))"
                " ORDER BY e.id LIMIT ?3");
        tell_of("SELECT e.id FROM " + replica::sql_name(plan_.entity.name) +
                " e WHERE e.id > ?2 AND NOT EXISTS (SELECT 1 FROM kontor_link l WHERE"
                " l.stream = ?1 AND l.record = e.id) ORDER BY e.id LIMIT ?3");
    }

    void tell_of(const std::string& query) {
        std::vector<std::int64_t> records;
        std::int64_t after = 0;
        do {
            if (ports_.cancelled.load()) stop({Errc::kCancelled, "stopped", {}, {}});
            const auto moment = need(replica::Snapshot::begin(ports_.db));
            records.clear();
            auto& rows = sql_.bind(query, plan_.id, after, kRowsBatch);
            while (Sql::step(rows)) records.push_back(after = rows.integer(0));
            for (const std::int64_t record : records) {
                const auto link = link_by_record(sql_, plan_.id, record);
                if (link && seen_.has(link->id)) continue;  // told of already
                tell(examiner_.never_there(record, link));
            }
        } while (!records.empty());
    }

    Sql& sql_;
    const StreamPlan& plan_;
    const remote::Capabilities& can_;
    const Verifier::Ports& ports_;
    VerifyCounts& counts_;
    Examiner examiner_;
    LinkSet seen_, equal_, doubtful_;
    std::vector<std::string> strangers_;         ///< doubtful ids without a link
    LinkSet coming_;                             ///< the next sync brings them
    std::unordered_set<std::string> newcomers_;  ///< the same, without a link
    std::vector<Late> late_;
    bool sampling_ = false;
    std::int64_t done_ = 0, total_ = 0;
};

bool wanted(const VerifyOptions& options, const StreamPlan& plan) {
    return options.streams.empty() ||
           std::ranges::any_of(options.streams, [&](const std::string& name) {
               return name == plan.mapping.stream || name == plan.entity.name;
           });
}

void refuse_another_organisation(Sql& sql, remote::Remote& remote,
                                 const ConnectionSettings& settings) {
    const auto who = need(remote.check());
    const auto known =
        sql.text("SELECT org_id FROM kontor_connection WHERE name = ?", settings.name);
    if (known && !who.org_id.empty() && *known != who.org_id)
        stop({Errc::kMismatch,
              "connection " + settings.name + " now leads to organisation " + who.org_id +
                  ", the records here are of " + *known,
              {{"connection", settings.name}, {"org", who.org_id}, {"known", *known}},
              {}});
}

}  // namespace

std::string_view to_string(VerifyReason reason) {
    switch (reason) {
        case Reason::kNone:
            return "none";
        case Reason::kUnsent:
            return "unsent";
        case Reason::kConflict:
            return "conflict";
        case Reason::kBlocked:
            return "blocked";
        case Reason::kInFlight:
            return "in_flight";
        case Reason::kOneWay:
            return "one_way";
        case Reason::kKeptOtherwise:
            return "kept_otherwise";
        case Reason::kShortened:
            return "shortened";
        case Reason::kWaits:
            return "waits";
        case Reason::kNotCompared:
            return "not_compared";
        case Reason::kNotFetched:
            return "not_fetched";
        case Reason::kDetached:
            return "detached";
        case Reason::kNoAccess:
            return "no_access";
        case Reason::kUndecided:
            return "undecided";
    }
    return "none";
}

std::string_view to_string(VerifyFinding::Kind kind) {
    switch (kind) {
        case Kind::kOnlyHere:
            return "only_here";
        case Kind::kOnlyThere:
            return "only_there";
        case Kind::kValue:
            break;
    }
    return "value";
}

std::int64_t VerifyReport::unexplained() const {
    std::int64_t sum = 0;
    for (const auto& counts : streams) sum += counts.unexplained();
    return sum;
}

Result<VerifyReport> Verifier::run(const VerifyOptions& options) {
    return guarded([&] {
        Sql sql(ports_.db);
        const auto connection =
            sql.integer("SELECT id FROM kontor_connection WHERE name = ?", settings_.name);
        if (!connection)
            stop({Errc::kNotFound,
                  "connection " + settings_.name + " has not been synced yet",
                  {{"reason", "not_synced"}, {"connection", settings_.name}},
                  {}});
        refuse_another_organisation(sql, ports_.remote, settings_);
        PlanCaches caches;
        const Plans plans = Plans::load(sql, caches);
        VerifyReport report;
        report.options = options;
        for (const StreamPlan& plan : plans.all()) {
            if (plan.connection != *connection ||
                settings_.mapping.stream(plan.mapping.stream) == nullptr || !wanted(options, plan))
                continue;
            VerifyCounts& counts = report.streams.emplace_back();
            counts.stream = plan.mapping.stream;
            counts.entity = plan.entity.name;
            const auto described = std::ranges::find(settings_.streams, plan.mapping.stream,
                                                     &remote::StreamSpec::name);
            const auto can =
                described == settings_.streams.end() ? remote::Capabilities{} : described->can;
            counts.ready = plan.loaded && can.pull && !is_unread(sql, plan.id);
            if (!counts.ready) continue;
            Comparison comparison(sql, plans, plan, can, ports_, counts);
            // A sample is read by id.
            counts.whole = options.sample == 0 || !can.fetch;
            if (!counts.whole)
                comparison.sample(options.sample, options.seed);
            else
                comparison.whole();
        }
        if (report.streams.empty() && !options.streams.empty())
            stop({Errc::kNotFound,
                  settings_.name + " has no stream and no entity '" + options.streams.front() + "'",
                  {{"reason", "no_stream"},
                   {"connection", settings_.name},
                   {"stream", options.streams.front()}},
                  {}});
        return report;
    });
}

}  // namespace kontor::engine
