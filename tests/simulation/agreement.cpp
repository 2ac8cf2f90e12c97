// C1: what a replica holds against what a remote holds, through a model of the mapping that shares
// no code with the engine's lenses.
#include <algorithm>
#include <map>
#include <set>

#include "tests/simulation/limits.hpp"
#include "tests/simulation/loads.hpp"
#include "tests/simulation/oracles.hpp"

namespace kontor::simulation {
namespace {

constexpr int kLive = 0, kMissing = 1, kAccessLost = 2, kDetached = 3, kDeletedThere = 4,
              kDeleteHere = 5, kDone = 6;

struct LinkRow {
    std::int64_t id = 0, record = 0;
    std::string ext_id;
    int state = 0;
};

class Comparison {
public:
    Comparison(World& world, Device& device, const std::string& connection, bool fresh)
        : world_(world),
          device_(device),
          name_(connection),
          fresh_(fresh),
          server_(device.connection(connection).account->server()),
          limits_(world, device, connection),
          late_(device.connection(connection).late_mapped),
          accepted_(device.connection(connection).accepted) {
        read_links();
        read_listed();
    }

    void run() {
        for (const StreamModel& stream : server_.model().streams) {
            each_remote_record(stream);
            each_local_record(stream);
        }
    }

private:
    void read_links() {
        device_.each(
            "SELECT s.name, l.id, l.record, coalesce(l.ext_id, ''), l.state FROM kontor_link l"
            " JOIN kontor_stream s ON s.id = l.stream JOIN kontor_connection c"
            " ON c.id = s.connection WHERE c.name = '" +
                name_ + "'",
            [&](const replica::Statement& row) {
                const std::string stream(row.text(0));
                LinkRow link{row.integer(1), row.integer(2), std::string(row.text(3)),
                             static_cast<int>(row.integer(4))};
                if (!link.ext_id.empty()) by_ext_[stream][link.ext_id] = link;
                by_record_[stream][link.record] = link;
                if (!link.ext_id.empty() && link.state != kDeletedThere && link.state != kDone)
                    remote_ids_[stream][link.record] = link.ext_id;
            });
    }

    // What a person has been told of: blocked, in doubt, parked, waiting.
    void read_listed() {
        device_.each(
            "SELECT link FROM kontor_blocked UNION SELECT link FROM kontor_intent"
            " WHERE state IN ('unknown', 'parked') UNION SELECT link FROM"
            " kontor_conflict WHERE state = 'open' AND grp IS NULL",
            [&](const replica::Statement& row) { listed_.insert(row.integer(0)); });
        device_.each(
            "SELECT k.link, g.name FROM kontor_conflict k JOIN kontor_group g ON g.id = k.grp"
            " WHERE k.state = 'open'",
            [&](const replica::Statement& row) {
                parked_[row.integer(0)].insert(std::string(row.text(1)));
            });
        device_.each(
            "SELECT w.link, g.name FROM kontor_shadow w JOIN kontor_group g ON g.id ="
            " w.grp WHERE w.waits",
            [&](const replica::Statement& row) {
                waiting_[row.integer(0)].insert(std::string(row.text(1)));
            });
        device_.each(
            "SELECT s.name, m.ext_id, m.record FROM kontor_match m JOIN kontor_stream s"
            " ON s.id = m.stream JOIN kontor_connection c ON c.id = s.connection"
            " WHERE c.name = '" +
                name_ + "'",
            [&](const replica::Statement& row) {
                held_there_[std::string(row.text(0))].insert(std::string(row.text(1)));
                held_here_[std::string(row.text(0))].insert(row.integer(2));
            });
        if (fresh_ && !(listed_.empty() && parked_.empty()))
            world_.violation("B6: a fresh load of " + name_ + " left something to decide");
    }

    void disagree(const std::string& what) {
        world_.violation((fresh_ ? "B6: fresh dev" : "C1: dev") + std::to_string(device_.number()) +
                         " and " + name_ + ": " + what);
    }

    [[nodiscard]] const LinkRow* by_ext(const std::string& stream, const std::string& id) {
        const auto found = by_ext_[stream].find(id);
        return found == by_ext_[stream].end() ? nullptr : &found->second;
    }

