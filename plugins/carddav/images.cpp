#include "plugins/carddav/images.hpp"

#include <algorithm>

#include "plugins/carddav/contact.hpp"
#include "plugins/carddav/href.hpp"

namespace kontor::carddav {
namespace {

constexpr const char* kDoing = "read cards";
// Up to so many are asked one by one for their times; beyond, the book is asked once.
constexpr std::size_t kAskedSinglyMost = 5;

bool lacks_time(const Resource& card) {
    return card.modified.empty() && !card.card.empty();
}

}  // namespace

Multistatus Images::read(const std::vector<std::string>& names) {
    std::string content = "<d:prop><d:getetag/><d:getlastmodified/><c:address-data/></d:prop>";
    const std::string base = path_of(book_.url);
    for (const std::string& name : names)
        if (is_member_name(name))
            content += "<d:href>" + xml_escaped(member_url(base, name)) + "</d:href>";
    const Reply reply = dav_.report(book_.url, 0, xml_request("c:addressbook-multiget", content));
    // The page of somebody who stands between says nothing of any card.
    if (reply.status != 207 && reply.status < 400)
        throw sdk::Error(KONTOR_E_UNAVAILABLE, failure(reply, kDoing).what());
    if (reply.status != 207) throw failure(reply, kDoing);
    Multistatus found = parse_multistatus(reply.body, kDoing);
    complete(found.resources);
    return found;
}

// Radicale is one that tells times in listings, and not in reports.
void Images::complete(std::vector<Resource>& cards) {
    if (static_cast<std::size_t>(std::ranges::count_if(cards, lacks_time)) > kAskedSinglyMost)
        list_times();
    for (Resource& card : cards)
        if (lacks_time(card)) complete(card);
}

void Images::complete(Resource& card) {
    if (timeless_) return;
    const std::string name = member_name(card.href), etag = strong_etag(card.etag);
    if (times_)
        if (const auto at = times_->find(name); at != times_->end() && at->second.first == etag) {
            card.modified = at->second.second;
            return;
        }
    const auto now = dav_.look(member_url(book_.url, name));
    // Written since then: the time is not this one's, and the card will be told again.
    if (now && now->etag == etag) card.modified = now->modified;
    timeless_ = now && now->modified.empty();
}

void Images::list_times() {
    if (times_ || timeless_) return;
    times_.emplace();
    const Multistatus all =
        dav_.propfind(book_.url, 1, "<d:getetag/><d:getlastmodified/>", "list the cards");
    for (const Resource& each : all.resources)
        if (!each.modified.empty())
            (*times_)[member_name(each.href)] = {strong_etag(each.etag), each.modified};
    timeless_ = times_->empty();
}

bool Images::add(const std::string& name, Resource resource, abi::BatchWriter& out) {
    if (lacks_time(resource)) complete(resource);
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
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        const auto found = values.find(fields_[i]);
        if (found == values.end()) continue;
        const auto at = static_cast<std::uint16_t>(i);
        if (found->second)
            out.add(at, *found->second);
        else
            out.add_null(at);
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
