// A mutator for inputs that are JSON, perhaps behind one byte that chooses something or behind a
// text that ends with a zero byte: it changes values, members and items, so that most of what it
// makes is still read as JSON and gets past the parser. A third of its work is libFuzzer's own, on
// bytes.
#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/input.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace {

using Json = nlohmann::json;
using Random = std::minstd_rand;

std::vector<Json*> nodes_of(Json& whole) {
    std::vector<Json*> out{&whole};
    for (std::size_t at = 0; at < out.size(); ++at)
        if (out[at]->is_structured())
            for (auto& child : *out[at]) out.push_back(&child);
    return out;
}

// What parsers are seldom ready for.
Json odd_value(Random& random) {
    static const Json kOdd = Json::array({nullptr,
                                          "",
                                          Json::array(),
                                          Json::object(),
                                          0,
                                          -1,
                                          true,
                                          false,
                                          0.5,
                                          1e300,
                                          9007199254740993,
                                          "0",
                                          " ",
                                          "1",
                                          "null",
                                          "2026-02-30",
                                          "../x",
                                          std::string(1, '\0'),
                                          "\n",
                                          std::string(300, 'x'),
                                          std::string(300, '1')});
    return kOdd[random() % kOdd.size()];
}

std::string with_bytes_changed(std::string text) {
    const std::size_t size = text.size();
    text.resize(size + 16);
    text.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(text.data()), size, text.size()));
    return text;
}

// What is tidied, taken for nothing, or not: blanks alone, and blanks around a text.
std::string with_blanks(const std::string& text, Random& random) {
    switch (random() % 4) {
        case 0:
            return "";
        case 1:
            return " ";
        case 2:
            return "\t\r\n";
        default:
            return " " + text + "\n";
    }
}

// One item or member fewer, one item more, or a member once more under another name.
void change_children(Json& at, Random& random) {
    if (!at.is_structured() || at.empty()) return;
    auto child = at.begin();
    std::advance(child, static_cast<std::ptrdiff_t>(random() % at.size()));
    if (random() % 2 == 0)
        at.erase(child);
    else if (at.is_array())
        at.push_back(Json(*child));
    else
        at[with_bytes_changed(child.key())] = Json(*child);
}

void change(Json& whole, Random& random) {
    const auto nodes = nodes_of(whole);
    Json& at = *nodes[random() % nodes.size()];
    switch (random() % 6) {
        case 0:
            change_children(at, random);
            break;
        case 1:
            at = Json::array({at});
            break;
        case 2:
            at = Json(*nodes[random() % nodes.size()]);
            break;
        case 3:
            if (at.is_string()) {
                at = with_bytes_changed(at.get<std::string>());
                break;
            }
            [[fallthrough]];
        case 4:
            if (at.is_string()) {
                at = with_blanks(at.get<std::string>(), random);
                break;
            }
            [[fallthrough]];
        default:
            at = odd_value(random);
    }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
    Random random(seed);
    if (random() % 3 == 0) return LLVMFuzzerMutate(data, size, most);
    const auto behind_text = static_cast<std::size_t>(std::find(data, data + size, 0) - data) + 1;
    for (const std::size_t begin : {std::size_t{0}, std::size_t{1}, behind_text}) {
        if (begin >= size) break;
        auto json = Json::parse(as_text(data + begin, size - begin), nullptr, false);
        if (json.is_discarded()) continue;
        for (unsigned left = 1 + random() % 3; left > 0; --left) change(json, random);
        const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
        if (begin + text.size() > most) break;
        if (begin == 1 && random() % 4 == 0) data[0] = static_cast<std::uint8_t>(random());
        std::memcpy(data + begin, text.data(), text.size());
        return begin + text.size();
    }
    return LLVMFuzzerMutate(data, size, most);
}
