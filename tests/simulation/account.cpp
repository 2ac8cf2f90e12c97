#include "tests/simulation/account.hpp"

#include <algorithm>

namespace kontor::simulation {
namespace {

constexpr std::size_t kCutLength = 10;  // lists show no more of a long text
constexpr std::size_t kFetchBatch = 4;

remote::FieldSpec spec_of(const FieldModel& field) {
    remote::FieldSpec out;
    out.name = field.remote;
    out.type = field.type;
    out.read_only = field.computed;
    out.may_be_cut = field.cut_in_lists;
    out.max_length = field.habit == Habit::kTruncate ? kTruncateAt : 0;
    if (!field.target.empty()) out.references = {field.target};
    for (const auto& choice : field.choices) out.choices.push_back({choice, choice});
    return out;
}

std::string as_text(const ValueView& value) {
    switch (value.kind) {
        case Kind::kInteger:
            return std::to_string(value.integer);
        case Kind::kReal:
            return std::to_string(value.real);
        default:
            return std::string(value.text);
    }
}

remote::Fact fact_of_successor(const Server::Image& image) {
    return image.converted ? remote::Fact::kConverted : remote::Fact::kMerged;
}

}  // namespace

const char* to_string(Fault fault) {
    static constexpr const char* kNames[] = {
        "lost_request", "lost_answer",  "carried_by_half", "malformed",     "rate_limited",
        "cut_pull",     "twice_page",   "stale_page",      "fewer_results", "item_retry",
        "item_locked",  "item_unknown", "truncated_list",  "lying_list"};
    static_assert(std::size(kNames) == kFaultCount);
    return kNames[static_cast<int>(fault)];
}

bool leaves_in_doubt(Fault fault) {
    switch (fault) {
        case Fault::kLostRequest:
        case Fault::kLostAnswer:
        case Fault::kCarriedByHalf:
        case Fault::kMalformed:
        case Fault::kFewerResults:
        case Fault::kItemUnknown:
            return true;
        default:
            return false;
    }
}

Account::Account(Server& server, std::string user, WorldTime& time, std::uint64_t seed,
                 Trace& trace, Hooks hooks)
    : server_(server),
      user_(std::move(user)),
      time_(time),
      number_(seed),
      dice_(seed),
      trace_(trace),
      hooks_(std::move(hooks)) {}

// Whatever the engine asks of it is traced with all that it says, before anything can go wrong.
void Account::call(std::string_view what) const {
    trace_.mix(number_);
    trace_.mix(what);
    trace_.mix(static_cast<std::uint64_t>(serves_writes_));
}

void Account::mix(std::span<const std::string> texts) const {
    trace_.mix(texts.size());
    for (const auto& text : texts) trace_.mix(text);
}

void Account::mix(const remote::Change& change) const {
    trace_.mix(static_cast<std::uint64_t>(change.op));
    trace_.mix(change.id);
    trace_.mix(change.key);
    trace_.mix(change.expect_version);
    trace_.mix(change.fields.size());
    for (const auto& field : change.fields) {
        trace_.mix(field.field);
        trace_.mix(field.value.view());
    }
}

void Account::mix(const remote::PushResult& result) const {
    trace_.mix(static_cast<std::uint64_t>(result.status));
    for (const auto* text :
         {&result.id, &result.version, &result.code, &result.field, &result.message})
        trace_.mix(*text);
}

tl::unexpected<Error> Account::failed(Error error) const {
    trace_.mix(static_cast<std::uint64_t>(error.code));
    trace_.mix(error.message);
    for (const auto& [name, value] : error.args) {
        trace_.mix(name);
        trace_.mix(value);
    }
    trace_.mix(static_cast<std::uint64_t>(error.retry_after ? error.retry_after->count() : -1));
    return tl::unexpected(std::move(error));
}

tl::unexpected<Error> Account::failed(Errc code, const char* message) const {
    return failed(Error{code, message, {}, {}});
}

std::vector<remote::StreamSpec> Account::specs() const {
    std::vector<remote::StreamSpec> out;
    const ServerTraits& traits = server_.traits();
    for (const StreamModel& stream : server_.model().streams) {
        remote::StreamSpec spec;
        spec.name = stream.name;
        auto& can = spec.can;
        can.create = can.update = can.remove = can.list_ids = can.fetch = true;
        can.deleted_feed = traits.deleted_feed;
        can.deleted_retention_days = static_cast<int>(traits.feed_keeps.count() / 24);
        can.key_field = traits.key_field ? kKeyField : "";
        if (traits.key_field) can.find_fields = {kKeyField};
        can.cas = traits.cas;
        can.fetch_with_push = traits.fetch_with_push;
        can.push_batch_max = traits.push_batch_max;
        can.fetch_batch_max = static_cast<int>(kFetchBatch);
        can.modified_resolution_ms = static_cast<int>(traits.precision.count());
        for (const FieldModel& field : stream.fields)
            if (!server_.hides(stream.name, field.remote)) spec.fields.push_back(spec_of(field));
        out.push_back(std::move(spec));
    }
    return out;
}

Result<std::vector<remote::StreamSpec>> Account::describe() {
    hidden_then_ = server_.hidden();
    call("describe");
    auto out = specs();
    for (const auto& spec : out) {
        trace_.mix(spec.name);
        for (const auto& field : spec.fields) {
            trace_.mix(field.name);
            trace_.mix(static_cast<std::uint64_t>(field.type));
            trace_.mix(static_cast<std::uint64_t>(field.max_length));
            for (const auto& choice : field.choices) trace_.mix(choice.value);
        }
    }
    return out;
}

remote::Credits Account::credits() const {
    call("credits");
    return {};
}

bool Account::happens(Fault fault) {
    const auto found = std::ranges::find(armed_, fault);
    if (found == armed_.end()) return false;
    armed_.erase(found);
    ++fired_;
    trace_.note(std::string("! ") + to_string(fault));
    return true;
}

Error Account::lost(Errc code, const char* message) {
    if (ends_ && ends_->percent(60)) return {Errc::kConnector, "the connector ended", {}, {}};
    return {code, message, {}, {}};
}

// Whoever is told that none are left may ask for what the others are kept for, and no more.
Result<> Account::spend() {
    constexpr int kRefusedMax = 10;
    if (quota_ == 0) return {};
    const auto today = std::chrono::floor<std::chrono::days>(server_.now());
    if (today != day_) used_ = 0;
    day_ = today;
    if (used_ < (serves_writes_ ? quota_ : quota_ - quota_ / 4)) {
        ++used_;
        return {};
    }
    ++fired_;
    trace_.note("! used up");
    if (++refused_ > kRefusedMax)
        hooks_.violation("D4: " + std::to_string(refused_) +
                         " requests in a cycle after all were used up");
    Error error{Errc::kRateLimited, "all requests of the day are used up", {}, {}};
    if (used_ < quota_) error.args["for_writes"] = std::to_string(quota_ - used_);
    return failed(std::move(error));
}

Result<> Account::request(std::string_view what) {
    call(what);
    if (hooks_.gone()) return failed(Errc::kCancelled, "no power");
    if (auto may = spend(); !may) return may;
    if (trace_.prints()) trace_.note(user_ + " > " + server_.name() + " " + std::string(what));
    time_.advance(dice_.upto(server_.traits().latency_max));
    server_.settle();
    hooks_.yield(what);
    if (hooks_.gone()) return failed(Errc::kCancelled, "no power");
    if (happens(Fault::kRateLimited)) return failed(Errc::kRateLimited, "too many requests");
    if (happens(Fault::kLostRequest)) return failed(lost(Errc::kUnavailable, "connection refused"));
    return {};
}

Result<> Account::answer(std::string_view what) {
    trace_.mix(what);
    time_.advance(dice_.upto(server_.traits().latency_max));
    server_.settle();
    hooks_.yield(what);
    if (hooks_.gone()) return failed(Errc::kCancelled, "no power");
    if (happens(Fault::kLostAnswer))
        return failed(
            lost(dice_.percent(50) ? Errc::kUnavailable : Errc::kTimeout, "connection reset"));
    if (happens(Fault::kMalformed)) return failed(Errc::kProtocol, "this is HTML, not JSON");
    return {};
}

Result<remote::Identity> Account::check() {
    cycle_began_ = time_.now;
    refused_ = 0;
    doubtful_.clear();
    if (auto sent = request("check"); !sent) return pass(sent);
    constexpr milliseconds kSlow{20'000};
    if (slow_) time_.advance(slow_->upto(kSlow));
    remote::Identity out;
    out.org_id = server_.org();
    out.org_name = server_.name();
    out.user_id = user_;
    out.server_time = server_.now();
    if (slow_) time_.advance(slow_->upto(kSlow));
    if (auto back = answer("check"); !back) return pass(back);
    for (const auto* text : {&out.org_id, &out.org_name, &out.user_id}) trace_.mix(*text);
    trace_.mix(format_instant(out.server_time));
    return out;
}

Account::Shown Account::by_id(const std::string& stream, const std::string& id) const {
    const Server::Record* record = server_.find(stream, id);
    Shown out{.id = id, .image = {}, .fact = remote::Fact::kMissing, .epoch = server_.epoch()};
    if (record == nullptr) return out;
    out.image = record->now;
    if (record->forbidden) {
        out.image = {};
        out.fact = remote::Fact::kForbidden;
    } else if (!record->now.successor.empty()) {
        out.fact = fact_of_successor(record->now);
    } else if (record->now.deleted) {
        out.fact =
            server_.traits().gone_says_deleted ? remote::Fact::kDeleted : remote::Fact::kMissing;
        if (out.fact == remote::Fact::kMissing) out.image = {};
    } else {
        out.fact = remote::Fact::kRecord;
    }
    return out;
}

void Account::show_late(const std::string& stream, Shown& shown) {
    if (shown.fact != remote::Fact::kRecord) return;
    const Server::Image& read = server_.read(*server_.find(stream, shown.id));
    if (read.version == shown.image.version) return;
    shown.image = read;
    ++fired_;
    trace_.note("! a read lags");
}

std::vector<Account::Shown> Account::changed_since(const std::string& stream,
                                                   std::string_view from) const {
    std::vector<Shown> out;
    const ServerTraits& traits = server_.traits();
    const std::string told_from =
        traits.feed_keeps.count() > 0 ? format_instant(server_.now() - traits.feed_keeps) : "";
    for (const auto& [id, record] : server_.records(stream)) {
        const Server::Image* image = server_.visible(record);
        if (image == nullptr || record.forbidden) continue;
        if (image->deleted && (from.empty() || !traits.deleted_feed)) continue;
        if (image->deleted && image->stamp < told_from) continue;
        if (image->stamp < from) continue;
        Shown shown{
            .id = id, .image = *image, .fact = remote::Fact::kRecord, .epoch = server_.epoch()};
        if (image->deleted)
            shown.fact =
                image->successor.empty() ? remote::Fact::kDeleted : fact_of_successor(*image);
        out.push_back(std::move(shown));
    }
    std::ranges::sort(out, [](const Shown& a, const Shown& b) {
        return std::tie(a.image.stamp, a.id) < std::tie(b.image.stamp, b.id);
    });
    return out;
}

Result<> Account::emit(const std::string& stream, std::span<const std::string> fields,
                       const std::vector<Shown>& records, bool by_id, remote::RecordSink& sink,
                       std::string_view checkpoint) {
    const StreamModel& model = server_.model().stream(stream);
    std::vector<std::vector<ValueView>> values(records.size());
    std::vector<remote::RecordView> views;
    std::set<Token> tokens;
    trace_.mix(records.size());
    trace_.mix(checkpoint);
    for (std::size_t i = 0; i < records.size(); ++i) {
        const Shown& record = records[i];
        trace_.mix(static_cast<std::uint64_t>(record.fact));
        trace_.mix(record.id);
        for (const auto* text :
             {&record.image.version, &record.image.modified_by, &record.image.successor})
            trace_.mix(*text);
        for (const auto& name : fields) {
            const auto found = record.image.fields.find(name);
            const FieldModel* field = model.field(name);
            ValueView value =
                found == record.image.fields.end() ? ValueView::null() : found->second.view();
            if (!by_id && field != nullptr && field->cut_in_lists && value.text.size() > kCutLength)
                value = {};
            if (server_.hides(stream, name)) value = {};
            if (record.fact == remote::Fact::kRecord)
                for_each_token(value, [&](Token token) { tokens.insert(token); });
            values[i].push_back(value);
            trace_.mix(value);
        }
        if (trace_.prints()) {
            std::string line = "  shows " + record.id + " " + record.image.version + " by " +
                               record.image.modified_by + " fact " +
                               std::to_string(static_cast<int>(record.fact));
            for (std::size_t k = 0; k < fields.size(); ++k)
                line += " " + fields[k] + "=" +
                        (values[i][k].is_absent() ? "…" : as_text(values[i][k]));
            trace_.note(line);
        }
        const bool full = record.fact == remote::Fact::kRecord;
        views.push_back({.fact = record.fact,
                         .id = record.id,
                         .version = record.image.version,
                         .modified_by = record.image.modified_by,
                         .successor = record.image.successor,
                         .fields = full ? std::span<const ValueView>(values[i])
                                        : std::span<const ValueView>()});
    }
    auto taken = sink.accept(views, checkpoint);
    shown_.insert(tokens.begin(), tokens.end());
    if (!taken) return failed(std::move(taken.error()));
    delivered_.merge(tokens);
    if (!rehearses_) note_seen(stream, records, fields);
    for (std::size_t i = 0; i < records.size(); ++i) {
        const Shown& record = records[i];
        if (!rehearses_ && by_id &&
            (record.fact == remote::Fact::kMissing || record.fact == remote::Fact::kDeleted))
            told_gone_.emplace(stream, record.id);
        if (rehearses_ || record.fact != remote::Fact::kRecord) continue;
        if (record.epoch == server_.epoch()) {
            std::string& newest = newest_[stream + "/" + record.id];
            newest = std::max(newest, record.image.version);
        }
        for (std::size_t k = 0; k < fields.size(); ++k)
            if (!values[i][k].is_absent())  // a list may cut it, once it is shown again
                unseen_.erase({stream + "/" + record.id, fields[k]});
            else if (server_.hides(stream, fields[k]) &&
                     !hidden_then_.contains({stream, fields[k]}))
                unseen_.emplace(stream + "/" + record.id, fields[k]);
    }
    return taken;
}

// Only what stood there as it was shown, not what a page or a copy that lags brought; and what was
// taken, not what is to be read by id first.
void Account::note_seen(const std::string& stream, const std::vector<Shown>& records,
                        std::span<const std::string> fields) {
    std::optional<std::set<std::string>> parked;
    if (!tells_changes_apart()) return;
    // Groups come whole or not at all.
    if (!server_.hidden().empty() || !hidden_then_.empty()) return;
    const StreamModel& model = server_.model().stream(stream);
    for (const Shown& record : records) {
        const auto* there = server_.find(stream, record.id);
        if (record.fact != remote::Fact::kRecord || record.epoch != server_.epoch() ||
            there == nullptr || there->now.version != record.image.version)
            continue;
        std::optional<bool> taken;
        for (const auto& name : fields) {
            const FieldModel* field = model.field(name);
            const auto value = record.image.fields.find(name);
            if (field == nullptr || field->computed || value == record.image.fields.end() ||
                server_.hides(stream, name))
                continue;
            const auto now = there->now.fields.find(name);
            const auto token = first_token(value->second.view());
            if (!token || now == there->now.fields.end() || now->second != value->second) continue;
            if (!taken) taken = hooks_.known(stream, record.id) == record.image.version;
            if (!*taken) break;
            if (!parked) parked = hooks_.parked();
            // A question has the newest of theirs (docs/guarantees.md).
            if (parked->contains(stream + "/" + record.id + "/" +
                                 (field->group.empty() ? field->remote : field->group)))
                seen_.erase(*token);
            else
                seen_.try_emplace(*token, Seen{stream, record.id, name});
        }
    }
}

void Account::note_doubtful(const std::string& stream, std::span<const Shown> late) {
    const bool lags = !rehearses_ && std::ranges::any_of(late, [&](const Shown& one) {
        const auto known = hooks_.known(stream, one.id);
        return known && one.image.version < *known;
    });
    if (!lags) return;
    for (const Shown& one : late) {
        const Server::Image* listed = server_.visible(*server_.find(stream, one.id));
        const bool so = listed != nullptr && !listed->deleted &&
                        listed->version == one.image.version;  // lists show it, too
        if (!so && !hooks_.known(stream, one.id))
            doubtful_.emplace(stream + "/" + one.id, one.image.version);
    }
}

Result<std::string> Account::pull(std::string_view stream, std::span<const std::string> fields,
                                  std::string_view cursor, remote::RecordSink& sink) {
    const std::string name(stream);
    mix(fields);
    if (auto sent = request("pull " + name + " from " + std::string(cursor)); !sent)
        return pass(sent);
    const ServerTraits& traits = server_.traits();
    // A change may show this long after its stamp; each pull looks back as far.
    const auto overlap = server_.lag_bound();
    const std::string end = format_instant(server_.now() - overlap);

    std::pair<std::string, std::string> last;
    for (std::size_t page = 0;; ++page) {
        auto found = changed_since(name, cursor);
        std::vector<Shown> shown;
        std::size_t skip = traits.keyset ? 0 : page * traits.page_size;
        for (Shown& one : found) {
            if (traits.keyset && page > 0 && std::pair(one.image.stamp, one.id) <= last) continue;
            if (skip > 0) {
                --skip;
                continue;
            }
            if (shown.size() == traits.page_size) break;
            shown.push_back(std::move(one));
        }
        if (shown.empty()) break;
        last = {shown.back().image.stamp, shown.back().id};
        if (page > 0 && happens(Fault::kCutPull)) return failed(Errc::kUnavailable, "cut off");
        const std::size_t now = shown.size();
        if (happens(Fault::kStalePage))
            for (const auto& [id, record] : server_.records(name))
                if (!record.past.empty() && !record.past.front().deleted && !record.forbidden &&
                    dice_.percent(60))
                    shown.push_back({.id = id,
                                     .image = record.past.front(),
                                     .fact = remote::Fact::kRecord,
                                     .epoch = server_.epoch()});
        std::string checkpoint;
        if (traits.keyset)
            if (const auto at = parse_instant(last.first))
                checkpoint = format_instant(std::min(*at - overlap, server_.now() - overlap));
        if (auto back = answer("page"); !back) return pass(back);
        note_doubtful(name, std::span(shown).subspan(now));
        if (auto done = emit(name, fields, shown, false, sink, checkpoint); !done)
            return pass(done);
        if (happens(Fault::kTwicePage))
            if (auto done = emit(name, fields, shown, false, sink, ""); !done) return pass(done);
    }
    trace_.mix(end);
    return end;
}

Result<bool> Account::list_ids(std::string_view stream, remote::RecordSink& sink) {
    const std::string name(stream);
    if (auto sent = request("list_ids " + name); !sent) return pass(sent);
    std::vector<Shown> all;
    for (const auto& [id, record] : server_.records(name))
        if (const auto* image = server_.visible(record);
            image != nullptr && !image->deleted && !record.forbidden)
            all.push_back({.id = id, .image = *image, .fact = remote::Fact::kId});
    const bool truncated = happens(Fault::kTruncatedList);
    if (truncated || happens(Fault::kLyingList)) all.resize(all.size() / 2);
    if (auto back = answer("list"); !back) return pass(back);
    if (auto done = emit(name, {}, all, false, sink, ""); !done) return pass(done);
    trace_.mix(static_cast<std::uint64_t>(truncated));
    return !truncated;
}

Result<> Account::fetch(std::string_view stream, std::span<const std::string> fields,
                        std::span<const std::string> ids, remote::RecordSink& sink) {
    const std::string name(stream);
    mix(fields);
    mix(ids);
    asked_for_ += ids.size();
    if (ids.empty()) call("fetch " + name);
    for (std::size_t at = 0; at < ids.size(); at += kFetchBatch) {
        if (auto sent = request("fetch " + name); !sent) return sent;
        std::vector<Shown> shown;
        for (const auto& id : ids.subspan(at, std::min(kFetchBatch, ids.size() - at))) {
            shown.push_back(by_id(name, id));
            show_late(name, shown.back());
        }
        if (auto back = answer("fetched"); !back) return back;
        if (auto done = emit(name, fields, shown, true, sink, ""); !done) return done;
    }
    return {};
}

Result<> Account::find(std::string_view stream, std::span<const std::string> fields,
                       std::string_view field, std::span<const std::string> values,
                       remote::RecordSink& sink) {
    const std::string name(stream);
    mix(fields);
    trace_.mix(field);
    mix(values);
    if (auto sent = request("find " + name); !sent) return sent;
    std::vector<Shown> shown;
    for (const auto& [id, record] : server_.records(name)) {
        const auto found = record.now.fields.find(std::string(field));
        if (record.now.deleted || record.forbidden || found == record.now.fields.end()) continue;
        if (std::ranges::find(values, found->second.text()) != values.end())
            shown.push_back(by_id(name, id));
    }
    if (auto back = answer("found"); !back) return back;
    return emit(name, fields, shown, true, sink, "");
}

// What stands there looks like a form of what this device has sent: nobody can know that it is
// somebody's value (docs/guarantees.md).
std::set<std::string> Account::looks_like_ours(const std::string& stream,
                                               const remote::Change& change) const {
    std::set<std::string> out;
    for (const auto& field : change.fields)
        if (shares_user_ && server_.replaced_in_tick(stream, change.id, field.field, this))
            out.insert(field.field);
    return out;
}

// What has been replaced must have been read, and kept: always where the remote compares and
// sets, else unless it was written after the cycle began, for the look just before a push is not
// quite the push.
void Account::watch_update(const std::string& stream, const remote::Change& change,
                           const Server::Record& before, const std::set<std::string>& unclear) {
    const bool compared =
        server_.traits().cas != remote::CompareAndSet::kNone && !change.expect_version.empty();
    for (const auto& field : change.fields) {
        const auto found = before.now.fields.find(field.field);
        if (found == before.now.fields.end() || found->second == field.value) continue;
        const auto token = first_token(found->second.view());
        if (!token || first_token(field.value.view()) == token) continue;
        if (unclear.contains(field.field)) continue;
        if (delivered_.contains(*token))
            overwritten_.try_emplace(*token, Seen{stream, change.id, field.field});
        else if (!shown_.contains(*token) && before.now.modified_by == "colleague" &&
                 (before.written_at + server_.traits().read_lag_max < cycle_began_ ||
                  (compared && before.now.version == change.expect_version)))
            hooks_.violation("A2: " + stream + " " + change.id + " " + field.field +
                             ": a value that was never read was overwritten");
    }
}

// What goes with a record that we delete must have been read and kept, too. Groups come whole or
// not at all.
void Account::watch_delete(const std::string& stream, const remote::Change& change,
                           const Server::Record& before) {
    if (before.now.deleted) return;
    const StreamModel& model = server_.model().stream(stream);
    const auto is_hidden = [&](const FieldModel& one) {
        return std::ranges::any_of(model.fields, [&](const FieldModel& other) {
            return (&other == &one || (!one.group.empty() && other.group == one.group)) &&
                   server_.hides(stream, other.remote);
        });
    };
    remote::Change all = change;
    for (const FieldModel& field : model.fields)
        if (before.now.fields.contains(field.remote) && !field.computed && !field.late &&
            !is_hidden(field))
            all.fields.push_back({field.remote, Value()});
    watch_update(stream, all, before, {});
}

// Who sends what was replaced there takes somebody's newer value away.
void Account::watch_return(const std::string& stream, const remote::Change& change) const {
    const auto* there = server_.find(stream, change.id);
    if (there == nullptr) return;
    for (const auto& field : change.fields) {
        const auto found = there->now.fields.find(field.field);
        if (found == there->now.fields.end()) continue;
        const auto held = first_token(found->second.view()), sent = first_token(field.value.view());
        if (!held || !sent || *held == *sent) continue;
        const auto then = server_.typed_at(change.id, field.field, *sent);
        const auto since = server_.typed_at(change.id, field.field, *held);
        if (then && since && *then < *since)
            hooks_.sent_again(*sent, stream + " " + change.id + " " + field.field,
                              server_.insists_since(stream, change.id, field.field));
    }
}

// C6: by its own description the remote would refuse it. Kontor asks for that once a day: where it
// changes, what is sent may be what was right before.
void Account::watch_valid(const std::string& stream, const remote::Change& change) const {
    if (server_.retypes() > 0) return;
    for (const auto& field : change.fields) {
        const FieldModel* model = server_.model().stream(stream).field(field.field);
        if (model == nullptr) continue;  // the key
        const auto refuse = [&](const char* why) {
            hooks_.violation("C6: " + stream + " " + change.id + " " + field.field + ": '" +
                             field.value.text() + "' is sent, which " + why);
        };
        if (model->computed) refuse("the remote computes");
        if (field.value.is_blank()) continue;
        const std::string& text = field.value.text();
        if (model->type == remote::FieldType::kInteger && field.value.kind() != Kind::kInteger)
            refuse("is no whole number");
        if (model->type == remote::FieldType::kDecimal && field.value.kind() != Kind::kInteger &&
            (text.empty() || text.find_first_not_of("0123456789.-") != std::string::npos))
            refuse("is no number");
        const auto characters =
            std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; });
        if (model->habit == Habit::kTruncate && characters > kTruncateAt) refuse("is too long");
    }
}

