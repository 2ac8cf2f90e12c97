#include "sync/engine/record_key.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace kontor::engine {
namespace {

constexpr std::size_t kKeyBytes = 16;

}  // namespace

bool is_uid(std::string_view text) {
    return text.size() == 2 * kKeyBytes && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

std::string key_after(Sql& sql, const StreamPlan& plan, std::string_view ext_id) {
    // JSON keeps the parts apart, whatever they hold.
    const auto text =
        sql.text("SELECT json_array(plugin, org_id, ?, ?) FROM kontor_connection WHERE id = ?",
                 plan.mapping.stream, ext_id, plan.connection);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    if (!text ||
        EVP_Digest(text->data(), text->size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
        stop({Errc::kInternal, "no key for a record that is made again", {}, {}});
    std::string out;
    for (std::size_t i = 0; i < kKeyBytes; ++i) {
        std::array<char, 3> hex{};
        std::snprintf(hex.data(), hex.size(), "%02x", digest[i]);
        out += hex.data();
    }
    return out;
}

std::optional<std::int64_t> link_called(Sql& sql, const StreamPlan& plan, std::string_view key) {
    const auto named =
        sql.integer("SELECT id FROM kontor_link WHERE stream = ? AND key = ?", plan.id, key);
    if (named) return named;
    // CROSS JOIN: from the one record to its link, never through all links of the stream.
    return sql.integer("SELECT l.id FROM \"" + plan.entity.name +
                           "\" e CROSS JOIN kontor_link l ON l.record = e.id AND l.stream = ?"
                           " WHERE e.uid = ? AND l.key IS NULL",
                       plan.id, key);
}

namespace {

bool has_key(const StreamPlan& plan) {
    return !plan.mapping.key_field.empty();
}

std::string uid_of(Sql& sql, const StreamPlan& plan, std::int64_t record) {
    return sql.text("SELECT uid FROM \"" + plan.entity.name + "\" WHERE id = ?", record)
        .value_or("");
}

void set_key(Sql& sql, const Link& link, std::string_view key) {
    sql.run("UPDATE kontor_link SET key = ? WHERE id = ? AND key IS NULL", key, link.id);
}

// Another record may have come by that name already, in a replica that was restored: from what had
// been made again since.
void call_as_successor(Sql& sql, const StreamPlan& plan, const Link& link) {
    const auto key = key_after(sql, plan, link.ext_id);
    if (!link_called(sql, plan, key)) set_key(sql, link, key);
}

}  // namespace

std::string name_of(Sql& sql, const StreamPlan& plan, const Link& link) {
    return link.key.empty() ? uid_of(sql, plan, link.record) : link.key;
}

bool give_uid(Context& context, const StreamPlan& plan, std::int64_t record, std::string_view uid) {
    const std::string table = '"' + plan.entity.name + '"';
    if (context.sql.integer("SELECT 1 FROM " + table + " WHERE uid = ?", uid)) return false;
    context.sql.run("UPDATE " + table + " SET uid = ? WHERE id = ? AND uid IS NULL", uid, record);
    if (context.sql.changes() == 0)  // it may have been deleted
        context.sql.run(
            "UPDATE kontor_tombstone SET uid = ? WHERE entity = ? AND record = ? AND uid IS NULL",
            uid, plan.entity.id, record);
    if (context.sql.changes() == 0) return false;
    for (const StreamPlan& other : context.plans.all()) {
        if (other.entity.id != plan.entity.id || other.id == plan.id || !has_key(other)) continue;
        const auto link = link_by_record(context.sql, other.id, record);
        if (link && !link->ext_id.empty()) call_as_successor(context.sql, other, *link);
    }
    return true;
}

void give_key_after(Context& context, const Link& link) {
    const StreamPlan* plan = context.plans.stream(link.stream);
    if (plan == nullptr || !has_key(*plan) || link.ext_id.empty()) return;
    give_uid(context, *plan, link.record, key_after(context.sql, *plan, link.ext_id));
}

void name_link(Context& context, const StreamPlan& plan, const Link& link, std::string_view key) {
    if (!has_key(plan)) return;
    // What it was called before may have been another record there.
    context.sql.run("UPDATE kontor_link SET key = NULL WHERE id = ? AND key IS NOT NULL", link.id);
    const bool named = is_uid(key);
    if (named && give_uid(context, plan, link.record, key)) return;
    const auto uid = uid_of(context.sql, plan, link.record);
    if (uid.empty() || uid == key) return;
    set_key(context.sql, link,
            named ? std::string(key) : key_after(context.sql, plan, link.ext_id));
}

void keep_name(Context& context, const StreamPlan& plan, const Link& link) {
    if (!has_key(plan)) return;
    const auto name = name_of(context.sql, plan, link);
    set_key(context.sql, link, name.empty() ? key_after(context.sql, plan, link.ext_id) : name);
}

}  // namespace kontor::engine
