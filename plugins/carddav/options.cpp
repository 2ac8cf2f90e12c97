#include "plugins/carddav/options.hpp"

#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::carddav {

using sdk::Json;

Options Options::parse(std::string_view config) {
    const Json json = sdk::parse_json(config, "config");
    const Json& options = sdk::member(json, "options");
    Options out;
    out.url = sdk::text_of(options, "url");
    if (out.url.empty()) throw sdk::Error(KONTOR_E_INVALID, "option url is missing");
    out.home_url = sdk::text_of(options, "home_url");
    for (const Json& each : sdk::member(options, "books")) {
        if (!each.is_string()) throw sdk::Error(KONTOR_E_INVALID, "option books must be texts");
        out.books.push_back(each.get<std::string>());
    }
    return out;
}

std::string spec_json() {
    const Json spec{
        {"title", {{"en", "CardDAV address book"}, {"zh", "CardDAV 通讯录"}}},
        {"options",
         Json::array({{{"name", "url"},
                       {"type", "url"},
                       {"required", true},
                       {"help",
                        {{"en", "Address of the server, or of one address book on it"},
                         {"zh", "服务器地址，或其上某个通讯录的地址"}}}},
                      {{"name", "home_url"},
                       {"type", "url"},
                       {"help",
                        {{"en",
                          "Address of another server that keeps the address books, if Kontor asks "
                          "for it (iCloud)"},
                         {"zh", "存放通讯录的另一台服务器的地址，Kontor 提示时才需要（iCloud）"}}}},
                      {{"name", "books"},
                       {"type", "list"},
                       {"help",
                        {{"en",
                          "Address books to replicate, by the last part of their addresses; all if "
                          "none is named"},
                         {"zh", "要同步的通讯录（地址的最后一段）；不填则全部同步"}}}}})},
        {"auth", Json::array({{{"kind", "basic"},
                               {"title", {{"en", "User and password"}, {"zh", "用户名和密码"}}},
                               {"values", {"user"}},
                               {"secrets", {"password"}}}})},
        {"hosts", {"{url}", "{home_url}"}},
        {"limits", {{"requests_per_second", 20}, {"concurrency", 4}, {"daily_credits", 0}}}};
    return spec.dump();
}

}  // namespace kontor::carddav
