#include "plugins/carddav/vcard.hpp"

#include <algorithm>

#include "connectors/sdk/error.hpp"
#include "plugins/carddav/text.hpp"

namespace kontor::carddav {
namespace {

// RFC 6350, 3.2: 75 octets without the line's end.
constexpr std::size_t kLineOctets = 75;

[[noreturn]] void refuse(const std::string& why) {
    throw sdk::Error(KONTOR_E_PROTOCOL, "vCard: " + why);
}

std::string_view without_quotes(std::string_view value) {
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
        return value.substr(1, value.size() - 2);
    return value;
}

/// A line of the file with its end, taken off `rest`.
std::string_view take_physical(std::string_view& rest) {
    const auto newline = rest.find('\n');
    const auto line = rest.substr(0, newline == std::string_view::npos ? newline : newline + 1);
    rest.remove_prefix(line.size());
    return line;
}

std::string_view body_of(std::string_view line) {
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

bool continues(std::string_view line) {
    return line.starts_with(' ') || line.starts_with('\t');
}

/// Position of the first of `stops` outside quotes; npos if there is none.
std::size_t find_unquoted(std::string_view text, std::string_view stops, std::size_t from = 0) {
    bool quoted = false;
    for (std::size_t i = from; i < text.size(); ++i) {
        if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && stops.find(text[i]) != std::string_view::npos)
            return i;
    }
    return std::string_view::npos;
}

void read_head(std::string_view head, Property& out) {
    std::size_t at = find_unquoted(head, ";");
    std::string_view name = head.substr(0, at);
    if (const auto dot = name.rfind('.'); dot != std::string_view::npos) {
        out.group = name.substr(0, dot);
        name.remove_prefix(dot + 1);
    }
    out.name = upper(name);
    while (at != std::string_view::npos) {
        const std::size_t next = find_unquoted(head, ";", at + 1);
        const auto parameter = head.substr(
            at + 1, next == std::string_view::npos ? std::string_view::npos : next - at - 1);
        const auto equals = parameter.find('=');
        if (equals == std::string_view::npos)
            out.parameters.push_back({"", std::string(parameter)});
        else
            out.parameters.push_back(
                {upper(parameter.substr(0, equals)), std::string(parameter.substr(equals + 1))});
        at = next;
    }
}

/// Reads what an unfolded line says; a line that is no property keeps its name empty.
void read_content(std::string_view content, Property& out) {
    const std::size_t colon = find_unquoted(content, ":");
    if (colon == std::string_view::npos || colon == 0) return;
    read_head(content.substr(0, colon), out);
    out.value = content.substr(colon + 1);
}

bool is_quoted_printable(const Property& property) {
    return upper(property.parameter("ENCODING")) == "QUOTED-PRINTABLE" ||
           std::ranges::any_of(property.parameters, [](const Parameter& each) {
               return each.name.empty() && upper(each.value) == "QUOTED-PRINTABLE";
           });
}

/// The next line of the card with its folds.
Property take_line(std::string_view& rest) {
    Property out;
    const std::string_view begin = rest;
    std::string content(body_of(take_physical(rest)));
    while (continues(rest)) content += body_of(take_physical(rest)).substr(1);
    read_content(content, out);
    // vCard 2.1 breaks such values by a "=" at the end of the line.
    if (is_quoted_printable(out)) {
        while (out.value.ends_with('=') && !rest.empty()) {
            out.value += "\r\n";
            out.value += body_of(take_physical(rest));
        }
    }
    out.raw = begin.substr(0, begin.size() - rest.size());
    return out;
}

bool is_marker(const Property& property, std::string_view name) {
    return property.name == name && upper(trimmed(property.value)) == "VCARD";
}

void make_opaque(Property& property) {
    property.group.clear();
    property.name.clear();
    property.parameters.clear();
    property.value.clear();
}

/// Name and parameters of a property as they stand there, unfolded, but for parameters to drop.
std::string head_of(const Property& property, const std::vector<std::string_view>& without) {
    std::string_view raw = property.raw;
    std::string content(body_of(take_physical(raw)));
    while (continues(raw)) content += body_of(take_physical(raw)).substr(1);
    const std::string_view head = std::string_view(content).substr(0, find_unquoted(content, ":"));
    std::string out(head.substr(0, find_unquoted(head, ";")));
    for (std::size_t at = find_unquoted(head, ";"); at != std::string_view::npos;) {
        const std::size_t next = find_unquoted(head, ";", at + 1);
        const auto parameter =
            head.substr(at, next == std::string_view::npos ? std::string_view::npos : next - at);
        const std::string name = upper(parameter.substr(1, parameter.find('=') - 1));
        if (std::ranges::find(without, name) == without.end()) out += parameter;
        at = next;
    }
    return out;
}

}  // namespace

bool Property::has_type(std::string_view type) const {
    for (const Parameter& each : parameters) {
        if (!each.name.empty() && each.name != "TYPE") continue;
        std::string_view list = without_quotes(each.value);
        while (true) {
            const auto comma = list.find(',');
            if (upper(trimmed(list.substr(0, comma))) == type) return true;
            if (comma == std::string_view::npos) break;
            list.remove_prefix(comma + 1);
        }
    }
    return false;
}

std::string Property::parameter(std::string_view wanted) const {
    const auto found = std::ranges::find(parameters, wanted, &Parameter::name);
    return found == parameters.end() ? std::string() : std::string(without_quotes(found->value));
}

Card Card::parse(std::string_view text) {
    if (text.size() > kCardBytesMax) refuse("larger than 8 MiB");
    Card out;
    bool ended = false;
    int depth = 0;
    while (!text.empty()) {
        if (out.properties_.size() >= kCardLinesMax) refuse("more than 20,000 lines");
        Property line = take_line(text);
        if (is_marker(line, "BEGIN")) ++depth;
        const bool outermost = depth == 1 && !ended;
        if (is_marker(line, "END") && --depth == 0 && !ended) {
            ended = true;
            out.end_ = out.properties_.size();
        }
        if (!outermost) make_opaque(line);
        out.properties_.push_back(std::move(line));
    }
    if (!ended) refuse("no BEGIN and END");
    if (!out.properties_.front().raw.ends_with("\r\n")) out.newline_ = "\n";
    return out;
}

std::string Card::text() const {
    std::string out;
    for (const Property& each : properties_) out += each.raw;
    return out;
}

std::optional<std::size_t> Card::find(std::string_view name) const {
    const auto found = std::ranges::find(properties_, name, &Property::name);
    if (found == properties_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - properties_.begin());
}

std::string Card::version() const {
    const auto at = find("VERSION");
    return at ? std::string(trimmed(properties_[*at].value)) : std::string();
}

std::string Card::line_of(std::string_view head, std::string_view value) const {
    std::string content(head);
    content.append(1, ':').append(value);
    std::string out;
    std::size_t room = kLineOctets;
    for (std::size_t at = 0; at < content.size();) {
        const std::size_t size = utf8_size(content, at);
        if (size > room) {
            out.append(newline_).append(1, ' ');
            room = kLineOctets - 1;
        }
        out.append(content, at, size);
        room -= size;
        at += size;
    }
    return out + newline_;
}

void Card::set_value(std::size_t at, std::string_view value,
                     const std::vector<std::string_view>& without) {
    Property& property = properties_.at(at);
    if (property.value == value) return;
    const std::string raw = line_of(head_of(property, without), value);
    std::string_view rest = raw;
    property = take_line(rest);
}

void Card::add_parameter(std::size_t at, std::string_view parameter) {
    Property& property = properties_.at(at);
    const std::string raw =
        line_of(head_of(property, {}) + ";" + std::string(parameter), property.value);
    std::string_view rest = raw;
    property = take_line(rest);
}

void Card::add(std::string_view head, std::string_view value) {
    Property added;
    const std::string raw = line_of(head, value);
    std::string_view rest = raw;
    added = take_line(rest);
    properties_.insert(properties_.begin() + static_cast<std::ptrdiff_t>(end_), std::move(added));
    ++end_;
}

void Card::erase(std::size_t at) {
    const std::string group = properties_.at(at).group;
    const auto drop = [&](std::size_t index) {
        properties_.erase(properties_.begin() + static_cast<std::ptrdiff_t>(index));
        --end_;
    };
    drop(at);
    if (group.empty()) return;
    const auto in_group = [&](const Property& each) { return upper(each.group) == upper(group); };
    const auto is_label = [](const Property& each) { return each.name.starts_with("X-AB"); };
    if (std::ranges::any_of(
            properties_, [&](const Property& each) { return in_group(each) && !is_label(each); }))
        return;
    for (std::size_t i = end_; i-- > 0;)
        if (in_group(properties_[i])) drop(i);
}

}  // namespace kontor::carddav
