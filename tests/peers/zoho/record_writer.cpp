#include "tests/peers/zoho/record_writer.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace kontor::peer::zoho {

namespace {

WriteResult failed(Json error) {
    WriteResult result;
    result.element = std::move(error);
    return result;
}

/// One error as it is, several as MULTIPLE_OR_MULTI_ERRORS.
Json combined(std::vector<Json> errors) {
    if (errors.size() == 1) return std::move(errors.front());
    Json all = Json::array();
    for (Json& error : errors) all.push_back(std::move(error));
    return error_object("MULTIPLE_OR_MULTI_ERRORS", "multiple errors occurred",
                        {{"errors", std::move(all)}});
}

/// The layout a record is written with; nullptr: the standard one.
const Layout* layout_of(const Module& module, const Row& row, const Json& element) {
    if (module.layouts.empty()) return nullptr;
    const auto given = element.find("Layout");
    if (given != element.end() && given->is_object())
        return module.find_layout(given->value("id", ""));
    const auto index = module.find_index("Layout");
    if (!index || row[*index].empty()) return nullptr;
    return module.find_layout(Json::parse(row[*index]).value("id", ""));
}

}  // namespace

std::int64_t RecordWriter::visible_from() const {
    return org_.late_visible_s > 0 ? org_.now_s() + org_.late_visible_s : 0;
}

void RecordWriter::notify(const Module& module, Slot slot, ChangeKind kind,
                          const std::vector<std::string>& fields) const {
    roll_up();
    if (listener_) listener_(module, slot, kind, fields);
}

void RecordWriter::roll_up() const {
    for (const auto& module : org_.catalogue.modules()) {
        for (std::size_t i = 0; i < module->fields.size(); ++i) {
            const Field& field = module->fields[i];
            if (field.type == Type::rollup_summary && !field.dropped) roll_up(*module, i);
        }
    }
}

void RecordWriter::roll_up(const Module& module, std::size_t field) const {
    const RollUp& of = module.fields[field].roll_up;
    const Module& children = *org_.catalogue.find(of.module);
    const auto by = children.index.find(of.by), sum = children.index.find(of.sum);
    if (by == children.index.end() || sum == children.index.end()) return;
    const ModuleStore& others = org_.store(children);
    std::map<std::string, double> sums;  // by the quoted id
    for (Slot slot = 0; slot < others.size(); ++slot) {
        if (!others.visible(slot)) continue;
        const std::string parent = others.value(slot, by->second),
                          number = others.value(slot, sum->second);
        if (!parent.empty() && !number.empty()) sums[parent] += std::stod(number);
    }
    ModuleStore& store = org_.store(module);
    const bool bumps = org_.switches.on("rollup_bumps");
    for (Slot slot = 0; slot < store.size(); ++slot) {
        if (!store.visible(slot)) continue;
        const double total = sums[quote_json(record_id(module.number, slot))];
        const std::string value = Json(std::round(total * 100) / 100).dump();
        if (store.value(slot, field) == value) continue;
        Row row = store.load(slot);
        row.set(field, value);
        store.write(slot, row, bumps ? org_.now_s() : store.modified_s(slot), visible_from());
    }
}

std::optional<Json> RecordWriter::injected(const Module& module, std::string_view id,
                                           const Json& element, const std::string& path) {
    for (RejectRule& rule : behaviour_.reject) {
        if (rule.count == 0 || (!rule.module.empty() && rule.module != module.api_name)) continue;
        if (!rule.id.empty() && rule.id != id) continue;
        if (!rule.field.empty()) {
            const auto value = element.find(rule.field);
            if (value == element.end()) continue;
            if (value->dump().find(rule.contains) == std::string::npos) continue;
        }
        if (rule.probability < 1.0 && org_.random_fraction() >= rule.probability) continue;
        if (rule.count > 0) --rule.count;
        return error_object(rule.code, rule.message, refusal_details(rule, module, id, path));
    }
    return std::nullopt;
}

