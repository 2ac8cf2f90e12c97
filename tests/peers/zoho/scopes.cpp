#include "tests/peers/zoho/scopes.hpp"

#include <algorithm>
#include <vector>

namespace kontor::peer::zoho {

namespace {

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> out;
    while (true) {
        const std::size_t at = text.find(separator);
        if (const auto part = text.substr(0, at); !part.empty()) out.emplace_back(part);
        if (at == std::string_view::npos) return out;
        text.remove_prefix(at + 1);
    }
}

/// Scopes name modules in lower case, without underscores.
std::string plain(std::string_view name) {
    std::string out;
    for (const char c : name) {
        if (c == '_') continue;
        out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
}

bool covers(std::string_view granted, Right right) {
    switch (right) {
        case Right::read:
            return granted == "READ" || granted == "ALL";
        case Right::create:
            return granted == "CREATE" || granted == "WRITE" || granted == "ALL";
        case Right::update:
            return granted == "UPDATE" || granted == "WRITE" || granted == "ALL";
        case Right::remove:
            return granted == "DELETE" || granted == "ALL";
    }
    return false;
}

bool covers(const std::string& scope, const Need& need) {
    const std::vector<std::string> parts = split(scope, '.');
    if (parts.size() < 3) return false;
    if (need.area == "upload") return scope == "ZohoFiles.files.ALL";
    if (need.area == "search")
        return scope == "ZohoSearch.securesearch.READ" && need.right == Right::read;
    if (parts[0] != "ZohoCRM" || parts[1] != need.area) return false;
    if (parts.size() == 3) return covers(parts[2], need.right);
    return plain(parts[2]) == need.part && covers(parts[3], need.right);
}

Right right_of(std::string_view method) {
    if (method == "POST") return Right::create;
    if (method == "PUT" || method == "PATCH") return Right::update;
    return method == "DELETE" ? Right::remove : Right::read;
}

}  // namespace

bool allows(std::string_view scopes, const Need& need) {
    if (need.area.empty()) return true;  // no address of the API: that is said elsewhere
    const std::vector<std::string> all = split(scopes, ',');
    return std::any_of(all.begin(), all.end(),
                       [&](const auto& scope) { return covers(scope, need); });
}

Need need_of(std::string_view method, std::string_view path) {
    std::vector<std::string> parts = split(path.substr(0, path.find('?')), '/');
    Need need;
    need.right = right_of(method);
    const bool bulk = parts.size() > 1 && parts[1] == "bulk";
    if (bulk) return {"bulk", "", need.right};
    parts.erase(parts.begin(), parts.begin() + std::min<std::ptrdiff_t>(2, std::ssize(parts)));
    if (parts.empty()) return need;
    const std::string& first = parts[0];
    if (first == "settings")
        return {"settings", parts.size() > 1 ? plain(parts[1]) : "", need.right};
    if (first == "users" || first == "org") return {first, "", need.right};
    if (first == "coql") return {"coql", "", Right::read};
    if (first == "upload") return {"upload", "", need.right};
    if (first == "actions") return {"notifications", "", need.right};
    if (parts.size() > 1 && parts[1] == "search") return {"search", "", Right::read};
    need.area = "modules";
    // Notes and attachments have scopes of their own, also below another module's record.
    const bool below = parts.size() > 2 && (parts[2] == "Notes" || parts[2] == "Attachments");
    need.part = plain(below ? parts[2] : first);
    const bool acts = parts.size() > 2 && parts[1] == "actions";
    if (acts && parts[2] != "count") need.right = Right::update;
    return need;
}

}  // namespace kontor::peer::zoho
