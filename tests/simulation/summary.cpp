#include "tests/simulation/summary.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "tests/simulation/schema.hpp"

namespace kontor::simulation {
namespace {

std::string shown(const Value& value) {
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

/// Collects lines in any order.
class Lines {
public:
    void add(std::string line) { lines_.push_back(std::move(line)); }
    [[nodiscard]] std::string under(const std::string& title) {
        std::ranges::sort(lines_);
        std::string out = title + "\n";
        for (const auto& line : lines_) out += "  " + line + "\n";
        lines_.clear();
        return out;
    }

private:
    std::vector<std::string> lines_;
};

const char* name_column(const std::string& entity) {
    return entity == "account" ? "name" : "last_name";
}
std::vector<replica::Entity> entities_of(const Device& device) {
    return entities(device.entity_names().size() > 2 ? kAllTables : Tables());
}

std::string name_of(const Server& server, const std::string& stream, const std::string& id) {
    const auto* record = server.find(stream, id);
    if (record == nullptr) return "nothing";
    const auto found = record->now.fields.find(name_field(stream));
    const std::string name = found == record->now.fields.end() ? "" : found->second.text();
    return name + (record->now.deleted ? " (deleted)" : "");
}

constexpr const char* kGone = " (gone)";

/// Names of a replica's records, also of those that are not here any more.
class Names {
public:
    explicit Names(const Device& device) {
        for (const auto& entity : entities_of(device)) {
            const std::string column = name_column(entity.name);
            device.each(
                "SELECT h.record, h.old FROM kontor_history h JOIN kontor_field f ON"
                " f.id = h.field JOIN kontor_entity e ON e.id = h.entity WHERE e.name = '" +
                    entity.name + "' AND h.op = 'd' AND f.name = '" + column + "' ORDER BY h.seq",
                [&](const replica::Statement& row) {
                    names_[{entity.name, row.integer(0)}] = std::string(row.text(1)) + kGone;
                });
            device.each("SELECT id, " + column + " FROM " + entity.name,
                        [&](const replica::Statement& row) {
                            names_[{entity.name, row.integer(0)}] = row.text(1);
                        });
        }
    }
    [[nodiscard]] std::string of(const std::string& entity, std::int64_t record) const {
        const auto found = names_.find({entity, record});
        return found == names_.end() ? "?" : found->second;
    }

private:
    std::map<std::pair<std::string, std::int64_t>, std::string> names_;
};

void add_rows(const Device& device, const Names& names, const replica::Entity& entity,
              Lines& lines) {
    std::string columns;
    for (const auto& field : entity.fields) columns += ", " + field.name;
    device.each(
        "SELECT " + std::string(name_column(entity.name)) + columns + " FROM " + entity.name,
        [&](const replica::Statement& row) {
            std::string line = entity.name + " " + std::string(row.text(0)) + ":";
            for (std::size_t i = 0; i < entity.fields.size(); ++i) {
                const Value value(row.value(static_cast<int>(i) + 1));
                const auto& target = entity.fields[i].target;
                if (value.is_null()) continue;
                line += " " + entity.fields[i].name + "=";
                line += target.empty() ? shown(value) : "-> " + names.of(target, value.integer());
            }
            lines.add(line);
        });
}

}  // namespace

const char* name_field(const std::string& stream) {
    return stream == "Accounts" ? "Name" : "Last_Name";
}

std::string summary_of(const Device& device) {
    const Names names(device);
    Lines lines;
    for (const auto& entity : entities_of(device)) add_rows(device, names, entity, lines);
    std::string out = lines.under("rows");

    std::map<std::int64_t, std::string> links;
    device.each(
        "SELECT l.id, e.name, l.record, s.name, coalesce(l.ext_id, ''), l.state, l.dirty,"
        " l.covers = s.generation, c.name FROM kontor_link l JOIN kontor_stream s ON"
        " s.id = l.stream JOIN kontor_connection c ON c.id = s.connection JOIN kontor_entity e ON"
        " e.id = s.entity",
        [&](const replica::Statement& row) {
            const std::string here = names.of(std::string(row.text(1)), row.integer(2));
            const std::string id(row.text(4));
            const std::string connection(row.text(8));
            // Whether what is gone had been read after it was sent is a matter of how much a power
            // cut takes back; if it comes back, it is read anew.
            const Server& server = device.connection(connection).account->server();
            links[row.integer(0)] = connection + " " + std::string(row.text(3)) + " " + here;
            lines.add(links[row.integer(0)] + " is " +
                      (id.empty() ? "not there" : name_of(server, std::string(row.text(3)), id)) +
                      ", state " + std::to_string(row.integer(5)) +
                      (row.integer(6) != 0 ? ", dirty" : "") +
                      (row.integer(7) != 0 || here.ends_with(kGone) ? "" : ", not covered"));
        });
    out += lines.under("links");

    // A line for each row; the first column is a link, the others stand as they are.
    const auto about_links = [&](const std::string& title, const std::string& query) {
        device.each(query, [&](const replica::Statement& row) {
            std::string line = links[row.integer(0)] + ":";
            for (int i = 1; i < row.columns(); ++i) line += " " + shown(Value(row.value(i)));
            lines.add(line);
        });
        out += lines.under(title);
    };
    const std::string with_group = " LEFT JOIN kontor_group g ON g.id = x.grp";
    about_links("shadows", "SELECT x.link, g.name, x.waits FROM kontor_shadow x" + with_group);
    about_links("waiting", "SELECT x.link, g.name FROM kontor_waiting x" + with_group);
    about_links("intents", "SELECT link, op, state FROM kontor_intent");
    about_links("blocked", "SELECT link, op, status, code, col FROM kontor_blocked");
    about_links("conflicts",
                "SELECT x.link, g.name, x.kind, x.rule, x.state, x.chosen FROM kontor_conflict x" +
                    with_group);
    device.each(
        "SELECT c.name, s.name, e.name, m.record, m.ext_id, m.state FROM kontor_match m JOIN"
        " kontor_stream s ON s.id = m.stream JOIN kontor_connection c ON c.id = s.connection JOIN"
        " kontor_entity e ON e.id = s.entity",
        [&](const replica::Statement& row) {
            const std::string connection(row.text(0)), stream(row.text(1));
            lines.add(names.of(std::string(row.text(2)), row.integer(3)) + " and " + connection +
                      "'s " +
                      name_of(device.connection(connection).account->server(), stream,
                              std::string(row.text(4))) +
                      ": " + std::string(row.text(5)));
        });
    out += lines.under("matches");
    device.each(
        "SELECT e.name, n.record, n.args ->> 'connection', n.args ->> 'rule' FROM kontor_notice n"
        " JOIN kontor_entity e ON e.id = n.entity WHERE n.kind = 'matched'",
        [&](const replica::Statement& row) {
            lines.add(names.of(std::string(row.text(0)), row.integer(1)) + " at " +
                      std::string(row.text(2)) + " by " + std::string(row.text(3)));
        });
    out += lines.under("found to be the same");
    // What the remote computes changes on the way, and not each value of it need have been seen.
    device.each(
        "SELECT e.name, h.record, coalesce(f.name, ''), h.op, h.old, coalesce(h.actor, 'SQL'),"
        " coalesce(h.rule, '') FROM kontor_history h JOIN kontor_entity e ON e.id = h.entity"
        " LEFT JOIN kontor_field f ON f.id = h.field WHERE h.op <> 'l' AND"
        " (f.name IS NULL OR NOT f.read_only OR h.actor IS NULL)",
        [&](const replica::Statement& row) {
            const Value old(row.value(4));
            // Numbers of records, and uids.
            const bool numbered = row.text(2).ends_with("_id") || row.text(2).empty();
            lines.add(names.of(std::string(row.text(0)), row.integer(1)) + ": " +
                      std::string(row.text(2)) + " " + std::string(row.text(3)) + " " +
                      (numbered ? (old.is_null() ? "NULL" : "…") : shown(old)) + " by " +
                      std::string(row.text(5)) + " " + std::string(row.text(6)));
        });
    out += lines.under("history");
    return out;
}

std::string summary_of(const Server& server) {
    Lines lines;
    std::string out;
    for (const StreamModel& stream : server.model().streams) {
        std::set<std::string> keys;
        for (const auto& [id, record] : server.records(stream.name)) {
            std::string line = name_of(server, stream.name, id) + ":";
            for (const auto& [name, value] : record.now.fields) {
                const FieldModel* field = stream.field(name);
                if (field == nullptr || field->computed || value.is_null()) continue;
                line += " " + name + "=";
                line += field->target.empty()
                            ? shown(value)
                            : "-> " + name_of(server, field->target, value.text());
            }
            if (!record.now.successor.empty())
                line += record.now.converted
                            ? " became " + name_of(server, "Contacts", record.now.successor)
                            : " merged into " + name_of(server, stream.name, record.now.successor);
            if (!record.born_of.empty()) line += " (made from here)";
            if (!record.born_of.empty() && !record.now.deleted &&
                !keys.insert(record.born_of).second)
                line += " TWICE";
            lines.add(line);
        }
        out += lines.under(server.name() + " " + stream.name);
    }
    return out;
}

}  // namespace kontor::simulation
