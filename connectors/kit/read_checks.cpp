// What reading promises: who we are, what there is, every record, and the same record on every
// path.
#include <algorithm>
#include <map>
#include <set>

#include "connectors/kit/checks.hpp"
#include "connectors/kit/form.hpp"

namespace kontor::kit {
namespace {

using remote::Fact;
using remote::StreamSpec;

constexpr std::size_t kFetchedMost = 200;
constexpr std::size_t kFoundMost = 5;

Verdict identity(Bench& bench) {
    const auto first = bench.remote().check();
    if (!first) return failed_call("check", first.error());
    const auto second = bench.remote().check();
    if (!second) return failed_call("check", second.error());
    if (first->org_id.empty()) return failed("no_org_id");
    if (first->org_id != second->org_id || first->user_id != second->user_id)
        return failed("identity_changes", {{"first", first->org_id + "/" + first->user_id},
                                           {"second", second->org_id + "/" + second->user_id}});
    const auto other = bench.colleague();
    if (!other) return failed_call("open", other.error());
    const auto third = (*other)->check();
    if (!third) return failed_call("check", third.error());
    // Its user may be another: to a team's hub each installation is one.
    if (first->org_id != third->org_id)
        return failed("identity_changes", {{"first", first->org_id + "/" + first->user_id},
                                           {"second", third->org_id + "/" + third->user_id}});
    return passed();
}

// What a stream says of itself must be possible.
Verdict sound(const StreamSpec& stream) {
    std::set<std::string_view> names;
    for (const auto& field : stream.fields) {
        if (field.name.empty() || !names.insert(field.name).second)
            return failed("field_twice", {{"stream", stream.name}, {"field", field.name}});
        if (field.type == remote::FieldType::kReference && field.references.empty())
            return failed("reference_to_nothing", {{"stream", stream.name}, {"field", field.name}});
    }
    const auto& can = stream.can;
    auto named = can.find_fields;
    if (!can.key_field.empty()) named.push_back(can.key_field);
    for (const auto& field : named)
        if (!names.contains(field))
            return failed("names_no_field", {{"stream", stream.name}, {"field", field}});
    if (can.push_batch_max < 1 || can.fetch_batch_max < 1)
        return failed("batch_of_none", {{"stream", stream.name}});
    if (is_write_only(stream) && (can.list_ids || can.deleted_feed))
        return failed("writes_without_fetch", {{"stream", stream.name}});
    if (!can.key_field.empty() &&
        std::ranges::find(can.find_fields, can.key_field) == can.find_fields.end())
        return failed("key_not_found_by", {{"stream", stream.name}, {"field", can.key_field}});
    return passed();
}

bool same(const StreamSpec& a, const StreamSpec& b) {
    if (a.name != b.name || a.fields.size() != b.fields.size() ||
        a.can.key_field != b.can.key_field || a.can.cas != b.can.cas)
        return false;
    for (std::size_t i = 0; i < a.fields.size(); ++i)
        if (a.fields[i].name != b.fields[i].name || a.fields[i].type != b.fields[i].type ||
            a.fields[i].read_only != b.fields[i].read_only)
            return false;
    return true;
}

Verdict description(Bench& bench) {
    if (bench.streams().empty()) return failed("no_streams");
    std::set<std::string_view> names;
    for (const auto& stream : bench.streams()) {
        if (stream.name.empty() || !names.insert(stream.name).second)
            return failed("stream_twice", {{"stream", stream.name}});
        if (auto verdict = sound(stream); verdict.failed()) return verdict;
    }
    const auto again = bench.remote().describe();
    if (!again) return failed_call("describe", again.error());
    if (again->size() != bench.streams().size())
        return failed("description_changes", {{"stream", ""}});
    for (std::size_t i = 0; i < again->size(); ++i)
        if (!same((*again)[i], bench.streams()[i]))
            return failed("description_changes", {{"stream", bench.streams()[i].name}});
    return passed();
}

Verdict schema_change(Bench& bench) {
    if (!bench.options().change_schema) return not_applicable("no_schema_command");
    const auto before = bench.remote().describe();
    if (!before) return failed_call("describe", before.error());
    if (auto done = bench.options().change_schema(); !done)
        return not_applicable("schema_command_failed", {{"error", done.error().message}});
    const auto after = bench.remote().describe();
    if (!after) return failed_call("describe", after.error());
    if (before->size() == after->size() &&
        std::ranges::equal(*before, *after,
                           [](const auto& a, const auto& b) { return same(a, b); }))
        return failed("schema_not_read_again");
    return passed();
}

// A pull may look back over a checkpoint, at what was changed while it read or shortly before, and
// show records again: as they were, or newer. What lies between two checkpoints has each once.
Verdict pull_all(Bench& bench, const StreamSpec& stream) {
    const auto all = bench.whole(stream);
    if (!all) return failed_call("pull", all.error());
    struct Last {
        std::string_view version;
        std::size_t checkpoints;  // before it
    };
    std::map<std::string_view, Last> seen;
    const auto& images = (*all)->images;
    const auto& points = (*all)->checkpoints;
    std::size_t checkpoints = 0;
    auto point = points.begin();
    for (std::size_t i = 0; i < images.size(); ++i) {
        for (; point != points.end() && point->images <= i; ++point)
            if (!point->cursor.empty()) ++checkpoints;
        const auto& image = images[i];
        if (image.fact != Fact::kRecord) continue;
        const Last now{image.version, checkpoints};
        const auto [known, first] = seen.try_emplace(image.id, now);
        if (!first && known->second.checkpoints == checkpoints)
            return failed("record_twice", {{"record", image.id}});
        if (image.version < known->second.version)
            return failed("version_goes_back", {{"record", image.id},
                                                {"first", std::string(known->second.version)},
                                                {"second", image.version}});
        known->second = now;
    }
    if ((*all)->cursor.empty()) return failed("no_cursor");
    if (is_write_only(stream) && !seen.empty())
        return failed("writes_without_fetch", {{"stream", stream.name}});
    return passed("records", {{"count", std::to_string(seen.size())},
                              {"batches", std::to_string((*all)->checkpoints.size())}});
}

Verdict forms(Bench& bench, const StreamSpec& stream) {
    const auto all = bench.whole(stream);
    if (!all) return failed_call("pull", all.error());
    for (const auto& image : (*all)->images)
        for (std::size_t i = 0; i < image.fields.size() && i < stream.fields.size(); ++i)
            if (const auto form = wrong_form(stream.fields[i], image.fields[i]); !form.empty())
                return failed("wrong_form", {{"record", image.id},
                                             {"field", stream.fields[i].name},
                                             {"value", words_of(image.fields[i])},
                                             {"form", form}});
    return passed();
}

Verdict resume(Bench& bench, const StreamSpec& stream) {
    const auto all = bench.whole(stream);
    if (!all) return failed_call("pull", all.error());
    const auto& points = (*all)->checkpoints;
    if (points.size() < 2) return not_applicable("one_batch");
    std::set<std::size_t> tried{0, points.size() / 2, points.size() - 2};
    std::size_t resumable = 0;
    for (const auto at : tried) {
        if (points[at].cursor.empty()) continue;
        ++resumable;
        const auto rest = bench.pull(stream, points[at].cursor);
        if (!rest) return failed_call("pull", rest.error());
        std::set<std::string_view> seen;
        for (const auto& image : rest->images) seen.insert(image.id);
        for (std::size_t i = points[at].images; i < (*all)->images.size(); ++i)
            if (!seen.contains((*all)->images[i].id))
                return failed("lost_after_checkpoint", {{"record", (*all)->images[i].id},
                                                        {"batch", std::to_string(at + 1)}});
    }
    return resumable == 0 ? not_applicable("no_checkpoints") : passed();
}

// A second look may show again what is recent: cursors look back. But not something new, and not
// everything.
Verdict unchanged(Bench& bench, const StreamSpec& stream) {
    constexpr std::size_t kMany = 30;
    const auto all = bench.whole(stream);
    if (!all) return failed_call("pull", all.error());
    const auto again = bench.pull(stream, (*all)->cursor);
    if (!again) return failed_call("pull", again.error());
    for (const auto& image : again->images) {
        const auto* known = (*all)->find(image.id);
        if (image.fact != Fact::kRecord) continue;
        if (!known) return failed("new_without_change", {{"record", image.id}});
        if (const auto* field = difference(stream, *known, image))
            return failed("differs_without_change", {{"record", image.id}, {"field", field->name}});
        if (known->version != image.version)
            return failed(
                "version_without_change",
                {{"record", image.id}, {"first", known->version}, {"second", image.version}});
    }
    if (again->images.size() >= kMany && again->images.size() >= (*all)->images.size())
        return failed("everything_again", {{"count", std::to_string(again->images.size())}});
    return passed();
}

Verdict ids(Bench& bench, const StreamSpec& stream) {
    if (!stream.can.list_ids) return not_applicable("not_declared", {{"what", "list_ids"}});
    const auto all = bench.whole(stream);
    if (!all) return failed_call("pull", all.error());
    Collector list;
    const auto complete = bench.remote().list_ids(stream.name, list);
    if (!complete) return failed_call("list_ids", complete.error());
    if (!*complete) return failed("list_not_complete");
    std::set<std::string_view> listed;
    for (const auto& image : list.images) {
        if (!listed.insert(image.id).second) return failed("listed_twice", {{"record", image.id}});
        const auto* pulled = (*all)->find(image.id);
        if (!pulled || pulled->fact != Fact::kRecord)
            return failed("listed_not_pulled", {{"record", image.id}});
        if (!image.version.empty() && !pulled->version.empty() && image.version != pulled->version)
            return failed(
                "versions_differ",
                {{"record", image.id}, {"first", pulled->version}, {"second", image.version}});
    }
    for (const auto& image : (*all)->images)
        if (image.fact == Fact::kRecord && !listed.contains(image.id))
            return failed("pulled_not_listed", {{"record", image.id}});
    return passed("records", {{"count", std::to_string(listed.size())}, {"batches", "1"}});
}

Verdict fetch_same(Bench& bench, const StreamSpec& stream) {
    if (!stream.can.fetch) return not_applicable("not_declared", {{"what", "fetch"}});
    const auto all = bench.whole(stream);
    if (!all) return failed_call("pull", all.error());
    std::vector<std::string> wanted;
    for (const auto& image : (*all)->images)
        if (image.fact == Fact::kRecord && wanted.size() < kFetchedMost) wanted.push_back(image.id);
    if (wanted.empty()) return not_applicable("no_records");
    const auto fetched = bench.fetch(bench.remote(), stream, wanted);
    if (!fetched) return failed_call("fetch", fetched.error());
    for (const auto& image : *fetched) {
        const auto* pulled = (*all)->find(image.id);
        if (image.fact != Fact::kRecord)
            return failed("pulled_not_fetched", {{"record", image.id}});
        if (const auto* field = difference(stream, *pulled, image))
            return failed("fetch_differs",
                          {{"record", image.id},
                           {"field", field->name},
                           {"first", words_of(value_of(stream, *pulled, field->name))},
                           {"second", words_of(value_of(stream, image, field->name))}});
        if (image.version != pulled->version)
            return failed(
                "versions_differ",
                {{"record", image.id}, {"first", pulled->version}, {"second", image.version}});
    }
    return passed("records", {{"count", std::to_string(wanted.size())}, {"batches", "1"}});
}

}  // namespace

const std::vector<std::string>& hostile_ids() {
    static const std::vector<std::string> all{"../../etc/passwd",
                                              "' OR '1'='1",
                                              "1;DROP TABLE x",
                                              "a/b?c=d&e=f#g",
                                              "%2e%2e%2f%00",
                                              "编号",
                                              "\"}]}",
                                              "-1",
                                              "{\"$ne\":null}",
                                              std::string(200, 'x')};
    return all;
}

namespace {

Verdict fetch_unknown(Bench& bench, const StreamSpec& stream) {
    if (!stream.can.fetch) return not_applicable("not_declared", {{"what", "fetch"}});
    const auto all = bench.whole(stream);
    if (!all) return failed_call("pull", all.error());
    std::vector<std::string> wanted = hostile_ids();
    std::string known;
    for (const auto& image : (*all)->images)
        if (image.fact == Fact::kRecord) known = image.id;
    if (!known.empty()) wanted.insert(wanted.begin() + 2, known);
    const auto fetched = bench.fetch(bench.remote(), stream, wanted);
    if (!fetched) return failed_call("fetch", fetched.error());
    for (const auto& image : *fetched) {
        const bool there = image.fact == Fact::kRecord;
        if (image.id == known && !there) return failed("hostile_beside", {{"record", known}});
        if (image.id != known && image.fact != Fact::kMissing)
            return failed("unknown_not_missing", {{"record", image.id}});
    }
    return passed();
}

Verdict find_same(Bench& bench, const StreamSpec& stream) {
    if (stream.can.find_fields.empty()) return not_applicable("not_declared", {{"what", "find"}});
    const auto all = bench.whole(stream);
    if (!all) return failed_call("pull", all.error());
    for (const auto& field : stream.can.find_fields) {
        std::vector<std::string> values;
        std::set<std::string> wanted;
        for (const auto& image : (*all)->images) {
            const auto value = value_of(stream, image, field);
            if (image.fact != Fact::kRecord || value.kind() != Kind::kText || value.is_blank())
                continue;
            const bool known = std::ranges::find(values, value.text()) != values.end();
            if (!known && values.size() == kFoundMost) continue;
            if (!known) values.push_back(value.text());
            wanted.insert(image.id);
        }
        values.push_back("nobody-" + bench.token() + "@example.com");
        const auto found = bench.find(bench.remote(), stream, field, values);
        if (!found) return failed_call("find", found.error());
        std::set<std::string> got;
        for (const auto& image : *found) got.insert(image.id);
        for (const auto& id : wanted)
            if (!got.contains(id)) return failed("not_found", {{"record", id}, {"field", field}});
        for (const auto& image : *found)
            if (const auto value = value_of(stream, image, field);
                !wanted.contains(image.id) && value.kind() == Kind::kText &&
                std::ranges::find(values, value.text()) == values.end())
                return failed("found_another", {{"record", image.id}, {"field", field}});
    }
    return passed();
}

constexpr Check kReadChecks[] = {
    {.name = "identity", .of_connection = identity},
    {.name = "description", .of_connection = description},
    {.name = "pull", .of_stream = pull_all},
    {.name = "forms", .of_stream = forms},
    {.name = "resume", .of_stream = resume},
    {.name = "unchanged", .of_stream = unchanged},
    {.name = "list_ids", .of_stream = ids},
    {.name = "fetch", .of_stream = fetch_same},
    {.name = "fetch_unknown", .of_stream = fetch_unknown},
    {.name = "find", .of_stream = find_same},
    {.name = "schema_change", .of_connection = schema_change},
};

}  // namespace

std::span<const Check> read_checks() {
    return kReadChecks;
}

}  // namespace kontor::kit
