#include "sync/engine/pusher.hpp"

#include <algorithm>
#include <utility>

#include "sync/base/backoff.hpp"
#include "sync/engine/absorb.hpp"
#include "sync/engine/arrivals.hpp"
#include "sync/engine/cut_fields.hpp"
#include "sync/engine/epoch.hpp"
#include "sync/engine/record_key.hpp"
#include "sync/engine/references.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/content_stamp.hpp"

namespace kontor::engine {
namespace {

using remote::ChangeOp;
using remote::PushStatus;
using replica::LinkState;

/// Tries with a record that keeps changing under us before it is left alone for a while.
constexpr int kReplansMax = 3;
/// Creates that are under way at once where no key can tell afterwards which were carried out: if
/// all is cut off, a person has that many to decide about.
constexpr std::size_t kDoubtfulMax = 100;
/// How old an image may be when what was planned by it is sent. If the remote takes longer to
/// write, nothing is read meanwhile: that would only widen the gap in which a colleague's edit is
/// overwritten unread.
constexpr std::chrono::milliseconds kAheadMax{300};
/// How long a locked record, or one the remote could not take just now, is left alone.
constexpr BackoffPolicy kRetryLater{std::chrono::minutes{1}, std::chrono::hours{6}};

/// What the links of one batch have to tell, as derived from what the replica held at one moment.
struct Batch {
    std::vector<std::int64_t> links;
    std::vector<std::optional<Link>> stored;         ///< one for each of them
    std::vector<std::optional<PlannedPush>> pushes;  ///< one for each of them
    std::int64_t newest = 0;                         ///< last history entry that they know
    replica::ContentStamp stamp;
    std::chrono::milliseconds looked_at{0};  ///< steady time, if it was read ahead
};

/// A push that has been written down and is about to be sent.
struct Sent {
    std::int64_t intent = 0;
    PlannedPush push;
};

std::int64_t newest_entry(Sql& sql) {
    return sql.integer("SELECT max(seq) FROM kontor_history").value_or(0);
}

/// The next links to look at, as many as may be under way at once.
std::vector<std::int64_t> candidates(Context& context, const StreamPlan& plan,
                                     const remote::Capabilities& can, std::int64_t after) {
    std::vector<std::int64_t> out;
    const bool keyed = !can.key_field.empty() && !plan.mapping.key_field.empty();
    std::size_t doubtful = 0;
    auto& rows = context.sql.bind(
        "SELECT l.id, l.ext_id IS NULL FROM kontor_link l"
        " LEFT JOIN kontor_blocked b ON b.link = l.id"
        " WHERE l.stream = ? AND l.dirty AND l.id > ? AND (b.link IS NULL OR b.retry_at <= ?)"
        " ORDER BY l.id LIMIT ?",
        plan.id, after, context.now(), std::max(1, can.push_batch_max));
    while (Sql::step(rows)) {
        if (!keyed && rows.integer(1) != 0 && ++doubtful > kDoubtfulMax) break;
        out.push_back(rows.integer(0));
    }
    return out;
}

/// How many candidates() there are.
std::int64_t waiting(Context& context, const StreamPlan& plan) {
    return context.sql
        .integer(
            "SELECT count(*) FROM kontor_link l LEFT JOIN kontor_blocked b ON b.link = l.id"
            " WHERE l.stream = ? AND l.dirty AND (b.link IS NULL OR b.retry_at <= ?)",
            plan.id, context.now())
        .value_or(0);
}

bool wanted(const PushPass& pass, ChangeOp op) {
    switch (op) {
        case ChangeOp::kCreate:
            return pass.creates;
        case ChangeOp::kUpdate:
            return pass.updates;
        case ChangeOp::kDelete:
            return pass.deletes;
    }
    return false;
}

/// The column here that a remote's name for a field (or our own) means, so that what a remote says
/// of a field is found with the field.
std::optional<std::string> column_of(const StreamPlan& plan, const std::string& field) {
    for (const auto& group : plan.mapping.groups)
        for (const auto& mapping : group.fields)
            if (mapping.remote == field || std::ranges::count(mapping.columns, field) > 0)
                return mapping.columns.front();
    return std::nullopt;
}

void block(Context& context, const StreamPlan& plan, const Link& link, std::string_view op,
           std::string_view status, const remote::PushResult& result, bool retry_later) {
    const std::int64_t attempts =
        context.sql.integer("SELECT attempts FROM kontor_blocked WHERE link = ?", link.id)
            .value_or(0) +
        1;
    std::optional<std::string> retry_at;
    if (retry_later)
        retry_at = format_instant(
            context.clock.now() +
            backoff_delay(kRetryLater, static_cast<unsigned>(attempts), context.random.next()));
    context.sql.run(
        "INSERT INTO kontor_blocked(link, op, status, code, field, message, other_id, since,"
        " attempts, retry_at, col) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
        " ON CONFLICT(link) DO UPDATE SET op = ?2, status = ?3, code = ?4, field = ?5,"
        " message = ?6, other_id = ?7, attempts = ?9, retry_at = ?10, col = ?11",
        link.id, op, status, result.code, result.field, result.message, result.id, context.now(),
        attempts, retry_at, column_of(plan, result.field));
}

const char* op_name(ChangeOp op) {
    switch (op) {
        case ChangeOp::kCreate:
            return "create";
        case ChangeOp::kUpdate:
            return "update";
        case ChangeOp::kDelete:
            return "delete";
    }
    return "update";
}

remote::Change to_change(const StreamPlan& plan, const PlannedPush& push, const std::string& key) {
    remote::Change change;
    change.op = push.op;
    change.id = push.link.ext_id;
    change.key = key;
    change.expect_version = push.link.version;
    const bool create = push.op == ChangeOp::kCreate;
    for (const SentGroup& sent : push.groups) {
        const GroupPlan* group = plan.group(sent.group);
        if (group == nullptr) continue;
        for (std::size_t i = 0; i < group->mapping->fields.size(); ++i) {
            const auto& field = group->mapping->fields[i];
            if (!tells(field, sent.values[i], create)) continue;
            change.fields.push_back({field.remote, sent.values[i]});
        }
    }
    return change;
}

/// Nothing is to be told now. Dirty was a hint; it stays where something still waits.
void clear_hint(Context& context, const Link& link) {
    const bool waits = link.state == LinkState::kLive && link.ext_id.empty();
    if (waits || unsettled(context.sql, link.id) || has_open_conflicts(context.sql, link.id))
        return;
    if (link.state == LinkState::kDeleteHere && link.ext_id.empty())
        forget_link(context.sql, link.id);  // it never came to be there
    else
        clear_dirty(context.sql, link.id);
}

/// Needs an open transaction.
void plan_batch(Context& context, const StreamPlan& plan, const PushPass& pass, Batch& batch) {
    batch.newest = newest_entry(context.sql);
    batch.stored.clear();
    batch.pushes.clear();
    const auto& unread = context.unread[plan.id];
    for (const std::int64_t id : batch.links) {
        auto& link = batch.stored.emplace_back(link_by_id(context.sql, id));
        if (link && unread.contains(link->ext_id)) link.reset();  // its turn comes when it is read
        batch.pushes.push_back(link ? plan_push(context, plan, *link, pass.force_creates)
                                    : std::nullopt);
    }
}

/// What the record is to be called there. One that came from a remote has no uid before it is first
/// made at another, or there again: until then it may turn out to be one that is there, and take
/// over the uid of that.
std::string key_for(Context& context, const StreamPlan& plan, const Link& link) {
    if (auto name = name_of(context.sql, plan, link); !name.empty()) return name;
    std::string made = context.random.uid();
    give_uid(context, plan, link.record, made);
    return made;
}

/// Writes down what is going to be sent (clause: intents first). In its own durable transaction.
std::vector<Sent> journal(Context& context, const StreamPlan& plan, Batch& batch,
                          const PushPass& pass, StreamCounts& counts,
                          std::vector<remote::Change>& changes) {
    std::vector<Sent> out;
    need(context.sql.db().execute("PRAGMA synchronous=FULL"));
    {
        EngineTransaction transaction(context);
        // Mostly the look has shown what was known, and nobody has written since.
        if (need(replica::content_stamp(context.sql.db())) != batch.stamp)
            plan_batch(context, plan, pass, batch);
        for (std::size_t i = 0; i < batch.links.size(); ++i) {
            const std::int64_t id = batch.links[i];
            const auto& link = batch.stored[i];
            auto& push = batch.pushes[i];
            if (!link) continue;
            if (!push) {
                clear_hint(context, *link);
                continue;
            }
            if (!wanted(pass, push->op)) continue;
            if (push->refused) {
                remote::PushResult why;
                why.status = PushStatus::kInvalid;
                why.code = push->refused.code;
                why.field = push->refused.column;
                why.message = push->refused.message;
                block(context, plan, *link, op_name(push->op), "invalid", why, false);
                ++counts.blocked;
                continue;
            }
            if (push->empty()) continue;
            std::string key;
            if (push->op == ChangeOp::kCreate) key = key_for(context, plan, *link);
            Intent intent{.link = id,
                          .op = op_name(push->op),
                          .sent = push->groups,
                          .key = key,
                          .base_version = link->version,
                          .state = "sent",
                          .version = ""};
            changes.push_back(to_change(plan, *push, key));
            out.push_back({add_intent(context, intent), std::move(*push)});
        }
        transaction.commit();
    }
    need(context.sql.db().execute("PRAGMA synchronous=NORMAL"));
    return out;
}

/// Clause f: what was sent is what they hold and what it answers to; the row as it is now decides
/// whether there is more to say.
void acknowledge(Context& context, const StreamPlan& plan, const Sent& sent,
                 const remote::PushResult& result, bool edited_since, StreamCounts& counts) {
    const auto stored = link_by_id(context.sql, sent.push.link.id);
    if (!stored) return;
    auto link = stored;
    context.sql.run("DELETE FROM kontor_blocked WHERE link = ?", link->id);
    if (sent.push.op == ChangeOp::kDelete) {
        pin_referrers(context.sql, context.plans, plan, link->record);
        const bool taken_back = link->state != LinkState::kDeleteHere;  // while it was under way
        link->state = LinkState::kDone;
        save_link(context.sql, *link, *stored);
        clear_dirty(context.sql, link->id);
        drop_intents(context.sql, link->id);
        drop_shadows(context.sql, link->id);
        ++counts.deleted_there;
        if (taken_back) take_up(context, plan, std::move(*link));
        return;
    }
    for (const SentGroup& group : sent.push.groups)
        save_shadow(context.sql, link->id, group.group, {group.values, group.values, false});
    if (sent.push.op == ChangeOp::kCreate) {
        auto other = link_by_ext(context.sql, plan.id, result.id);
        if (other && is_gone(*other)) {
            // A remote that was set back gives the ids again that it has lost.
            give_up_id(context, plan, *other);
            other.reset();
        }
        if (other && other->id != link->id && plan.mapping.key_field.empty()) {
            // … before anything has shown that it was: what is made without a key is new there.
            lose_id(context, plan, *other);
            other.reset();
        }
        if (other && other->id != link->id) {
            // The remote says that our new record is one that we have already.
            remote::PushResult duplicate = result;
            duplicate.code = "KONTOR_SAME_RECORD";
            block(context, plan, *link, "create", "duplicate", duplicate, false);
            ++counts.blocked;
            drop_intent(context.sql, sent.intent);
            for (const SentGroup& group : sent.push.groups)
                drop_shadow(context.sql, link->id, group.group);
            return;
        }
        link->ext_id = result.id;
        ++counts.created_there;
    } else {
        ++counts.updated_there;
    }
    if (!result.version.empty()) link->version = result.version;
    save_link(context.sql, *link, *stored);
    // An image that settles this one is past the earlier ones.
    context.sql.run("DELETE FROM kontor_intent WHERE link = ? AND state = 'acked' AND version < ?",
                    link->id, result.version);
    set_intent_state(context.sql, sent.intent, "acked", result.version);
    if (sent.push.op == ChangeOp::kCreate) {
        wake_referrers(context.sql, context.plans, plan, link->record);
        // It may be one that was there, and was referred to, before it was read here.
        complete_referrers(context, plan, *link);
    }
    // Otherwise the further rounds would look at it again and again. What was sent was all there
    // was to say, unless something waited or has been edited since.
    const bool may_have_more = edited_since || sent.push.waits;
    if (!may_have_more || !plan_push(context, plan, *link)) clear_hint(context, *link);
}

void refused(Context& context, const StreamPlan& plan, const Sent& sent,
             const remote::PushResult& result, StreamCounts& counts) {
    drop_intent(context.sql, sent.intent);
    const auto link = link_by_id(context.sql, sent.push.link.id);
    if (!link) return;
    const bool later = result.status == PushStatus::kLocked || result.status == PushStatus::kRetry;
    block(context, plan, *link, op_name(sent.push.op), remote::to_string(result.status), result,
          later);
    ++counts.blocked;
}

/// False if the remote has surely not taken what was sent. A connector that ended, or was stopped,
/// may have sent it before.
bool maybe_carried_out(Errc code) {
    switch (code) {
        case Errc::kUnavailable:
        case Errc::kTimeout:
        case Errc::kCancelled:
        case Errc::kProtocol:
        case Errc::kInternal:
        case Errc::kConnector:
            return true;
        default:
            return false;
    }
}

/// An update or deletion that was not carried out, for the record is said to be another than we
/// know, or gone.
struct Elsewhere {
    Link link;
    ChangeOp op = ChangeOp::kUpdate;
    remote::PushResult result;
};

/// Settles one batch's answers. Returns the records whose images must be read again. `ahead`, if
/// there is one, is planned and looked at; all that was sent are updates then.
std::vector<Elsewhere> settle(Context& context, const StreamPlan& plan,
                              const std::vector<Sent>& sent, const remote::Capabilities& can,
                              const std::vector<remote::PushResult>& results,
                              std::int64_t planned_at, Batch* ahead, StreamCounts& counts) {
    std::vector<Elsewhere> reread;
    EngineTransaction transaction(context);
    // An update that was carried out changes nothing of what others have to tell.
    bool same_plans =
        ahead != nullptr && need(replica::content_stamp(context.sql.db())) == ahead->stamp;
    const bool edited_since = newest_entry(context.sql) > planned_at;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        const remote::PushResult unknown{};
        // Matched by position only if the counts agree.
        const remote::PushResult& result = results.size() == sent.size() ? results[i] : unknown;
        const bool create = sent[i].push.op == ChangeOp::kCreate;
        const bool nameless = create && result.status == PushStatus::kOk && result.id.empty();
        const bool elsewhere =
            result.status == PushStatus::kChanged || result.status == PushStatus::kMissing;
        same_plans = same_plans && result.status == PushStatus::kOk;
        if (result.status == PushStatus::kUnknown || nameless) {
            set_intent_state(context.sql, sent[i].intent, "unknown", "");
            ++counts.unknown;
        } else if (result.status == PushStatus::kOk) {
            acknowledge(context, plan, sent[i], result, edited_since, counts);
        } else if (elsewhere && !create) {
            // One that is changed may be so by this very change, if somebody on the way has sent it
            // twice: what it is read to be tells.
            if (can.fetch && result.status == PushStatus::kChanged &&
                sent[i].push.op == ChangeOp::kUpdate)
                set_intent_state(context.sql, sent[i].intent, "refused", "");
            else
                drop_intent(context.sql, sent[i].intent);
            reread.push_back({sent[i].push.link, sent[i].push.op, result});
        } else {
            refused(context, plan, sent[i], result, counts);
        }
    }
    transaction.commit();
    refuse_if_ids_lost(context.sql, plan.connection);
    if (same_plans) ahead->stamp.own = need(replica::content_stamp(context.sql.db())).own;
    return reread;
}

/// The remote refuses records, again and again, for a reason that their images do not show. They
/// are blocked as what cannot be sent, or nobody would learn of it.
void block_elsewhere(Context& context, const StreamPlan& plan,
                     const std::vector<Elsewhere>& elsewhere, StreamCounts& counts) {
    EngineTransaction transaction(context);
    for (const Elsewhere& one : elsewhere) {
        const auto link = link_by_id(context.sql, one.link.id);
        if (!link || !plan_push(context, plan, *link)) continue;
        // A record that others keep changing may be left alone by them later.
        const bool changes = one.result.status == PushStatus::kChanged;
        block(context, plan, *link, op_name(one.op), changes ? "changed" : "invalid", one.result,
              changes);
        ++counts.blocked;
    }
    transaction.commit();
}

/// Plans the batch. Returns the remote ids of the records that would be written unread. Where the
/// remote `compares`, it looks itself, but only at what we can name a version of.
std::vector<std::string> ids_at_risk(Context& context, const StreamPlan& plan, const PushPass& pass,
                                     bool compares, Batch& batch) {
    std::vector<std::string> out;
    EngineTransaction transaction(context);
    plan_batch(context, plan, pass, batch);
    batch.stamp = need(replica::content_stamp(context.sql.db()));
    for (const auto& push : batch.pushes)
        if (push && !push->link.ext_id.empty() && !push->empty() && wanted(pass, push->op) &&
            !(compares && !push->link.version.empty()))
            out.push_back(push->link.ext_id);
    transaction.commit();
    return out;
}

/// One pass over a stream.
class Push {
public:
    Push(Context& context, const StepPorts& ports, const StreamPlan& plan,
         const remote::Capabilities& can, const PushPass& pass, StreamCounts& counts)
        : context_(context),
          ports_(ports),
          plan_(plan),
          can_(can),
          pass_(pass),
          counts_(counts),
          compares_(can.cas == remote::CompareAndSet::kBatch &&
                    !must_be_read_by_id(context.sql, plan.id)) {}

