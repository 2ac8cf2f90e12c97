#include "plugins/carddav/dav.hpp"

#include "plugins/carddav/href.hpp"
#include "plugins/carddav/vcard.hpp"

namespace kontor::carddav {
namespace {

constexpr const char* kXmlType = "application/xml; charset=utf-8";

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 307 || status == 308;
}

}  // namespace

std::string xml_request(const std::string& root, const std::string& content) {
    return R"(<?xml version="1.0" encoding="utf-8"?>)"
           "\n<" +
           root +
           R"( xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav")"
           R"( xmlns:s="http://calendarserver.org/ns/">)" +
           content + "</" + root + ">";
}

sdk::Error failure(const Reply& reply, const std::string& doing) {
    const auto status = [&] {
        switch (reply.status) {
            case 401:
                return KONTOR_E_UNAUTHENTICATED;
            case 403:
                return KONTOR_E_PERMISSION;
            case 404:
            case 410:
                return KONTOR_E_NOT_FOUND;
            case 429:
                return KONTOR_E_RATE_LIMITED;
            default:
                return reply.status >= 500 ? KONTOR_E_UNAVAILABLE : KONTOR_E_PROTOCOL;
        }
    }();
    return {status, doing + ": HTTP " + std::to_string(reply.status)};
}

Reply Dav::send(sdk::HttpRequest request) {
    const sdk::HttpResponse answer = host_.http(request);
    Reply out;
    out.status = answer.status;
    out.etag = answer.header("etag");
    out.location = answer.header("location");
    out.body = answer.body;
    return out;
}

Multistatus Dav::propfind(const std::string& url, int depth, const std::string& properties,
                          const std::string& doing, const char* lane) {
    sdk::HttpRequest request;
    request.method = "PROPFIND";
    request.url = url;
    request.header("Content-Type", kXmlType).header("Depth", std::to_string(depth));
    request.body = xml_request("d:propfind", "<d:prop>" + properties + "</d:prop>");
    request.lane = lane;
    request.idempotent = true;
    request.max_body = kXmlBytesMax;
    const Reply reply = send(std::move(request));
    if (is_redirect(reply.status)) {
        if (auto target = resolved(url, reply.location)) throw Redirect{std::move(*target)};
    }
    if (reply.status != 207) throw failure(reply, doing);
    return parse_multistatus(reply.body, doing);
}

Reply Dav::report(const std::string& url, int depth, const std::string& body) {
    sdk::HttpRequest request;
    request.method = "REPORT";
    request.url = url;
    request.header("Content-Type", kXmlType).header("Depth", std::to_string(depth));
    request.body = body;
    request.idempotent = true;
    request.max_body = kXmlBytesMax;
    return send(std::move(request));
}

Reply Dav::get(const std::string& url, const std::string& accept) {
    sdk::HttpRequest request;
    request.url = url;
    request.lane = "write";
    request.header("Accept", accept);
    request.max_body = kCardBytesMax;
    return send(std::move(request));
}

Reply Dav::put(const std::string& url, const std::string& card, const std::string& condition,
               const std::string& value) {
    sdk::HttpRequest request;
    request.method = "PUT";
    request.url = url;
    request.lane = "write";
    request.header("Content-Type", "text/vcard; charset=utf-8");
    if (!value.empty()) request.header(condition, value);
    request.body = card;
    return send(std::move(request));
}

Reply Dav::remove(const std::string& url, const std::string& etag) {
    sdk::HttpRequest request;
    request.method = "DELETE";
    request.url = url;
    request.lane = "write";
    if (!etag.empty()) request.header("If-Match", etag);
    return send(std::move(request));
}

std::optional<Resource> Dav::look(const std::string& url) {
    try {
        Multistatus found =
            propfind(url, 0, "<d:getetag/><d:getlastmodified/><d:getcontentlength/>",
                     "look at a card", "write");
        if (found.resources.empty() || found.resources[0].status / 100 == 4) return std::nullopt;
        found.resources[0].etag = strong_etag(found.resources[0].etag);
        return std::move(found.resources[0]);
    } catch (const sdk::Error& error) {
        if (error.status() != KONTOR_E_NOT_FOUND) throw;
        return std::nullopt;
    }
}

}  // namespace kontor::carddav