    void each_remote_record(const StreamModel& stream) {
        for (const auto& [id, record] : server_.records(stream.name)) {
            const LinkRow* link = by_ext(stream.name, id);
            if (record.now.deleted) {
                if (link != nullptr && link->state == kLive && !listed_.contains(link->id))
                    disagree(id + " is deleted there and linked here");
                continue;
            }
            if (link == nullptr) {
                if (held_there_[stream.name].contains(id)) continue;
                disagree(stream.name + " " + id + " is not here");
                continue;
            }
            if (listed_.contains(link->id) || may_be_detached(stream, *link)) continue;
            if (link->state != kLive) {
                disagree(stream.name + " " + id + " is there, and its link is in state " +
                         std::to_string(link->state));
                continue;
            }
            if (fresh_ || !limits_.hidden_in_tick(stream, id)) compare(stream, *link, record);
        }
    }

    void each_local_record(const StreamModel& stream) {
        device_.each("SELECT id FROM " + stream.entity, [&](const replica::Statement& row) {
            const std::int64_t id = row.integer(0);
            const auto found = by_record_[stream.name].find(id);
            const std::string what = stream.entity + " " + std::to_string(id);
            if (found == by_record_[stream.name].end()) {
                if (!stays_elsewhere(stream, id)) disagree(what + " has no link");
                return;
            }
            const LinkRow& link = found->second;
            world_.tally().add("pairs compared");
            if (held_here_[stream.name].contains(id)) return;
            if (listed_.contains(link.id)) {
                world_.tally().add("records listed");
                return;
            }
            if (may_be_detached(stream, link) || link.state == kDeletedThere) return;
            if (stays_here(stream, link)) return;
            if (link.ext_id.empty()) disagree(what + " was not created there");
            if (link.state == kDeleteHere || link.state == kDone || link.state == kAccessLost)
                disagree(what + " is here, and its link is in state " + std::to_string(link.state));
            const auto* record = server_.find(stream.name, link.ext_id);
            if (!link.ext_id.empty() && record == nullptr)
                disagree(what + " is linked to " + link.ext_id + ", which never was");
        });
    }

    // By the policy for what another remote has deleted, or a person here.
    bool may_be_detached(const StreamModel& stream, const LinkRow& link) {
        return link.state == kDetached &&
               (device_.connections().size() > 1 || accepted_ ||
                stream.delete_there != merge::DeletePolicy::kMirror || was_unlinked(stream, link));
    }

    // … while deletions were not passed on for a while.
    bool was_unlinked(const StreamModel& stream, const LinkRow& link) {
        return device_.connection(name_).narrowed.once.contains(stream.name) &&
               device_.number("SELECT count(*) FROM " + stream.entity +
                              " WHERE id = " + std::to_string(link.record)) == 0;
    }

    // Another remote has merged it into one that goes on under its id here; it stays by that one's
    // settings, or is asked about.
    bool stays_elsewhere(const StreamModel& stream, std::int64_t record) {
        return device_.number(
                   "SELECT count(*) FROM kontor_link l JOIN kontor_stream s ON s.id ="
                   " l.stream JOIN kontor_entity e ON e.id = s.entity WHERE e.name = '" +
                   stream.entity + "' AND l.record = " + std::to_string(record) +
                   " AND l.state = " + std::to_string(kDeletedThere)) > 0;
    }

    // A person has accepted a remote that does not have it.
    bool stays_here(const StreamModel& stream, const LinkRow& link) {
        const auto* record = server_.find(stream.name, link.ext_id);
        return accepted_ && link.state == kMissing && (record == nullptr || record->now.deleted);
    }

    // Here and there something else is referred to, and a person is asked whether it is the same.
    bool may_be_one(const FieldModel& field, const Value& ours, const Value& theirs) {
        return !field.target.empty() && ours.kind() == Kind::kInteger &&
               held_here_[field.target].contains(ours.integer()) &&
               held_there_[field.target].contains(theirs.text());
    }

    // Each side keeps its own way of writing a number.
    [[nodiscard]] bool two_spellings(const FieldModel& field, const Value& ours,
                                     const Value& theirs) const {
        if (fresh_ || !world_.scenario().twists.spelled || field.remote != "Phone") return false;
        for (std::size_t twin = 0; twin < world_.twins().size(); ++twin) {
            const Value one(spelled_phone(twin, 0)), other(spelled_phone(twin, 1));
            if ((ours == one && theirs == other) || (ours == other && theirs == one)) return true;
        }
        return false;
    }

