#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sync/base/clock.hpp"
#include "sync/base/value.hpp"
#include "sync/engine/sql.hpp"
#include "sync/merge/mapping.hpp"
#include "sync/replica/catalogue.hpp"

namespace kontor::engine {

/// A field group of a stream, tied to the replica.
struct GroupPlan {
    std::int64_t id = 0;
    std::int64_t since = 0;  ///< mapping generation; a link covers it if link.covers >= since
    const merge::GroupMapping* mapping = nullptr;
    std::size_t first_field = 0;  ///< index of its first field in StreamPlan::remote_fields
    /// Per field, the indexes of its columns in StreamPlan::columns.
    std::vector<std::vector<std::size_t>> columns;
    bool identity = false;  ///< every field's lens is the identity
    std::string row_sql;    ///< reads its columns, in that order, of the record with the id ?1

    /// True if a push sends any of its fields.
    [[nodiscard]] bool writable(bool create = false) const;
    /// kIn or kOut if all its fields agree.
    [[nodiscard]] merge::Direction direction() const;
    /// True if what is merged twice is added twice.
    [[nodiscard]] bool counts_twice() const;
};

/// A rule that only repeats the group's policy, if a person has asked for that: says so.
void name_standing(const GroupPlan& group, std::string& rule);

/// True if one of the field's columns never leaves this replica, by the catalogue's word.
[[nodiscard]] bool stays_here(const merge::FieldMapping& field, const replica::Entity& entity);
/// False for what is sent nowhere on purpose: by the mapping's word it only comes, or stays_here().
[[nodiscard]] bool may_go(const merge::FieldMapping& field, const replica::Entity& entity);
/// True if a push sends the field.
[[nodiscard]] bool goes_out(const merge::FieldMapping& field, bool create);
/// True if a push tells this value of it. A create has no word of what is blank: what the remote
/// then holds there (a default, or what stands in the record that the key leads to) is its own.
[[nodiscard]] bool tells(const merge::FieldMapping& field, const Value& value, bool create);

/// A stream's mapping, tied to tables, columns and ids of the replica.
struct StreamPlan {
    std::int64_t id = 0;
    std::int64_t connection = 0;
    std::string connection_name;
    std::string connection_user;  ///< who we are there; "" until the first check
    std::int64_t generation = 1;
    bool loaded = false;
    merge::StreamMapping mapping;
    replica::Entity entity;
    std::vector<std::string> columns;         ///< all mapped columns, each once
    std::vector<std::int64_t> column_fields;  ///< their catalogue ids
    std::string row_sql;                      ///< reads them of the record with the id ?1
    std::vector<std::string> remote_fields;   ///< what a pull asks for; the key field last if extra
    std::size_t key_index = SIZE_MAX;         ///< of mapping.key_field in remote_fields
    std::vector<GroupPlan> groups;

    [[nodiscard]] const GroupPlan* group(std::int64_t group_id) const;
};

/// Counts the changes of stored mappings, of all connections. Throws Failure.
[[nodiscard]] std::int64_t mappings_edition(Sql& sql);

/// The mappings that kontor_stream holds, read once: parsing them would take most of a small sync.
class StoredMappings {
public:
    /// What `text`, the stored mapping of a stream, says. Valid until the stream's next. Throws
    /// Failure: kCorrupt.
    const merge::StreamMapping& parsed(std::int64_t stream, std::string_view text);

private:
    struct Kept {
        std::string text;
        merge::StreamMapping mapping;
    };
    std::map<std::int64_t, Kept> kept_;
};

/// What plans that are read again take from the last time, wherever it is still the same. One
/// thread's.
struct PlanCaches {
    replica::CatalogueCache catalogues;
    StoredMappings mappings;
};

/// All streams of all connections, as the replica knows them. What was handed out once stays valid
/// as long as the object lives, refreshed or not.
class Plans {
public:
    /// Reads kontor_stream, kontor_group and the catalogue; the caches must outlive the plans.
    /// Throws Failure.
    static Plans load(Sql& sql, PlanCaches& caches);
    /// Reads them again if another connection's mapping or a table has changed meanwhile: an edit
    /// absorbed by plans that know nothing of a link would be lost to it. Throws Failure.
    void refresh(Sql& sql);

    [[nodiscard]] const std::vector<StreamPlan>& all() const { return editions_.back()->plans; }
    [[nodiscard]] const StreamPlan* stream(std::int64_t id) const;
    [[nodiscard]] const StreamPlan* stream(std::int64_t connection, std::string_view name) const;
    [[nodiscard]] const replica::Catalogue& catalogue() const {
        return *editions_.back()->catalogue;
    }

private:
    /// Plans point into their own mappings: the list is neither copied nor resized once read.
    struct Edition {
        std::shared_ptr<const replica::Catalogue> catalogue;
        std::vector<StreamPlan> plans;
    };
    using Stamp = std::pair<std::int64_t, std::int64_t>;
    static Stamp stamp(Sql& sql);
    explicit Plans(PlanCaches& caches) : caches_(&caches) {}
    std::unique_ptr<const Edition> read(Sql& sql) const;

    PlanCaches* caches_;
    Stamp stamp_;
    std::vector<std::unique_ptr<const Edition>> editions_;
};

/// A group as kontor_group has it.
struct StoredGroup {
    std::int64_t id = 0;
    std::string shape;
    std::int64_t since = 0;
};
/// The active groups of a stream, by name. Throws Failure.
[[nodiscard]] std::map<std::string, StoredGroup> stored_groups(Sql& sql, std::int64_t stream);

/// `plan` as it would be with another mapping; its groups have no ids. nullptr if the catalogue has
/// not got a column of it.
[[nodiscard]] std::unique_ptr<const StreamPlan> as_mapped(const StreamPlan& plan,
                                                          const merge::StreamMapping& mapping,
                                                          const replica::Catalogue& catalogue);

}  // namespace kontor::engine
