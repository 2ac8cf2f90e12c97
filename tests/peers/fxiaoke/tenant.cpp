#include "tests/peers/fxiaoke/tenant.hpp"

#include "tests/peers/base/words.hpp"

namespace kontor::peer::fxiaoke {

namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kZoneMs = 8 * 3'600'000;

/// Midnight of the tenant's zone.
std::int64_t midnight(std::int64_t ms) {
    return (ms + kZoneMs) / kDayMs * kDayMs - kZoneMs;
}

std::map<std::string, std::uint64_t> counts_for(const TenantOptions& options) {
    const std::uint64_t n = options.contacts;
    std::map<std::string, std::uint64_t> out{
        {"AccountObj", n / 4 + 1},    {"ContactObj", n},           {"LeadsObj", n / 4},
        {"NewOpportunityObj", n / 4}, {"ProductObj", n / 10 + 1},  {"QuoteObj", n / 10},
        {"QuoteLinesObj", n / 5},     {"SalesOrderObj", n / 10},   {"SalesOrderProductObj", n / 5},
        {"ActiveRecordObj", n / 5},   {"object_Visit__c", n / 10}, {"object_VisitLine__c", n / 10}};
    for (const auto& [object, count] : options.counts) out[object] = count;
    return out;
}

}  // namespace

Tenant::Tenant(const TenantOptions& options, Switches given)
    : switches(std::move(given)),
      clock_(options.clock_ms),
      random_(options.seed),
      objects_(make_objects(switches.on("external_field"))) {
    generate(options);
}

double Tenant::random_fraction() {
    return static_cast<double>(random_() >> 11) / 9007199254740992.0;
}

std::string Tenant::random_hex(std::size_t digits) {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string out;
    while (out.size() < digits) out += kHex[random_() & 15];
    return out;
}

// Old data has 32 digits, new data 24; both occur in one object.
std::string Tenant::new_id(std::uint64_t number) {
    return random_hex(number % 5 == 0 ? 32 : 24);
}

Object* Tenant::find_object(const std::string& name) {
    for (Object& each : objects_)
        if (each.name == name) return &each;
    return nullptr;
}

Object& Tenant::object(const std::string& name) {
    Object* found = find_object(name);
    if (found == nullptr || found->hidden)
        throw Refusal{10006, "the parameter apiName is missing or illegal", "缺少参数或参数不合法"};
    return *found;
}

Record& Tenant::record(const std::string& object, const std::string& id, bool also_invalid) {
    Table& all = table(object);
    const auto found = all.find(id);
    if (found == all.end() ||
        (!also_invalid && found->second.values.value("life_status", "") == "invalid"))
        throw Refusal{static_cast<int>(switches.number("unknown_id_code")), "数据不存在或已作废",
                      "数据不存在"};
    return found->second;
}

void Tenant::number(const Object& object, Json& values) {
    for (const auto& [name, field] : object.fields.items())
        if (field.value("type", "") == "auto_number") {
            const std::string digits = std::to_string(++numbers_[object.name]);
            values[name] = object.name.substr(0, 5) + "-" +
                           std::string(digits.size() < 7 ? 7 - digits.size() : 0, '0') + digits;
        }
}

std::string Tenant::add(const Object& object, Json values, const std::string& user) {
    const std::int64_t now = now_ms();
    Record record;
    number(object, values);
    values["_id"] = new_id(++made_);
    if (!values.contains("owner")) values["owner"] = Json::array({user});
    values["created_by"] = values["last_modified_by"] = Json::array({user});
    values["create_time"] = values["last_modified_time"] = now;
    if (!values.contains("record_type")) values["record_type"] = "default__c";
    if (!values.contains("life_status")) values["life_status"] = "normal";
    values["lock_status"] = "0";
    values["is_deleted"] = false;
    values["version"] = 1;
    values["tenant_id"] = kTenantId;
    values["object_describe_api_name"] = object.name;
    record.visible_ms = now + late_visible_ms;
    const std::string id = values["_id"];
    record.values = std::move(values);
    table(object.name).emplace(id, std::move(record));
    return id;
}

