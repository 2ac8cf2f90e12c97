#include "config/node.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <toml++/toml.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>

namespace kontor::config {
namespace {

// toml++ is only seen here: it takes seconds to compile. Positions come from it, 1-based.
Node from_toml(const toml::node& in);

void fill_table(const toml::table& in, Node& out) {
    for (const auto& [key, value] : in) {
        Node::Member member;
        member.name = std::string(key.str());
        member.line = static_cast<int>(key.source().begin.line);
        member.column = static_cast<int>(key.source().begin.column);
        member.value = from_toml(value);
        out.members.push_back(std::move(member));
    }
    // toml++ sorts by name; people expect the order of the file.
    std::stable_sort(out.members.begin(), out.members.end(), [](const auto& a, const auto& b) {
        return a.line != b.line ? a.line < b.line : a.column < b.column;
    });
}

Node from_toml(const toml::node& in) {
    Node out;
    out.line = static_cast<int>(in.source().begin.line);
    out.column = static_cast<int>(in.source().begin.column);
    switch (in.type()) {
        case toml::node_type::table:
            fill_table(*in.as_table(), out);
            break;
        case toml::node_type::array:
            out.kind = Node::Kind::kArray;
            for (const auto& item : *in.as_array()) out.items.push_back(from_toml(item));
            break;
        case toml::node_type::string:
            out.kind = Node::Kind::kText;
            out.text = in.as_string()->get();
            break;
        case toml::node_type::integer:
            out.kind = Node::Kind::kInteger;
            out.integer = in.as_integer()->get();
            break;
        case toml::node_type::floating_point:
            out.kind = Node::Kind::kReal;
            out.real = in.as_floating_point()->get();
            break;
        case toml::node_type::boolean:
            out.kind = Node::Kind::kBoolean;
            out.boolean = in.as_boolean()->get();
            break;
        default:
            out.kind = Node::Kind::kTime;
            break;
    }
    return out;
}

}  // namespace

const Node* Node::member(std::string_view name) const {
    for (const auto& m : members)
        if (m.name == name) return &m.value;
    return nullptr;
}

std::string_view to_string(Node::Kind kind) {
    switch (kind) {
        case Node::Kind::kTable:
            return "a table";
        case Node::Kind::kArray:
            return "an array";
        case Node::Kind::kText:
            return "a text";
        case Node::Kind::kInteger:
            return "an integer";
        case Node::Kind::kReal:
            return "a number";
        case Node::Kind::kBoolean:
            return "true or false";
        case Node::Kind::kTime:
            break;
    }
    return "a date or time";
}

std::optional<Node> parse_toml(std::string_view text, const std::string& file, Problems& problems) {
    if (text.size() > kFileMax) {
        problems.push_back(Problem{
            file, 0, 0, "",
            "the file is larger than " + std::to_string(kFileMax / 1024 / 1024) + " MiB", ""});
        return std::nullopt;
    }
    try {
        return from_toml(toml::parse(text, file));
    } catch (const toml::parse_error& error) {
        problems.push_back(Problem{file, static_cast<int>(error.source().begin.line),
                                   static_cast<int>(error.source().begin.column), "",
                                   "is not TOML: " + std::string(error.description()), ""});
        return std::nullopt;
    }
}

std::optional<std::string> read_text(const std::string& file, Problems& problems) {
    const auto problem = [&](const std::string& reason) {
        problems.push_back(Problem{file, 0, 0, "", reason, ""});
        return std::nullopt;
    };
    // O_NONBLOCK: a FIFO in its place must not hang the start.
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return problem(std::string("cannot be opened: ") + std::strerror(errno));
    std::string text;
    struct stat status {};
    std::string trouble;
    if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) trouble = "is not a regular file";
    // It names commands that kontord runs.
    else if ((status.st_mode & S_IWOTH) != 0)
        trouble = "can be changed by every user of this computer; run chmod o-w";
    while (trouble.empty() && text.size() <= kFileMax) {
        char buffer[16384];
        const auto got = ::read(fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) trouble = std::string("cannot be read: ") + std::strerror(errno);
        if (got <= 0) break;
        text.append(buffer, static_cast<std::size_t>(got));
    }
    ::close(fd);
    if (!trouble.empty()) return problem(trouble);
    return text;
}

std::optional<Node> read_toml(const std::string& file, Problems& problems) {
    const auto text = read_text(file, problems);
    if (!text) return std::nullopt;
    return parse_toml(*text, file, problems);
}

std::string toml_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\t':
                out += "\\t";
                break;
            case '\r':
                out += "\\r";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
                    constexpr char kHex[] = "0123456789ABCDEF";
                    out += "\\u00";
                    out += kHex[(static_cast<unsigned char>(c) >> 4) & 0xf];
                    out += kHex[static_cast<unsigned char>(c) & 0xf];
                } else {
                    out += c;
                }
        }
    }
    return out + "\"";
}

std::string quoted_key(std::string_view key) {
    const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    });
    return bare ? std::string(key) : toml_string(key);
}

}  // namespace kontor::config
