#include "plugins/zoho/users.hpp"

#include "plugins/zoho/field_names.hpp"

namespace kontor::zoho {
namespace {

struct UserRow {
    const char *name, *label, *type;
    Kind kind;
};

constexpr UserRow kUserRows[]{
    {"full_name", "Full name", "text", Kind::kText},
    {"first_name", "First name", "text", Kind::kText},
    {"last_name", "Last name", "text", Kind::kText},
    {"email", "E-mail", "email", Kind::kText},
    {"phone", "Phone", "phone", Kind::kText},
    {"mobile", "Mobile", "phone", Kind::kText},
    {"role", "Role", "text", Kind::kNamed},
    {"profile", "Profile", "text", Kind::kNamed},
    {"locale", "Locale", "text", Kind::kText},
    {"time_zone", "Time zone", "text", Kind::kText},
    {"status", "Status", "text", Kind::kText},
    {"Reporting_To", "Reports to", "reference", Kind::kReference},
    {"created_time", "Created", "instant", Kind::kInstant},
    {"Modified_Time", "Modified", "instant", Kind::kInstant},
};

}  // namespace

std::vector<Field> user_fields() {
    std::vector<Field> out;
    for (const UserRow& row : kUserRows) {
        Field field;
        field.kind = row.kind;
        field.spec.name = row.name;
        field.spec.label = {row.label, std::string(field_name("users", row.name).zh)};
        field.spec.type = row.type;
        field.spec.read_only = true;
        field.spec.column_hint = column_hint("users", row.name, row.kind == Kind::kReference);
        if (row.kind == Kind::kReference) field.spec.references = {"users"};
        out.push_back(std::move(field));
    }
    return out;
}

}  // namespace kontor::zoho
