#include "tests/peers/fxiaoke/data_api.hpp"

#include <algorithm>

#include "tests/peers/fxiaoke/field_input.hpp"
#include "tests/peers/fxiaoke/filters.hpp"

namespace kontor::peer::fxiaoke {

namespace {

constexpr std::int64_t kLimitMost = 100;
constexpr std::int64_t kOffsetMost = 10'000;

const Json& data_of(const Call& call) {
    if (!call.body.contains("data") || !call.body.at("data").is_object()) throw missing("data");
    return call.body.at("data");
}

std::string text_at(const Json& holder, const char* name) {
    if (!holder.contains(name) || !holder.at(name).is_string()) throw missing(name);
    return holder.at(name).get<std::string>();
}

bool filters_life(const Json& filters) {
    return std::any_of(filters.begin(), filters.end(), [](const Json& each) {
        return each.value("field_name", "") == "life_status";
    });
}

}  // namespace

const Object& DataApi::object_of(const Call& call, const Json& holder) {
    const Object& object = tenant_.object(text_at(holder, "dataObjectApiName"));
    if (object.custom() != call.custom_path &&
        tenant_.switches.text("wrong_family_path") == "error")
        throw missing("apiName");
    return object;
}

Json DataApi::row(const Object& object, const Record& record, const Json& projection, bool nulls,
                  bool old_style) const {
    Json out = Json::object();
    const auto show = [&](const std::string& name) {
        if (!object.has(name) || object.fields.at(name).value("hidden", false)) return;
        const Json& value = record.values.value(name, Json());
        if (is_empty(value)) {
            if (nulls) out[name] = nullptr;
            return;
        }
        const std::string type = object.type(name);
        out[name] = old_style && is_person(type) ? people(value, true) : value;
        if (name == "version" && tenant_.switches.on("version_as_text")) out[name] = value.dump();
        if (name == "owner") out["owner__r"] = {{"id", out[name][0]}, {"name", "…"}};
        if (type == "object_reference" || type == "master_detail") {
            const auto& all =
                const_cast<Tenant&>(tenant_).table(object.fields.at(name).at("target_api_name"));
            if (const auto found = all.find(value.get<std::string>()); found != all.end())
                out[name + "__r"] = found->second.values.value("name", "");
        }
    };
    if (projection.empty())
        for (const auto& [name, field] : object.fields.items()) show(name);
    else
        for (const Json& name : projection)
            if (name.is_string()) show(name.get<std::string>());
    // They come whatever was asked for.
    out["_id"] = record.values.at("_id");
    return out;
}

Json DataApi::query(Call& call) {
    const Json& data = data_of(call);
    const Object& object = object_of(call, data);
    if (!data.contains("search_query_info")) throw Refusal{10006, "searchQueryInfo is empty", ""};
    const Json& search = data.at("search_query_info");
    const std::int64_t limit = search.value("limit", std::int64_t{20});
    const std::int64_t offset = search.value("offset", std::int64_t{0});
    if (limit < 1 || limit > kLimitMost) throw Refusal{10006, "limit must be 1 to 100 (peer)", ""};
    if (offset > kOffsetMost)
        throw Refusal{10013, "offset out of range 10000", "offset 不能超过10000"};
    if (offset % limit != 0) throw Refusal{10006, "offset is no multiple of limit (peer)", ""};
    const Json projection = search.value("fieldProjection", Json::array());
    for (const Json& name : projection)
        if (!name.is_string() || !object.has(name.get<std::string>()) ||
            object.fields.at(name.get<std::string>()).value("dropped", false))
            throw Refusal{32000, "字段不存在", "参数错误"};
    Json filters = search.value("filters", Json::array());
    const std::string& combined = tenant_.switches.text("combined_filters");
    if (filters.size() > 1 && combined == "first") filters = Json::array({filters.front()});
    if (filters.size() > 1 && combined == "last") filters = Json::array({filters.back()});
    const std::string& shows = tenant_.switches.text("query_returns_invalid");
    const bool with_invalid = shows == "always" || (shows == "filtered" && filters_life(filters));
    struct Order {
        std::string name;
        bool ascending;
    };
    std::vector<Order> orders;
    for (const Json& order : search.value("orders", Json::array()))
        orders.push_back({order.value("fieldName", ""), order.value("isAsc", true)});
    // What it is sorted by is looked up once: of very many records that is most of the work.
    struct Found {
        const Record* record;
        std::vector<const Json*> by;
    };
    std::vector<Found> found;
    for (const auto& [id, record] : tenant_.table(object.name)) {
        if (record.visible_ms > tenant_.now_ms()) continue;
        if (!with_invalid && value_at(record.values, "life_status") == "invalid") continue;
        if (!std::all_of(filters.begin(), filters.end(),
                         [&, &values = record.values](const Json& filter) {
                             return fits(object, values, filter);
                         }))
            continue;
        std::vector<const Json*> by;
        for (const Order& order : orders) by.push_back(&value_at(record.values, order.name));
        found.push_back({&record, std::move(by)});
    }
    std::stable_sort(found.begin(), found.end(), [&](const Found& a, const Found& b) {
        for (std::size_t i = 0; i < orders.size(); ++i) {
            const int sign = compare(*a.by[i], *b.by[i]);
            if (sign != 0) return orders[i].ascending ? sign < 0 : sign > 0;
        }
        return false;
    });
    const bool nulls = call.body.value("includeNull", false) && tenant_.switches.on("include_null");
    Json list = Json::array();
    for (auto i = static_cast<std::size_t>(offset);
         i < found.size() && list.size() < static_cast<std::size_t>(limit); ++i)
        list.push_back(row(object, *found[i].record, projection, nulls, call.old_style));
    const std::string& place = tenant_.switches.text("dataList_place");
    if (place == "bare") return {{"data", std::move(list)}};
    if (place == "top") return {{"dataList", std::move(list)}, {"total", 0}};
    return {{"data",
             {{"dataList", std::move(list)}, {"offset", offset}, {"limit", limit}, {"total", 0}}}};
}

Json DataApi::get(Call& call) {
    const Json& data = data_of(call);
    const Object& object = object_of(call, data);
    const Record& record = tenant_.record(object.name, text_at(data, "objectDataId"),
                                          tenant_.switches.on("get_returns_invalid"));
    return {{"data", row(object, record, Json::array(), call.body.value("includeNull", false),
                         call.old_style)}};
}

Json DataApi::create(Call& call) {
    const Json& data = data_of(call);
    if (!data.contains("object_data")) throw missing("object_data");
    const Json& given = data.at("object_data");
    const Object& object = object_of(call, given);
    reject(object, given, "");
    Json values = checked(object, given, "", true, call);
    for (auto it = values.begin(); it != values.end();)
        it = it->is_null() ? values.erase(it) : std::next(it);
    if (call.body.value("triggerWorkFlow", true)) ++tenant_.workflows;
    if (call.body.value("triggerApprovalFlow", true)) {
        ++tenant_.approvals;
        if (tenant_.switches.on("approval")) values["life_status"] = "under_review";
    }
    const std::string id = tenant_.add(object, std::move(values), call.user);
    ++call.written;
    if (object.custom() && !tenant_.switches.on("custom_create_returns_dataId"))
        return Json::object();
    return {{"dataId", id}};
}

Json DataApi::update(Call& call) {
    const Json& data = data_of(call);
    if (!data.contains("object_data")) throw missing("object_data");
    const Json& given = data.at("object_data");
    const Object& object = object_of(call, given);
    if (!given.contains("_id")) throw Refusal{-2, "java.lang.NullPointerException", ""};
    const std::string id = text_at(given, "_id");
    Record& record = tenant_.record(object.name, id);
    if (record.values.value("lock_status", "0") == "1" &&
        !data.value("skipDataStatusValidate", false))
        throw Refusal{320003, "数据已锁定", ""};
    reject(object, given, id);
    if (given.contains("owner") && tenant_.switches.text("owner_in_update") == "error")
        throw missing("owner");
    Json values = checked(object, given, id, false, call);
    values.erase("owner");
    if (call.body.value("triggerWorkFlow", true)) ++tenant_.workflows;
    ++call.written;
    if (call.body.value("triggerApprovalFlow", true)) {
        ++tenant_.approvals;
        if (tenant_.switches.on("approval")) {
            record.pending = std::move(values);
            tenant_.change(record, {{"life_status", "in_change"}}, call.user);
            return Json::object();
        }
    }
    tenant_.change(record, values, call.user);
    return Json::object();
}

void DataApi::approve(Record& record) {
    Json values = record.pending.is_object() ? record.pending : Json::object();
    values["life_status"] = "normal";
    record.pending = Json();
    tenant_.change(record, values, employees()[0].id);
}

Json DataApi::invalid(Call& call) {
    const Json& data = data_of(call);
    const Object& object = object_of(call, data);
    Record& record = tenant_.record(object.name, text_at(data, "object_data_id"));
    reject(object, Json::object(), record.values.at("_id"));
    const std::string life = record.values.value("life_status", "");
    if (life != "normal") throw Refusal{320006, "当前状态不能作废", ""};
    if (record.values.value("lock_status", "0") == "1") throw Refusal{320003, "数据已锁定", ""};
    tenant_.change(record, {{"life_status", "invalid"}, {"life_status_before_invalid", life}},
                   call.user);
    ++call.written;
    return Json::object();
}

Json DataApi::purge(Call& call) {
    const Json& data = data_of(call);
    const Object& object = object_of(call, data);
    for (const Json& id : data.value("idList", Json::array())) {
        Record& record = tenant_.record(object.name, id.get<std::string>(), true);
        if (record.values.value("life_status", "") != "invalid")
            throw Refusal{320007, "请先作废", ""};
        tenant_.table(object.name).erase(id.get<std::string>());
        ++call.written;
    }
    return Json::object();
}

Json DataApi::recover(Call& call) {
    const Json& data = data_of(call);
    const Object& object = object_of(call, data);
    for (const Json& id : data.value("idList", Json::array())) {
        Record& record = tenant_.record(object.name, id.get<std::string>(), true);
        const std::string before = record.values.value("life_status_before_invalid", "normal");
        tenant_.change(record, {{"life_status", before}, {"life_status_before_invalid", nullptr}},
                       call.user);
        ++call.written;
    }
    return Json::object();
}

Json DataApi::change_owner(Call& call) {
    const Json& data = data_of(call);
    const Object& object = object_of(call, data);
    if (!data.contains("Data")) throw missing("Data");
    for (const Json& each : data.at("Data")) {
        Record& record = tenant_.record(object.name, text_at(each, "objectDataId"));
        Json owner = each.value("ownerId", Json());
        const bool list = tenant_.switches.text("changeOwner_ownerId_form") == "list";
        if (list ? !owner.is_array() : !owner.is_string()) throw missing("ownerId");
        if (owner.is_string()) {
            std::string text = owner.get<std::string>();
            std::erase_if(text, [](char c) { return c == '[' || c == ']'; });
            owner = Json::array({text});
        }
        if (call.old_style) owner = people(owner, false);
        if (std::none_of(employees().begin(), employees().end(),
                         [&](const Employee& known) { return owner[0] == known.id; }))
            throw Refusal{30027, "员工不存在", ""};
        if (record.in_pool) throw Refusal{20014, "无此操作的数据权限", ""};
        tenant_.change(record, {{"owner", owner}}, call.user);
        ++call.written;
    }
    return Json::object();
}

Json DataApi::lock(Call& call, bool locked) {
    const Json& data = data_of(call);
    const Object& object = tenant_.object(text_at(data, "dataObjectApiName"));
    for (const Json& id : data.value("dataIds", Json::array()))
        tenant_.change(tenant_.record(object.name, id.get<std::string>()),
                       {{"lock_status", locked ? "1" : "0"}}, call.user,
                       tenant_.switches.on("team_lock_bump_time"));
    return Json::object();
}

Json DataApi::team(Call& call) {
    const Object& object = tenant_.object(text_at(call.body, "apiName"));
    for (const Json& id : data_of(call).value("dataIDs", Json::array()))
        tenant_.change(tenant_.record(object.name, id.get<std::string>()),
                       {{"relevant_team", Json::array({data_of(call)})}}, call.user,
                       tenant_.switches.on("team_lock_bump_time"));
    return Json::object();
}

Json DataApi::data(const std::string& action, Call& call) {
    if (action == "query") return query(call);
    if (action == "get") return get(call);
    if (action == "create") return create(call);
    if (action == "update") return update(call);
    if (action == "invalid") return invalid(call);
    if (action == "delete") return purge(call);
    if (action == "recover") return recover(call);
    if (action == "changeOwner") return change_owner(call);
    throw missing("action");
}

Json DataApi::object(const std::string& action, Call& call) {
    if (action == "lock" || action == "unlock") return lock(call, action == "lock");
    if (action == "list") {
        Json list = Json::array();
        for (const Object& each : tenant_.objects())
            if (!each.hidden)
                list.push_back({{"describeApiName", each.name},
                                {"describeDisplayName", each.label},
                                {"defineType", each.custom() ? "custom" : "package"},
                                {"isActive", true},
                                {"iconIndex", 0},
                                {"iconPath", ""},
                                {"hideButton", false},
                                {"publicObject", false}});
        return {{"data", {{"objects", std::move(list)}}}};
    }
    if (action != "describe") throw missing("action");
    const Json& holder = call.body.contains("apiName") ? call.body : data_of(call);
    const Object& object = tenant_.object(text_at(holder, "apiName"));
    Json fields = Json::object();
    for (const auto& [name, field] : object.fields.items())
        if (!field.value("dropped", false) && !field.value("hidden", false)) fields[name] = field;
    return {{"data",
             {{"describe",
               {{"api_name", object.name},
                {"display_name", object.label},
                {"define_type", object.custom() ? "custom" : "package"},
                {"index_version", 1},
                {"fields", std::move(fields)}}}}}};
}

Json DataApi::users(const Call& call) const {
    Json list = Json::array();
    for (const Employee& each : employees())
        list.push_back({{"openUserId", call.old_style ? each.open_id : each.id},
                        {"name", each.name},
                        {"nickName", each.name},
                        {"isStop", each.stopped},
                        {"email", each.email},
                        {"mobile", each.mobile},
                        {"gender", "M"},
                        {"position", "销售"},
                        {"departmentIds", {1001}},
                        {"employeeNumber", each.id},
                        {"hireDate", "2023-03-16"},
                        {"createTime", 1758789217451},
                        {"leaderId", call.old_style ? employees()[0].open_id : "1000"}});
    return {{"userList", std::move(list)}};
}

}  // namespace kontor::peer::fxiaoke
