#include "plugins/carddav/discovery.hpp"

#include <algorithm>
#include <optional>

#include "plugins/carddav/href.hpp"

namespace kontor::carddav {
namespace {

constexpr int kRedirectsMax = 5;
constexpr const char* kAsked =
    "<d:resourcetype/><d:displayname/><d:current-user-principal/><c:addressbook-home-set/>"
    "<d:supported-report-set/><d:current-user-privilege-set/>";

std::string with_slash(std::string url) {
    if (!url.ends_with('/')) url += '/';
    return url;
}

std::string without_slash(std::string url) {
    while (url.ends_with('/')) url.pop_back();
    return url;
}

class Discovery {
public:
    Discovery(Dav& dav, const Options& options) : dav_(dav), options_(options) {}

    Account run() {
        Account out;
        if (!follow(options_.url, out) &&
            !follow(origin_of(options_.url) + "/.well-known/carddav", out))
            throw sdk::Error(KONTOR_E_NOT_FOUND,
                             "no address book was found at " + origin_of(options_.url) +
                                 ": set option url to the address that the server shows for "
                                 "CardDAV");
        choose(out.books);
        return out;
    }

private:
    // An address may be a book, name its user's home, or name the user. False if it is nothing.
    bool follow(std::string url, Account& out) {
        for (int hops = 0; hops < kRedirectsMax; ++hops) {
            const auto found = ask(url);
            if (!found) return false;
            if (out.principal.empty()) out.principal = found->principal;
            if (found->is_address_book) {
                out.home = with_slash(url);
                out.books.push_back(book(*found, url));
                return true;
            }
            if (!found->home.empty()) return list(target(url, found->home), out);
            const std::string next =
                found->principal.empty() ? std::string() : target(url, found->principal);
            if (next.empty() || without_slash(next) == without_slash(url))
                return found->is_collection && list(with_slash(url), out);
            url = next;
        }
        return false;
    }

    // The properties of one resource, redirects followed.
    std::optional<Resource> ask(std::string& url) {
        for (int hops = 0; hops < kRedirectsMax; ++hops) {
            try {
                auto found = dav_.propfind(url, 0, kAsked, "find the address books", "meta");
                if (found.resources.empty()) return std::nullopt;
                return std::move(found.resources[0]);
            } catch (const Redirect& redirect) {
                allow(redirect.url);
                url = redirect.url;
            } catch (const sdk::Error& error) {
                // Not here: perhaps elsewhere.
                if (error.status() != KONTOR_E_NOT_FOUND && error.status() != KONTOR_E_PROTOCOL &&
                    error.status() != KONTOR_E_PERMISSION)
                    throw;
                return std::nullopt;
            }
        }
        return std::nullopt;
    }

    std::string target(const std::string& base, const std::string& href) {
        auto url = resolved(base, href);
        if (!url)
            throw sdk::Error(KONTOR_E_PROTOCOL,
                             "find the address books: the server names an address that is none");
        allow(*url);
        return *url;
    }

    // Credentials go to no server that the options do not name.
    void allow(const std::string& url) const {
        const std::string origin = origin_of(url);
        if (origin == origin_of(options_.url) || origin == origin_of(options_.home_url)) return;
        throw sdk::Error(KONTOR_E_INVALID, "the server keeps the address books at " + origin +
                                               ": set option home_url to " + origin +
                                               " if you trust it");
    }

    bool list(const std::string& home, Account& out) {
        Multistatus found;
        std::string at = with_slash(home);
        try {
            found = dav_.propfind(at, 1, kAsked, "list the address books", "meta");
        } catch (const Redirect& redirect) {
            allow(redirect.url);
            at = with_slash(redirect.url);
            found = dav_.propfind(at, 1, kAsked, "list the address books", "meta");
        }
        out.home = at;
        for (const Resource& each : found.resources)
            if (each.is_address_book) out.books.push_back(book(each, target(at, each.href)));
        std::ranges::sort(out.books, {}, &Book::name);
        return !out.books.empty();
    }

    static Book book(const Resource& resource, const std::string& url) {
        Book out;
        out.url = with_slash(url);
        out.name = member_name(without_slash(url));
        if (out.name.empty()) out.name = "contacts";
        out.label = resource.display_name.empty() ? out.name : resource.display_name;
        out.can_sync = resource.can_sync;
        out.may_write = resource.may_write.value_or(true);
        return out;
    }

    void choose(std::vector<Book>& books) const {
        if (options_.books.empty()) return;
        for (const std::string& wanted : options_.books)
            if (std::ranges::find(books, wanted, &Book::name) == books.end())
                throw sdk::Error(KONTOR_E_INVALID,
                                 "option books: there is no address book " + wanted);
        std::erase_if(books, [&](const Book& each) {
            return std::ranges::find(options_.books, each.name) == options_.books.end();
        });
    }

    Dav& dav_;
    const Options& options_;
};

}  // namespace

Account discover(Dav& dav, const Options& options) {
    return Discovery(dav, options).run();
}

}  // namespace kontor::carddav
