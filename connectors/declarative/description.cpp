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

}  // namespace kontor::declarative
