// The XML of a sheet, in pieces of awkward sizes: what comes out does not depend on them.
#include <algorithm>
#include <cstring>
#include <sstream>

#include "plugins/csv/xml_pieces.hpp"
#include "tests/fuzz/input.hpp"

using namespace kontor;

namespace {

std::string elements(std::string_view rest, std::size_t grain) {
    csv::XmlPieces pieces(
        [&](char* buffer, std::size_t room) {
            const std::size_t n = std::min({room, rest.size(), grain});
            std::memcpy(buffer, rest.data(), n);
            rest.remove_prefix(n);
            return n;
        },
        "row", 1u << 20);
    std::ostringstream out;
    try {
        while (const auto* document = pieces.next()) document->save(out, "", pugi::format_raw);
    } catch (const csv::Unreadable&) {
        out << "unreadable";
    }
    return out.str();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = as_text(data, size);
    must_hold(elements(text, 7) == elements(text, 1u << 20));
    return 0;
}
