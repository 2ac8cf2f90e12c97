#include "connectors/host/keyring.hpp"

#include <libsecret/secret.h>

namespace kontor::host {
namespace {

const SecretSchema* schema() {
    static const SecretSchema kSchema = [] {
        SecretSchema made{};
        made.name = "kontor.Secret";
        made.flags = SECRET_SCHEMA_NONE;
        made.attributes[0] = {"name", SECRET_SCHEMA_ATTRIBUTE_STRING};
        return made;
    }();
    return &kSchema;
}

tl::unexpected<Error> unavailable(const std::string& name, GError* error) {
    const std::string reason = error ? error->message : "no answer";
    g_clear_error(&error);
    return fail(Errc::kUnavailable, "the keyring cannot be used: " + reason,
                {{"reference", "keyring:" + name}});
}

}  // namespace

Result<Secret> read_keyring(const std::string& name) {
    GError* error = nullptr;
    gchar* text = secret_password_lookup_sync(schema(), nullptr, &error, "name", name.c_str(),
                                              static_cast<char*>(nullptr));
    if (error) return unavailable(name, error);
    if (!text)
        return fail(Errc::kNotFound, "the keyring has no secret " + name,
                    {{"reference", "keyring:" + name}});
    Secret secret{std::string(text)};
    secret_password_free(text);  // wipes it
    return secret;
}

Result<> write_keyring(const std::string& name, const Secret& secret) {
    GError* error = nullptr;
    std::string text(secret.reveal());
    const std::string label = "Kontor: " + name;
    const gboolean stored = secret_password_store_sync(
        schema(), SECRET_COLLECTION_DEFAULT, label.c_str(), text.c_str(), nullptr, &error, "name",
        name.c_str(), static_cast<char*>(nullptr));
    wipe(text);
    if (!stored || error) return unavailable(name, error);
    return {};
}

}  // namespace kontor::host
