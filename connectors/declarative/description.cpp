#include "connectors/declarative/description.hpp"

namespace kontor::declarative {

const Request* Stream::request(std::string_view kind) const {
    const auto found = requests.find(kind);
    return found == requests.end() ? nullptr : &found->second;
}

const Field* Stream::field(std::string_view wanted) const {
    for (const auto& candidate : fields)
        if (candidate.name == wanted) return &candidate;
    return nullptr;
}

const Stream* Description::stream(std::string_view wanted) const {
    for (const auto& each : streams)
        if (each.name == wanted) return &each;
    return nullptr;
}

std::vector<std::string> Description::names_in_address() const {
    std::vector<std::string> out;
    for (const auto& each : auth)
        if (each.spec.contains("bear") && each.spec["bear"].contains("path"))
            for (const auto& member : each.spec["bear"]["path"].items())
                out.push_back(member.key());
    return out;
}

}  // namespace kontor::declarative