void Tenant::change(Record& record, const Json& values, const std::string& user, bool stamp) {
    for (const auto& [name, value] : values.items()) {
        if (value.is_null())
            record.values.erase(name);
        else
            record.values[name] = value;
    }
    record.values["version"] = record.values.value("version", 0) + 1;
    if (!stamp) return;
    record.values["last_modified_time"] = now_ms();
    record.values["last_modified_by"] = Json::array({user});
}

Json Tenant::generated(const Object& object, const std::string& name, std::uint64_t number) {
    const auto pick = [&](const auto& list) { return list[random_() % list.size()]; };
    const std::string type = object.type(name);
    const Json& field = object.fields.at(name);
    if (name == "name" && type == "text") {
        if (object.name == "ContactObj" || object.name == "LeadsObj")
            return std::string(pick(words::kSurnames).text) +
                   std::string(pick(words::kGivenNames).text);
        return object.label + " " + std::to_string(number + 1);
    }
    if (name == "kontor_id__c" || name.starts_with("life_status")) return nullptr;
    if (random_() % 5 == 0 && !field.value("is_required", false)) return nullptr;
    if (type == "text" || type == "long_text")
        return std::string(pick(words::kSurnames).latin) + " " + std::to_string(number);
    if (type == "html_rich_text")
        return "<p>" + std::string(pick(words::kGivenNames).text) + "</p>";
    if (type == "email") return "p" + std::to_string(number) + "@" + object.name + ".example.cn";
    if (type == "url") return "https://c" + std::to_string(number) + ".example.cn";
    if (type == "phone_number") return "139" + std::to_string(10'000'000 + random_() % 90'000'000);
    if (type == "number" || type == "percentile") return std::to_string(random_() % 100);
    if (type == "currency")
        return std::to_string(random_() % 100'000) + "." + std::to_string(10 + random_() % 90);
    if (type == "true_or_false") return random_() % 2 == 0;
    if (type == "date")
        return midnight(now_ms() - static_cast<std::int64_t>(random_() % 10'000) * kDayMs);
    if (type == "date_time") return now_ms() - static_cast<std::int64_t>(random_() % 1'000'000'000);
    if (type == "time") return static_cast<std::int64_t>(random_() % 86'400) * 1000;
    if (type == "employee_many") return Json::array({"1001", "1002"});
    if (type == "image") return Json::array({{{"ext", "png"}, {"path", "N_" + random_hex(8)}}});
    if (type == "select_one") return pick(field.at("options")).at("value");
    if (type == "select_many")
        return Json::array(
            {field.at("options")[0].at("value"), field.at("options")[1].at("value")});
    if (type == "object_reference" || type == "master_detail") {
        const Table& target = table(field.at("target_api_name"));
        if (target.empty()) return nullptr;
        return std::next(target.begin(), static_cast<std::ptrdiff_t>(random_() % target.size()))
            ->first;
    }
    return nullptr;
}

// One record after the other, spread over the last year.
void Tenant::generate(const TenantOptions& options) {
    const auto counts = counts_for(options);
    const std::int64_t end = now_ms();
    for (const Object& object : objects_) {
        const auto found = counts.find(object.name);
        const std::uint64_t count = found == counts.end() ? 0 : found->second;
        for (std::uint64_t i = 0; i < count; ++i) {
            Json values = Json::object();
            for (const auto& [name, field] : object.fields.items()) {
                if (field.value("define_type", "") == "system") continue;
                Json value = generated(object, name, i);
                if (!value.is_null()) values[name] = std::move(value);
            }
            const auto age = static_cast<std::int64_t>((count - i) * 300'000'000ULL / count) * 100;
            const std::string user = employees()[random_() % 4].id;
            Record& record = table(object.name).at(add(object, std::move(values), user));
            record.values["create_time"] = record.values["last_modified_time"] =
                end - 3'600'000 - age - static_cast<std::int64_t>(random_() % 1000);
        }
    }
}

}  // namespace kontor::peer::fxiaoke
