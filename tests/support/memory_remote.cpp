#include "tests/support/memory_remote.hpp"

#include <algorithm>
#include <stdexcept>

namespace kontor::test {
namespace {

/// Re-reads this much, as stamps have whole seconds and may show late.
constexpr std::chrono::seconds kOverlap{2};

bool listed(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

}  // namespace

std::string MemoryRemote::stamp() {
    if (revisions) {
        const std::string digits = std::to_string(++revision_);
        return "r" + std::string(8 - digits.size(), '0') + digits;
    }
    return format_instant(std::chrono::floor<std::chrono::seconds>(clock_.now() + clock_skew));
}

const remote::StreamSpec* MemoryRemote::spec(std::string_view stream) const {
    const auto found = std::ranges::find(streams, stream, &remote::StreamSpec::name);
    return found == streams.end() ? nullptr : &*found;
}

std::string MemoryRemote::create(const std::string& stream, RemoteRow fields,
                                 const std::string& by) {
    const std::string id = stream + "-" + std::to_string(next_id_++);
    records_[stream][id] = {std::move(fields), stamp(), by, false};
    return id;
}

void MemoryRemote::edit(const std::string& stream, const std::string& id, const RemoteRow& fields,
                        const std::string& by) {
    Record& record = records_[stream].at(id);
    for (const auto& [name, value] : fields) record.fields[name] = value;
    record.version = stamp();
    record.modified_by = by;
}

void MemoryRemote::erase(const std::string& stream, const std::string& id) {
    Record& record = records_[stream].at(id);
    record.deleted = true;
    record.version = stamp();
}

void MemoryRemote::merge(const std::string& stream, const std::string& loser,
                         const std::string& winner, bool converted) {
    erase(stream, loser);
    records_[stream].at(loser).successor = winner;
    records_[stream].at(loser).converted = converted;
}

void MemoryRemote::restore(const std::string& stream, const std::string& id) {
    records_[stream].at(id).deleted = false;
}

const MemoryRemote::Record& MemoryRemote::at(const std::string& stream,
                                             const std::string& id) const {
    return records_.at(stream).at(id);
}

Value MemoryRemote::value(const std::string& stream, const std::string& id,
                          const std::string& field) const {
    const auto& fields = at(stream, id).fields;
    const auto found = fields.find(field);
    return found == fields.end() ? Value::null() : found->second;
}

std::vector<std::string> MemoryRemote::ids(const std::string& stream) const {
    std::vector<std::string> out;
    const auto found = records_.find(stream);
    if (found == records_.end()) return out;
    for (const auto& [id, record] : found->second)
        if (!record.deleted) out.push_back(id);
    return out;
}

void MemoryRemote::replay(const std::string& stream, const std::string& id, Record old) {
    stale_[stream][id] = std::move(old);
}

Result<remote::Identity> MemoryRemote::check() {
    ++checks;
    if (during_check) during_check();
    remote::Identity out;
    out.org_id = org;
    out.org_name = "Test";
    if (tells_user) out.user_id = user;
    out.server_time = clock_.now() + clock_skew;
    return out;
}

Result<> MemoryRemote::emit(std::string_view stream, std::span<const std::string> fields,
                            const std::vector<std::pair<std::string, const Record*>>& records,
                            bool by_id, remote::RecordSink& sink, std::string_view checkpoint) {
    static_cast<void>(stream);
    std::vector<std::vector<ValueView>> values(records.size());
    std::vector<remote::RecordView> views;
    for (std::size_t i = 0; i < records.size(); ++i) {
        const auto& [id, record] = records[i];
        for (const auto& name : fields) {
            const auto found = record->fields.find(name);
            if (listed(hidden_fields, name) || (!by_id && listed(cut_fields, name)))
                values[i].push_back({});
            else
                values[i].push_back(found == record->fields.end() ? ValueView::null()
                                                                  : found->second.view());
        }
        remote::Fact fact = record->deleted ? remote::Fact::kDeleted : remote::Fact::kRecord;
        if (!record->successor.empty())
            fact = record->converted ? remote::Fact::kConverted : remote::Fact::kMerged;
        views.push_back({.fact = fact,
                         .id = id,
                         .version = record->version,
                         .modified_by = record->modified_by,
                         .successor = record->successor,
                         .fields = values[i]});
    }
    return sink.accept(views, checkpoint);
}

Result<> MemoryRemote::affordable() const {
    if (!only_writes_left || serves_writes_) return {};
    return fail(Errc::kRateLimited, "the calls are used up", {{"for_writes", "7"}});
}

Result<std::string> MemoryRemote::pull(std::string_view stream, std::span<const std::string> fields,
                                       std::string_view cursor, remote::RecordSink& sink) {
    if (auto may = affordable(); !may) return pass(may);
    ++pulls;
    const std::string name(stream);
    if (const auto closed = no_pull.find(name); closed != no_pull.end())
        return fail(closed->second, "no pull");
    const std::string started = stamp();
    std::vector<std::pair<std::string, const Record*>> found;
    for (const auto& [id, record] : records_[name])
        if (record.version >= cursor &&
            (!cursor.empty() || first_pull_tells_deleted || !record.deleted) &&
            !forbidden.contains(id) && !unlisted.contains(id))
            found.emplace_back(id, &record);
    const auto stale = std::exchange(stale_[name], {});
    if (!replays_apart)
        for (const auto& [id, record] : stale) found.emplace_back(id, &record);
    std::ranges::stable_sort(found, {}, [](const auto& one) { return one.second->version; });

    std::size_t pages = 0;
    for (std::size_t at = 0; at < found.size(); at += page_size) {
        if (pages++ >= fail_pull_after) return fail(Errc::kUnavailable, "connection reset");
        const std::vector<std::pair<std::string, const Record*>> page(
            found.begin() + static_cast<std::ptrdiff_t>(at),
            found.begin() + static_cast<std::ptrdiff_t>(std::min(found.size(), at + page_size)));
        if (auto done = emit(stream, fields, page, false, sink, ""); !done) return pass(done);
        if (after_page) after_page();
    }
    std::vector<std::pair<std::string, const Record*>> apart;
    if (replays_apart)
        for (const auto& [id, record] : stale) apart.emplace_back(id, &record);
    if (!apart.empty())
        if (auto done = emit(stream, fields, apart, false, sink, ""); !done) return pass(done);
    const auto at = parse_instant(started);
    return at ? format_instant(*at - kOverlap) : started;
}

Result<bool> MemoryRemote::list_ids(std::string_view stream, remote::RecordSink& sink) {
    if (auto may = affordable(); !may) return pass(may);
    const auto trouble = no_list.find(std::string(stream));
    if (trouble != no_list.end()) return fail(trouble->second, "no list");
    std::vector<remote::RecordView> views;
    const auto& all = records_[std::string(stream)];
    std::size_t n = 0;
    for (const auto& [id, record] : all) {
        if ((truncated_list || lying_list) && n++ >= all.size() / 2) break;
        if (!record.deleted && !forbidden.contains(id))
            views.push_back({.fact = remote::Fact::kId,
                             .id = id,
                             .version = record.version,
                             .modified_by = {},
                             .successor = {},
                             .fields = {}});
    }
    if (auto done = sink.accept(views, ""); !done) return pass(done);
    return !truncated_list;
}

Result<> MemoryRemote::fetch(std::string_view stream, std::span<const std::string> fields,
                             std::span<const std::string> ids, remote::RecordSink& sink) {
    if (auto may = affordable(); !may) return may;
    ++fetches;
    if (fetch_fails) return fail(Errc::kUnavailable, "connection reset");
    const auto unread = no_fetch.find(std::string(stream));
    if (unread != no_fetch.end()) return fail(unread->second, "no fetch");
    for (const auto& id : ids) {
        const auto& all = records_[std::string(stream)];
        const auto found = all.find(id);
        if (found == all.end() || (found->second.deleted && found->second.successor.empty()) ||
            forbidden.contains(id)) {
            const auto fact =
                forbidden.contains(id) ? remote::Fact::kForbidden : remote::Fact::kMissing;
            const remote::RecordView missing{.fact = fact,
                                             .id = id,
                                             .version = {},
                                             .modified_by = {},
                                             .successor = {},
                                             .fields = {}};
            if (auto done = sink.accept({&missing, 1}, ""); !done) return done;
            continue;
        }
        const auto& late = read_as[std::string(stream)];
        const auto shown = late.find(id);
        const Record& record = shown != late.end() ? shown->second : found->second;
        if (auto done = emit(stream, fields, {{id, &record}}, true, sink, ""); !done) return done;
    }
    return {};
}

Result<> MemoryRemote::find(std::string_view stream, std::span<const std::string> fields,
                            std::string_view field, std::span<const std::string> values,
                            remote::RecordSink& sink) {
    for (const auto& [id, record] : records_[std::string(stream)]) {
        const auto found = record.fields.find(std::string(field));
        if (record.deleted || found == record.fields.end() || unfound.contains(id)) continue;
        if (std::ranges::find(values, found->second.text()) == values.end()) continue;
        if (auto done = emit(stream, fields, {{id, &record}}, true, sink, ""); !done) return done;
    }
    return {};
}

remote::PushResult MemoryRemote::carry_out(const std::string& stream,
                                           const remote::Change& change) {
    remote::PushResult out;
    auto& all = records_[stream];
    if (refuse)
        if (auto refused = refuse(stream, change)) return *refused;
    std::string id = change.id;
    if (change.op == remote::ChangeOp::kCreate) {
        const auto* stream_spec = spec(stream);
        const std::string& key_field = stream_spec->can.key_field;
        for (const auto& [other, record] : all)
            if (upserts && !record.deleted && !key_field.empty() &&
                record.fields.contains(key_field) &&
                record.fields.at(key_field).text() == change.key)
                id = other;
        if (id.empty()) id = stream + "-" + std::to_string(next_id_++);
        if (!key_field.empty()) all[id].fields[key_field] = Value(change.key);
    } else if (!all.contains(id) || all.at(id).deleted) {
        out.status = remote::PushStatus::kMissing;
        return out;
    } else if (spec(stream)->can.cas != remote::CompareAndSet::kNone &&
               !change.expect_version.empty() && change.expect_version != all.at(id).version) {
        out.status = remote::PushStatus::kChanged;
        return out;
    }
    Record& record = all[id];
    if (change.op == remote::ChangeOp::kDelete) {
        record.deleted = true;
    } else {
        for (const auto& field : change.fields)
            record.fields[field.field] =
                normalise ? normalise(stream, field.field, field.value) : field.value;
    }
    record.version = stamp();
    record.modified_by = user;
    out.status = remote::PushStatus::kOk;
    out.id = id;
    if (answers_version) out.version = record.version;
    return out;
}

Result<std::vector<remote::PushResult>> MemoryRemote::push(
    std::string_view stream, std::span<const remote::Change> changes) {
    ++pushes;
    changes_sent += static_cast<int>(changes.size());
    sent.insert(sent.end(), changes.begin(), changes.end());
    const Fault fault = std::exchange(next_push, Fault::kNone);
    if (before_push) std::exchange(before_push, {})();
    if (fault == Fault::kLostRequest) return fail(push_trouble, "connection reset");
    std::vector<remote::PushResult> results;
    for (const auto& change : changes) results.push_back(carry_out(std::string(stream), change));
    if (after_push) std::exchange(after_push, {})();
    if (fault == Fault::kLostAnswer) return fail(push_trouble, "connection reset");
    return results;
}

remote::StreamSpec stream_spec(const std::string& name, const std::string& entity,
                               const std::vector<remote::FieldSpec>& fields) {
    remote::StreamSpec out;
    out.name = name;
    out.entity_hint = entity;
    out.fields = fields;
    out.can.create = out.can.update = out.can.remove = true;
    out.can.deleted_feed = out.can.list_ids = out.can.fetch = true;
    out.can.key_field = "Kontor_Id";
    out.can.fetch_with_push = true;
    out.can.push_batch_max = 2;
    out.can.fetch_batch_max = 100;
    out.can.modified_resolution_ms = 1000;
    return out;
}

remote::FieldSpec text_field(const std::string& name, const std::string& column,
                             const std::string& group) {
    remote::FieldSpec out;
    out.name = name;
    out.column_hint = column;
    out.group = group;
    return out;
}

remote::FieldSpec reference_field(const std::string& name, const std::string& column,
                                  const std::string& target) {
    remote::FieldSpec out = text_field(name, column);
    out.type = remote::FieldType::kReference;
    out.references = {target};
    return out;
}

}  // namespace kontor::test
