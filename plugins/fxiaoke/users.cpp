#include "plugins/fxiaoke/users.hpp"

#include <algorithm>
#include <unordered_map>

#include "connectors/sdk/connector.hpp"
#include "plugins/fxiaoke/field_names.hpp"

namespace kontor::fxiaoke {
namespace {

using sdk::Json;

struct UserRow {
    const char *name, *zh, *type;
    Kind kind;
};

// `active` is ours: the list says isStop, the opposite.
constexpr UserRow kUserRows[]{
    {"name", "姓名", "text", Kind::kText},
    {"nickName", "昵称", "text", Kind::kText},
    {"email", "邮箱", "email", Kind::kText},
    {"mobile", "手机", "phone", Kind::kText},
    {"position", "职务", "text", Kind::kText},
    {"employeeNumber", "工号", "text", Kind::kText},
    {"active", "在职", "boolean", Kind::kBoolean},
    {"leaderId", "上级", "reference", Kind::kPerson},
    {"createTime", "创建时间", "instant", Kind::kInstant},
};

constexpr std::size_t kUsersMax = 1'000'000;
constexpr std::size_t kUsersInBatch = 2000;

Json all_users(Api& api) {
    const Json request{
        {"departmentId", 999999}, {"fetchChild", true}, {"showDepartmentIdsDetail", false}};
    Reply reply = api.read("/cgi/user/list", request, "list of employees", "meta");
    Json list = sdk::member(reply.body, "userList");
    if (!list.is_array() || list.size() > kUsersMax)
        throw sdk::Error(KONTOR_E_PROTOCOL, "list of employees: none in it");
    for (const Json& each : list)
        if (sdk::text_of(each, "openUserId").empty())
            throw sdk::Error(KONTOR_E_PROTOCOL, "list of employees: one without an id");
    return list;
}

void add_user(const Json& user, const std::vector<std::string>& requested, abi::BatchWriter& out) {
    out.begin(abi::Op::kRecord, sdk::text_of(user, "openUserId"));
    for (std::size_t i = 0; i < requested.size(); ++i) {
        const auto field = static_cast<std::uint16_t>(i);
        const UserRow* row = nullptr;
        for (const UserRow& each : kUserRows)
            if (requested[i] == each.name) row = &each;
        if (row == nullptr) continue;
        if (requested[i] == "active")
            out.add(field, std::int64_t{!sdk::flag_of(user, "isStop")});
        else if (user.contains(requested[i]))
            add_value(row->kind, user[requested[i]], 0, field, out);
    }
}

}  // namespace

std::vector<Field> user_fields() {
    std::vector<Field> out;
    for (const UserRow& row : kUserRows) {
        Field field;
        field.kind = row.kind;
        field.spec.name = row.name;
        const FieldName known = field_name("users", row.name);
        field.spec.label = {std::string(known.en.empty() ? row.name : known.en), row.zh};
        field.spec.type = row.type;
        field.spec.read_only = true;
        field.spec.column_hint = column_hint("users", row.name, row.kind == Kind::kPerson);
        if (row.kind == Kind::kPerson) field.spec.references = {"users"};
        out.push_back(std::move(field));
    }
    return out;
}

std::string pull_users(Api& api, const sdk::Request& request) {
    abi::BatchWriter out;
    for (const Json& user : all_users(api)) {
        add_user(user, request.fields, out);
        if (out.records() >= kUsersInBatch) api.host().emit(out);
    }
    api.host().emit(out, "users");
    return "users";
}

bool list_users(Api& api) {
    abi::BatchWriter out;
    for (const Json& user : all_users(api))
        out.begin(abi::Op::kId, sdk::text_of(user, "openUserId"));
    api.host().emit(out);
    return true;
}

void fetch_users(Api& api, const sdk::Request& request) {
    const Json list = all_users(api);
    std::unordered_map<std::string, const Json*> by_id;
    for (const Json& user : list) by_id.emplace(sdk::text_of(user, "openUserId"), &user);
    abi::BatchWriter out;
    for (const std::string& id : request.ids) {
        const auto found = by_id.find(id);
        if (found == by_id.end())
            out.begin(abi::Op::kMissing, id);
        else
            add_user(*found->second, request.fields, out);
    }
    api.host().emit(out);
}

std::string user_name(Api& api, const std::string& id) {
    for (const Json& user : all_users(api))
        if (sdk::text_of(user, "openUserId") == id) return sdk::text_of(user, "name");
    return {};
}

}  // namespace kontor::fxiaoke