    std::int64_t run() {
        const std::int64_t total = waiting(context_, plan_);
        std::int64_t seen = 0;
        int replans = 0;
        while (!ports_.cancelled.load()) {
            Batch batch = next();
            if (batch.links.empty()) break;
            std::vector<remote::Change> changes;
            const auto sent = journal(context_, plan_, batch, pass_, counts_, changes);
            if (!sent.empty()) {
                const auto reread = write(batch, sent, changes);
                ports_.observer.committed();
                if (!reread.empty() && can_.fetch) {
                    ahead_.reset();  // its turn comes later now
                    std::vector<std::string> ids;
                    ids.reserve(reread.size());
                    for (const Elsewhere& one : reread) ids.push_back(one.link.ext_id);
                    fetch_and_merge(context_, ports_, plan_, std::move(ids), counts_);
                    if (++replans <= kReplansMax) continue;  // the same links, planned afresh
                    block_elsewhere(context_, plan_, reread, counts_);
                }
            }
            replans = 0;
            after_ = batch.links.back();
            seen += static_cast<std::int64_t>(batch.links.size());
            if (!sent.empty())
                ports_.observer.progress(
                    {"push", plan_.mapping.stream, seen, std::max(total, seen)});
        }
        return carried_out_;
    }

private:
    using Results = Result<std::vector<remote::PushResult>>;

