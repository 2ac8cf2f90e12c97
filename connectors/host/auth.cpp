#include "connectors/host/auth.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "connectors/host/url.hpp"

namespace kontor::host {

namespace {

void append_escaped(std::string& out, std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20) {
            out += "\\u00";
            out += kHex[byte >> 4];
            out += kHex[byte & 15];
            continue;
        }
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
}

}  // namespace

Result<Credentials> FixedCredentials::credentials(const AskedFor&) {
    Credentials out;
    for (const auto& each : same_.headers) out.headers.push_back({each.name, each.value.copy()});
    for (const auto& each : same_.members) out.members.push_back({each.name, each.value.copy()});
    for (const auto& each : same_.query) out.query.push_back({each.name, each.value.copy()});
    for (const auto& each : same_.path) out.path.push_back({each.name, each.value.copy()});
    return out;
}

std::string with_path(std::string_view url, const std::vector<SecretHeader>& path) {
    const auto scheme = url.find("://");
    const auto begin =
        url.find('/', scheme == std::string_view::npos ? 0 : scheme + 3);  // never in the host
    if (begin == std::string_view::npos) return std::string(url);
    std::string out(url);
    for (const auto& each : path) {
        std::string gap, value;
        append_encoded(gap, "{" + each.name + "}");
        append_encoded(value, each.value.reveal());
        for (auto at = out.find(gap, begin); at != std::string::npos;
             at = out.find(gap, at + value.size()))
            out.replace(at, gap.size(), value);
    }
    return out;
}

std::string with_query(std::string_view url, const std::vector<SecretHeader>& query) {
    std::string out(url);
    for (const auto& each : query) {
        out += out.find('?') == std::string::npos ? '?' : '&';
        append_encoded(out, each.name);
        out += '=';
        append_encoded(out, each.value.reveal());
    }
    return out;
}

namespace {

/// `body` with `value` in place of what stands at this JSON Pointer.
Result<Secret> with_place(std::string_view body, const SecretHeader& place) {
    const auto no_place = [&] {
        return fail(Errc::kInvalid,
                    "the request's body has no " + place.name + " that credentials fit in");
    };
    auto json = nlohmann::json::parse(body, nullptr, false);
    try {
        const nlohmann::json::json_pointer pointer(place.name);
        if (json.is_discarded() || !json.contains(pointer)) return no_place();
        // Written as text, so that the value is in no document that would not be wiped.
        const std::string mark = "kontor:" + std::to_string(body.size()) + ":" + place.name;
        json.at(pointer) = mark;
        const std::string text =
            json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        const std::string quoted = nlohmann::json(mark).dump();
        const auto at = text.find(quoted);
        if (text.find(quoted, at + 1) != std::string::npos) return no_place();
        std::string out;
        out.reserve(text.size() + 6 * place.value.reveal().size() + 2);
        out.append(text, 0, at).append(1, '"');
        append_escaped(out, place.value.reveal());
        out.append(1, '"').append(text, at + quoted.size());
        return Secret(std::move(out));
    } catch (const nlohmann::json::exception&) {
        return no_place();
    }
}

}  // namespace

Result<Secret> with_members(std::string_view body, const std::vector<SecretHeader>& members) {
    const auto place = std::ranges::find_if(
        members, [](const auto& member) { return member.name.starts_with('/'); });
    if (place != members.end()) {
        auto out = with_place(body, *place);
        std::vector<SecretHeader> rest;
        for (const auto& member : members)
            if (&member != &*place) rest.push_back({member.name, member.value.copy()});
        return out && !rest.empty() ? with_members(out->reveal(), rest) : std::move(out);
    }
    constexpr std::string_view kBlank = " \t\r\n";
    const auto open = body.find_first_not_of(kBlank);
    if (open == std::string_view::npos || body[open] != '{')
        return fail(Errc::kInvalid, "the request's body is no JSON object that credentials fit in");
    const auto rest = body.substr(open + 1);
    const auto first = rest.find_first_not_of(kBlank);
    const bool empty = first != std::string_view::npos && rest[first] == '}';
    std::size_t size = body.size() + 2;
    for (const auto& member : members)
        size += member.name.size() + 6 * member.value.reveal().size() + 8;
    // Room for all at once: what a growing string leaves behind would not be wiped.
    std::string out;
    out.reserve(size);
    out += '{';
    for (const auto& member : members) {
        if (out.size() > 1) out += ',';
        out.append(1, '"').append(member.name).append("\":\"");
        append_escaped(out, member.value.reveal());
        out += '"';
    }
    if (!empty) out += ',';
    out += rest;
    return Secret(std::move(out));
}

