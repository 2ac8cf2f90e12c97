// What people, programs and colleagues do: the steps of a scenario that are not syncs.
#include <algorithm>

#include "sync/engine/only_read.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/undo.hpp"
#include "tests/simulation/world.hpp"

namespace kontor::simulation {
namespace {

/// Columns that anybody may type into.
struct Column {
    const char* entity;
    const char* name;
};
constexpr Column kColumns[] = {
    {"contact", "phone"},     {"contact", "email"}, {"contact", "notes"}, {"contact", "budget"},
    {"contact", "last_name"}, {"contact", "city"},  {"contact", "extra"}, {"account", "name"},
    {"account", "phone"},     {"contact", "phone"}};

struct Pointer {
    const char* entity;
    const char* column;
    const char* target;
};
constexpr Pointer kPointers[] = {{"contact", "account_id", "account"},
                                 {"contact", "account_id", "account"},
                                 {"account", "parent_id", "account"},
                                 {"account", "main_contact_id", "contact"}};

std::string literal(const std::string& column, Token token) {
    if (column == "budget") return std::to_string(kNumberTokens + token);
    if (column == "email") return "'" + token_text(token) + "@example.com'";
    return "'" + token_text(token, column == "notes") + "'";
}

Value typed_there(const FieldModel& field, Token token) {
    if (field.columns.front() == "budget") return Value(std::to_string(kNumberTokens + token));
    if (field.type == remote::FieldType::kInteger)
        return Value(static_cast<std::int64_t>(kNumberTokens + token));
    if (field.columns.size() == 2) return Value(token_text(token) + " " + token_text(token + 1));
    return Value(token_text(token, field.habit != Habit::kKeep || field.cut_in_lists));
}

std::optional<std::int64_t> pick_record(const Device& device, const std::string& entity,
                                        std::uint64_t pick) {
    const auto count = device.number("SELECT count(*) FROM " + entity);
    if (count == 0) return std::nullopt;
    if (pick == kPickLast) return device.number("SELECT max(id) FROM " + entity);
    return device.number("SELECT id FROM " + entity + " ORDER BY id LIMIT 1 OFFSET " +
                         std::to_string(pick % static_cast<std::uint64_t>(count)));
}

/// No power, or no room.
bool out_of_order(Device& device) {
    return device.disk().dead() || device.disk().take_refused() > 0;
}

/// What a person who looks at both sides of the question finds.
bool same_person(Device& device, const engine::Conflict& question) {
    const auto uid = device.text("SELECT uid FROM " + question.entity +
                                 " WHERE id = " + std::to_string(question.record));
    const auto asked = device.text(
        "SELECT m.ext_id FROM kontor_match m JOIN kontor_stream s"
        " ON s.id = m.stream WHERE m.state = 'asked' AND s.name = '" +
        question.stream + "' AND m.record = " + std::to_string(question.record));
    const auto* there =
        asked
            ? device.connection(question.connection).account->server().find(question.stream, *asked)
            : nullptr;
    return there != nullptr && uid && there->born_of == *uid;
}

std::optional<std::string> pick_of(const std::vector<std::string>& ids, std::uint64_t pick) {
    if (ids.empty()) return std::nullopt;
    if (pick == kPickLast) return ids.back();
    return ids[pick % ids.size()];
}

}  // namespace

// The value counts as typed once the statement has reported success.
bool World::write_sql(Device& device, const std::string& sql, std::vector<Token> tokens) {
    auto done = device.sql(sql);
    if (!done) {
        if (!out_of_order(device))
            violation("dev" + std::to_string(device.number()) +
                      " cannot write: " + done.error().message + " in " + sql);
        return false;
    }
    tally_.add("edits here");
    ledger_.typed_here.insert(tokens.begin(), tokens.end());
    for (const Token one : tokens)
        ledger_.typed[one] = {device.number(), time_.now, device.clock().skew()};
    return true;
}

void World::at_device(Device& device, const Step& step) {
    const Token token = step.token;
    const auto contact = pick_record(device, "contact", step.pick);
    const std::string where = " WHERE id = " + std::to_string(contact.value_or(0));
    const auto account = pick_record(device, "account", step.field);
    const std::string account_or_null = account ? std::to_string(*account) : "NULL";
    switch (step.act) {
        case Act::kType:
        case Act::kBlank: {
            const Column& column = kColumns[step.field % std::size(kColumns)];
            const auto record = pick_record(device, column.entity, step.pick);
            if (!record) return;
            const bool blank = step.act == Act::kBlank;
            const auto over = standing_since_backup(device, column.entity, column.name, *record);
            const bool typed = write_sql(
                device,
                std::string("UPDATE ") + column.entity + " SET " + column.name + " = " +
                    (blank ? (step.amount % 2 == 0 ? "NULL" : "''") : literal(column.name, token)) +
                    " WHERE id = " + std::to_string(*record),
                blank ? std::vector<Token>{} : std::vector<Token>{token});
            if (typed && !blank && over) ledger_.typed_over[token] = *over;
            return;
        }
        case Act::kTypeAddress:
            if (contact)
                write_sql(device,
                          "UPDATE contact SET city = " + literal("city", token) +
                              ", street = " + literal("street", token + 1) + where,
                          {token, token + 1});
            return;
        case Act::kTypeName:
            if (contact)
                write_sql(device,
                          "UPDATE contact SET first_name = " + literal("first_name", token) +
                              ", last_name = " + literal("last_name", token + 1) + where,
                          {token, token + 1});
            return;
        case Act::kPoint: {
            const Pointer& pointer = kPointers[step.field % std::size(kPointers)];
            const auto from = pick_record(device, pointer.entity, step.pick);
            const auto to =
                pick_record(device, pointer.target, static_cast<std::uint64_t>(step.amount));
            if (!from || !to) return;
            write_sql(device,
                      std::string("UPDATE ") + pointer.entity + " SET " + pointer.column + " = " +
                          std::to_string(*to) + " WHERE id = " + std::to_string(*from),
                      {});
            return;
        }
        case Act::kCount:
            if (contact)
                write_sql(device, "UPDATE contact SET visits = coalesce(visits, 0) + 1" + where,
                          {});
            return;
        case Act::kBorn:
            write_sql(device,
                      "INSERT INTO contact(last_name, phone, account_id) VALUES(" +
                          literal("last_name", token) + ", " + literal("phone", token + 1) + ", " +
                          (step.amount % 2 == 0 ? account_or_null : "NULL") + ")",
                      {token, token + 1});
            return;
        case Act::kBornAccount:
            write_sql(device,
                      "INSERT INTO account(name, parent_id) VALUES(" + literal("name", token) +
                          ", " + (step.amount % 3 == 0 ? account_or_null : "NULL") + ")",
                      {token});
            return;
        case Act::kDelete: {
            const char* entity = step.field % 3 == 0 ? "account" : "contact";
            const auto record = pick_record(device, entity, step.pick);
            if (record)
                write_sql(
                    device,
                    std::string("DELETE FROM ") + entity + " WHERE id = " + std::to_string(*record),
                    {});
            return;
        }
        case Act::kReplace:
            if (contact)
                write_sql(device,
                          "INSERT OR REPLACE INTO contact(id, last_name, city) VALUES(" +
                              std::to_string(*contact) + ", " + literal("last_name", token) + ", " +
                              literal("city", token + 1) + ")",
                          {token, token + 1});
            return;
        case Act::kUpsert:
            if (contact)
                write_sql(device,
                          "INSERT INTO contact(id, email) VALUES(" + std::to_string(*contact) +
                              ", " + literal("email", token) +
                              ") ON CONFLICT(id) DO UPDATE SET email = excluded.email",
                          {token});
            return;
        case Act::kRolledBack:
            if (!contact) return;
            ledger_.taken_back.insert(token);
            write_sql(device,
                      "BEGIN IMMEDIATE; UPDATE contact SET phone = " + literal("phone", token) +
                          where + "; ROLLBACK",
                      {});
            return;
        case Act::kTypeReadOnly:
            if (contact)
                write_sql(device, "UPDATE contact SET score = " + literal("score", token) + where,
                          {token});
            return;
        case Act::kTypeWrong:
            if (!contact) return;
            if (step.field % 2 == 0)
                write_sql(device, "UPDATE contact SET visits = " + literal("visits", token) + where,
                          {token});
            else
                write_sql(
                    device,
                    "UPDATE contact SET account_id = " + std::to_string(kNobody + token) + where,
                    {});
            return;
        case Act::kTypeRefused:
            if (contact)
                write_sql(device,
                          "UPDATE contact SET phone = 'bad " + token_text(token) + "'" + where,
                          {token});
            return;
        default:
            return;
    }
}

// Values that somebody has deliberately brought back may be older than others.
void World::note_asserted(Device& device, std::int64_t after_seq) {
    device.each(
        "SELECT DISTINCT e.name, h.record FROM kontor_history h JOIN kontor_entity e"
        " ON e.id = h.entity WHERE h.seq > " +
            std::to_string(after_seq),
        [&](const replica::Statement& row) {
            device.each("SELECT * FROM " + std::string(row.text(0)) +
                            " WHERE id = " + std::to_string(row.integer(1)),
                        [&](const replica::Statement& record) {
                            for (int i = 0; i < record.columns(); ++i)
                                for_each_token(record.value(i), [&](Token token) {
                                    ledger_.asserted_again.insert(token);
                                });
                        });
        });
}

void World::undo(Device& device, const Step& step) {
    replica::UndoScope scope;
    if (step.act == Act::kUndoRun) {
        const auto run =
            device.number("SELECT coalesce(max(run), 0) FROM kontor_history WHERE run IS NOT NULL");
        if (run == 0) return;
        scope = replica::UndoScope::of_run(run);
    } else {
        const auto last = device.number("SELECT coalesce(max(seq), 0) FROM kontor_history");
        if (last == 0) return;
        scope = replica::UndoScope::change(
            last - static_cast<std::int64_t>(
                       step.pick % static_cast<std::uint64_t>(std::min<std::int64_t>(last, 8))));
    }
    const auto catalogue = replica::Catalogue::load(device.local());
    if (!catalogue) return;
    const auto done = replica::undo(device.local(), *catalogue, scope, "uid:1000",
                                    engine::only_read_of(device.local()));
    if (done) tally_.add("undone");
    if (!done && !out_of_order(device) && done.error().code != Errc::kNotFound)
        violation("undo: " + done.error().message);
}

void World::decide(Device& device, const Step& step, bool open) {
    engine::ConflictQuery query;
    if (!open) query.state = engine::ConflictQuery::State::kDecided;
    const auto conflicts = engine::list_conflicts(device.api(), query);
    if (!conflicts || conflicts->empty()) return;
    const auto& one = (*conflicts)[step.pick % conflicts->size()];
    auto side = step.field % 2 == 0 ? engine::Side::kOurs : engine::Side::kTheirs;
    if (one.kind == "match")
        side = same_person(device, one) ? engine::Side::kSame : engine::Side::kApart;
    const auto done =
        engine::resolve(device.api(), device.clock(), device.random(), one.id, side, "uid:1000");
    if (done) tally_.add("decided");
    if (!done && !out_of_order(device) && done.error().code != Errc::kConflict &&
        done.error().code != Errc::kNotFound)
        violation("resolve: " + done.error().message);
}

// A person who makes a create of unknown fate again has looked whether it is there.
void World::retry(Device& device) {
    const auto blocked = engine::list_blocked(device.api(), 100, 0);
    if (!blocked) return;
    for (const auto& one : *blocked) {
        // It may have been deleted here since.
        const auto uid = device.text(
            "SELECT uid FROM " + one.entity + " WHERE id = " + std::to_string(one.record) +
            " UNION ALL SELECT t.uid FROM kontor_tombstone t JOIN kontor_entity e ON e.id ="
            " t.entity WHERE e.name = '" +
            one.entity + "' AND t.record = " + std::to_string(one.record));
        const auto& server = device.connection(one.connection).account->server();
        const bool there = std::ranges::any_of(server.records(one.stream), [&](const auto& record) {
            return record.second.born_of == uid;
        });
        if (one.status != "unknown" || !there)
            static_cast<void>(engine::retry_blocked(device.api(), one.link));
    }
}

void World::through_kontor(Device& device, const Step& step) {
    const std::string name = name_at(step.device, step.remote);
    const auto before = device.number("SELECT coalesce(max(seq), 0) FROM kontor_history");
    switch (step.act) {
        case Act::kUndoRun:
        case Act::kUndoEntry:
            undo(device, step);
            break;
        case Act::kResolve:
            decide(device, step, true);
            break;
        case Act::kChoose:
            decide(device, step, false);
            break;
        case Act::kRetry:
            retry(device);
            break;
        case Act::kMapLate:
            device.map_late(name);
            break;
        case Act::kReform:
            device.reform(name);
            break;
        case Act::kRestart:
            if (std::ranges::find(syncing_, device.number()) == syncing_.end()) device.restart();
            break;
        default:
            break;
    }
    if (!device.disk().dead()) note_asserted(device, before);
}

void World::by_colleague(Server& server, const Step& step) {
    const Token token = step.token;
    const Column& column = kColumns[step.field % std::size(kColumns)];
    const StreamModel& model =
        *std::ranges::find(server.model().streams, column.entity, &StreamModel::entity);
    const std::string& stream = model.name;
    const FieldModel& text = *std::ranges::find_if(model.fields, [&](const FieldModel& field) {
        return std::ranges::find(field.columns, column.name) != field.columns.end();
    });
    const auto id = pick_of(server.live(stream), step.pick);
    const auto typed = [&](std::initializer_list<Token> tokens) {
        ledger_.typed_there.insert(tokens);
        tally_.add("edits there");
    };
    switch (step.act) {
        case Act::kTheirType:
            if (!id) return;
            typed({token, token + 1});
            server.edit(stream, *id, {{text.remote, typed_there(text, token)}}, "colleague");
            return;
        case Act::kTheirLate:
            if (!id) return;
            typed({token, token + 1});
            server.edit_late(stream, *id, {{text.remote, typed_there(text, token)}},
                             milliseconds{step.amount});
            return;
        case Act::kTheirBlank:
            if (id) server.edit(stream, *id, {{text.remote, Value::null()}}, "colleague");
            return;
        case Act::kTheirAddress: {
            const auto contact = pick_of(server.live("Contacts"), step.pick);
            if (!contact) return;
            typed({token, token + 1});
            server.edit(
                "Contacts", *contact,
                {{"City", typed_there(*server.model().stream("Contacts").field("City"), token)},
                 {"Street",
                  typed_there(*server.model().stream("Contacts").field("Street"), token + 1)}},
                "colleague");
            return;
        }
        case Act::kTheirPoint: {
            const Pointer& pointer = kPointers[step.field % std::size(kPointers)];
            for (const StreamModel& from : server.model().streams)
                for (const FieldModel& field : from.fields) {
                    if (from.entity != pointer.entity || field.columns.front() != pointer.column)
                        continue;
                    const auto source = pick_of(server.live(from.name), step.pick);
                    const auto target =
                        pick_of(server.live(field.target), static_cast<std::uint64_t>(step.amount));
                    if (source && target)
                        server.edit(from.name, *source, {{field.remote, Value(*target)}},
                                    "colleague");
                }
            return;
        }
        case Act::kTheirCount: {
            const auto contact = pick_of(server.live("Contacts"), step.pick);
            if (!contact) return;
            const auto& fields = server.find("Contacts", *contact)->now.fields;
            const auto found = fields.find("Visits");
            const std::int64_t now = found == fields.end() ? 0 : found->second.integer();
            server.edit("Contacts", *contact, {{"Visits", Value(now + 1)}}, "colleague");
            return;
        }
        case Act::kTheirBorn: {
            typed({token, token + 1});
            const auto account = pick_of(server.live("Accounts"), step.pick);
            Fields fields{{"Phone", Value(token_text(token))},
                          {"City", Value(token_text(token + 1))}};
            if (account && step.amount % 2 == 0) fields["Account"] = Value(*account);
            server.create("Contacts", fields, "colleague");
            return;
        }
        case Act::kTheirBornAccount:
            typed({token});
            server.create("Accounts", {{"Name", Value(token_text(token))}}, "colleague");
            return;
        case Act::kTheirDelete:
            if (id) server.erase(stream, *id, "colleague");
            return;
        case Act::kTheirRestore:
            if (const auto dead = pick_of(server.dead(stream), step.pick)) {
                for (const auto& [name, value] : server.find(stream, *dead)->now.fields)
                    for_each_token(value.view(),
                                   [&](Token t) { ledger_.asserted_again.insert(t); });
                server.restore(stream, *dead);
            }
            return;
        case Act::kTheirMerge: {
            const auto live = server.live("Contacts");
            if (live.size() < 2) return;
            const auto loser = step.pick % live.size();
            server.merge_into("Contacts", live[loser], live[(loser + 1) % live.size()]);
            return;
        }
        case Act::kForbid:
            if (id) server.set_forbidden(stream, *id, true);
            return;
        case Act::kAllow:
            server.allow_all();
            return;
        case Act::kHide:
            server.hide(stream, step.pick);
            return;
        case Act::kShow:
            server.show_all();
            return;
        default:
            return;
    }
}

}  // namespace kontor::simulation