    /// The batch whose turn it is. Looks just before writing: a colleague's edit since our last
    /// pull is merged, not overwritten.
    Batch next() {
        if (auto ahead = std::exchange(ahead_, std::nullopt);
            ahead && context_.clock.steady() - ahead->looked_at <= kAheadMax)
            return *std::move(ahead);
        Batch batch;
        batch.links = candidates(context_, plan_, can_, after_);
        if (batch.links.empty()) return batch;
        if (can_.fetch) {
            const auto ids = ids_at_risk(context_, plan_, pass_, compares_, batch);
            if (ids.empty()) return batch;
            const auto asked_at = context_.clock.steady();
            fetch_and_merge(context_, ports_, plan_, ids, counts_);
            answers_soon_ = context_.clock.steady() - asked_at <= kAheadMax;
        }
        return batch;
    }

    /// Sends it, and reads the next meanwhile. Returns what it was told is not as we know it.
    std::vector<Elsewhere> write(const Batch& batch, const std::vector<Sent>& sent,
                                 const std::vector<remote::Change>& changes) {
        const auto ids = plan_ahead(batch, sent);
        if (ids.empty())
            return take(batch, sent, ports_.remote.push(plan_.mapping.stream, changes));
        std::vector<Elsewhere> reread;
        fetch_and_merge(context_, ports_, plan_, ids, counts_, Absence::kDoubted,
                        [&](std::span<const std::string> some, remote::RecordSink& sink) {
                            ahead_->looked_at = context_.clock.steady();
                            auto answer = ports_.remote.push_and_fetch(
                                plan_.mapping.stream, changes, plan_.remote_fields, some, sink);
                            answers_soon_ =
                                context_.clock.steady() - ahead_->looked_at <= kAheadMax;
                            reread = take(batch, sent, answer.pushed);
                            return answer.fetched;
                        });
        return reread;
    }

