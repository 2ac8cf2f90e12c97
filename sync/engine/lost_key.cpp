#include "sync/engine/lost_key.hpp"

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

void give_key_after(Context& context, const Link& link) {
    const StreamPlan* plan = context.plans.stream(link.stream);
    if (plan == nullptr || plan->mapping.key_field.empty() || link.ext_id.empty()) return;
    const std::string table = '"' + plan->entity.name + '"';
    context.sql.run("UPDATE " + table +
                        " SET uid = ?1 WHERE id = ?2 AND uid IS NULL"
                        " AND NOT EXISTS (SELECT 1 FROM " +
                        table + " WHERE uid = ?1)",
                    key_after(context.sql, *plan, link.ext_id), link.record);
}

}  // namespace kontor::engine
