// A colleague's work: edits, creations, deletions, merges, conversions.

#include <algorithm>

#include "tests/peers/zoho/control.hpp"
#include "tests/peers/zoho/output.hpp"

namespace kontor::peer::zoho {

namespace {

/// Replaces `{n}` in text values, so that mass edits can give every record its own value.
Json with_number(const Json& set, std::uint64_t n) {
    Json out = set;
    for (auto& [key, value] : out.items()) {
        if (!value.is_string()) continue;
        std::string text = value.get<std::string>();
        if (const std::size_t at = text.find("{n}"); at != std::string::npos)
            value = text.replace(at, 3, std::to_string(n));
    }
    return out;
}

}  // namespace

const Module& Control::module_of(const Json& body) const {
    const std::string name = body.value("module", "");
    const Module* module = p_.org.catalogue.find(name);
    if (module == nullptr || !module->stores_records)
        throw ControlError{"unknown module '" + name + "'"};
    return *module;
}

std::string Control::user_of(const Json& body) const {
    const Json user = body.value("user", Json());
    if (user.is_number_unsigned()) return p_.org.catalogue.colleague(user.get<std::size_t>()).id;
    if (!user.is_string()) return p_.org.catalogue.colleague(0).id;
    for (const User& known : p_.org.catalogue.users()) {
        if (user == known.id || user == known.name || user == known.email) return known.id;
    }
    if (user == "api") return p_.org.catalogue.api_user().id;
    throw ControlError{"unknown user"};
}

std::vector<Slot> Control::slots_of(const Module& module, const Json& body) const {
    std::vector<Slot> out;
    const auto add = [&](const Json& id) {
        const auto slot = p_.org.slot_of(module, id.get<std::string>());
        if (!slot || !p_.org.store(module).exists(*slot))
            throw ControlError{"unknown id " + id.get<std::string>()};
        out.push_back(*slot);
    };
    if (body.contains("id")) add(body["id"]);
    for (const Json& id : body.value("ids", Json::array())) add(id);
    if (const Json where = body.value("where", Json()); where.is_object()) {
        for (const auto& [key, value] : where.items()) {
            const auto index = module.find_index(key);
            if (!index) throw ControlError{"unknown field " + key};
            std::string stored;
            if (FieldInput(p_.org, {}).convert(module.fields[*index], value, key, stored))
                throw ControlError{"value does not fit " + key};
            std::vector<Slot> found = p_.org.store(module).find_equal(*index, stored);
            if (out.empty()) {
                out = std::move(found);
            } else {
                std::erase_if(out, [&](Slot slot) {
                    return std::find(found.begin(), found.end(), slot) == found.end();
                });
            }
        }
    }
    if (out.empty()) throw ControlError{"no record named"};
    return out;
}

void Control::write_set(const Module& module, Slot slot, const Json& set,
                        const std::string& user_id, std::int64_t at_s, bool keep_time) {
    ModuleStore& store = p_.org.store(module);
    Row row = store.load(slot);
    std::vector<std::string> changed;
    for (const auto& [key, value] : set.items()) {
        const auto index = module.find_index(key);
        if (!index) throw ControlError{"unknown field " + key};
        std::string stored = row[*index];
        if (const auto error =
                FieldInput(p_.org, {}).convert(module.fields[*index], value, "$." + key, stored))
            throw ControlError{error->dump()};
        row.set(*index, std::move(stored));
        changed.push_back(key);
    }
    const auto full = module.index.find("Full_Name");
    if (full != module.index.end() && (set.contains("First_Name") || set.contains("Last_Name"))) {
        const std::string first = unquote_json(row[*module.find_index("First_Name")]);
        const std::string last = unquote_json(row[*module.find_index("Last_Name")]);
        row.set(full->second, quote_json(first.empty() ? last : first + " " + last));
    }
    if (!keep_time) row.set(kModifiedBy, quote_json(user_id));
    const std::int64_t late = p_.org.late_visible_s;
    store.write(slot, row, keep_time ? store.modified_s(slot) : at_s,
                late > 0 ? p_.org.now_s() + late : 0);
    p_.writer.notify(module, slot, ChangeKind::update, changed);
}

Json Control::edit(const Json& body) {
    const Module& module = module_of(body);
    const std::string user = user_of(body);
    std::int64_t at = p_.org.now_s();
    if (body.contains("time")) {
        const auto given = parse_instant(body["time"].get<std::string>());
        if (!given) throw ControlError{"malformed time"};
        at = *given;
    }
    Json ids = Json::array();
    for (const Slot slot : slots_of(module, body)) {
        if (!p_.org.store(module).visible(slot)) throw ControlError{"the record is deleted"};
        write_set(module, slot, body.value("set", Json::object()), user, at,
                  body.value("keep_time", false));
        ids.push_back(record_id(module.number, slot));
    }
    return {{"ids", ids}};
}

Json Control::create(const Json& body) {
    const Module& module = module_of(body);
    WriteOptions options;
    options.user_id = user_of(body);
    options.fire_triggers = false;
    options.path = "$";
    const std::uint64_t count = body.value("count", std::uint64_t{1});
    Json ids = Json::array();
    for (std::uint64_t i = 0; i < count; ++i) {
        const WriteResult result =
            p_.writer.insert(module, with_number(body.value("set", Json::object()), i), options);
        if (!result.ok) throw ControlError{result.element.dump()};
        ids.push_back(record_id(module.number, result.slot));
    }
    return {{"id", ids.empty() ? Json() : ids[0]}, {"ids", ids}};
}

Json Control::erase(const Json& body) {
    const Module& module = module_of(body);
    Json ids = Json::array();
    for (const Slot slot : slots_of(module, body)) {
        p_.writer.erase(module, slot, user_of(body), body.value("permanent", false));
        ids.push_back(record_id(module.number, slot));
    }
    return {{"ids", ids}};
}

Json Control::restore(const Json& body) {
    const Module& module = module_of(body);
    ModuleStore& store = p_.org.store(module);
    for (const Slot slot : slots_of(module, body)) {
        store.restore(slot);
        if (p_.org.switches.on("restore_bumps_modified"))
            write_set(module, slot, Json::object(), user_of(body), p_.org.now_s(), false);
    }
    p_.writer.roll_up();
    return {{"ok", true}};
}

Json Control::merge(const Json& body) {
    const Module& module = module_of(body);
    const std::string winner = body.at("winner").get<std::string>();
    if (!p_.org.record_visible(winner)) throw ControlError{"unknown winner"};
    const std::string user = user_of(body);
    for (const Json& loser : body.at("losers")) {
        const std::string id = loser.get<std::string>();
        const auto slot = p_.org.slot_of(module, id);
        if (!slot || id == winner) throw ControlError{"unknown loser " + id};
        for (const auto& other : p_.org.catalogue.modules()) {
            if (!other->stores_records) continue;
            for (std::size_t i = 0; i < other->fields.size(); ++i) {
                const Field& field = other->fields[i];
                const bool points =
                    (field.type == Type::lookup && field.target == module.api_name) ||
                    field.type == Type::multi_module_lookup;
                if (!points || field.dropped) continue;
                ModuleStore& store = p_.org.store(*other);
                for (const Slot referrer : store.find_equal(i, quote_json(id))) {
                    Row row = store.load(referrer);
                    row.set(i, quote_json(winner));
                    store.write(referrer, row, store.modified_s(referrer));
                }
            }
        }
        p_.writer.erase(module, *slot, user, true);
        if (!p_.org.switches.on("merge_losers_in_deleted")) {
            Stored gone;
            gone.exists = false;
            p_.org.store(module).put_back(*slot, std::move(gone));
        }
    }
    write_set(module, *p_.org.slot_of(module, winner), body.value("set", Json::object()), user,
              p_.org.now_s(), false);
    return {{"ok", true}};
}

Json Control::convert(const Json& body) {
    const Module& leads = *p_.org.catalogue.find("Leads");
    const Module& contacts = *p_.org.catalogue.find("Contacts");
    const Module& accounts = *p_.org.catalogue.find("Accounts");
    const std::string user = user_of(body);
    const Slot slot = slots_of(leads, body).front();
    ModuleStore& store = p_.org.store(leads);
    Row row = store.load(slot);
    WriteOptions options;
    options.user_id = user;
    options.path = "$";
    const auto field = [&](const char* name) { return unquote_json(row[*leads.find_index(name)]); };
    const WriteResult account =
        p_.writer.insert(accounts, {{"Account_Name", field("Company")}}, options);
    if (!account.ok) throw ControlError{account.element.dump()};
    const std::string account_id = record_id(accounts.number, account.slot);
    Json contact{{"Last_Name", field("Last_Name")}, {"Account_Name", {{"id", account_id}}}};
    for (const char* name : {"First_Name", "Email", "Phone", "Mobile"}) {
        if (!field(name).empty()) contact[name] = field(name);
    }
    const WriteResult person = p_.writer.insert(contacts, contact, options);
    if (!person.ok) throw ControlError{person.element.dump()};
    const std::string contact_id = record_id(contacts.number, person.slot);
    row.set(*leads.find_index("Converted_Account"), quote_json(account_id));
    row.set(*leads.find_index("Converted_Contact"), quote_json(contact_id));
    std::string deal_id;
    if (const std::string name = body.value("deal", ""); !name.empty()) {
        const Module& deals = *p_.org.catalogue.find("Deals");
        const WriteResult deal = p_.writer.insert(deals,
                                                  {{"Deal_Name", name},
                                                   {"Stage", "Qualification"},
                                                   {"Account_Name", {{"id", account_id}}},
                                                   {"Contact_Name", {{"id", contact_id}}}},
                                                  options);
        if (!deal.ok) throw ControlError{deal.element.dump()};
        deal_id = record_id(deals.number, deal.slot);
        row.set(*leads.find_index("Converted_Deal"), quote_json(deal_id));
    }
    row.set(*leads.find_index("Converted_Date_Time"), std::to_string(p_.org.now_s()));
    row.set(kModifiedBy, quote_json(user));
    store.write(slot, row, p_.org.now_s());
    store.set_converted(slot, true);
    p_.writer.notify(leads, slot, ChangeKind::update, {"Converted__s"});
    return {{"account", account_id}, {"contact", contact_id}, {"deal", deal_id}};
}

Json Control::link(const Json& body) {
    const std::string id = body.at("id").get<std::string>();
    const std::string other = body.at("other").get<std::string>();
    for (const std::string& each : {id, other})
        if (!p_.org.record_visible(each)) throw ControlError{"unknown id " + each};
    if (!p_.writer.link(id, other, body.value("linked", true)))
        throw ControlError{"there is nothing to change"};
    return {{"ok", true}};
}

Json Control::lock(const Json& body) {
    const Module& module = module_of(body);
    for (const Slot slot : slots_of(module, body))
        p_.org.store(module).set_locked(slot, body.value("locked", true));
    return {{"ok", true}};
}

Json Control::mark(const Json& body, const char* key, Marked& marked) {
    const Module& module = module_of(body);
    const bool on = body.value(key, true);
    for (const Slot slot : slots_of(module, body)) {
        if (on)
            marked.emplace(module.number, slot);
        else
            marked.erase({module.number, slot});
    }
    return {{"ok", true}};
}

Json Control::bulk_edit(const Json& body) {
    const Module& module = module_of(body);
    const ModuleStore& store = p_.org.store(module);
    const std::string user = user_of(body);
    const std::uint64_t wanted = body.at("count").get<std::uint64_t>();
    const bool same_time = body.value("same_time", true);
    const std::int64_t now = p_.org.now_s();
    std::uint64_t done = 0;
    std::uint64_t to_skip = body.value("skip", std::uint64_t{0});
    const Json set = body.value("set", Json::object());
    for (Slot slot = 0; slot < store.size() && done < wanted; ++slot) {
        if (!store.visible(slot)) continue;
        if (to_skip > 0) {
            --to_skip;
            continue;
        }
        const std::int64_t at =
            same_time ? now : now - static_cast<std::int64_t>((wanted - done) / 100);
        write_set(module, slot, with_number(set, slot), user, at, false);
        ++done;
    }
    return {{"edited", done}};
}

}  // namespace kontor::peer::zoho