/// As the order has them, or what Zoho's documents have with that code.
Json RecordWriter::refusal_details(const RejectRule& rule, const Module& module,
                                   std::string_view id, const std::string& path) const {
    const std::string& code = rule.code;
    Json details = Json::parse(rule.details_json);
    if (!details.is_object()) {
        details = Json::object();
        const std::string of = rule.field.empty() ? module.fields.back().api_name : rule.field;
        if (code == "NO_PERMISSION")
            details = {{"permissions", {"Crm_Implied_Edit_" + module.api_name}}};
        if (code == "NOT_APPROVED") details = {{"resource_path_index", 0}};
        if (code == "DUPLICATE_DATA")
            details = duplicate_details(
                module, id.empty() ? record_id(module.number, 0) : std::string(id), false);
        if (code == "LIMIT_EXCEEDED") details = {{"limit", 1}};
        if (code == "INVALID_DATA" && id.empty()) details = {{"expected_data_type", "jsonobject"}};
        if (code == "MANDATORY_NOT_FOUND" || code == "DUPLICATE_DATA" || code == "LIMIT_EXCEEDED")
            details["api_name"] = of;
    }
    if (details.contains("api_name") && !details.contains("json_path"))
        details["json_path"] = path + "." + details["api_name"].get<std::string>();
    // It may name the record, as it does where the id is unknown.
    if (!id.empty() && (code == "INVALID_DATA" || code == "RECORD_LOCKED")) details["id"] = id;
    return details;
}

/// That a record holds the value already.
Json RecordWriter::duplicate_details(const Module& module, std::string_view id, bool more) const {
    const auto slot = org_.slot_of(module, id);
    std::string owner = "null";
    if (slot) {
        owner.clear();
        Output(org_).append_user(owner, unquote_json(org_.store(module).value(*slot, kOwner)),
                                 false);
    }
    Json owner_json = Json::parse(owner);
    if (owner_json.is_object()) owner_json["zuid"] = "7" + owner_json.value("id", "").substr(10);
    return {{"id", id},
            {"more_records", more},
            {"duplicate_record",
             {{"id", id},
              {"Owner", owner_json},
              {"module", {{"api_name", module.api_name}, {"id", system_id(module.number)}}}}}};
}

std::vector<Json> RecordWriter::apply(const Module& module, Row& row, const Json& element,
                                      const WriteOptions& options,
                                      std::vector<std::string>& changed) {
    std::vector<Json> errors;
    const FieldInput input(org_, options.external);
    const Layout* layout = layout_of(module, row, element);
    const Json append = element.value("$append_values", Json::object());
    for (const auto& [key, value] : element.items()) {
        if (key == "id" || key.starts_with('$')) continue;
        const auto index = module.find_index(key);
        const std::string path = options.path + "." + key;
        if (!index) {
            if (org_.switches.text("unknown_key") == "invalid")
                errors.push_back(error_object("INVALID_DATA", "invalid field",
                                              {{"api_name", key}, {"json_path", path}}));
            continue;
        }
        const Field& field = module.fields[*index];
        if (layout != nullptr &&
            std::find(layout->without.begin(), layout->without.end(), key) != layout->without.end())
            continue;
        if (field.read_only) {
            if (org_.switches.text("read_only_key") == "invalid")
                errors.push_back(error_object("INVALID_DATA", "read only field",
                                              {{"api_name", key}, {"json_path", path}}));
            continue;
        }
        std::string stored = row[*index];
        Json given = value;
        if (field.type == Type::multiselectpicklist && append.is_object() &&
            append.value(key, Json()) == true && given.is_array() && !stored.empty()) {
            given = Json::parse(stored);
            for (const Json& item : value) given.push_back(item);
        }
        if (auto error = input.convert(field, given, path, stored)) {
            errors.push_back(std::move(*error));
            continue;
        }
        for (const NormaliseRule& rule : behaviour_.normalise) {
            const bool here = rule.module.empty() || rule.module == module.api_name;
            if (here && rule.field == key && stored.starts_with('"'))
                stored = quote_json(normalised(rule, unquote_json(stored)));
        }
        if (stored != row[*index]) changed.push_back(key);
        row.set(*index, std::move(stored));
    }
    return errors;
}

void RecordWriter::check_mandatory(const Module& module, const Row& row,
                                   const WriteOptions& options, const Json& element, bool inserting,
                                   std::vector<Json>& errors) const {
    const Layout* layout = layout_of(module, row, element);
    for (std::size_t i = 0; i < module.fields.size(); ++i) {
        const Field& field = module.fields[i];
        const bool demanded =
            layout != nullptr && std::find(layout->mandatory.begin(), layout->mandatory.end(),
                                           field.api_name) != layout->mandatory.end();
        if ((!field.mandatory && !demanded) || field.dropped || !row[i].empty()) continue;
        if (!inserting && !element.contains(field.api_name)) continue;
        const bool refused_already =
            std::any_of(errors.begin(), errors.end(), [&](const Json& error) {
                return error["details"].value("api_name", "") == field.api_name;
            });
        if (refused_already) continue;
        errors.push_back(error_object(
            "MANDATORY_NOT_FOUND", "required field not found",
            {{"api_name", field.api_name}, {"json_path", options.path + "." + field.api_name}}));
    }
}

