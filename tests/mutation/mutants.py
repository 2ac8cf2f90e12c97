"""Known defects of sync engines, as edits of Kontor's source. Each must be caught.

A mutant: name, invariants and clauses it breaks (docs/guarantees.md), and for each file the texts to
replace, which must occur exactly once.
"""

MERGER = "sync/engine/merger.cpp"
NEW = "sync/engine/merger_new.cpp"
SETTLE = "sync/engine/merger_settle.cpp"
DELETE = "sync/engine/merger_delete.cpp"
PUSHER = "sync/engine/pusher.cpp"
PLAN = "sync/engine/push_plan.cpp"
PULLER = "sync/engine/puller.cpp"
ABSORB = "sync/engine/absorb.cpp"
SWEEPER = "sync/engine/sweeper.cpp"
REFERENCES = "sync/engine/references.cpp"
ROWS = "sync/engine/rows.cpp"
ARRIVALS = "sync/engine/arrivals.cpp"
CYCLE = "sync/engine/cycle.cpp"
MASS_GUARD = "sync/engine/mass_guard.cpp"
LOADER = "sync/engine/loader.cpp"
THREE_WAY = "sync/merge/three_way.cpp"
POLICY = "sync/merge/policy.cpp"
OSCILLATION = "sync/merge/oscillation.cpp"
DATABASE = "sync/replica/database.cpp"
SAME = "sync/engine/same_records.cpp"
SUCCESSOR = "sync/engine/merger_successor.cpp"
RECORD_KEY = "sync/engine/record_key.cpp"
LET_GO = "sync/engine/let_go.cpp"
RECONCILE = "sync/engine/reconcile.cpp"
UNDO_PLAN = "sync/replica/undo_plan.cpp"
EPOCH = "sync/engine/epoch.cpp"
LENS = "sync/merge/lens.cpp"
ZOHO_CHANGES = "plugins/zoho/changes_pull.cpp"