    /// Plans the batch behind this one, if it can be read while this one is written. Returns the
    /// ids to be read. Only updates let all others be as they are: who refers to a record that is
    /// being made, for one, has something to tell once it is made.
    std::vector<std::string> plan_ahead(const Batch& batch, const std::vector<Sent>& sent) {
        if (!can_.fetch || !can_.fetch_with_push || compares_ || !answers_soon_) return {};
        for (const Sent& one : sent)
            if (one.push.op != ChangeOp::kUpdate) return {};
        Batch ahead;
        ahead.links = candidates(context_, plan_, can_, batch.links.back());
        if (ahead.links.empty()) return {};
        auto ids = ids_at_risk(context_, plan_, pass_, false, ahead);
        if (!ids.empty()) ahead_ = std::move(ahead);
        return ids;
    }

    /// Settles what the remote has answered. Throws Failure if that was no answer.
    std::vector<Elsewhere> take(const Batch& batch, const std::vector<Sent>& sent,
                                const Results& results) {
        if (!results) fail_all(sent, results.error());
        const auto before = counts_;
        auto reread = settle(context_, plan_, sent, can_, *results, batch.newest,
                             ahead_ ? &*ahead_ : nullptr, counts_);
        carried_out_ += counts_.created_there + counts_.updated_there + counts_.deleted_there -
                        before.created_there - before.updated_there - before.deleted_there;
        return reread;
    }