    void compare(const StreamModel& stream, const LinkRow& link, const Server::Record& record) {
        const Server::Image& image = record.now;
        std::string columns;
        for (const FieldModel& field : stream.fields)
            for (const auto& column : field.columns)
                columns += (columns.empty() ? "" : ", ") + column;
        std::vector<Value> row;
        device_.each("SELECT " + columns + " FROM " + stream.entity +
                         " WHERE id = " + std::to_string(link.record),
                     [&](const replica::Statement& found) {
                         for (int i = 0; i < found.columns(); ++i) row.emplace_back(found.value(i));
                     });
        if (row.empty()) {
            disagree(link.ext_id + " is linked to " + stream.entity + " " +
                     std::to_string(link.record) + ", which is not here");
            return;
        }
        std::size_t next = 0;
        for (const FieldModel& field : stream.fields) {
            const std::span<const Value> mine(&row[next], field.columns.size());
            next += field.columns.size();
            if (field.late && !late_) continue;
            const std::string& group = field.group.empty() ? field.remote : field.group;
            if (parked_[link.id].contains(group)) {
                world_.tally().add("groups parked");
                continue;
            }
            if (const char* why = limits_.unread(stream, link.ext_id, field)) {
                world_.tally().add(why);
                continue;
            }
            const auto there = image.fields.find(field.remote);
            const Value theirs = limits_.without_dead(
                field, there == image.fields.end() ? Value::null() : there->second);
            if (waiting_[link.id].contains(group)) {
                if (!theirs.is_blank() && !field.target.empty() &&
                    remote_here(field.target, theirs.text()))
                    disagree(link.ext_id + " " + field.remote + " waits for " + theirs.text() +
                             ", which is here");
                if (!field.target.empty() && there != image.fields.end() &&
                    there->second.is_blank())
                    disagree(link.ext_id + " " + field.remote + " waits in vain");
                continue;
            }
            if (!field.target.empty() && mine.front().kind() == Kind::kInteger &&
                mine.front().integer() >= kNobody) {
                disagree(link.ext_id + " " + field.remote +
                         " refers to nobody here, and no one is told");
                continue;
            }
            Value ours = kept(field, expected(field, mine, remote_ids_[field.target]));
            ours = limits_.without_dead(field, ours);
            if (ours.is_blank() && theirs.is_blank()) continue;
            if (ours == theirs || may_be_one(field, mine.front(), theirs)) continue;
            if (two_spellings(field, ours, theirs)) continue;
            if (!fresh_ && limits_.set_back_in_tick(stream, link.ext_id, field, ours)) {
                world_.tally().add("fields set back within their tick");
                continue;
            }
            disagree(stream.name + " " + link.ext_id + " " + field.remote + ": here " +
                     shown(mine.front()) + " stands for " + shown(ours) + ", there is " +
                     shown(theirs));
        }
    }

    [[nodiscard]] bool remote_here(const std::string& stream, const std::string& id) {
        const LinkRow* link = by_ext(stream, id);
        return link != nullptr && link->state == kLive;
    }

    static std::string shown(const Value& value) {
        switch (value.kind()) {
            case Kind::kInteger:
                return std::to_string(value.integer());
            case Kind::kReal:
                return std::to_string(value.real());
            case Kind::kText:
                return "'" + value.text() + "'";
            default:
                return "NULL";
        }
    }

    World& world_;
    Device& device_;
    const std::string& name_;
    bool fresh_;
    const Server& server_;
    const Limits limits_;
    bool late_;
    bool accepted_;
    std::map<std::string, std::map<std::string, LinkRow>> by_ext_;
    std::map<std::string, std::map<std::int64_t, LinkRow>> by_record_;
    std::map<std::string, std::map<std::int64_t, std::string>> remote_ids_;
    std::set<std::int64_t> listed_;
    std::map<std::int64_t, std::set<std::string>> parked_, waiting_;
    /// Records that may be one and the same: a person has been asked.
    std::map<std::string, std::set<std::string>> held_there_;
    std::map<std::string, std::set<std::int64_t>> held_here_;
};

}  // namespace

void check_agreement(World& world, Device& device, const std::string& connection, bool fresh) {
    Comparison(world, device, connection, fresh).run();
}

}  // namespace kontor::simulation