void RecordWriter::check_layout_rules(const Module& module, const Row& row,
                                      const WriteOptions& options,
                                      std::vector<Json>& errors) const {
    if (options.no_layout_rules) return;
    if (!options.layout_rules && org_.switches.text("layout_rules") == "asked") return;
    for (std::size_t i = 0; i < behaviour_.layout_rules.size(); ++i) {
        const LayoutRule& rule = behaviour_.layout_rules[i];
        if (rule.module != module.api_name) continue;
        const auto when = module.find_index(rule.when_field);
        const auto field = module.find_index(rule.field);
        if (!when || !field || row[*when] != rule.equals_json || !row[*field].empty()) continue;
        errors.push_back(
            error_object("MANDATORY_NOT_FOUND", "required field not found",
                         {{"api_name", rule.field},
                          {"json_path", options.path + "." + rule.field},
                          {"layout_rule", {{"name", rule.name}, {"id", system_id(500 + i)}}}}));
    }
}

void RecordWriter::touch_parent(const Module& module, const Row& row) const {
    const bool belongs = module.api_name == "Notes" || module.api_name == "Attachments";
    const auto field = module.find_index("Parent_Id");
    if (!belongs || !field || !org_.switches.on("note_bumps_parent")) return;
    touch(unquote_json(row[*field]));
}

void RecordWriter::touch(std::string_view id) const {
    const Module* module = org_.module_of(id);
    const auto slot = module == nullptr ? std::nullopt : org_.slot_of(*module, id);
    if (!slot) return;
    ModuleStore& store = org_.store(*module);
    Row changed = store.load(*slot);
    changed.set(kModifiedTime, std::to_string(org_.now_s()));
    store.write(*slot, changed, org_.now_s(), visible_from());
}

bool RecordWriter::link(std::string_view one, std::string_view other, bool on) {
    bool changed = false;
    for (const auto& [from, to] : {std::pair(one, other), std::pair(other, one)}) {
        std::pair<std::string, std::string> pair(from, to);
        changed = on ? org_.links.insert(std::move(pair)).second : org_.links.erase(pair) > 0;
    }
    if (!changed || !org_.switches.on("link_bumps_modified")) return changed;
    touch(one);
    touch(other);
    return changed;
}

void RecordWriter::check_unique(const Module& module, const Row& row, std::optional<Slot> self,
                                const WriteOptions& options, std::vector<Json>& errors) const {
    const ModuleStore& store = org_.store(module);
    for (std::size_t i = 0; i < module.fields.size(); ++i) {
        const Field& field = module.fields[i];
        if (!field.unique || field.dropped || row[i].empty()) continue;
        std::vector<Slot> others = store.find_equal(i, row[i]);
        if (self) std::erase(others, *self);
        if (others.empty()) continue;
        Json details =
            duplicate_details(module, record_id(module.number, others.front()), others.size() > 1);
        details["api_name"] = field.api_name;
        details["json_path"] = options.path + "." + field.api_name;
        errors.push_back(error_object("DUPLICATE_DATA", "duplicate data", std::move(details)));
    }
}

void RecordWriter::run_automation(const Module& module, Row& row,
                                  const std::vector<std::string>& changed,
                                  const WriteOptions& options) const {
    if (!options.fire_triggers) return;
    const auto set = [&](const std::string& name, const Json& value) {
        const auto index = module.find_index(name);
        if (!index) return;
        std::string stored = row[*index];
        if (!FieldInput(org_, {}).convert(module.fields[*index], value, "$", stored))
            row.set(*index, std::move(stored));
    };
    const auto touched = [&](const std::string& name) {
        return std::find(changed.begin(), changed.end(), name) != changed.end();
    };
    if (org_.switches.on("automation") && module.api_name == "Deals" && touched("Stage") &&
        row[*module.find_index("Stage")] == "\"Closed Won\"")
        set("Probability", 100);
    for (const AutomationRule& rule : behaviour_.automation) {
        if (rule.module != module.api_name) continue;
        if (!rule.when_field.empty() && !touched(rule.when_field)) continue;
        set(rule.field, Json::parse(rule.value_json, nullptr, false));
    }
}