namespace {

/// Of "/field/rest": "field", and "/rest".
std::pair<std::string, std::string> split_place(const std::string& place) {
    const auto end = std::min(place.find('/', 1), place.size());
    std::string field;
    for (std::size_t i = 1; i < end; ++i)
        if (place[i] == '~' && i + 1 < end)
            field += place[++i] == '1' ? '/' : '~';
        else
            field += place[i];
    return {std::move(field), place.substr(end)};
}

/// `fields` with one more value in its place.
Result<> put_field(std::vector<SecretHeader>& fields, const SecretHeader& member) {
    const bool is_place = member.name.starts_with('/');
    const auto [name, rest] = is_place ? split_place(member.name) : std::pair(member.name, "");
    const auto field = std::ranges::find(fields, name, &SecretHeader::name);
    if (is_place && field == fields.end())
        return fail(Errc::kInvalid,
                    "the request's form has no " + name + " that credentials fit in");
    if (field == fields.end()) {
        fields.push_back({name, member.value.copy()});
        return {};
    }
    if (rest.empty()) {
        field->value = member.value.copy();
        return {};
    }
    auto filled = with_place(field->value.reveal(), {rest, member.value.copy()});
    if (!filled)
        return fail(Errc::kInvalid,
                    "the request's form has no " + member.name + " that credentials fit in");
    field->value = std::move(*filled);
    return {};
}

}  // namespace

Result<Secret> with_fields(std::string_view form, const std::vector<SecretHeader>& members) {
    std::vector<SecretHeader> fields;
    while (!form.empty()) {
        const auto pair = form.substr(0, form.find('&'));
        form.remove_prefix(std::min(form.size(), pair.size() + 1));
        const auto sign = std::min(pair.find('='), pair.size());
        fields.push_back({form_decoded(pair.substr(0, sign)),
                          Secret(form_decoded(pair.substr(std::min(sign + 1, pair.size()))))});
    }
    for (const auto& member : members)
        if (auto put = put_field(fields, member); !put) return pass(put);
    std::size_t size = 0;
    for (const auto& field : fields)
        size += 3 * (field.name.size() + field.value.reveal().size()) + 2;
    // Room for all at once: what a growing string leaves behind would not be wiped.
    std::string out;
    out.reserve(size);
    for (const auto& field : fields) {
        if (!out.empty()) out += '&';
        append_encoded(out, field.name);
        out += '=';
        append_encoded(out, field.value.reveal());
    }
    return Secret(std::move(out));
}

Secret with_scheme(std::string_view scheme, const Secret& secret) {
    std::string text;
    text.reserve(scheme.size() + 1 + secret.reveal().size());
    if (!scheme.empty()) {
        text += scheme;
        text += ' ';
    }
    text += secret.reveal();
    return Secret(std::move(text));
}

Secret basic_credentials(std::string_view user, const Secret& password) {
    std::string pair;
    pair.reserve(user.size() + 1 + password.reveal().size());
    pair += user;
    pair += ':';
    pair += password.reveal();
    const auto encoded = base64(pair);
    wipe(pair);
    return with_scheme("Basic", encoded);
}

Secret base64(std::string_view bytes) {
    std::string encoded((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
    encoded.resize(static_cast<std::size_t>(size));
    return Secret(std::move(encoded));
}

}  // namespace kontor::host
