#include "plugins/carddav/pull.hpp"

#include <algorithm>
#include <set>

#include "plugins/carddav/contact.hpp"
#include "plugins/carddav/cursor.hpp"
#include "plugins/carddav/href.hpp"
#include "plugins/carddav/images.hpp"

namespace kontor::carddav {
namespace {

// Far beyond any address book; a server that never ends must not keep us for ever.
constexpr int kPagesMax = 10'000;

/// Thrown where the server does not know the token any more.
struct TokenRefused {};

/// What sync-collection says has changed.
struct Changes {
    std::set<std::string> changed, gone;
    std::string token;
};

/// Names of the cards in an answer, collections left out.
std::vector<std::string> names_in(const Multistatus& found) {
    std::vector<std::string> out;
    for (const Resource& each : found.resources)
        if (!each.is_collection)
            if (std::string name = member_name(each.href); !name.empty())
                out.push_back(std::move(name));
    std::ranges::sort(out);
    return out;
}

/// One pull of one address book.
class Pull {
public:
    Pull(Dav& dav, const Book& book, Versions& versions, const sdk::Request& request)
        : dav_(dav),
          book_(book),
          versions_(versions),
          images_(dav, book, versions, request.fields) {}

    std::string run(std::string_view text) {
        const auto known = Cursor::decode(text);
        if (known) cursor_ = *known;
        if (!known || cursor_.loading)
            load(known.has_value());
        else
            increment();
        versions_.save();
        return cursor_.encode();
    }

private:
    void increment() {
        if (cursor_.token.empty()) return by_tag();
        try {
            const Changes changes = changes_since(cursor_.token);
            for (const std::string& name : changes.gone)
                out_.begin(abi::Op::kDeleted, name, versions_.gone(name));
            take({changes.changed.begin(), changes.changed.end()}, false);
            cursor_.token = changes.token;
        } catch (const TokenRefused&) {
            // What was deleted meanwhile is found by the sweep of ids.
            dav_.host().log(sdk::LogLevel::kInfo, "carddav.token_refused", {{"book", book_.name}});
            cursor_ = {};
            load(false);
        }
    }

    // Without tokens the book has a tag that changes with it: then all of it is read.
    void by_tag() {
        const std::string tag = change_tag();
        if (!tag.empty() && tag == cursor_.tag) return;
        cursor_ = {};
        load(false);
    }

    // All cards in the order of their names. Increments begin at what the book was before that.
    void load(bool resumed) {
        std::vector<std::string> names;
        if (!resumed) cursor_ = {};
        if (book_.can_sync) {
            const Changes all = changes_since("");
            names.assign(all.changed.begin(), all.changed.end());
            if (!resumed) cursor_.token = all.token;
        } else {
            if (!resumed) cursor_.tag = change_tag();
            names = all_names();
        }
        const auto first = std::ranges::upper_bound(names, cursor_.after);
        total_ = static_cast<std::int64_t>(names.size());
        done_ = first - names.begin();
        cursor_.loading = true;
        take({cursor_.after.empty() ? names.begin() : first, names.end()}, true);
        cursor_.loading = false;
        cursor_.after.clear();
    }

    // Reads and hands over.
    void take(const std::vector<std::string>& names, bool resumable) {
        const auto lost = [this](const std::string& name, Images::Lost how, abi::BatchWriter& out) {
            // Deleted since it was listed.
            if (how == Images::Lost::kMissing)
                out.begin(abi::Op::kDeleted, name, versions_.gone(name));
        };
        for (std::size_t at = 0; at < names.size(); at += Images::kCardsAtOnce) {
            const std::size_t end = std::min(at + Images::kCardsAtOnce, names.size());
            images_.add({names.begin() + static_cast<std::ptrdiff_t>(at),
                         names.begin() + static_cast<std::ptrdiff_t>(end)},
                        lost, out_);
            cursor_.after = resumable ? names[end - 1] : std::string();
            // A version told must not be told again for another card after a crash.
            versions_.save();
            dav_.host().emit(out_, resumable ? cursor_.encode() : std::string());
            if (resumable)
                dav_.host().progress({{"stage", "load"},
                                      {"done", done_ += static_cast<std::int64_t>(end - at)},
                                      {"total", total_}});
        }
        if (out_.records() > 0) dav_.host().emit(out_);
    }

    Changes changes_since(std::string token) {
        Changes out;
        for (int page = 0; page < kPagesMax; ++page) {
            const bool more = add_changes(token, out);
            if (!more) return out;
            if (out.token == token) break;
            token = out.token;
        }
        throw sdk::Error(KONTOR_E_PROTOCOL, "sync-collection: it never ends");
    }

