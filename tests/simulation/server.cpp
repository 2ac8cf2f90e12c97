#include "tests/simulation/server.hpp"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "tests/simulation/tokens.hpp"

namespace kontor::simulation {
namespace {

constexpr std::size_t kPastImages = 4;
constexpr milliseconds kLateMax{5'000};
constexpr const char* kAutomation = "automation";
constexpr const char* kColleague = "colleague";
constexpr const char* kFilledIn = "as usual";

std::string text_of(const Fields& fields, const char* name) {
    const auto found = fields.find(name);
    if (found == fields.end()) return "";
    const bool number = found->second.kind() == Kind::kInteger;
    return number ? std::to_string(found->second.integer()) : found->second.text();
}

std::string spot(const std::string& id, const std::string& field, Token token) {
    return id + "/" + field + "/" + std::to_string(token);
}

bool takes(const FieldModel& field, const Value& value) {
    if (field.type == remote::FieldType::kChoice)
        return std::ranges::find(field.choices, value.text()) != field.choices.end();
    const bool number =
        field.type == remote::FieldType::kInteger || field.type == remote::FieldType::kDecimal;
    return !number || !kept(field, value).is_null();
}

}  // namespace

Server::Server(std::string name, RemoteModel model, ServerTraits traits, const WorldTime& time,
               std::uint64_t seed)
    : name_(std::move(name)),
      model_(std::move(model)),
      traits_(traits),
      time_(time),
      dice_(seed),
      org_("org of " + name_) {}

std::string Server::stamp() const {
    const auto since_epoch = now().time_since_epoch();
    return format_instant(Instant{since_epoch - since_epoch % traits_.precision});
}

void Server::mark(Image& image, const std::string& stamp, const std::string& by) {
    const std::string digits = std::to_string(++revision_);
    image.stamp = stamp;
    image.version =
        traits_.opaque_versions ? "r" + std::string(12 - digits.size(), '0') + digits : stamp;
    image.modified_by = by;
}

void Server::before_change(Record& record, Instant when) {
    record.written_at = time_.now;
    if (record.now.version.empty()) {  // it is being made
        record.visible_at = when + dice_.upto(traits_.index_lag_max);
        record.listed_at = record.visible_at;
        return;
    }
    if (const Image* shown = visible(record); shown == &record.now) record.indexed = record.now;
    record.past.push_back(record.now);
    if (record.past.size() > kPastImages) record.past.erase(record.past.begin());
    record.visible_at = std::max(record.visible_at, when + dice_.upto(traits_.index_lag_max));
}

// Rows that come without an id are new ones, whatever they hold.
Value Server::taken(const FieldModel& field, Record& record, const Value& value) {
    Value out = kept(field, value);
    if (field.habit != Habit::kRows || out.kind() != Kind::kText) return out;
    auto rows = nlohmann::json::parse(out.text(), nullptr, false);
    if (!rows.is_array()) return out;
    for (auto& row : rows)
        if (!row.contains("id")) row["id"] = "row " + std::to_string(++record.rows_made);
    return Value(rows.dump());
}

// Of changes alone: what is new or deleted, a read by id tells at once.
void Server::let_reads_lag(Record& record) {
    if (traits_.read_lag_max.count() == 0 || record.now.version.empty()) return;
    if (time_.now >= record.readable_at) record.read_as = record.now;
    record.readable_at = std::max(record.readable_at, time_.now + dice_.upto(traits_.read_lag_max));
}

void Server::compute(const std::string& stream, Record& record) {
    for (const FieldModel& field : model_.stream(stream).fields) {
        if (!field.computed) continue;
        std::uint64_t sum = 7;
        for (const auto& [name, value] : record.now.fields)
            if (name != field.remote && name != kKeyField)
                for (const char c : value.text()) sum = sum * 31 + static_cast<unsigned char>(c);
        record.now.fields[field.remote] = Value("score " + std::to_string(sum % 97));
    }
}

// Who changes one field of a group has let its others stand.
void Server::note_what_stands(const std::string& stream, const Fields& now, const Fields& changed) {
    for (const FieldModel& field : model_.stream(stream).fields) {
        const bool of_group = std::ranges::any_of(changed, [&](const auto& one) {
            const FieldModel* other = model_.stream(stream).field(one.first);
            return other != nullptr && !field.group.empty() && other->group == field.group;
        });
        const auto found = now.find(field.remote);
        if (of_group && found != now.end())
            for_each_token(found->second.view(), [&](Token token) { let_stand_.insert(token); });
    }
}

// Who changes a record seems to have changed all that is not what was sent.
void Server::note_forms(const std::string& stream, const std::string& id, const Fields& now) {
    for (const FieldModel& field : model_.stream(stream).fields) {
        const auto value = now.find(field.remote);
        if (field.habit != Habit::kKeep && value != now.end() &&
            written_.contains(stream + "/" + id + "/" + field.remote))
            for_each_token(value->second.view(), [&](Token token) { let_stand_.insert(token); });
    }
}

void Server::change(const std::string& stream, const std::string& id, const Fields& fields,
                    const std::string& by, const std::string& stamp, Instant when) {
    Record& record = records_[stream][id];
    before_change(record, when);
    let_reads_lag(record);
    for (const auto& [name, value] : fields) {
        const FieldModel* field = model_.stream(stream).field(name);
        record.now.fields[name] = field != nullptr ? taken(*field, record, value) : value;
        if (field != nullptr && !field->target.empty() && value.kind() == Kind::kText)
            led_[stream + "/" + name + "/" + value.text()].insert(id);
        // Rows that were there before are behind the one that is typed.
        bool is_typed = true;
        for_each_token(value.view(), [&, &field_name = name](Token token) {
            held_.emplace(token, time_.now);
            if (is_typed) typed_at_[spot(id, field_name, token)] = time_.now;
            is_typed = field == nullptr || field->habit != Habit::kRows;
        });
    }
    addresses_.emplace(text_of(record.now.fields, "City"), text_of(record.now.fields, "Street"));
    if (by == kColleague) {
        note_what_stands(stream, record.now.fields, fields);
        note_forms(stream, id, record.now.fields);
    }
    mark(record.now, stamp, by);
    for (const auto& [name, value] : fields) {
        const auto written = written_.find(stream + "/" + id + "/" + name);
        if (written == written_.end()) continue;
        if (written->second.version != record.now.version)
            written_.erase(written);
        else if (by == kColleague)
            written->second.overwritten.insert(std::exchange(written->second.who, nullptr));
    }
    record.hidden_in_tick = (record.hidden_in_tick || record.forbidden) && !record.past.empty() &&
                            record.past.back().version == record.now.version;
    compute(stream, record);
    note_changed_within_backups_tick(stream, id, record.now);
    if (insists_ && stream == "Contacts" && fields.contains("Phone") && by != kAutomation) {
        insisted_.emplace(id, time_.now);
        change(stream, id, {{"Phone", *insists_}}, kAutomation, stamp, when);
    }
}

std::string Server::create(const std::string& stream, const Fields& fields, const std::string& by) {
    const std::string id = stream.substr(0, 1) + std::to_string(next_id_++);
    change(stream, id, fields, by, stamp(), time_.now);
    return id;
}

void Server::edit(const std::string& stream, const std::string& id, const Fields& fields,
                  const std::string& by) {
    change(stream, id, fields, by, stamp(), time_.now);
}

void Server::edit_late(const std::string& stream, const std::string& id, const Fields& fields,
                       milliseconds after) {
    pending_.push_back(
        {time_.now + std::min(after, kLateMax), stream, id, stamp(), fields, time_.now});
}

void Server::settle() {
    for (auto it = pending_.begin(); it != pending_.end();) {
        if (it->due > time_.now) {
            ++it;
            continue;
        }
        // The row was locked meanwhile: whoever wrote first has made the other transaction fail.
        const Record* record = find(it->stream, it->id);
        if (record != nullptr && !record->now.deleted && record->now.stamp <= it->stamp) {
            for (const auto& [name, value] : it->fields)
                for_each_token(value.view(), [&](Token token) { held_.emplace(token, it->typed); });
            change(it->stream, it->id, it->fields, "colleague", it->stamp, it->due);
            for (const auto& [name, value] : it->fields)
                for_each_token(value.view(), [&, &field_name = name](Token token) {
                    typed_at_[spot(it->id, field_name, token)] = it->typed;
                });
        }
        it = pending_.erase(it);
    }
}

void Server::erase(const std::string& stream, const std::string& id, const std::string& by) {
    Record& record = records_[stream].at(id);
    before_change(record, time_.now);
    record.readable_at = {};
    record.now.deleted = record.ever_deleted = true;
    mark(record.now, stamp(), by);
    if (!traits_.nulls_lookups) return;
    for (const StreamModel& referrer : model_.streams)
        for (const FieldModel& field : referrer.fields) {
            if (field.target != stream) continue;
            for (const std::string& other : live(referrer.name)) {
                const auto& fields = records_[referrer.name][other].now.fields;
                const auto found = fields.find(field.remote);
                if (found != fields.end() && found->second == Value(id))
                    change(referrer.name, other, {{field.remote, Value::null()}}, "system", stamp(),
                           time_.now);
            }
        }
}

void Server::restore(const std::string& stream, const std::string& id) {
    Record& record = records_[stream].at(id);
    if (!record.now.successor.empty()) return;
    restore_quietly(stream, id);
    if (dice_.percent(50)) mark(record.now, stamp(), "colleague");
}

void Server::restore_quietly(const std::string& stream, const std::string& id) {
    Record& record = records_[stream].at(id);
    before_change(record, time_.now);
    record.now.deleted = false;
    record.ever_restored = true;
}

void Server::merge_into(const std::string& stream, const std::string& loser,
                        const std::string& winner) {
    erase(stream, loser, "colleague");
    Record& record = records_[stream].at(loser);
    record.now.successor = winner;
    record.ever_succeeded = true;
}

void Server::turn_silently(const std::string& stream, const std::string& from,
                           const std::string& to) {
    for (const StreamModel& referrer : model_.streams)
        for (const FieldModel& field : referrer.fields) {
            if (field.target != stream) continue;
            for (auto& [id, record] : records_[referrer.name]) {
                const auto found = record.now.fields.find(field.remote);
                if (record.now.deleted || found == record.now.fields.end() ||
                    found->second != Value(from))
                    continue;
                found->second = Value(to);
                led_[referrer.name + "/" + field.remote + "/" + to].insert(id);
                turned_.insert(referrer.name + "/" + id + "/" + field.remote);
            }
        }
}

std::string Server::convert(const std::string& lead, const std::string& into, bool with_account) {
    const Fields was = find("Leads", lead)->now.fields;
    const auto value = [&](const char* name) {
        const auto found = was.find(name);
        return found == was.end() ? Value::null() : found->second;
    };
    const bool whole_name = model_.stream("Contacts").field("Full_Name") != nullptr;
    Fields fields{{whole_name ? "Full_Name" : "Last_Name", value("Last_Name")},
                  {"Phone", value("Phone")}};
    if (with_account)
        fields["Account"] = Value(create("Accounts", {{"Name", value("Company")}}, kColleague));
    std::string contact = into;
    if (into.empty()) {
        contact = create("Contacts", fields, kColleague);
    } else {
        const Fields& now = find("Contacts", into)->now.fields;
        std::erase_if(fields, [&](const auto& one) {
            const auto found = now.find(one.first);
            return found != now.end() && !found->second.is_blank();
        });
        edit("Contacts", into, fields, kColleague);
    }
    erase("Leads", lead, kColleague);
    Record& record = records_["Leads"].at(lead);
    record.now.successor = contact;
    record.now.converted = record.ever_succeeded = true;
    return contact;
}

void Server::back_up() {
    backup_ = Backup{records_, next_id_, revision_};
}

void Server::note_changed_within_backups_tick(const std::string& stream, const std::string& id,
                                              const Image& now) {
    if (!backup_) return;
    auto& saved = backup_->records[stream];
    const auto found = saved.find(id);
    if (found == saved.end() || found->second.now.version != now.version) return;
    auto& [version, held] = found->second.set_back_within_tick;
    if (std::exchange(version, now.version) != now.version) held.clear();
    const auto value = [](const Fields& fields, const std::string& name) {
        const auto at = fields.find(name);
        return at == fields.end() ? Value::null() : at->second;
    };
    for (const FieldModel& field : model_.stream(stream).fields)
        if (const Value is = value(now.fields, field.remote);
            is != value(found->second.now.fields, field.remote))
            held[field.remote].push_back(is);
}

std::vector<Value> Server::set_back_from(const Record& record, const std::string& field) {
    const auto& [version, held] = record.set_back_within_tick;
    const auto found = held.find(field);
    if (version != record.now.version || found == held.end()) return {};
    return found->second;
}

void Server::go_on_with(Records records) {
    ++epoch_;
    pending_.clear();
    for (const auto& [stream, was] : records_)
        for (const auto& [id, record] : was) {
            auto& now = records[stream];
            const auto found = now.find(id);
            if (found == now.end()) {
                lost_.emplace(stream, id);
                continue;
            }
            Record& kept = found->second;
            kept.ever_forbidden = kept.ever_forbidden || record.ever_forbidden;
            kept.ever_deleted = kept.ever_deleted || record.ever_deleted;
            kept.ever_succeeded = kept.ever_succeeded || record.ever_succeeded;
            kept.ever_restored = kept.ever_restored || record.ever_restored || record.now.deleted;
            kept.made_by = nullptr;  // whoever accepts it has forgotten that
        }
    records_ = std::move(records);
}

bool Server::set_back(bool in_part, bool ids_again) {
    if (!backup_) return false;
    Records records = backup_->records;
    if (in_part) {
        records["Contacts"] = records_["Contacts"];
        go_on_with(std::move(records));
        return true;
    }
    go_on_with(std::move(records));
    if (dice_.percent(30) || ids_again) next_id_ = backup_->next_id;
    if (dice_.percent(50)) revision_ = backup_->revision;
    return true;
}

void Server::replace(bool copy) {
    org_ = "org " + std::to_string(epoch_ + 2) + " of " + name_;
    replaced_ = true;
    if (copy) return go_on_with(backup_ ? backup_->records : records_);
    Records strangers;
    std::uint64_t id = 100;
    for (const StreamModel& stream : model_.streams)
        for (const char* name : {"Name", "Phone", "City"}) {
            const FieldModel* field = stream.field(name);
            if (field == nullptr) continue;
            Record record;
            record.now.fields[name] = kept(*field, Value("stranger " + std::to_string(id)));
            record.written_at = time_.now;
            mark(record.now, stamp(), "stranger");
            strangers[stream.name][stream.name.substr(0, 1) + std::to_string(id++)] = record;
        }
    for (const auto& [contact, record] : strangers["Contacts"])
        addresses_.emplace(text_of(record.now.fields, "City"),
                           text_of(record.now.fields, "Street"));
    go_on_with(std::move(strangers));
    next_id_ = std::max(next_id_, id);
}

void Server::set_forbidden(const std::string& stream, const std::string& id, bool forbidden) {
    Record& record = records_[stream].at(id);
    record.forbidden = forbidden;
    record.ever_forbidden = record.ever_forbidden || forbidden;
    record.hidden_in_tick = record.hidden_in_tick ||
                            (forbidden && std::ranges::any_of(record.past, [&](const Image& image) {
                                 return image.version == record.now.version;
                             }));
}

void Server::allow_all() {
    for (auto& [stream, records] : records_)
        for (auto& [id, record] : records) record.forbidden = false;
}

void Server::hide(const std::string& stream, std::uint64_t pick) {
    std::vector<std::string> fields;
    for (const FieldModel& field : model_.stream(stream).fields)
        if (field.target.empty() && !field.computed) fields.push_back(field.remote);
    hidden_.emplace(stream, fields[pick % fields.size()]);
}

void Server::retype(const FieldModel& field, bool stamps) {
    auto& stream = *std::ranges::find(model_.streams, "Contacts", &StreamModel::name);
    *std::ranges::find(stream.fields, field.remote, &FieldModel::remote) = field;
    const auto convert = [&](Image& image) {
        const auto found = image.fields.find(field.remote);
        if (found == image.fields.end()) return false;
        const Value now = kept(field, found->second);
        if (now == found->second) return false;
        // What is left of a value is the remote's own.
        for_each_token(now.view(), [&](Token token) { let_stand_.insert(token); });
        found->second = now;
        return true;
    };
    const auto note_address = [&](const Image& image) {
        addresses_.emplace(text_of(image.fields, "City"), text_of(image.fields, "Street"));
    };
    const auto convert_all = [&](Records& records, bool stamped) {
        for (auto& [id, record] : records["Contacts"]) {
            if (stamped && !record.now.deleted && convert(record.now)) {
                before_change(record, time_.now);
                mark(record.now, stamp(), "system");
                compute("Contacts", record);
            }
            convert(record.now);
            for (Image& image : record.past) convert(image);
            if (record.indexed) convert(*record.indexed);
            if (record.read_as) convert(*record.read_as);
            note_address(record.now);
            for (const Image& image : record.past) note_address(image);
            if (record.indexed) note_address(*record.indexed);
        }
    };
    ++retypes_;
    convert_all(records_, stamps);
    if (backup_) convert_all(backup_->records, false);
}

std::string Server::target_of(const std::string& stream, const remote::Change& change) const {
    std::string out = change.id;
    if (change.op != remote::ChangeOp::kCreate || !traits_.key_field || !traits_.upserts)
        return out;
    for (const auto& [id, record] : records(stream))
        if (!record.now.deleted && record.now.fields.contains(kKeyField) &&
            record.now.fields.at(kKeyField) == Value(change.key))
            out = id;
    return out;
}

std::optional<remote::PushResult> Server::refused(const std::string& stream,
                                                  const remote::Change& change) const {
    remote::PushResult out;
    const auto no = [&](remote::PushStatus status, const std::string& field,
                        const std::string& id = "") {
        out.status = status;
        out.field = field;
        out.id = id;
        out.code = "REFUSED";
        out.message = field + " is not accepted";
        return out;
    };
    const std::string self = target_of(stream, change);
    const Record* record = self.empty() ? nullptr : find(stream, self);
    if (change.op != remote::ChangeOp::kCreate) {
        if (record == nullptr || record->now.deleted) return no(remote::PushStatus::kMissing, "");
        if (record->forbidden) return no(remote::PushStatus::kForbidden, "");
        if (traits_.cas != remote::CompareAndSet::kNone && !change.expect_version.empty() &&
            change.expect_version != record->now.version)
            return no(remote::PushStatus::kChanged, "");
    }
    for (const auto& field : change.fields) {
        if (field.value.text().find("bad") != std::string::npos)
            return no(remote::PushStatus::kInvalid, field.field);
        const FieldModel* model = model_.stream(stream).field(field.field);
        if (model == nullptr || model->computed || hides(stream, field.field))
            return no(remote::PushStatus::kInvalid, field.field);
        if (!field.value.is_blank() && !takes(*model, field.value))
            return no(remote::PushStatus::kInvalid, field.field);
        if (!model->target.empty() && field.value.kind() == Kind::kText) {
            const Record* target = find(model->target, field.value.text());
            if (target == nullptr || target->now.deleted)
                return no(remote::PushStatus::kInvalid, field.field);
        }
        if (traits_.unique_email && field.field == "Email" && !field.value.is_blank())
            for (const auto& [id, other] : records(stream)) {
                const auto found = other.now.fields.find("Email");
                if (id != self && !other.now.deleted && found != other.now.fields.end() &&
                    found->second == kept(*model, field.value))
                    return no(remote::PushStatus::kDuplicate, "Email", id);
            }
    }
    return std::nullopt;
}

remote::PushResult Server::carry_out(const std::string& stream, const remote::Change& change,
                                     const std::string& user) {
    if (auto no = refused(stream, change)) return *no;
    remote::PushResult out;
    ++writes_;
    Fields fields;
    for (const auto& field : change.fields) fields[field.field] = field.value;
    std::string id = target_of(stream, change);
    switch (change.op) {
        case remote::ChangeOp::kDelete:
            erase(stream, id, user);
            break;
        case remote::ChangeOp::kUpdate:
            edit(stream, id, fields, user);
            break;
        case remote::ChangeOp::kCreate:
            if (traits_.key_field) fields[kKeyField] = Value(change.key);
            if (traits_.fills_in && id.empty() && fields.contains("City") &&
                fields.try_emplace("Street", Value(kFilledIn)).second) {
                filled_in_at_ = time_.now;
                note_what_stands(stream, fields, {{"Street", Value(kFilledIn)}});
            }
            if (id.empty())
                id = create(stream, fields, user);
            else
                edit(stream, id, fields, user);
            records_[stream].at(id).born_of = change.key;
            break;
    }
    out.status = remote::PushStatus::kOk;
    out.id = id;
    if (traits_.answers_version) out.version = records_[stream].at(id).now.version;
    return out;
}

void Server::note_maker(const std::string& stream, const std::string& id, const void* who,
                        Instant seen_at) {
    Record& made = records_[stream].at(id);
    made.made_by = who;
    made.made_blind = std::ranges::any_of(records(stream), [&](const auto& one) {
        const Record& other = one.second;
        return one.first != id && !other.now.deleted && other.born_of == made.born_of &&
               other.made_by != who && other.listed_at >= seen_at;
    });
}

void Server::note_writer(const std::string& stream, const std::string& id,
                         const remote::Change& change, const void* who) {
    const std::string& version = records_[stream].at(id).now.version;
    const std::string record = stream + "/" + id + "/";
    for (const auto& field : change.fields) {
        Written& last = written_[record + field.field];
        if (last.version != version) last = {};
        last.overwritten.insert(std::exchange(last.who, who));
        last.overwritten.erase(who);
        last.replaced.erase(who);
        last.version = version;
    }
    // Whoever it was, it looks as though this user had done it.
    for (auto at = written_.lower_bound(record);
         at != written_.end() && at->first.starts_with(record); ++at)
        if (Written& one = at->second; one.version == version)
            for (const void* other : std::exchange(one.overwritten, {}))
                if (other != who) one.replaced.insert(other);
}

bool Server::replaced_in_tick(const std::string& stream, const std::string& id,
                              const std::string& field, const void* who) const {
    const auto found = written_.find(stream + "/" + id + "/" + field);
    return found != written_.end() && found->second.replaced.contains(who);
}

const std::map<std::string, Server::Record>& Server::records(const std::string& stream) const {
    static const std::map<std::string, Record> none;
    const auto found = records_.find(stream);
    return found == records_.end() ? none : found->second;
}

const Server::Record* Server::find(const std::string& stream, const std::string& id) const {
    const auto& all = records(stream);
    const auto found = all.find(id);
    return found == all.end() ? nullptr : &found->second;
}

bool Server::holds(Token token) const {
    for (const auto& [stream, records] : records_)
        for (const auto& [id, record] : records)
            for (const auto& [name, value] : record.now.fields)
                if (!record.now.deleted && first_token(value.view()) == token) return true;
    return false;
}

bool Server::held_to_the_end(Token token) const {
    for (const auto& [stream, records] : records_)
        for (const auto& [id, record] : records)
            for (const auto& [name, value] : record.now.fields)
                if (record.now.deleted && first_token(value.view()) == token) return true;
    return false;
}

std::optional<Instant> Server::typed_at(const std::string& id, const std::string& field,
                                        Token token) const {
    const auto found = typed_at_.find(spot(id, field, token));
    if (found == typed_at_.end()) return std::nullopt;
    return found->second;
}

const Server::Image* Server::visible(const Record& record) const {
    if (time_.now >= record.visible_at) return &record.now;
    return record.indexed ? &*record.indexed : nullptr;
}

const Server::Image& Server::read(const Record& record) const {
    return time_.now < record.readable_at ? *record.read_as : record.now;
}

std::vector<std::string> Server::live(const std::string& stream) const {
    std::vector<std::string> out;
    for (const auto& [id, record] : records(stream))
        if (!record.now.deleted) out.push_back(id);
    return out;
}

std::vector<std::string> Server::dead(const std::string& stream) const {
    std::vector<std::string> out;
    for (const auto& [id, record] : records(stream))
        if (record.now.deleted) out.push_back(id);
    return out;
}

milliseconds Server::lag_bound() const {
    return traits_.index_lag_max + kLateMax + traits_.precision + traits_.latency_max * 4;
}

}  // namespace kontor::simulation