// A version that two changes may share tells too little.
bool Account::tells_changes_apart() const {
    const ServerTraits& traits = server_.traits();
    return traits.opaque_versions || traits.precision <= milliseconds{1};
}

// C2: where it is known here as it is there, a write that changes nothing is an echo; but for one
// that says what has been a form of what was sent before, and has become the value here since. That
// it said so in the time that was lost, a restored replica does not know.
void Account::watch_echo(const std::string& stream, const remote::Change& change,
                         const Server::Record& there) const {
    // A form of the phone that may be another is told anew; what arrives twice is a fault.
    if (!tells_changes_apart() || server_.retypes() > 0 || reformed_ || resends_) return;
    for (const auto& field : change.fields) {
        const auto found = there.now.fields.find(field.field);
        // What was blank in one way and is typed blank in another is an edit.
        if (field.value.is_blank() || found == there.now.fields.end() ||
            found->second != field.value)
            return;
        if (server_.has_turned(stream, change.id, field.field)) return;
        const std::string where = stream + "/" + change.id + "/" + field.field;
        const auto sent = sent_.find(where);
        if (sent != sent_.end() && sent->second != field.value) return;
        const FieldModel* model = server_.model().stream(stream).field(field.field);
        const auto before = sent_before_.find(where);
        if (model != nullptr && before != sent_before_.end() && before->second != field.value &&
            kept(*model, before->second) == field.value)
            return;
    }
    if (!change.fields.empty() && hooks_.known(stream, change.id) == there.now.version)
        hooks_.violation("C2: " + stream + " " + change.id +
                         " is sent what stands there, and is known to");
}

