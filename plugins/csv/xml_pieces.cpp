#include "plugins/csv/xml_pieces.hpp"

#include <algorithm>

#include "plugins/csv/workbook.hpp"

namespace kontor::csv {
namespace {

constexpr std::size_t kChunk = 1u << 18;
constexpr unsigned kFlags = pugi::parse_default | pugi::parse_ws_pcdata_single;

void load(const char* text, std::size_t size, pugi::xml_document& out) {
    if (!out.load_buffer(text, size, kFlags, pugi::encoding_utf8))
        throw Unreadable(Reason::kNotWorkbook);
}

bool ends_a_name(char c) {
    return c == ' ' || c == '>' || c == '/' || c == '\t' || c == '\r' || c == '\n';
}

}  // namespace

XmlPieces::XmlPieces(Source source, std::string_view element, std::size_t bytes_max)
    : source_(std::move(source)), element_(element), bytes_max_(bytes_max) {}

bool XmlPieces::more() {
    if (at_end_) return false;
    if (at_ > 0) {
        buffer_.erase(0, at_);
        at_ = 0;
    }
    const std::size_t before = buffer_.size();
    buffer_.resize(before + kChunk);
    const std::size_t got = source_(buffer_.data() + before, kChunk);
    buffer_.resize(before + got);
    at_end_ = got == 0;
    bytes_ += got;
    if (bytes_ > bytes_max_) throw Unreadable(Reason::kTooLarge);
    return !at_end_;
}

// The prefix of the root is that of all elements.
void XmlPieces::begin() {
    begun_ = true;
    std::size_t root = 0, end = 0;
    for (;;) {
        root = buffer_.find('<', root);
        end = std::min(root, buffer_.size());
        while (end < buffer_.size() && !ends_a_name(buffer_[end])) ++end;
        if (end == buffer_.size()) {  // its name may go on in the next piece
            if (buffer_.size() > kRowXmlMax || !more()) throw Unreadable(Reason::kNotWorkbook);
            root = 0;
            continue;
        }
        if (buffer_.compare(root, 9, "<!DOCTYPE") == 0) throw Unreadable(Reason::kNotWorkbook);
        if (buffer_[root + 1] != '?' && buffer_[root + 1] != '!') break;
        ++root;
    }
    const std::string name = buffer_.substr(root + 1, end - root - 1);
    const auto colon = name.find(':');
    const std::string prefix = colon == std::string::npos ? "" : name.substr(0, colon + 1);
    open_ = "<" + prefix + element_;
    close_ = "</" + prefix + element_ + ">";
}

// Where the next element begins, npos at the end.
std::size_t XmlPieces::find_start() {
    for (;;) {
        const auto found = buffer_.find(open_, at_);
        if (found != std::string::npos && found + open_.size() < buffer_.size()) {
            if (ends_a_name(buffer_[found + open_.size()])) return found;
            at_ = found + 1;
            continue;
        }
        // Its beginning may be the last that is read.
        at_ = std::max(at_, buffer_.size() - std::min(buffer_.size(), open_.size()));
        if (found != std::string::npos) at_ = found;
        if (!more()) return std::string::npos;
    }
}

const pugi::xml_document* XmlPieces::next() {
    if (!begun_) begin();
    std::size_t start = find_start();
    if (start == std::string::npos) return nullptr;
    at_ = start;
    std::size_t searched = 0;  // from at_
    for (;;) {
        const auto tag_end = buffer_.find('>', at_);
        const bool single = tag_end != std::string::npos && buffer_[tag_end - 1] == '/';
        const auto close = single || tag_end == std::string::npos
                               ? std::string::npos
                               : buffer_.find(close_, std::max(tag_end, at_ + searched));
        if (single || close != std::string::npos) {
            const std::size_t end = single ? tag_end + 1 : close + close_.size();
            if (end - at_ > kRowXmlMax) throw Unreadable(Reason::kTooLarge);
            load(buffer_.data() + at_, end - at_, document_);
            at_ = end;
            return &document_;
        }
        if (buffer_.size() - at_ > kRowXmlMax) throw Unreadable(Reason::kTooLarge);
        const std::size_t held = buffer_.size() - at_;
        searched = held - std::min(held, close_.size());
        if (!more()) throw Unreadable(Reason::kNotWorkbook);
    }
}

void parse_xml(const std::string& text, pugi::xml_document& out) {
    if (text.find("<!DOCTYPE") != std::string::npos) throw Unreadable(Reason::kNotWorkbook);
    load(text.data(), text.size(), out);
}

std::string_view local_name(const pugi::xml_node& node) {
    const std::string_view name = node.name();
    const auto colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child_of(const pugi::xml_node& node, std::string_view name) {
    for (const auto& child : node.children())
        if (local_name(child) == name) return child;
    return {};
}

}  // namespace kontor::csv