    [[noreturn]] void fail_all(const std::vector<Sent>& sent, const Error& error) {
        const bool maybe = maybe_carried_out(error.code);
        EngineTransaction transaction(context_);
        for (const Sent& one : sent) {
            if (maybe) {
                set_intent_state(context_.sql, one.intent, "unknown", "");
                ++counts_.unknown;
            } else {
                drop_intent(context_.sql, one.intent);
            }
        }
        transaction.commit();
        stop(in_context("push " + plan_.mapping.stream, error).value());
    }

    Context& context_;
    const StepPorts& ports_;
    const StreamPlan& plan_;
    const remote::Capabilities& can_;
    const PushPass& pass_;
    StreamCounts& counts_;
    /// The remote does, and a version that is known tells what its record holds: a field may have
    /// been hidden until now.
    const bool compares_;
    std::int64_t after_ = 0;  ///< the last link that has had its turn
    std::int64_t carried_out_ = 0;
    std::optional<Batch> ahead_;  ///< the batch behind the one that is being written
    bool answers_soon_ = false;   ///< the remote, when it was asked last
};

}  // namespace

std::int64_t push(Context& context, const StepPorts& ports, const StreamPlan& plan,
                  const remote::Capabilities& can, const PushPass& pass, StreamCounts& counts) {
    return Push(context, ports, plan, can, pass, counts).run();
}

