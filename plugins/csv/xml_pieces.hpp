#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "plugins/csv/rows.hpp"

namespace kontor::csv {

/// Takes the elements of one name out of a long XML text, one after the other, so that it is never
/// in memory whole. A document type, which a workbook never has, is refused: no entities.
class XmlPieces {
public:
    /// At most `bytes_max` bytes are read.
    XmlPieces(Source source, std::string_view element, std::size_t bytes_max);

    /// The next element as a document of its own, valid until the next call; nullptr at the end.
    /// Throws Unreadable.
    [[nodiscard]] const pugi::xml_document* next();

private:
    bool more();
    void begin();
    std::size_t find_start();

    Source source_;
    const std::string element_;
    const std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::string open_, close_;  // "<row", "</row>", with the document's prefix
    std::string buffer_;
    std::size_t at_ = 0;
    bool at_end_ = false, begun_ = false;
    pugi::xml_document document_;
};

/// A whole small XML document. Throws Unreadable.
void parse_xml(const std::string& text, pugi::xml_document& out);

/// The name without its prefix.
[[nodiscard]] std::string_view local_name(const pugi::xml_node& node);
/// The first child of that name, whatever its prefix.
[[nodiscard]] pugi::xml_node child_of(const pugi::xml_node& node, std::string_view name);

}  // namespace kontor::csv