// While a person has not answered, nobody's value there is replaced.
void Account::watch_parked(const std::string& stream, std::span<const remote::Change> changes) {
    const auto parked = hooks_.parked();
    if (parked.empty()) return;
    for (const auto& change : changes)
        for (const auto& field : change.fields) {
            const FieldModel* model = server_.model().stream(stream).field(field.field);
            if (model == nullptr) continue;
            const std::string& group = model->group.empty() ? model->remote : model->group;
            if (parked.contains(stream + "/" + change.id + "/" + group))
                hooks_.violation("h: " + stream + " " + change.id + " " + group +
                                 " is sent while a person is asked about it");
        }
}

// Somebody on the way has sent it again. Where nothing tells that a create is the same one, no
// client can keep it from being made twice; there nobody sends again.
void Account::resend(const std::string& stream, const remote::Change& change,
                     remote::PushResult& result) {
    const bool told_apart = change.op != remote::ChangeOp::kCreate ||
                            (server_.traits().key_field && server_.traits().upserts);
    if (!resends_ || !told_apart || !resends_->percent(25)) return;
    trace_.note("! arrives twice");
    result = server_.carry_out(stream, change, user_);
}

Result<std::vector<remote::PushResult>> Account::push(std::string_view stream,
                                                      std::span<const remote::Change> changes) {
    const std::string name(stream);
    if (changes.size() > static_cast<std::size_t>(server_.traits().push_batch_max))
        hooks_.violation("D9: a batch of " + std::to_string(changes.size()) + " changes");
    watch_parked(name, changes);
    if (trace_.prints())
        for (const auto& change : changes) {
            std::string line = "  op " + std::to_string(static_cast<int>(change.op)) + " " +
                               change.id + " expects " + change.expect_version;
            for (const auto& field : change.fields)
                line += " " + field.field + "=" + field.value.text() +
                        (field.value.is_null() ? "NULL" : "");
            trace_.note(line);
        }
    for (const auto& change : changes) mix(change);
    changes_sent_ += changes.size();
    for (const auto& change : changes)
        if (change.op != remote::ChangeOp::kDelete) watch_valid(name, change);
    if (auto sent = request("push " + name); !sent) return pass(sent);
    if (std::exchange(loses_push_, false)) {
        ++fired_;
        trace_.note("! a push is lost");
        return failed(lost(Errc::kUnavailable, "connection refused"));
    }
    std::size_t count = changes.size();
    const bool by_half = happens(Fault::kCarriedByHalf);
    if (by_half) count = (count + 1) / 2;
    std::vector<remote::PushResult> results;
    for (std::size_t i = 0; i < count; ++i) {
        remote::PushResult result;
        if (happens(Fault::kItemRetry)) {
            result.status = remote::PushStatus::kRetry;
        } else if (happens(Fault::kItemLocked)) {
            result.status = remote::PushStatus::kLocked;
        } else {
            const auto* found = server_.find(name, changes[i].id);
            const auto before = found != nullptr ? *found : Server::Record{};
            if (changes[i].op == remote::ChangeOp::kUpdate) {
                watch_return(name, changes[i]);
                if (found != nullptr) watch_echo(name, changes[i], before);
            }
            const auto unclear = looks_like_ours(name, changes[i]);
            result = server_.carry_out(name, changes[i], user_);
            if (changes[i].op == remote::ChangeOp::kUpdate &&
                result.status == remote::PushStatus::kOk)
                watch_update(name, changes[i], before, unclear);
            if (changes[i].op == remote::ChangeOp::kDelete &&
                result.status == remote::PushStatus::kOk)
                watch_delete(name, changes[i], before);
            if (result.status == remote::PushStatus::kOk) {
                ++carried_out_;
                if (changes[i].op == remote::ChangeOp::kUpdate)
                    ++updates_[name + "/" + changes[i].id];
                for (const auto& field : changes[i].fields) {
                    const std::string where = name + "/" + result.id + "/" + field.field;
                    sent_[where] = field.value;
                    sent_before_.erase(where);
                }
                if (changes[i].op == remote::ChangeOp::kCreate)
                    server_.note_maker(name, result.id, this, cycle_began_);
                if (changes[i].op != remote::ChangeOp::kDelete)
                    server_.note_writer(name, result.id, changes[i], this);
                resend(name, changes[i], result);
            }
            if (hooks_.answered) hooks_.answered(name, changes[i], result);
            if (happens(Fault::kItemUnknown)) result = {};
        }
        mix(result);
        if (trace_.prints())
            trace_.note("  -> " + std::string(remote::to_string(result.status)) + " " + result.id +
                        " " + result.version);
        results.push_back(std::move(result));
    }
    if (std::exchange(loses_pushed_, false)) arm(Fault::kLostAnswer);
    if (auto back = answer("pushed"); !back) return pass(back);
    if (by_half) return failed(Errc::kUnavailable, "broken off");
    if (results.size() > 1 && happens(Fault::kFewerResults)) results.erase(results.begin());
    trace_.mix(results.size());
    return results;
}

// The remote answers some of the reads before it carries out the changes, and the rest after.
remote::Remote::Exchange Account::push_and_fetch(std::string_view stream,
                                                 std::span<const remote::Change> changes,
                                                 std::span<const std::string> fields,
                                                 std::span<const std::string> ids,
                                                 remote::RecordSink& sink) {
    call("push and fetch");
    mix(ids);
    const auto before = ids.first(dice_.roll(ids.size() + 1));
    auto fetched = fetch(stream, fields, before, sink);
    Exchange out{push(stream, changes), std::move(fetched)};
    if (out.pushed && out.fetched)
        out.fetched = fetch(stream, fields, ids.subspan(before.size()), sink);
    return out;
}

}  // namespace kontor::simulation