void recover(Context& context, const StepPorts& ports, const StreamPlan& plan,
             const remote::Capabilities& can, StreamCounts& counts) {
    std::vector<std::string> ids, keys;
    {
        EngineTransaction transaction(context);
        context.sql.run(
            "UPDATE kontor_intent SET state = 'unknown' WHERE state = 'sent' AND EXISTS"
            " (SELECT 1 FROM kontor_link l WHERE l.id = kontor_intent.link AND l.stream = ?)",
            plan.id);
        // CROSS JOIN: from the few intents to their links, never through all links of the stream.
        auto& rows = context.sql.bind(
            "SELECT i.op, coalesce(l.ext_id, ''), coalesce(i.key, '') FROM kontor_intent i"
            " CROSS JOIN kontor_link l ON l.id = i.link WHERE l.stream = ?"
            " AND i.state IN ('unknown', 'parked', 'refused')",
            plan.id);
        while (Sql::step(rows)) {
            if (rows.text(0) != "create")
                ids.emplace_back(rows.text(1));
            else if (!rows.text(2).empty())
                keys.emplace_back(rows.text(2));
        }
        transaction.commit();
    }
    if (!ids.empty() && can.fetch) fetch_and_merge(context, ports, plan, ids, counts);
    if (keys.empty() || can.key_field.empty() || plan.mapping.key_field.empty()) return;

    find_and_merge(context, ports, plan, keys, counts);
    // What the key did not find was not created: it is planned again.
    EngineTransaction transaction(context);
    const auto in_doubt = std::string(
        "(SELECT i.link FROM kontor_intent i CROSS JOIN kontor_link l ON l.id = i.link"
        " WHERE i.op = 'create' AND i.state IN ('unknown', 'parked') AND i.key IS NOT NULL"
        " AND l.stream = ? AND l.ext_id IS NULL)");
    context.sql.run("DELETE FROM kontor_blocked WHERE status = 'unknown' AND link IN " + in_doubt,
                    plan.id);
    context.sql.run("DELETE FROM kontor_intent WHERE op = 'create' AND link IN " + in_doubt,
                    plan.id);
    transaction.commit();
}

