#include "sync/engine/loader.hpp"

#include <algorithm>

#include "sync/engine/absorb.hpp"

namespace kontor::engine {

/// A mapped field that may be bound on its way in.
struct Loader::Field {
    const merge::FieldMapping* mapping = nullptr;
    const GroupPlan* group = nullptr;
    std::size_t index = 0;  // in the image
    int parameter = 0;      // of the INSERT, for a single column
    bool identity = false;
    bool reference = false;
    bool skip = false;  // goes out only

    /// True if the column maps back to just this value.
    [[nodiscard]] bool exact(const ValueView& theirs) const {
        if (theirs.kind == Kind::kNull) return true;
        return !skip && (reference || merge::keeps_value(*mapping, theirs));
    }
};

bool Loader::applies(Sql& sql, const StreamPlan& plan) {
    const bool plain = std::ranges::none_of(plan.groups, [](const GroupPlan& group) {
        return std::ranges::any_of(group.columns, [](const auto& c) { return c.size() != 1; });
    });
    return plain && !sql.integer("SELECT 1 FROM \"" + plan.entity.name + "\" LIMIT 1") &&
           !sql.integer("SELECT 1 FROM kontor_link WHERE stream = ? LIMIT 1", plan.id);
}

Loader::Loader(Context& context, const StreamPlan& plan, Merger& merger, StreamCounts& counts)
    : context_(context),
      plan_(plan),
      merger_(merger),
      counts_(counts),
      references_(context.sql, context.plans, plan.connection) {
    std::string sql = "INSERT INTO \"" + plan.entity.name + "\"(";
    std::string marks;
    for (const auto& column : plan.columns) {
        sql += (marks.empty() ? "\"" : ", \"") + column + '"';
        marks += marks.empty() ? "?" : ", ?";
    }
    insert_row_ = std::make_unique<replica::Statement>(
        need(context.sql.db().prepare(sql + ") VALUES(" + marks + ")")));
    for (const GroupPlan& group : plan.groups)
        for (std::size_t i = 0; i < group.mapping->fields.size(); ++i) {
            const auto& mapping = group.mapping->fields[i];
            fields_.push_back({.mapping = &mapping,
                               .group = &group,
                               .index = group.first_field + i,
                               .parameter = static_cast<int>(group.columns[i].front()) + 1,
                               .identity = merge::is_identity(mapping),
                               .reference = mapping.lens == merge::LensKind::kReference ||
                                            mapping.lens == merge::LensKind::kAnyReference,
                               .skip = mapping.direction == merge::Direction::kOut});
        }
    converted_.resize(fields_.size());
}

Loader::~Loader() = default;

// False if the record needs the merger: a reference that waits, or a part that is not there.
bool Loader::bind_fields(const remote::RecordView& image) {
    const Value null = Value::null();
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        const Field& field = fields_[i];
        const ValueView theirs = image.fields[field.index];
        if (theirs.is_absent()) return false;
        if (field.skip) {
            insert_row_->bind_null(field.parameter);
        } else if (field.identity || theirs.kind == Kind::kNull) {
            insert_row_->bind_borrowed(field.parameter, theirs);
        } else {
            auto got = merge::get(*field.mapping, merge::from_remote(*field.mapping, theirs),
                                  {&null, 1}, references_);
            if (got.waits) return false;
            converted_[i] = std::move(got.columns.front());
            insert_row_->bind_borrowed(field.parameter, converted_[i].view());
        }
    }
    return true;
}

void Loader::remember_differences(const remote::RecordView& image, std::int64_t link) {
    for (const GroupPlan& group : plan_.groups) {
        const std::span group_fields(&fields_[group.first_field], group.mapping->fields.size());
        if (std::ranges::all_of(group_fields, [&](const Field& field) {
                return field.exact(image.fields[field.index]);
            }))
            continue;
        merge::GroupValues theirs, ours;
        for (const Field& field : group_fields) {
            const ValueView value = image.fields[field.index];
            theirs.push_back(merge::from_remote(*field.mapping, value));
            if (field.exact(value)) {
                ours.push_back(theirs.back());
            } else if (field.skip) {
                ours.push_back(Value::null());
            } else {
                const Value& column = field.identity ? theirs.back() : converted_[field.index];
                ours.push_back(merge::put(*field.mapping, {&column, 1}, references_));
            }
        }
        if (ours != theirs) save_shadow(context_.sql, link, group.id, {theirs, ours, false});
    }
}

void Loader::insert(const remote::RecordView& image) {
    insert_row_->reset();
    if (image.fact != remote::Fact::kRecord || !bind_fields(image)) {
        finish_stretch();
        merger_.apply(image, false);
        return;
    }
    need(insert_row_->run());
    const std::int64_t record = context_.sql.last_insert_id();
    context_.sql.run(
        "INSERT INTO kontor_link(stream, record, ext_id, version, covers)"
        " VALUES(?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        plan_.id, record, image.id, image.version, plan_.generation);
    if (context_.sql.changes() == 0) {  // it is there already: a page came twice
        context_.sql.run("DELETE FROM \"" + plan_.entity.name + "\" WHERE id = ?", record);
        finish_stretch();
        merger_.apply(image, false);
        return;
    }
    remember_differences(image, context_.sql.last_insert_id());
    if (first_ == 0) first_ = record;
    last_ = record;
    ++counts_.seen;
    ++counts_.created_here;
}

void Loader::finish_stretch() {
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

void build_indexes(Context& context, const StreamPlan& plan) {
    const std::string& table = plan.entity.name;
    std::chrono::milliseconds longest{0};
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
        longest = std::max(longest, context.clock.steady() - started);
        ++built;
    }
    if (built > 0)
        context.log.info("load.indexed", {{"stream", plan.mapping.stream},
                                          {"indexes", built},
                                          {"longest_wait_ms", std::int64_t{longest.count()}}});
}

}  // namespace kontor::engine