void RecordWriter::run_workflow_of_account(const Module& module, const Row& row,
                                           const std::vector<std::string>& changed,
                                           const WriteOptions& options) const {
    if (!options.fire_triggers || !org_.switches.on("automation") || module.api_name != "Deals" ||
        std::find(changed.begin(), changed.end(), "Stage") == changed.end() ||
        row[*module.find_index("Stage")] != "\"Closed Won\"")
        return;
    const std::string id = unquote_json(row[*module.find_index("Account_Name")]);
    const Module& accounts = *org_.catalogue.find("Accounts");
    const auto slot = org_.slot_of(accounts, id);
    if (!slot) return;
    ModuleStore& store = org_.store(accounts);
    const bool bumps = org_.switches.on("automation_bumps");
    Row account = store.load(*slot);
    account.set(*accounts.find_index("Account_Type"), "\"Customer\"");
    store.write(*slot, account, bumps ? org_.now_s() : store.modified_s(*slot), visible_from());
}

void RecordWriter::compute(const Module& module, Row& row) const {
    const auto text_of = [&](const char* name) {
        const auto at = module.index.find(name);
        return at == module.index.end() ? std::string() : row[at->second];
    };
    if (const auto full = module.index.find("Full_Name"); full != module.index.end()) {
        const std::string first = unquote_json(text_of("First_Name"));
        const std::string last = unquote_json(text_of("Last_Name"));
        row.set(full->second, quote_json(first.empty() ? last : first + " " + last));
    }
    if (const auto at = module.index.find("Expected_Revenue");
        at != module.index.end() && module.fields[at->second].computed) {
        const std::string amount = text_of("Amount");
        const std::string probability = text_of("Probability");
        if (amount.empty() || probability.empty()) {
            row.set(at->second, "");
        } else {
            const double value = std::stod(amount) * std::stod(probability) / 100.0;
            row.set(at->second, Json(std::round(value * 100) / 100).dump());
        }
    }
    if (const auto at = module.index.find("Cost_With_Tax"); at != module.index.end()) {
        const std::string cost = text_of("Cost");
        row.set(at->second, cost.empty()
                                ? ""
                                : Json(std::round(std::stod(cost) *
                                                  static_cast<double>(100 + org_.tax_percent)) /
                                       100)
                                      .dump());
    }
    // Fields without a value that Zoho fills by itself.
    const auto fill = [&](const char* name, const char* value) {
        const auto at = module.index.find(name);
        if (at != module.index.end() && row[at->second].empty()) row.set(at->second, value);
    };
    fill("Record_Status__s", "\"Available\"");
    fill("Currency", "\"CNY\"");
    fill("Exchange_Rate", "1");
}

std::string RecordWriter::success_details(const Module& module, Slot slot, const Row& row) const {
    const Output output(org_);
    const auto user = [&](std::size_t field) {
        std::string out;
        output.append_user(out, unquote_json(row[field]), false);
        return out;
    };
    const bool pending = org_.pending.contains({module.number, slot});
    return R"({"id":")" + record_id(module.number, slot) + R"(","Created_Time":")" +
           format_instant(std::stoll(row[kCreatedTime]), org_.zone) + R"(","Modified_Time":")" +
           format_instant(org_.store(module).modified_s(slot), org_.zone) + R"(","Created_By":)" +
           user(kCreatedBy) + R"(,"Modified_By":)" + user(kModifiedBy) +
           (pending ? R"(,"$approval_state":"pending"})" : R"(,"$approval_state":"approved"})");
}

WriteResult RecordWriter::done(Slot slot, std::string details, const char* message) {
    WriteResult result;
    result.ok = true;
    result.slot = slot;
    result.element["code"] = "SUCCESS";
    result.element["message"] = message;
    result.element["status"] = "success";
    result.details = std::move(details);
    return result;
}

WriteResult RecordWriter::insert(const Module& module, const Json& element,
                                 const WriteOptions& options) {
    if (module.write_denied)
        return failed(error_object("NO_PERMISSION", "permission denied",
                                   {{"permissions", {"Crm_Implied_Create_" + module.api_name}}}));
    if (auto error = injected(module, "", element, options.path)) return failed(std::move(*error));
    Row row;
    const std::string user = quote_json(options.user_id);
    const std::int64_t now = org_.now_s();
    row.set(kCreatedTime, std::to_string(now));
    row.set(kModifiedTime, std::to_string(now));
    row.set(kCreatedBy, user);
    row.set(kModifiedBy, user);
    row.set(kOwner, user);
    std::vector<std::string> changed;
    std::vector<Json> errors = apply(module, row, element, options, changed);
    check_mandatory(module, row, options, element, true, errors);
    check_layout_rules(module, row, options, errors);
    check_unique(module, row, std::nullopt, options, errors);
    if (!errors.empty()) return failed(combined(std::move(errors)));
    for (std::size_t i = 0; i < module.fields.size(); ++i) {
        if (module.fields[i].type == Type::autonumber)
            row.set(i, quote_json(std::to_string(100000 + org_.store(module).size())));
    }
    run_automation(module, row, changed, options);
    compute(module, row);
    const Slot slot = org_.store(module).create(row, now, visible_from());
    touch_parent(module, row);
    run_workflow_of_account(module, row, changed, options);
    notify(module, slot, ChangeKind::insert, changed);
    return done(slot, success_details(module, slot, row), "record added");
}

