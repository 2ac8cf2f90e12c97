#include "sync/engine/loader.hpp"

#include <algorithm>

#include "sync/engine/absorb.hpp"

namespace kontor::engine {

/// What a remote id was found to be a short while ago: most records of a load refer to the same few
/// users. Only what was found is kept, and only until the stretch ends, for links may change then.
class Loader::RecentReferences final : public merge::References {
public:
    RecentReferences(Sql& sql, const Plans& plans, std::int64_t connection)
        : links_(sql, plans, connection), recent_(kPlaces) {}

    Value remote_id(std::int64_t local_id, std::span<const std::string> streams,
                    std::string* stream_out) const override {
        return links_.remote_id(local_id, streams, stream_out);
    }
    Value remote_any(std::string_view entity_and_id) const override {
        return links_.remote_any(entity_and_id);
    }
    std::optional<std::int64_t> local_id(std::string_view remote_id,
                                         std::span<const std::string> streams) const override {
        Found& place = recent_[std::hash<std::string_view>{}(remote_id) % kPlaces];
        if (place.streams == streams.data() && place.remote_id == remote_id) return place.local_id;
        const auto found = links_.local_id(remote_id, streams);
        if (found) place = {streams.data(), std::string(remote_id), *found};
        return found;
    }
    std::optional<std::string> local_any(std::string_view stream_and_id) const override {
        return links_.local_any(stream_and_id);
    }
    void forget() { recent_.assign(kPlaces, {}); }

private:
    static constexpr std::size_t kPlaces = 1'024;
    struct Found {
        const std::string* streams = nullptr;  // the field's list, by its address
        std::string remote_id;
        std::int64_t local_id = 0;
    };
    LinkReferences links_;
    mutable std::vector<Found> recent_;
};

/// A mapped field that may be bound on its way in.
struct Loader::Field {
    const merge::FieldMapping* mapping = nullptr;
    std::size_t index = 0;  // in the image
    int parameter = 0;      // of the INSERT, for a single column
    bool reference = false;
    bool skip = false;  // goes out only
};

bool Loader::applies(Sql& sql, const StreamPlan& plan) {
    const bool plain = std::ranges::none_of(plan.groups, [](const GroupPlan& group) {
        return std::ranges::any_of(group.columns, [](const auto& c) { return c.size() != 1; });
    });
    return plain && !sql.integer("SELECT 1 FROM \"" + plan.entity.name + "\" LIMIT 1") &&
           !sql.integer("SELECT 1 FROM kontor_link WHERE stream = ? LIMIT 1", plan.id);
}

bool Loader::alone() const {
    // CROSS JOIN: from the few streams to their links, never through the links that are being
    // loaded.
    return !context_.sql.integer(
        "SELECT 1 FROM kontor_stream s CROSS JOIN kontor_link l ON l.stream = s.id AND l.ext_id IS"
        " NOT NULL WHERE s.entity = ? AND s.id <> ? LIMIT 1",
        plan_.entity.id, plan_.id);
}

Loader::Loader(Context& context, const StreamPlan& plan, Merger& merger, StreamCounts& counts)
    : context_(context),
      plan_(plan),
      merger_(merger),
      counts_(counts),
      references_(std::make_unique<RecentReferences>(context.sql, context.plans, plan.connection)) {
    std::string sql = "INSERT INTO \"" + plan.entity.name + "\"(";
    std::string marks;
    for (const auto& column : plan.columns) {
        sql += (marks.empty() ? "\"" : ", \"") + column + '"';
        marks += marks.empty() ? "?" : ", ?";
    }
    const auto& db = context.sql.db();
    insert_row_ =
        std::make_unique<replica::Statement>(need(db.prepare(sql + ") VALUES(" + marks + ")")));
    insert_link_ = std::make_unique<replica::Statement>(
        need(db.prepare("INSERT INTO kontor_link(stream, record, ext_id, version, covers)"
                        " VALUES(?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")));
    for (const GroupPlan& group : plan.groups)
        for (std::size_t i = 0; i < group.mapping->fields.size(); ++i) {
            const auto& mapping = group.mapping->fields[i];
            fields_.push_back({.mapping = &mapping,
                               .index = group.first_field + i,
                               .parameter = static_cast<int>(group.columns[i].front()) + 1,
                               .reference = merge::is_reference(mapping.lens),
                               .skip = mapping.direction == merge::Direction::kOut});
        }
    converted_.resize(fields_.size());
    exact_.resize(fields_.size());
}

Loader::~Loader() = default;

// False if the record needs the merger: a reference that waits, or a part that is not there.
bool Loader::bind_fields(const remote::RecordView& image) {
    const Value null = Value::null();
    all_exact_ = true;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        const Field& field = fields_[i];
        const ValueView theirs = image.fields[field.index];
        if (theirs.is_absent()) return false;
        const bool blank = theirs.kind == Kind::kNull;
        const bool keeps = blank || merge::keeps_value(*field.mapping, theirs);
        // A reference maps back to the id that it was found by.
        exact_[i] = blank || (!field.skip && (keeps || field.reference));
        all_exact_ = all_exact_ && exact_[i];
        if (field.skip) {
            insert_row_->bind_null(field.parameter);
        } else if (keeps || merge::is_identity(*field.mapping)) {
            insert_row_->bind_borrowed(field.parameter, theirs);
        } else if (field.mapping->lens == merge::LensKind::kReference &&
                   theirs.kind == Kind::kText && !theirs.text.empty()) {
            const auto local = references_->local_id(theirs.text, field.mapping->references);
            if (!local) return false;
            insert_row_->bind(field.parameter, *local);
        } else {
            auto got = merge::get(*field.mapping, merge::from_remote(*field.mapping, theirs),
                                  {&null, 1}, *references_);
            if (got.waits) return false;
            converted_[i] = std::move(got.columns.front());
            insert_row_->bind_borrowed(field.parameter, converted_[i].view());
        }
    }
    return true;
}