    // True if the server has cut its answer short and goes on from the new token.
    bool add_changes(const std::string& token, Changes& out) {
        constexpr const char* kListing = "list the changes";
        const std::string body =
            xml_request("d:sync-collection", "<d:sync-token>" + xml_escaped(token) +
                                                 "</d:sync-token><d:sync-level>1</d:sync-level>"
                                                 "<d:prop><d:getetag/><d:resourcetype/></d:prop>");
        const Reply reply = dav_.report(book_.url, 0, body);
        if (reply.status != 207) {
            const bool about_token = parse_error(reply.body).has("valid-sync-token");
            if (!token.empty() && reply.status / 100 == 4 && (about_token || reply.status == 410))
                throw TokenRefused();
            throw failure(reply, kListing);
        }
        const Multistatus found = parse_multistatus(reply.body, kListing);
        if (found.sync_token.empty())
            throw sdk::Error(KONTOR_E_PROTOCOL, "list the changes: the answer has no token");
        bool more = false;
        for (const Resource& each : found.resources) {
            more |= each.status == 507;
            if (each.is_collection) continue;
            const std::string name = member_name(each.href);
            if (name.empty()) continue;
            const bool gone = each.status == 404 || each.status == 410;
            (gone ? out.changed : out.gone).erase(name);
            if (gone)
                out.gone.insert(name);
            else if (each.status / 100 == 2 || each.status == 0)
                out.changed.insert(name);
        }
        out.token = found.sync_token;
        return more;
    }

    std::vector<std::string> all_names() {
        return names_in(
            dav_.propfind(book_.url, 1, "<d:getetag/><d:resourcetype/>", "list the cards"));
    }

    std::string change_tag() {
        const auto found = dav_.propfind(book_.url, 0, "<s:getctag/>", "read the book's tag");
        return found.resources.empty() ? std::string() : found.resources[0].change_tag;
    }

    Dav& dav_;
    const Book& book_;
    Versions& versions_;
    Images images_;
    abi::BatchWriter out_;
    Cursor cursor_;
    std::int64_t done_ = 0, total_ = 0;
};

}  // namespace

std::string pull(Dav& dav, const Book& book, Versions& versions, const sdk::Request& request,
                 std::string_view cursor) {
    return Pull(dav, book, versions, request).run(cursor);
}

bool list_ids(Dav& dav, const Book& book) {
    const Multistatus found =
        dav.propfind(book.url, 1, "<d:getetag/><d:resourcetype/>", "list the cards");
    abi::BatchWriter out;
    for (const std::string& name : names_in(found)) out.begin(abi::Op::kId, name);
    dav.host().emit(out);
    return std::ranges::none_of(found.resources,
                                [](const Resource& each) { return each.status == 507; });
}

void fetch(Dav& dav, const Book& book, Versions& versions, const sdk::Request& request) {
    Images images(dav, book, versions, request.fields);
    abi::BatchWriter out;
    const auto lost = [&](const std::string& name, Images::Lost how, abi::BatchWriter& into) {
        // What cannot be read is there: nothing of ours may take its place.
        into.begin(how == Images::Lost::kMissing ? abi::Op::kMissing : abi::Op::kForbidden, name);
    };
    for (std::size_t at = 0; at < request.ids.size(); at += Images::kCardsAtOnce) {
        const std::size_t end = std::min(at + Images::kCardsAtOnce, request.ids.size());
        images.add({request.ids.begin() + static_cast<std::ptrdiff_t>(at),
                    request.ids.begin() + static_cast<std::ptrdiff_t>(end)},
                   lost, out);
    }
    versions.save();
    dav.host().emit(out);
}

void find(Dav& dav, const Book& book, Versions& versions, const sdk::Request& request) {
    if (request.field != kUidField)
        throw sdk::Error(KONTOR_E_UNSUPPORTED, "cards are found by uid alone");
    Images images(dav, book, versions, request.fields);
    abi::BatchWriter out;
    for (const std::string& uid : request.values) {
        const std::string body = xml_request(
            "c:addressbook-query",
            R"(<d:prop><d:getetag/><d:getlastmodified/><c:address-data/></d:prop><c:filter>)"
            R"(<c:prop-filter name="UID"><c:text-match match-type="equals">)" +
                xml_escaped(uid) + "</c:text-match></c:prop-filter></c:filter>");
        const Reply reply = dav.report(book.url, 1, body);
        if (reply.status != 207) throw failure(reply, "find a card");
        for (const Resource& each : parse_multistatus(reply.body, "find a card").resources) {
            const std::string name = member_name(each.href);
            if (name.empty() || each.card.empty()) continue;
            try {
                // Letter case and more may not count with the server.
                if (uid_of(Card::parse(each.card)) != uid) continue;
            } catch (const sdk::Error&) {
                continue;  // no card of ours
            }
            images.add(name, each, out);
        }
    }
    versions.save();
    dav.host().emit(out);
}

}  // namespace kontor::carddav