WriteResult RecordWriter::update(const Module& module, Slot slot, const Json& element,
                                 const WriteOptions& options) {
    ModuleStore& store = org_.store(module);
    const std::string id = record_id(module.number, slot);
    if (module.write_denied)
        return failed(error_object("NO_PERMISSION", "permission denied",
                                   {{"permissions", {"Crm_Implied_Edit_" + module.api_name}}}));
    if (auto error = injected(module, id, element, options.path)) return failed(std::move(*error));
    if (store.locked(slot))
        return failed(error_object("RECORD_LOCKED", "the record is locked", {{"id", id}}));
    if (org_.pending.contains({module.number, slot}))
        return failed(error_object("NOT_APPROVED", "the record is not approved",
                                   {{"id", id}, {"resource_path_index", 0}}));
    if (options.unmodified_since && store.modified_s(slot) > *options.unmodified_since) {
        Json details = Json::parse(success_details(module, slot, store.load(slot)));
        details.erase("$approval_state");
        return failed(error_object(
            "ALREADY_MODIFIED", "record updated time has already passed if-unmodified-since time",
            std::move(details)));
    }
    Row row = store.load(slot);
    std::vector<std::string> changed;
    std::vector<Json> errors = apply(module, row, element, options, changed);
    check_mandatory(module, row, options, element, false, errors);
    check_layout_rules(module, row, options, errors);
    check_unique(module, row, slot, options, errors);
    if (!errors.empty()) return failed(combined(std::move(errors)));
    run_automation(module, row, changed, options);
    compute(module, row);
    const bool bump = !changed.empty() || org_.switches.on("noop_update_bumps");
    const std::int64_t now = bump ? org_.now_s() : store.modified_s(slot);
    if (bump) {
        row.set(kModifiedTime, std::to_string(now));
        row.set(kModifiedBy, quote_json(options.user_id));
    }
    store.write(slot, row, now, visible_from());
    run_workflow_of_account(module, row, changed, options);
    notify(module, slot, ChangeKind::update, changed);
    return done(slot, success_details(module, slot, row), "record updated");
}

std::optional<Slot> RecordWriter::find(const Module& module, const Json& id,
                                       const std::string& path, Json& error) const {
    const std::string text = id.is_string() ? id.get<std::string>() : id.dump();
    const auto slot = org_.slot_of(module, text);
    if (slot && org_.store(module).visible(*slot)) return slot;
    Json details = org_.unknown_id_details(text);
    details["json_path"] = path + ".id";
    error =
        error_object("INVALID_DATA", org_.switches.text("invalid_id_message"), std::move(details));
    return std::nullopt;
}

void RecordWriter::erase(const Module& module, Slot slot, std::string user_id, bool permanent) {
    ModuleStore& store = org_.store(module);
    Tombstone tombstone;
    tombstone.deleted_s = org_.now_s();
    tombstone.permanent = permanent;
    if (!permanent) {
        tombstone.deleted_by = std::move(user_id);
        tombstone.created_by = unquote_json(store.value(slot, kCreatedBy));
        const auto display = module.index.find(module.display_field);
        if (display != module.index.end())
            tombstone.display_name = unquote_json(store.value(slot, display->second));
    }
    store.remove(slot, std::move(tombstone));
    notify(module, slot, ChangeKind::remove, {});
}

WriteResult RecordWriter::remove(const Module& module, std::string_view id,
                                 const WriteOptions& options) {
    if (module.write_denied)
        return failed(error_object("NO_PERMISSION", "permission denied",
                                   {{"permissions", {"Crm_Implied_Delete_" + module.api_name}}}));
    if (auto error = injected(module, id, Json::object(), options.path))
        return failed(std::move(*error));
    Json error;
    const auto slot = find(module, std::string(id), options.path, error);
    if (!slot) {
        error["details"] = {{"id", id}};
        return failed(std::move(error));
    }
    if (org_.store(module).locked(*slot))
        return failed(error_object("RECORD_LOCKED", "the record is locked", {{"id", id}}));
    erase(module, *slot, options.user_id, false);
    return done(*slot, Json{{"id", id}}.dump(), "record deleted");
}

}  // namespace kontor::peer::zoho