void Loader::remember_differences(const remote::RecordView& image, std::int64_t link) {
    for (const GroupPlan& group : plan_.groups) {
        const std::size_t end = group.first_field + group.mapping->fields.size();
        merge::GroupValues theirs, ours;
        for (std::size_t i = group.first_field; i < end; ++i) {
            const Field& field = fields_[i];
            theirs.push_back(merge::from_remote(*field.mapping, image.fields[i]));
            if (exact_[i]) {
                ours.push_back(theirs.back());
            } else if (field.skip) {
                ours.push_back(Value::null());
            } else {
                const Value& column =
                    merge::is_identity(*field.mapping) ? theirs.back() : converted_[i];
                ours.push_back(merge::put(*field.mapping, {&column, 1}, *references_));
            }
        }
        if (ours != theirs) save_shadow(context_.sql, link, group.id, {theirs, ours, false});
    }
}

void Loader::insert(const remote::RecordView& image) {
    insert_row_->reset();
    if (image.fact != remote::Fact::kRecord || merger_.page_lags() || !bind_fields(image)) {
        finish_stretch();
        merger_.apply(image, false);
        return;
    }
    need(insert_row_->run());
    const std::int64_t record = context_.sql.last_insert_id();
    insert_link_->bind(1, plan_.id);
    insert_link_->bind(2, record);
    insert_link_->bind_borrowed(3, ValueView::of(image.id));
    insert_link_->bind_borrowed(4, ValueView::of(image.version));
    insert_link_->bind(5, plan_.generation);
    need(insert_link_->run());
    if (context_.sql.changes() == 0) {  // it is there already: a page came twice
        context_.sql.run("DELETE FROM \"" + plan_.entity.name + "\" WHERE id = ?", record);
        finish_stretch();
        merger_.apply(image, false);
        return;
    }
    if (const auto uid = merger_.uid_for(image); !uid.empty())
        context_.sql.run("UPDATE \"" + plan_.entity.name + "\" SET uid = ? WHERE id = ?", uid,
                         record);
    merger_.note_first_shown(image.id);
    if (!all_exact_) remember_differences(image, context_.sql.last_insert_id());
    if (first_ == 0) first_ = record;
    last_ = record;
    ++counts_.seen;
    ++counts_.created_here;
}

void Loader::finish_stretch() {
    references_->forget();
    if (first_ == 0) return;
    add_history(context_, plan_.entity.id, first_, std::nullopt, "l", Value(last_),
                {.actor = "remote:" + plan_.connection_name, .rule = ""});
    count_records(context_.sql, plan_.id, last_ - first_ + 1);
    first_ = 0;
}

void Loader::link_elsewhere() {
    context_.sql.run(
        "UPDATE kontor_stream SET loaded = 1 WHERE entity = ? AND id <> ? AND loaded = 2",
        plan_.entity.id, plan_.id);
}

void build_indexes(Context& context, const StreamPlan& plan, StreamCounts& counts) {
    const std::string& table = plan.entity.name;
    auto& longest = counts.index_wait;
    int built = 0;
    for (const auto& field : plan.entity.fields) {
        const std::string name = "kontor_ref_" + table + "_" + field.name;
        if (field.type != remote::FieldType::kReference ||
            context.sql.integer("SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?",
                                name))
            continue;
        // One at a time, so that edits get in between.
        const auto started = context.clock.steady();
        WriteTransaction transaction(context.sql.db());
        need(context.sql.db().execute("CREATE INDEX IF NOT EXISTS \"" + name + "\" ON \"" + table +
                                      "\"(\"" + field.name + "\") WHERE \"" + field.name +
                                      "\" IS NOT NULL"));
        transaction.commit();
        longest =
            std::max({longest, context.clock.steady() - started, std::chrono::milliseconds{1}});
        ++built;
    }
    if (built > 0)
        context.log.info("load.indexed", {{"stream", plan.mapping.stream},
                                          {"indexes", built},
                                          {"longest_wait_ms", std::int64_t{longest.count()}}});
}

}  // namespace kontor::engine