MUTANTS = [
    ("acknowledgement forgets what was sent", "A1 C2 f", {PUSHER: [(
        "save_shadow(context.sql, link->id, group.group, {group.values, group.values, false});",
        "drop_shadow(context.sql, link->id, group.group);")]}),
    ("intents of an interrupted push are thrown away", "A3 e", {PUSHER: [(
        "\"UPDATE kontor_intent SET state = 'unknown' WHERE state = 'sent' AND EXISTS\"",
        "\"DELETE FROM kontor_intent WHERE state = 'sent' AND EXISTS\"")]}),
    ("a push of unknown fate counts as not carried out", "A3 D4 e", {PUSHER: [(
        "set_intent_state(context_.sql, one.intent, \"unknown\", \"\");",
        "drop_intent(context_.sql, one.intent);")]}),
    ("a create of unknown fate is made again", "A3", {PUSHER: [(
        "\"UPDATE kontor_intent AS i SET state = 'parked' WHERE op = 'create' AND state = 'unknown'\"",
        "\"DELETE FROM kontor_intent AS i WHERE op = 'create' AND state = 'unknown'\"")]}),
    ("each attempt has a key of its own", "A3", {PUSHER: [(
        "if (push->op == ChangeOp::kCreate) key = key_for(context, plan, *link);",
        "if (push->op == ChangeOp::kCreate) key = context.random.uid();")]}),
    ("results are matched by position though some are missing", "D3", {PUSHER: [(
        "results.size() == sent.size() ? results[i] : unknown",
        "i < results.size() ? results[i] : unknown")]}),
    ("the condition is not sent", "A2", {PUSHER: [(
        "change.expect_version = push.link.version;", "")]}),
    ("no look before a push", "A2", {PUSHER: [(
        "if (can_.fetch) {", "if (false) {")]}),
    ("what was planned ahead is sent whatever has been written since", "C1", {PUSHER: [(
        "bool same_plans =\n        ahead != nullptr && need(replica::content_stamp(context.sql.db())) "
        "== ahead->stamp;",
        "bool same_plans = ahead != nullptr;"),
        ("ahead->stamp.own = need(replica::content_stamp(context.sql.db())).own;",
         "ahead->stamp = need(replica::content_stamp(context.sql.db()));")]}),
    ("what compares is trusted though no version is named", "A2", {PUSHER: [(
        "!(compares && !push->link.version.empty())", "!compares")]}),
    ("what was sent is not remembered after the acknowledgement", "C2 f", {PUSHER: [(
        "set_intent_state(context.sql, sent.intent, \"acked\", result.version);",
        "drop_intent(context.sql, sent.intent);")]}),
    ("what was typed while a push was on its way, or waited, is not sent any more", "A1 C1 f", {PUSHER: [(
        "if (!may_have_more || !plan_push(context, plan, *link)) clear_hint(context, *link);",
        "clear_hint(context, *link);")]}),
    ("parked groups are pushed", "h", {PLAN: [(
        "if (open_conflict(context.sql, link.id, group->id)) continue;", "")]}),
    ("a record that waits for its parent is never looked at again", "D6 c", {REFERENCES: [(
        "\"DELETE FROM kontor_blocked WHERE link = ? AND code = ?\"",
        "\"DELETE FROM kontor_blocked WHERE link = -? AND code = ?\"")]}),
    ("a connector that ended has sent nothing", "A1", {PUSHER: [(
        "case Errc::kConnector:\n            return true;", "return true;")]}),
    ("two spellings of one number are a question", "b", {"sync/engine/uncovered.cpp": [(
        "why = \"spelling\";", "return {};")]}),
    ("a load goes on though another remote brings the same people", "b", {
        PULLER: [("if (!loader_->alone()) {", "if (false) {")]}),
    ("references are not pinned before a remote id changes", "c", {REFERENCES: [(
        "save_shadow(sql, found->link.id, group.id, {found->values, found->values, false});", "return;")]}),
    ("a reference without remote id is null", "c", {REFERENCES: [(
        "if (exists(sql, entity.name, record)) return merge::symbolic_reference(entity.name, record);",
        "if (exists(sql, entity.name, record)) return Value::null();")]}),
    ("a mistyped reference is sent as none", "C6 c", {REFERENCES: [(
        "return was_here ? Value::null()", "return was_here || record > 0 ? Value::null()")]}),
    ("a waiting reference is not completed", "c", {ARRIVALS: [(
        "if (group != nullptr) complete_reference(context, *its, *group, *referrer);", "")]}),
    ("who refers to a record that was asked about is taken to refer to nobody there", "c h", {ARRIVALS: [(
        "std::exchange(link.state, replica::LinkState::kLive)", "link.state")]}),
    ("who refers to a record in question is not pinned before another makes it again", "c h", {SUCCESSOR: [(
        "            pin_referrers_to_deleted(context_, plan_, link);", "            unblock(context_.sql, link.id);")]}),
    ("what was not handed on yet is not known for what was made again", "D7", {SUCCESSOR: [(
        "s.entity = ?2 AND u.dirty AND", "s.entity = ?2 AND u.id IS NULL AND")]}),
    ("what was made again does not show in what a page shows late", "D7", {NEW: [(
        "(page_lags_ || was_made_again(image))", "page_lags_")]}),
    ("what has been merged there before it was read is made there once more", "D7", {DELETE: [(
        "!handed_on && (has_unpushed_edits", "(!handed_on || link.id > 0) && (has_unpushed_edits")]}),
    ("a change goes over a field that is hidden", "A2 A7", {PLAN: [(
        "if (const auto* hidden = hidden_field(context, plan, *group)) {",
        "if (const auto* hidden = hidden_field(context, plan, *group); hidden && link.id < 0) {")]}),
    ("what another may have made again is made though the list was cut", "A3 D7", {PLAN: [(
        "|| is_held_back(context, plan.id, link.record)) return", "|| is_held_back(context, -1, link.record)) return")]}),
    ("a page that lags answers who somebody is", "B1 D7", {NEW: [(
        "if (known.held && (!found || certain) && !authoritative && may_reread_) {",
        "if (known.held && (!found || certain) && !authoritative && image.id.empty()) {")]}),
    ("an older image is merged", "B1 d", {MERGER: [(
        "return !link.version.empty() && !image.version.empty() && image.version < link.version;",
        "return link.version.empty() && !image.version.empty() && link.id < 0;")]}),
    ("a late image revives a deleted record", "A4 i", {MERGER: [(
        "if (!authoritative) {\n                doubt(image.id);\n"
        "                return;\n            }\n            refuse_older(*link, image);\n"
        "            return revive",
        "return revive")]}),
    ("a deleted record that was let go is forgotten", "A4 i", {LET_GO: [(
        "return sql.integer(\"SELECT 1 FROM kontor_meta WHERE key = ?\", key_of(stream, ext)).has_value();",
        "return stream < 0 && sql.integer(\"SELECT 1 FROM kontor_meta WHERE key = ?\", "
        "key_of(stream, ext)).has_value();")]}),
    ("lost permission is taken for deletion", "A5 A6", {MERGER: [
        ("        case remote::Fact::kMissing:\n",
         "        case remote::Fact::kMissing:\n        case remote::Fact::kForbidden:\n"),
        ("        case remote::Fact::kForbidden:\n            if (auto link = link_by_ext",
         "        default:\n            if (auto link = link_by_ext")]}),
    ("absent is taken for null", "A7 g", {MERGER: [(
        "merge::from_remote(group.mapping->fields[i], image.fields[group.first_field + i]));",
        "image.fields[group.first_field + i].is_absent() ? Value::null() : "
        "merge::from_remote(group.mapping->fields[i], image.fields[group.first_field + i]));")]}),
    ("open intents are not settled before the merge", "e C2", {SETTLE: [(
        "settle_update(work, intent);", "")]}),
    ("the answer is copied into the shadow", "f C1", {SETTLE: [(
        "work.shadows[group.id] = {as_kept(group, theirs, sent, local, intent), ours, false};",
        "auto kept = as_kept(group, theirs, sent, local, intent);\n    work.shadows[group.id] = {kept, kept.empty() ? ours : kept, false};")]}),
    ("a number in a column of text is no number", "C1 b", {LENS: [(
        "if (written && written->find('.') == std::string::npos) {",
        "if (written && written->find('.') == 0) {")]}),
    ("any newer image counts as our own write", "f", {SETTLE: [(
        "const bool own = own_write(intent, work.image);", "const bool own = true;")]}),
    ("a merged change does not reach the other remotes", "C1 a", {MERGER: [(
        "note_change(context_, plan_.entity.id, work.link.record, old, plan_.id);", "")]}),
    ("an image of before our own write is believed", "C2 B1", {MERGER: [(
        "maybe_before_our_write(work) ||", "")]}),
    ("what a list cut is merged as if it had been read", "B2 C1 g", {MERGER: [(
        "maybe_before_our_write(work) || must_be_read_whole(work)",
        "maybe_before_our_write(work)")]}),
    ("what a create left blank counts as told", "C1 f", {SETTLE: [(
        "if (tells(field, sent[i], create) ||", "if (goes_out(field, create) ||")]}),
    ("what a field is emptied to as its type changes is a form of ours", "B6 f", {SETTLE: [(
        "if (changed != form_changes_.end() &&", "if (false && changed != form_changes_.end() &&")]}),
    ("records made again share an empty key", "A3", {PUSHER: [(
        "std::string made = context.random.uid();", "std::string made;")]}),
    ("who a record was merged into is not read before a push", "A2 D7", {PULLER: [(
        "ids = merger.take_rereads();", "ids.clear();")]}),
    ("our own create is taken for a new record", "A3 D7", {NEW: [(
        "if (!link_id) return false;", "return false;")]}),
    ("a deletion there ignores edits here", "i A1", {DELETE: [(
        "if (edited && plan_.mapping.delete_against_edit != merge::Policy::kRemote) {",
        "if (false) {")]}),
    ("a deletion here goes over what bears the version of the last image", "A1 A2", {DELETE: [(
        "if (image.version < link.version) return drop_intents(context_.sql, link.id);",
        "if (image.version <= link.version) return drop_intents(context_.sql, link.id);")]}),
    ("what the remote has made of our own write is an edit of what was deleted", "A4 f", {DELETE: [(
        "by_us(image) || own_write(intent, image);", "by_us(image);")]}),
    ("what lists cut is no edit of what was deleted here", "A1", {DELETE: [(
        "if (may_be_read && !read_whole_before(link, image) &&", "if (false &&")]}),
    ("what a colleague typed goes with what was deleted here", "A1", {DELETE: [
        ("for (const Offer& offer : offers) sides.add(", "for (const Offer& offer : std::vector<Offer>{}) sides.add("),
        ("for (const Offer& offer : offers) keep_offered(context_,",
         "for (const Offer& offer : std::vector<Offer>{}) keep_offered(context_,")]}),
    ("what goes its own way here is made once more where it comes back elsewhere", "A3 D7", {NEW: [(
        "static_cast<int>(replica::LinkState::kDetached));",
        "static_cast<int>(replica::LinkState::kDeleteHere));")]}),
    ("what was gone as it was read by id is new in a late page", "A4 D7", {MERGER: [(
        "if (authoritative) note_gone(context_, plan_.id, image.id);", "")]}),
    ("after a restore what waits is not read by id", "B5", {CYCLE: [(
        "if (unread && can.fetch && was_restored(sql_))", "if (false)")]}),
    ("an accepted remote is not asked for the keys of what it does not list", "A3 B5", {CYCLE: [(
        "if (sends_missing(sql_, plan.id))", "if (false)")]}),
    ("what was kept here does not meet its record at an accepted remote", "B5 D7", {EPOCH: [(
        "kept = \"record IN (", "kept = \"record NOT IN (")]}),
    ("who waits for a parent that is deleted here waits on", "D6", {ABSORB: [(
        "wait_for_parent_no_longer(context.sql, context.plans, plan, record);", "")]}),
    ("a cut text is not read by id once it is shown again", "A7", {"sync/engine/hidden_fields.cpp": [(
        "doubt_all(context.sql, plan.id);", "")]}),
    ("a deletion here is not told to the remote", "A4", {ABSORB: [(
        "link.state = LinkState::kDeleteHere;\n            save_link(context.sql, link);\n"
        "            mark_dirty(context.sql, link.id);",
        "link.state = LinkState::kDone;\n            save_link(context.sql, link);\n"
        "            mark_dirty(context.sql, link.id);")]}),
    ("an edit leaves no merge base", "a", {ABSORB: [(
        "link.covers >= group.since ? Shadow{before, before, false}",
        "link.covers >= group.since ? Shadow::edit_of_unknown(before)")]}),
    ("edits of read-only fields stay", "g", {ABSORB: [(
        "undo_read_only(context, *entity, only, edits);", "")]}),
    ("the engine's writes leave no history", "A1", {ROWS: [(
        "add_history(context, plan.entity.id, record, plan.column_fields[column], \"u\", before, cause);",
        "")]}),
    ("deleted rows leave no history", "A1", {ROWS: [(
        "for (const auto& [field, value] : old)\n"
        "        add_history(context, entity.id, record, field, \"d\", value, cause);", "")]}),
    ("a sweep does not look for what is missing", "B6", {SWEEPER: [(
        "if (complete) {", "if (false) {")]}),
    ("the cursor moves before what is to be read by id", "B2 B3", {PULLER: [(
        "if (!can_.fetch || (rereads_.empty() && !merger_.has_rereads()))", "if (true)")]}),
    ("a strict cursor: what bears the stamp of the last one read is not read", "B2", {ZOHO_CHANGES: [(
        "const std::int64_t overlap = job.api.options().overlap_ms;", "const std::int64_t overlap = 0;")]}),
    ("a strict cursor from page to page", "B2", {ZOHO_CHANGES: [(
        "query.since_ms = page.newest_ms - 1000;", "query.since_ms = page.newest_ms;")]}),
    ("records to be read by id are forgotten", "B2", {PULLER: [(
        "fetch_and_merge(context_, ports_, plan_, reading_.ids, counts_, Absence::kDoubted, {}, "
        "&reading_.listed);", "")]}),
    ("a null wins where nothing was known", "b", {THREE_WAY: [(
        "if (adds_only(input.remote, input.local)) return keep(Known{input.remote, input.remote}, "
        "\"theirs_blank\");", "if (adds_only(input.remote, input.local)) return take(input, \"theirs\");")]}),
    ("both changed: ours is silently replaced", "A1 h", {THREE_WAY: [(
        "} else if (input.local == known.ours || input.direction == Direction::kIn) {",
        "} else if (true) {")]}),
    ("a local write is not on disk when it is reported as done", "A8", {DATABASE: [(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=OFF;",
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=OFF;")]}),
    ("an intent is not on disk when its request leaves", "A8 A3", {PUSHER: [(
        "\"PRAGMA synchronous=FULL\"", "\"PRAGMA synchronous=NORMAL\"")]}),
    ("intents are written down after the answer", "A3 A8", {PUSHER: [
        ("{add_intent(context, intent), std::move(*push)}", "{0, std::move(*push)}"),
        ("set_intent_state(context.sql, sent.intent, \"acked\", result.version);",
         "add_intent(context, {.link = link->id, .op = op_name(sent.push.op), .sent = "
         "sent.push.groups, .key = \"\", .base_version = \"\", .state = \"acked\", "
         ".version = result.version});")]}),
    ("the cursor is saved before its page", "B3", {PULLER: [(
        "            EngineTransaction transaction(context_);\n"
        "            const auto started = context_.clock.steady();\n"
        "            while (at < batch.size()) {",
        "            { EngineTransaction early(context_); advance(checkpoint); early.commit(); }\n"
        "            EngineTransaction transaction(context_);\n"
        "            const auto started = context_.clock.steady();\n"
        "            while (at < batch.size()) {")]}),
    ("what a first load brings twice keeps its first form", "B4", {LOADER: [(
        "        finish_stretch();\n        merger_.apply(image, false);\n        return;\n    }\n"
        "    if (const auto uid",
        "        finish_stretch();\n        return;\n    }\n    if (const auto uid")]}),
    ("what a page that lags shows for the first time is believed", "B1", {MERGER: [(
        "    page_lags_ = true;", "")]}),
    ("what a page that lags shows for the first time in a first load is believed", "B1", {LOADER: [
        ("merger_.page_lags() ||", ""), ("merger_.note_first_shown(image.id);", "")]}),
    ("another organisation behind the address goes unnoticed", "B5", {CYCLE: [(
        "*known != who.org_id) {", "false) {")]}),
    ("an older remote is believed", "B5 B1", {MERGER: [(
        "if (!is_older(link, image)) return;", "if (plan_.id > 0) return;")]}),
    ("an id that is given again passes for a duplicate", "A3 B5", {PUSHER: [(
        "other->id != link->id && plan.mapping.key_field.empty()", "other->id < 0")]}),
    ("two that fight over a field go on", "C3", {OSCILLATION: [(
        "return insists(turns, remote, now, offered) || relayed(turns, remote);",
        "return turns.size() > 1'000 && (insists(turns, remote, now, offered) || relayed(turns, remote));")]}),
    ("of a union only what was first stays", "C4", {POLICY: [(
        "for (const auto& item : *t)\n        if (o->contains(item) || !b->contains(item)) "
        "out.insert(item);", "")]}),
    ("blank parts of a group are filled from the other side", "C5", {THREE_WAY: [(
        ".value = input.remote,\n            .known = Known{input.remote, input.remote},\n"
        "            .rule = std::move(rule)};",
        ".value = [&] { auto v = input.remote; for (std::size_t i = 0; i < v.size(); ++i) "
        "if (v[i].is_blank()) v[i] = input.local[i]; return v; }(),\n"
        "            .known = Known{input.remote, input.remote},\n"
        "            .rule = std::move(rule)};")]}),
    ("what the remote would refuse is sent", "C6", {PLAN: [(
        "if (!flaw) continue;", "continue;")]}),
    ("edits of both sides: the deletion wins by age", "C7 i", {DELETE: [(
        "if (edited && plan_.mapping.delete_against_edit != merge::Policy::kRemote) {",
        "if (edited && plan_.mapping.delete_against_edit != merge::Policy::kRemote && "
        "image.version < context_.now()) {")]}),
    ("the newest wins by the local clock alone", "D1", {MERGER: [(
        "if (out.ours) *out.ours += context_.clock_offset;", "")]}),
    ("what another remote brought is as old as what was typed before it", "D1", {MERGER: [(
        "\" AND field = ? AND op <> 'k' ORDER BY seq DESC LIMIT 1\"",
        "\" AND field = ? AND run IS NULL AND op <> 'k' ORDER BY seq DESC LIMIT 1\"")]}),
    ("the newest wins within what clocks can tell", "D1", {MERGER: [(
        "out.uncertainty = context_.clock_uncertainty;", "")]}),
    ("missing from a list is deleted", "A5 D2", {SWEEPER: [(
        "read_each(context, ports, plan, in_batches(\"0\"), counts, Absence::kBelieved);",
        "{ std::vector<std::string> missing; auto& rows = context.sql.bind(in_batches(\"0\"), plan.id, "
        "\"\", 1'000); while (Sql::step(rows)) missing.emplace_back(rows.text(0)); "
        "Merger merger(context, plan, counts); EngineTransaction transaction(context); "
        "for (const auto& id : missing) { remote::RecordView gone{}; gone.id = id; "
        "gone.fact = remote::Fact::kDeleted; merger.apply(gone, true); } transaction.commit(); }"),
        ("#include \"sync/engine/absorb.hpp\"",
         "#include \"sync/engine/absorb.hpp\"\n#include \"sync/engine/merger.hpp\"")]}),
    ("a list that says it is cut is swept as a whole one", "A5", {SWEEPER: [(
        "if (complete) {", "if (complete || plan.id > 0) {")]}),
    ("a cut list is told to be whole", "A5 B5", {SWEEPER: [(
        "return *complete;", "return *complete || plan.id > 0;")]}),
    ("however many are missing at once, all are asked for and deleted", "A5 B5", {SWEEPER: [(
        "if (count > limit)", "if (count > limit && plan.id < 0)")]}),
    ("nobody is asked before a mass of edits and deletions is sent", "A5 D4", {MASS_GUARD: [(
        "if (!asks) return std::nullopt;", "if (!asks || context.run > 0) return std::nullopt;")]}),
    ("who deletes record by record is never asked", "A5 D4", {MASS_GUARD: [(
        "waiting > 0 && waiting + sent > most", "waiting > 0 && waiting + 0 * sent > most")]}),
    ("what is refused is sent again in each round", "D4 D5", {PUSHER: [(
        "AND (b.link IS NULL OR b.retry_at <= ?)\"\n        \" ORDER BY",
        "AND (b.link IS NULL OR b.retry_at <= ? OR 1)\"\n        \" ORDER BY")]}),
    ("a refused record ends the sync", "D5", {PUSHER: [(
        "block(context, plan, *link, op_name(sent.push.op), remote::to_string(result.status), "
        "result,\n          later);\n    ++counts.blocked;",
        "stop({Errc::kInvalid, \"refused\", {}, {}});")]}),
    ("half a record is committed", "D8", {MERGER: [(
        "old.emplace(plan_.column_fields[column], before);\n    }",
        "old.emplace(plan_.column_fields[column], before);\n"
        "        need(context_.sql.db().execute(\"COMMIT; BEGIN IMMEDIATE\"));\n    }")]}),
    ("a batch is as large as what waits", "D9", {PUSHER: [(
        "std::max(1, can.push_batch_max)", "1'000'000")]}),
    ("chance that no seed decides", "D10", {PUSHER: [
        ("static_cast<unsigned>(attempts), context.random.next())",
         "static_cast<unsigned>(attempts), std::random_device{}())"),
        ("#include <algorithm>", "#include <algorithm>\n#include <random>")]}),
    ("a field that is shown again is not read anew", "A7 B2", {"sync/engine/hidden_fields.cpp": [(
        "if (shown)", "if (shown && now.size() > 1'000)")]}),
    ("what was typed into a lead is let go when that is converted", "D7 A1",
     {SUCCESSOR: [("changes.push_back({at, row[column]});", "")]}),
    ("who is known from another remote is not looked for", "D7", {"sync/engine/matcher.cpp": [(
        "bool Matcher::applies() const {", "bool Matcher::applies() const {\n    if (!plan_.remote_fields.empty()) return false;")]}),
    ("a sweep holds the ids of all that differs", "D9", {PULLER: [(
        "kReadBatch = 1'000", "kReadBatch = 1'000'000")]}),
    ("a pull without checkpoints holds all that is to be read by id", "D9", {PULLER: [(
        "if (held_.empty()) return rereads_.put_aside();", "if (held_.empty()) return;")]}),
    ("a forecast holds all links that wait", "D9", {PLAN: [(
        "kLinksBatch = 1'000", "kLinksBatch = 1'000'000")]}),
    ("after a restore what was written later passes for the remote's form", "B5 e", {SETTLE: [(
        "const bool ours_now = !unread_ && work.image", "const bool ours_now = work.image")]}),
    ("what a restore made a question is decided by the policy later", "B5", {MERGER: [(
        "(unread_ || (parked && parked->rule == kAfterRestore))", "unread_")]}),
    ("what is missing is believed stream by stream", "B5", {"sync/engine/cycle.cpp": [(
        "else if (unread)",
        "if (!sweeps.empty() && sweeps.back().plan == streams[i] && sweeps.back().complete) {\n"
        "                    sweep_missing(*context_, ports, *streams[i], true, 1.0, counts);\n"
        "                    sweeps.back().complete = false;\n"
        "                } else if (unread)")]}),
    ("one look is believed that a record is missing", "B5", {"sync/engine/puller.cpp": [(
        "if (record.fact == remote::Fact::kMissing && absence_ != Absence::kBelieved)",
        "if (record.fact == remote::Fact::kMissing && absence_ == Absence::kLeftOpen)")]}),
    ("what was typed over since a restore counts as somebody else's", "B5 C2", {MERGER: [(
        "unread_ && (input.known ? theirs != input.known->theirs : !parked && !looked_for) &&",
        "unread_ && plan_.id < 0 &&")]}),
    ("what was changed while we might not see it is not merged once we may", "A7 C1", {MERGER: [(
        "        case LinkState::kMissing:\n        case LinkState::kAccessLost:\n"
        "            link->state = LinkState::kLive;\n            break;",
        "        case LinkState::kAccessLost:\n            link->state = LinkState::kLive;\n"
        "            return save_link(context_.sql, *link, *stored);\n"
        "        case LinkState::kMissing:\n            link->state = LinkState::kLive;\n            break;")]}),
    ("what another replica of the same user writes later is taken for a form of ours", "f C1", {SETTLE: [(
        "return image.version == intent.version &&\n", "return")]}),
    ("a read by id that lags is taken for a remote that was set back", "B5", {CYCLE: [(
        "failure.error = set_back_or_late(*context_, connection_, std::move(failure.error));", "")]}),
    ("what is read by id counts though the list has shown a newer form", "B2", {PULLER: [(
        "if (listed_ == nullptr || record.fact", "if (true || record.fact")]}),
    ("what names a record that an accepted remote lacks is taken to name the one made for it", "C1 c B5",
     {"sync/engine/epoch.cpp": [("        pin_referrers_of_missing(context, *plan);\n", "")]}),
    ("what an accepted remote lacks is sent to it before it is known what names it", "C1 c B5",
     {"sync/engine/epoch.cpp": [("return (other == plan || (refers_to(*other, *plan) && !is_closed(other))) &&", "return other == plan &&")]}),
    ("what was read before a person accepted the remote is written after that", "A3 B5", {ABSORB: [(
        "if (context_.connection != 0) refuse_if_accepted(", "if (context_.connection < 0) refuse_if_accepted(")]}),
    ("a mapping that was taken once is not looked at again", "b", {CYCLE: [(
        "taken->plugin == settings_.plugin && taken->mapping == settings_.mapping;",
        "taken->plugin == settings_.plugin;")]}),
    ("what a person has accepted is paused for what was found before", "B5", {CYCLE: [(
        "        WriteTransaction transaction(ports_.db);\n        refuse_if_accepted(sql_, connection_);\n",
        "        WriteTransaction transaction(ports_.db);\n")]}),
    ("what lists had not shown yet is taken for our own create", "C1 b", {MERGER: [(
        "            drop_create_of(image);\n", "")]}),
    ("who refers to what both sides have deleted is not pinned", "c h", {DELETE: [(
        "both sides deleted it\n        pin_referrers(context_.sql, context_.plans, plan_, link.record);\n",
        "both sides deleted it\n")]}),
    ("a deletion gives way where what the record referred to was made again", "A4 i", {DELETE: [(
        "if (led && *led == row", "if (led && link.id < 0 && *led == row")]}),
    ("a version that did not show a field dates its change", "D1", {MERGER: [(
        "if (!unshown) out.theirs_after", "if (!unshown || work.link.id > 0) out.theirs_after")]}),
    ("a pull that was cut counts as whole", "B2 C1", {PULLER: [(
        "SET cursor = ? WHERE id = ?\", cursor, plan.id);",
        "SET cursor = ?1, pulled_at = ?3 WHERE id = ?2\", cursor, plan.id, context.now());")]}),
    ("what somebody else has changed since is taken for our own create", "C1 b", {NEW: [(
        "before || (by_somebody_else(image) && !shows(image, intent))", "before")]}),
    ("what comes back under its key is created again where that is in doubt", "A3", {NEW: [(
        "    if (!uid.empty()) inherit_doubts(uid, link.record);\n", "")]}),
    ("an account under a second name is loaded once more", "D7", {SAME: [(
        "if (same.count() * 2 < known.size()) return;", "if (same.count() < 1'000'000) return;")]}),
    ("accounts that count alike are taken for one", "D7 D5", {SAME: [(
        "known != known_.end() && known->second == record.version)", "known != known_.end())")]}),
    ("a second account of another organisation is refused for the ids it has", "D7 D5", {SAME: [(
        "ON c.plugin = me.plugin AND c.org_id = me.org_id AND c.id <> \"",
        "ON c.plugin = me.plugin AND c.id <> \"")]}),
    ("one record that has changed since makes it another account", "D7", {SAME: [(
        "if (same.count() * 2 < known.size()) return;", "if (same.count() < known.size()) return;")]}),
    ("a reference to what was let go led nowhere", "c D7", {REFERENCES: [(
        "return record_let_go(sql_, plan->id, ext_id);", "return std::nullopt;")]}),
    ("a reference that was turned elsewhere here is theirs, unasked", "c h A1", {MERGER: [(
        "if (!was || *was != work.row[column]) return false;", "if (!was) return false;")]}),
    ("who followed a merge there that nobody told is asked about here", "c D7", {MERGER: [(
        "leads_where_it_led(work, group, input.known->ours, input.local)) {",
        "leads_where_it_led(work, group, input.known->ours, input.local) && plan_.id < 0) {")]}),
    ("what would be sent as a symbol leads nowhere", "c", {REFERENCES: [(
        "if (!merge::is_symbolic(remote)) return led_to(field, remote);", "return led_to(field, remote);")]}),
    ("what is made again has a key of this replica's own", "D7 A3", {RECORD_KEY: [(
        "if (plan == nullptr || !has_key(*plan) || link.ext_id.empty()) return;",
        "if (plan == nullptr || has_key(*plan) || link.ext_id.empty()) return;")]}),
    ("each replica derives a lost key from what it calls the connection", "D7 A3", {RECORD_KEY: [(
        "json_array(plugin, org_id, ?, ?)", "json_array(name, org_id, ?, ?)")]}),
    ("all that a stream has lost has one key", "D7 A3 A1", {RECORD_KEY: [(
        "json_array(plugin, org_id, ?, ?)", "json_array(plugin, org_id, ?, ? IS NULL)")]}),
    ("what another replica has made again of a record without uid is a new record", "D7", {SUCCESSOR: [(
        "if (!known) known = link_lost_as(key);", "")]}),
    ("a record that was kept when it went is not known under the key of its successor", "D7 i", {SUCCESSOR: [(
        "std::to_string(static_cast<int>(LinkState::kDeletedThere))",
        "std::to_string(-static_cast<int>(LinkState::kDeletedThere))")]}),
    ("a record that goes on as its heir is not called by the id it lost", "D7", {SUCCESSOR: [(
        "give_key_after(context_, link); drop_intents(context_.sql, link.id);",
        "drop_intents(context_.sql, link.id);")]}),
    ("rows come back without what the remote has added to them", "f A3", {SETTLE: [(
        "if (completes_rows(field, theirs[i], sent[i], local[i])) continue;", "")]}),
    ("what the remote adds to rows is a colleague's change", "A1", {SETTLE: [(
        "if (completes_rows(group.mapping->fields[i], theirs[i], sent[i], local[i])) work.completed.insert(group.id);",
        "")]}),
    ("what the remote adds to rows is a colleague's change where the answer was lost", "e A1", {SETTLE: [(
        "if (landed) settle_sent(work, *group, intent, theirs, sent.values, sent.values); else if",
        "if (landed) { settle_sent(work, *group, intent, theirs, sent.values, sent.values);"
        " work.completed.erase(group->id); } else if")]}),
    ("what the remote adds to rows that were typed over counts against what is typed now", "A1 f", {SETTLE: [(
        "theirs != sent && local == sent &&", "theirs != sent &&")]}),
    ("every change of theirs passes for what the remote has added", "A1", {MERGER: [(
        "if (outcome.rule == \"only_theirs\" && work.completed.contains(group.id))",
        "if (outcome.rule == \"only_theirs\")")]}),
    ("an edit stays that the remote has added to", "A1", {UNDO_PLAN: [(
        "if (of_delete || will_.value(entry.field) == was_.value(entry.field) || "
        "completed_.contains(entry.field))",
        "if (of_delete || will_.value(entry.field) == was_.value(entry.field))")]}),
    ("what was typed behind what the remote has added is taken back with it", "A1", {UNDO_PLAN: [(
        "if (will_.value(entry.field) == was_.value(entry.field)) completed_.insert(entry.field);",
        "completed_.insert(entry.field);")]}),
    ("what waits is not looked at again once the mapping sends it", "C1 b", {RECONCILE: [(
        "if (was == now) return;", "if (stream > 0) return;")]}),
    ("only whether a stream is sent counts, not which of its columns may leave", "C1", {RECONCILE: [(
        "field.stays_here = stays_here(field, entity);", "field.stays_here = false;")]}),
    ("a deletion that is asked about is looked at again for a new mapping", "i h", {RECONCILE: [(
        "\" OR (state = ?3 AND NOT EXISTS (SELECT 1 FROM kontor_conflict c\""
        " \" WHERE c.link = kontor_link.id AND c.state = 'open')))\",",
        "\" OR state = ?3)\",")]}),
    ("deletions that waited are not looked at again", "A4", {RECONCILE: [(
        "static_cast<int>(replica::LinkState::kDeleteHere));",
        "-static_cast<int>(replica::LinkState::kDeleteHere));")]}),
    ("a record that gets a uid elsewhere is called by that where it came from, too", "D7 A3", {RECORD_KEY: [(
        "if (link && !link->ext_id.empty())", "if (link && link->ext_id == \"-\")")]}),
    ("what a restored replica makes again is not looked for under its key", "A3 B5", {LET_GO: [(
        "if (was_restored(context.sql)) doubt_made_before(context, link);", "")]}),
    ("what is never sent of a group counts as told with the rest of it", "A1 f", {CYCLE: [(
        "sent_apart(settings_, *need(session().caches.catalogues.get(sql_.db())))", "settings_")]}),
    ("what was put back as read-only was typed then", "D1", {MERGER: [(
        "NOT IN ('undo', 'restored',\" \" 'read_only', 'reference_arrived')",
        "NOT IN ('undo', 'restored', 'reference_arrived')\" \"")]}),
    ("who followed a merge there has turned the reference", "c D7 h", {MERGER: [(
        "if (was && waits_for_target(field, known[i], references_) && followed_merge(work, column, *was)) continue;",
        "")]}),
    ("what comes back under its key leaves a deletion that is not yet sent", "A3 D7", {NEW: [(
        "if (!uid.empty()) inherit_links(uid, link.record);", "")]}),
    ("what is made again forgets what it is called there", "D7 A3", {LET_GO: [(
        "add_unsent_link(context.sql, link.stream, link.record, link.key);",
        "add_unsent_link(context.sql, link.stream, link.record);")]}),
    ("what a list has shown and no read yet is written over", "A1", {PUSHER: [(
        "if (link && unread.contains(link->ext_id)) link.reset();", "static_cast<void>(unread);")]}),
    ("what was in question when it was deleted passes for settled if it is back", "h C1", {ABSORB: [(
        "save_shadow(context.sql, link.id, group.id, Shadow::nothing_known(group));", "continue;")]}),
    ("what bears the key of another record is the one whose id it has", "B5 A3", {MERGER: [(
        "key != name_of(context_.sql, plan_, *stored) &&", "key == name_of(context_.sql, plan_, *stored) &&")]}),
    ("what an accepted remote had lost before stops the connection again", "B5", {EPOCH: [(
        "if (lost.state != LinkState::kMissing || lost.covers != 0)", "")]}),
    ("what was written is not read back by the same sync", "C1 f", {CYCLE: [(
        "if (carried[i] > 0 && capabilities(*streams[i]).pull)",
        "if (carried[i] < 0 && capabilities(*streams[i]).pull)")]}),
    ("deletions wait for a sync that has nothing else to send", "C1 A4", {CYCLE: [(
        "static_cast<void>(round( {.creates = false, .updates = false, .deletes = true,",
        "if (std::ranges::all_of(carried, [](std::int64_t n) { return n == 0; })) "
        "static_cast<void>(round( {.creates = false, .updates = false, .deletes = true,")]}),
]