void give_up_doubt(Context& context, const StreamPlan& plan, const remote::Capabilities& can) {
    if (!context.sql.integer("SELECT 1 FROM kontor_intent WHERE state = 'unknown' LIMIT 1")) return;
    // What has come to be in doubt since recover() is asked for by it the next time.
    const bool keyed = !can.key_field.empty() && !plan.mapping.key_field.empty();
    const std::string no_key = keyed ? " AND coalesce(i.key, '') = ''" : "";
    EngineTransaction transaction(context);
    context.sql.run(
        "INSERT INTO kontor_blocked(link, op, status, message, since)"
        " SELECT i.link, 'create', 'unknown', 'the answer was lost and the remote offers no"
        " key to look the record up by', ?1 FROM kontor_intent i CROSS JOIN kontor_link l"
        " ON l.id = i.link WHERE l.stream = ?2 AND i.op = 'create' AND i.state = 'unknown'"
        " AND l.ext_id IS NULL" +
            no_key +
            " ON CONFLICT(link) DO UPDATE SET status = 'unknown',"
            " message = excluded.message, retry_at = NULL",
        context.now(), plan.id);
    context.sql.run(
        "UPDATE kontor_intent AS i SET state = 'parked' WHERE op = 'create' AND state = 'unknown'"
        " AND link IN (SELECT id FROM kontor_link WHERE stream = ? AND ext_id IS NULL)" +
            no_key,
        plan.id);
    // What had landed would have been among the records pulled.
    if (!can.fetch)
        context.sql.run(
            "DELETE FROM kontor_intent WHERE op <> 'create' AND state = 'unknown'"
            " AND link IN (SELECT id FROM kontor_link WHERE stream = ?)",
            plan.id);
    transaction.commit();
}

void look_for_unsent(Context& context, const StepPorts& ports, const StreamPlan& plan,
                     const remote::Capabilities& can, StreamCounts& counts) {
    constexpr std::int64_t kKeysAtOnce = 1'000;
    if (can.key_field.empty() || plan.mapping.key_field.empty()) return;
    const std::string query =
        "SELECT l.id, coalesce(l.key, x.uid) FROM kontor_link l JOIN " +
        replica::sql_name(plan.entity.name) +
        " x ON x.id = l.record WHERE l.stream = ? AND l.dirty AND l.id > ? AND l.ext_id IS NULL"
        " AND l.state = 0 AND x.uid IS NOT NULL AND (? OR NOT EXISTS(SELECT 1 FROM kontor_history"
        " WHERE entity = ? AND record = l.record AND op = 'i' AND run IS NULL))"
        " ORDER BY l.id LIMIT ?";
    const bool all = is_unread(context.sql, plan.id);
    std::int64_t after = 0;
    for (bool more = true; more;) {
        std::vector<std::string> keys;
        auto& rows =
            context.sql.bind(query, plan.id, after, std::int64_t{all}, plan.entity.id, kKeysAtOnce);
        while (Sql::step(rows)) {
            after = rows.integer(0);
            keys.emplace_back(rows.text(1));
        }
        more = static_cast<std::int64_t>(keys.size()) == kKeysAtOnce;
        if (!keys.empty()) find_and_merge(context, ports, plan, keys, counts);
    }
}

void look_for_missing(Context& context, const StepPorts& ports, const StreamPlan& plan,
                      const remote::Capabilities& can, StreamCounts& counts) {
    constexpr std::int64_t kKeysAtOnce = 1'000;
    if (can.key_field.empty() || plan.mapping.key_field.empty()) return;
    const std::string query = "SELECT l.id, coalesce(l.key, x.uid) FROM kontor_link l JOIN " +
                              replica::sql_name(plan.entity.name) +
                              " x ON x.id = l.record WHERE l.stream = ? AND l.id > ? AND l.state ="
                              " ? AND l.covers = 0 AND coalesce(l.key, x.uid) IS NOT NULL"
                              " ORDER BY l.id LIMIT ?";
    std::int64_t after = 0;
    for (bool more = true; more;) {
        std::vector<std::string> keys;
        auto& rows = context.sql.bind(query, plan.id, after, static_cast<int>(LinkState::kMissing),
                                      kKeysAtOnce);
        while (Sql::step(rows)) {
            after = rows.integer(0);
            keys.emplace_back(rows.text(1));
        }
        more = static_cast<std::int64_t>(keys.size()) == kKeysAtOnce;
        if (!keys.empty()) find_and_merge(context, ports, plan, keys, counts);
    }
}

}  // namespace kontor::engine
