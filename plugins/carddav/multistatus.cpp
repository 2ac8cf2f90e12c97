#include "plugins/carddav/multistatus.hpp"

#include <algorithm>
#include <charconv>
#include <pugixml.hpp>

#include "connectors/sdk/error.hpp"
#include "plugins/carddav/text.hpp"

namespace kontor::carddav {
namespace {

constexpr std::string_view kDav = "DAV:";
constexpr std::string_view kCard = "urn:ietf:params:xml:ns:carddav";
constexpr std::string_view kServer = "http://calendarserver.org/ns/";

// Line ends are left as they are: they belong to the cards. Document types are kept to be refused;
// pugixml knows no entities but XML's own.
constexpr unsigned kParse =
    (pugi::parse_default & ~pugi::parse_eol) | pugi::parse_doctype | pugi::parse_ws_pcdata_single;

std::string_view local_name(const pugi::xml_node& node) {
    const std::string_view name = node.name();
    const auto colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

/// The namespace that a node's prefix stands for.
std::string_view namespace_of(const pugi::xml_node& node) {
    const std::string_view name = node.name();
    const auto colon = name.find(':');
    const std::string declared =
        colon == std::string_view::npos ? "xmlns" : "xmlns:" + std::string(name.substr(0, colon));
    for (pugi::xml_node at = node; at; at = at.parent())
        if (const auto found = at.attribute(declared.c_str())) return found.value();
    return {};
}

bool is(const pugi::xml_node& node, std::string_view ns, std::string_view name) {
    return node.type() == pugi::node_element && local_name(node) == name &&
           namespace_of(node) == ns;
}

pugi::xml_node child(const pugi::xml_node& parent, std::string_view ns, std::string_view name) {
    for (const auto& each : parent.children())
        if (is(each, ns, name)) return each;
    return {};
}

/// All text of a node, pieces and CDATA sections joined.
std::string text_of(const pugi::xml_node& node) {
    std::string out;
    for (const auto& each : node.children())
        if (each.type() == pugi::node_pcdata || each.type() == pugi::node_cdata)
            out += each.value();
    return out;
}

std::string word_of(const pugi::xml_node& node) {
    return std::string(trimmed(text_of(node)));
}

/// 404 of "HTTP/1.1 404 Not Found"; 0 if it is none.
int status_of(const pugi::xml_node& node) {
    const std::string line = word_of(node);
    const auto space = line.find(' ');
    if (space == std::string::npos) return 0;
    int status = 0;
    std::from_chars(line.data() + space + 1, line.data() + line.size(), status);
    return status;
}

bool may_write(const pugi::xml_node& set) {
    for (const auto& privilege : set.children())
        for (const auto& each : privilege.children())
            for (const char* name : {"all", "write", "write-content"})
                if (is(each, kDav, name)) return true;
    return false;
}

bool lists_sync(const pugi::xml_node& set) {
    for (const auto& supported : set.children())
        for (const auto& report : supported.children())
            if (child(report, kDav, "sync-collection")) return true;
    return false;
}

void read_property(const pugi::xml_node& node, Resource& out) {
    const std::string_view name = local_name(node), ns = namespace_of(node);
    if (ns == kCard) {
        if (name == "address-data") out.card = text_of(node);
        if (name == "addressbook-home-set") out.home = word_of(child(node, kDav, "href"));
    } else if (ns == kServer) {
        if (name == "getctag") out.change_tag = word_of(node);
    } else if (ns == kDav) {
        if (name == "getetag") out.etag = word_of(node);
        if (name == "displayname") out.display_name = as_utf8(word_of(node));
        if (name == "sync-token") out.sync_token = word_of(node);
        if (name == "getlastmodified") out.modified = word_of(node);
        if (name == "getcontentlength") out.content_length = word_of(node);
        if (name == "current-user-principal") out.principal = word_of(child(node, kDav, "href"));
        if (name == "current-user-privilege-set") out.may_write = may_write(node);
        if (name == "supported-report-set") out.can_sync = lists_sync(node);
        if (name == "resourcetype") {
            out.is_collection = static_cast<bool>(child(node, kDav, "collection"));
            out.is_address_book = static_cast<bool>(child(node, kCard, "addressbook"));
        }
    }
}

Resource read_response(const pugi::xml_node& response) {
    Resource out;
    for (const auto& each : response.children()) {
        if (is(each, kDav, "href") && out.href.empty()) out.href = word_of(each);
        if (is(each, kDav, "status")) out.status = status_of(each);
        if (!is(each, kDav, "propstat")) continue;
        const int status = status_of(child(each, kDav, "status"));
        if (status != 0 && status / 100 != 2) continue;
        for (const auto& property : child(each, kDav, "prop").children())
            read_property(property, out);
    }
    return out;
}

// Nesting is counted before it is parsed. Comments and CDATA may miscount; what they hold is text
// of cards, in which tags are escaped.
bool nested_too_deep(std::string_view xml) {
    int depth = 0;
    for (std::size_t at = xml.find('<'); at != std::string_view::npos; at = xml.find('<', at + 1)) {
        const auto end = xml.find('>', at);
        if (end == std::string_view::npos) return false;
        const char next = at + 1 < xml.size() ? xml[at + 1] : '\0';
        if (next == '/') {
            --depth;
        } else if (next != '?' && next != '!' && xml[end - 1] != '/') {
            if (++depth > kXmlDepthMax) return true;
        }
    }
    return false;
}

void load(std::string_view xml, pugi::xml_document& document, const std::string& doing) {
    const auto refuse = [&](const std::string& why) {
        throw sdk::Error(KONTOR_E_PROTOCOL, doing + ": " + why);
    };
    if (xml.size() > kXmlBytesMax) refuse("the answer is larger than 16 MiB");
    if (nested_too_deep(xml)) refuse("the answer is nested too deeply");
    const auto parsed = document.load_buffer(xml.data(), xml.size(), kParse);
    if (!parsed) refuse(std::string("the answer is no XML: ") + parsed.description());
    for (const auto& node : document.children())
        if (node.type() == pugi::node_doctype) refuse("the answer has a document type of its own");
}

}  // namespace

Multistatus parse_multistatus(std::string_view xml, const std::string& doing) {
    pugi::xml_document document;
    load(xml, document, doing);
    const pugi::xml_node root = child(document, kDav, "multistatus");
    if (!root) throw sdk::Error(KONTOR_E_PROTOCOL, doing + ": the answer is no multistatus");
    Multistatus out;
    for (const auto& each : root.children()) {
        if (out.resources.size() >= kResourcesMax)
            throw sdk::Error(KONTOR_E_PROTOCOL, doing + ": more than 100,000 resources");
        if (is(each, kDav, "response")) out.resources.push_back(read_response(each));
        if (is(each, kDav, "sync-token")) out.sync_token = word_of(each);
    }
    return out;
}

bool DavError::has(std::string_view condition) const {
    return std::ranges::find(conditions, condition) != conditions.end();
}

DavError parse_error(std::string_view xml) {
    DavError out;
    pugi::xml_document document;
    try {
        load(xml, document, "error");
    } catch (const sdk::Error&) {
        return out;
    }
    for (const auto& each : child(document, kDav, "error").children()) {
        out.conditions.emplace_back(local_name(each));
        if (const auto href = child(each, kDav, "href")) out.href = word_of(href);
    }
    return out;
}

std::string xml_escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '"')
            out += "&quot;";
        else
            out += c;
    }
    return out;
}

}  // namespace kontor::carddav
