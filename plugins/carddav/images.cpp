#include "plugins/carddav/images.hpp"

#include <map>

#include "plugins/carddav/contact.hpp"
#include "plugins/carddav/href.hpp"

namespace kontor::carddav {
namespace {

constexpr const char* kDoing = "read cards";

}  // namespace

Multistatus Images::read(const std::vector<std::string>& names) {
    std::string content = "<d:prop><d:getetag/><d:getlastmodified/><c:address-data/></d:prop>";
    const std::string base = path_of(book_.url);
    for (const std::string& name : names)
        if (is_member_name(name))
            content += "<d:href>" + xml_escaped(member_url(base, name)) + "</d:href>";
    const Reply reply = dav_.report(book_.url, 0, xml_request("c:addressbook-multiget", content));
    if (reply.status != 207) throw failure(reply, kDoing);
    return parse_multistatus(reply.body, kDoing);
}

bool Images::add(const std::string& name, const Resource& resource, abi::BatchWriter& out) {
    Values values;
    try {
        values = read_contact(Card::parse(resource.card));
    } catch (const sdk::Error& error) {
        dav_.host().log(sdk::LogLevel::kWarning, "carddav.unreadable_card",
                        {{"book", book_.name}, {"reason", error.what()}});
        return false;
    }
    out.begin(abi::Op::kRecord, name,
              versions_.seen(name, strong_etag(resource.etag), modified_of(resource)));
    for (std::uint16_t i = 0; i < fields_.size(); ++i)
        if (const auto found = values.find(fields_[i]); found != values.end()) {
            if (found->second)
                out.add(i, *found->second);
            else
                out.add_null(i);
        }
    return true;
}

void Images::add(const std::vector<std::string>& names, const OnLost& on_lost,
                 abi::BatchWriter& out) {
    if (names.empty()) return;
    Multistatus found;
    try {
        found = read(names);
    } catch (const sdk::Error& error) {
        // Too large for one answer, mostly: photos.
        if (error.status() != KONTOR_E_PROTOCOL) throw;
        if (names.size() == 1) {
            dav_.host().log(sdk::LogLevel::kWarning, "carddav.unreadable_card",
                            {{"book", book_.name}, {"reason", error.what()}});
            return on_lost(names[0], Lost::kUnreadable, out);
        }
        const auto middle = names.begin() + static_cast<std::ptrdiff_t>(names.size() / 2);
        add({names.begin(), middle}, on_lost, out);
        add({middle, names.end()}, on_lost, out);
        return;
    }
    std::map<std::string, const Resource*> by_name;
    for (const Resource& each : found.resources) by_name[member_name(each.href)] = &each;
    for (const std::string& name : names) {
        const auto at = by_name.find(name);
        const bool missing = at == by_name.end() || at->second->status == 404 ||
                             (at->second->card.empty() && at->second->etag.empty());
        if (missing)
            on_lost(name, Lost::kMissing, out);
        else if (!add(name, *at->second, out))
            on_lost(name, Lost::kUnreadable, out);
    }
}

}  // namespace kontor::carddav
