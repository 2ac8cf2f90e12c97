#include "tests/plugins/carddav/fake_book.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include "connectors/sdk/url.hpp"
#include "plugins/carddav/contact.hpp"

namespace kontor::test {
namespace {

constexpr const char* kHome = "/dav/alice/";
constexpr const char* kBook = "/dav/alice/people/";

std::string xml_text(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else
            out += c;
    }
    return out;
}

/// What stands between two texts of `in`.
std::string between(const std::string& in, const std::string& from, const std::string& to) {
    const auto begin = in.find(from);
    if (begin == std::string::npos) return {};
    const auto end = in.find(to, begin + from.size());
    return in.substr(begin + from.size(), end - begin - from.size());
}

std::string http_date(std::int64_t ms) {
    const std::time_t seconds = ms / 1000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 40> out{};
    std::strftime(out.data(), out.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return out.data();
}

FakeResponse multistatus(const std::string& inner) {
    FakeResponse out;
    out.status = 207;
    out.body =
        R"(<?xml version="1.0"?><D:multistatus xmlns:D="DAV:")"
        R"( xmlns:C="urn:ietf:params:xml:ns:carddav" xmlns:S="http://calendarserver.org/ns/">)" +
        inner + "</D:multistatus>";
    return out;
}

FakeResponse status(int code, std::string body = {}) {
    FakeResponse out;
    out.status = code;
    out.body = std::move(body);
    return out;
}

std::string header(const FakeRequest& request, const std::string& name) {
    const auto found = request.headers.find(name);
    return found == request.headers.end() ? std::string() : found->second;
}

}  // namespace

FakeBook::FakeBook() : sdk_host_(host.raw()) {
    host.handler = [this](const FakeRequest& request) { return answer(request); };
}

void FakeBook::put(const std::string& name, const std::string& text) {
    cards[name] = text;
    modified_ms[name] = host.clock_ms += 1000;
    changes.emplace_back(static_cast<int>(changes.size()) + 1, name);
}

void FakeBook::remove(const std::string& name) {
    cards.erase(name);
    changes.emplace_back(static_cast<int>(changes.size()) + 1, name);
}

std::string FakeBook::etag(const std::string& name) const {
    const auto found = cards.find(name);
    if (found == cards.end()) return {};
    return "\"" + std::to_string(std::hash<std::string>()(found->second)) + "\"";
}

std::string FakeBook::last_token() const {
    return "http://x/sync/" + std::to_string(changes.size());
}

std::string FakeBook::response(const std::string& name, bool in_report) const {
    const std::string href =
        "<D:response><D:href>" + (kBook + sdk::percent_encode(name)) + "</D:href>";
    const auto found = cards.find(name);
    if (found == cards.end())
        return href + "<D:status>HTTP/1.1 404 Not Found</D:status></D:response>";
    return href + "<D:propstat><D:prop><D:getetag>" + xml_text(etag(name)) + "</D:getetag>" +
           (tells_times && (times_in_reports || !in_report)
                ? "<D:getlastmodified>" + http_date(modified_ms.at(name)) + "</D:getlastmodified>"
                : "") +
           "<D:getcontentlength>" + std::to_string(found->second.size()) + "</D:getcontentlength>" +
           (in_report ? "<C:address-data>" + xml_text(found->second) + "</C:address-data>" : "") +
           "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>";
}

FakeResponse FakeBook::propfind(const FakeRequest& request) {
    const auto found = [](const std::string& href, const std::string& properties) {
        return "<D:response><D:href>" + href + "</D:href><D:propstat><D:prop>" + properties +
               "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>";
    };
    const std::string book =
        found(kBook,
              "<D:resourcetype><D:collection/><C:addressbook/></D:resourcetype>"
              "<D:displayname>People</D:displayname><S:getctag>" +
                  last_token() + "</S:getctag><D:current-user-privilege-set><D:privilege>" +
                  (may_write ? "<D:write-content/>" : "<D:read/>") +
                  "</D:privilege></D:current-user-privilege-set><D:supported-report-set>" +
                  (has_tokens ? "<D:supported-report><D:report><D:sync-collection/></D:report>"
                                "</D:supported-report>"
                              : "") +
                  "</D:supported-report-set>");
    if (request.path == "/.well-known/carddav") {
        FakeResponse out = status(301);
        out.headers["location"] = "/dav/";
        return out;
    }
    if (request.path == "/dav/")
        return multistatus(found("/dav/",
                                 "<D:resourcetype><D:collection/></D:resourcetype>"
                                 "<D:current-user-principal><D:href>/dav/p/alice/</D:href>"
                                 "</D:current-user-principal>"));
    if (request.path == "/dav/p/alice/")
        return multistatus(found("/dav/p/alice/", "<C:addressbook-home-set><D:href>" +
                                                      std::string(kHome) +
                                                      "</D:href></C:addressbook-home-set>"));
    if (request.path == kHome)
        return multistatus(
            found(kHome, "<D:resourcetype><D:collection/></D:resourcetype>") + book +
            found("/dav/alice/calendar/", "<D:resourcetype><D:collection/></D:resourcetype>"));
    if (request.path == kBook) {
        std::string all = book;
        if (header(request, "Depth") == "1")
            for (const auto& [name, text] : cards) all += response(name, false);
        return multistatus(all);
    }
    const std::string prefix = kBook;
    if (request.path.starts_with(prefix) && cards.contains(request.path.substr(prefix.size())))
        return multistatus(response(request.path.substr(prefix.size()), false));
    return status(404);
}

FakeResponse FakeBook::sync(const FakeRequest& request) {
    const std::string token = between(request.body, "<d:sync-token>", "</d:sync-token>");
    int since = 0;
    if (!token.empty()) {
        since = std::stoi(token.substr(token.rfind('/') + 1));
        if (since < tokens_from)
            return status(403, R"(<error xmlns="DAV:"><valid-sync-token/></error>)");
    }
    std::string inner;
    std::set<std::string> told;
    int last = since;
    for (const auto& [number, name] : changes) {
        if (number <= since) continue;
        if (told.size() >= page && !told.contains(name)) {
            inner += "<D:response><D:href>" + std::string(kBook) +
                     "</D:href><D:status>HTTP/1.1 507 Insufficient Storage</D:status></D:response>";
            break;
        }
        last = number;
        if (told.insert(name).second && (cards.contains(name) || !token.empty()))
            inner += response(name, false);
    }
    return multistatus(inner + "<D:sync-token>http://x/sync/" + std::to_string(last) +
                       "</D:sync-token>");
}

FakeResponse FakeBook::report(const FakeRequest& request) {
    if (request.body.find("sync-collection") != std::string::npos)
        return has_tokens ? sync(request) : status(403);
    std::string inner;
    if (request.body.find("addressbook-multiget") != std::string::npos) {
        std::string rest = request.body;
        while (true) {
            const std::string href = between(rest, "<d:href>", "</d:href>");
            if (href.empty()) break;
            rest.erase(0, rest.find("</d:href>") + 1);
            // Names of these tests need no decoding but for the at-sign.
            std::string name = href.substr(href.rfind('/') + 1);
            if (const auto at = name.find("%40"); at != std::string::npos) name.replace(at, 3, "@");
            inner += response(name, true);
        }
        return multistatus(inner);
    }
    const std::string uid = between(request.body, R"(match-type="equals">)", "</c:text-match>");
    for (const auto& [name, text] : cards)
        if (text.find("UID:" + uid) != std::string::npos) inner += response(name, true);
    return multistatus(inner);
}

FakeResponse FakeBook::write(const FakeRequest& request, const std::string& name) {
    const bool there = cards.contains(name);
    const std::string match = header(request, "If-Match");
    if (!may_write) return status(403);
    if (!match.empty() && (!there || match != etag(name))) return status(412);
    if (header(request, "If-None-Match") == "*" && there) return status(412);
    if (request.method == "DELETE") {
        if (!there) return status(404);
        remove(name);
        return status(204);
    }
    std::string text = request.body;
    if (!tidy.empty()) text.insert(text.find("END:VCARD"), tidy + "\r\n");
    put(name, text);
    FakeResponse out = status(there ? 204 : 201);
    if (etag_of_put && tidy.empty()) out.headers["etag"] = etag(name);
    return out;
}

FakeResponse FakeBook::answer(const FakeRequest& request) {
    if (request.method == "PROPFIND") return propfind(request);
    if (request.method == "REPORT") return report(request);
    const std::string prefix = kBook;
    if (!request.path.starts_with(prefix)) return status(404);
    const std::string name = request.path.substr(prefix.size());
    if (request.method != "GET") return write(request, name);
    if (!cards.contains(name)) return status(404);
    FakeResponse out = status(200, cards.at(name));
    if (converts && header(request, "Accept").find("4.0") == std::string::npos)
        out.body.replace(out.body.find("VERSION:4.0"), 11, "VERSION:3.0\r\nX-CONVERTED:1");
    out.headers["etag"] = etag(name);
    if (weak_etags) out.headers["etag"] = "\"gz" + etag(name).substr(1);
    return out;
}

sdk::Request FakeBook::request() {
    sdk::Request out;
    out.stream = "people";
    for (const auto& each : carddav::contact_fields()) out.fields.push_back(each.name);
    return out;
}

carddav::Connector& FakeBook::connector() {
    if (!connector_)
        connector_.emplace(sdk_host_, R"({"options":{"url":"https://dav.example.com"}})");
    return *connector_;
}

std::vector<EmittedRecord> FakeBook::pull(std::string& cursor) {
    host.clear();
    cursor = connector().pull(request(), cursor);
    return host.records();
}

std::vector<EmittedRecord> FakeBook::fetch(std::vector<std::string> ids) {
    host.clear();
    sdk::Request wanted = request();
    wanted.ids = std::move(ids);
    connector().fetch(wanted);
    return host.records();
}

sdk::PushResult FakeBook::push(abi::Op op, const std::string& id, const std::string& version,
                               const std::map<std::string, std::string>& values,
                               const std::string& key) {
    host.clear();
    const sdk::Request wanted = request();
    abi::BatchWriter batch;
    batch.begin(op, id, version, key);
    for (const auto& [name, value] : values) {
        const auto found = std::ranges::find(wanted.fields, name);
        const auto index = static_cast<std::uint16_t>(found - wanted.fields.begin());
        if (value.empty())
            batch.add_null(index);
        else
            batch.add(index, value);
    }
    return connector().push(wanted, abi::BatchReader(batch.bytes())).at(0);
}

std::size_t FakeBook::requests(const std::string& method) const {
    return static_cast<std::size_t>(
        std::ranges::count(host.requests, method, &FakeRequest::method));
}

std::string field(const EmittedRecord& record, const std::string& name) {
    const auto fields = FakeBook::request().fields;
    const auto index = std::ranges::find(fields, name) - fields.begin();
    const auto found = record.fields.find(static_cast<std::uint16_t>(index));
    if (found == record.fields.end()) return {};
    const auto* text = std::get_if<std::string>(&found->second);
    return text == nullptr ? std::string() : *text;
}

}  // namespace kontor::test
