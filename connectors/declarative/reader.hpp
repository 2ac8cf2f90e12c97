#pragma once

/// Local to the reader of descriptions: keys whose values are pointers, templates, JSON, labels.

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/table_reader.hpp"
#include "connectors/declarative/description.hpp"

namespace kontor::declarative {

/// What the parts of the reader share.
struct Reading {
    const config::TableReader::Into into;
    Description& out;
    std::set<std::string, std::less<>> option_names = {};  ///< may stand in any template
};

using Names = std::vector<std::string>;

/// TOML as JSON; a date is its text.
[[nodiscard]] Json to_json(const config::Node& node);

void read_pointer(config::TableReader& table, std::string_view key, Pointer& out);
void read_pointer(config::TableReader& table, std::string_view key, std::optional<Pointer>& out);
/// One pointer or several.
void read_pointers(config::TableReader& table, std::string_view key, std::vector<Pointer>& out);
/// "/id" in the body, or "header:NAME" (`header` gets the name, in small letters).
void read_place(config::TableReader& table, std::string_view key, std::optional<Pointer>& at,
                std::string& header);
/// One text or several.
void read_texts(config::TableReader& table, std::string_view key, Names& out);
/// A text, or {en = …, zh = …}.
void read_label(config::TableReader& table, std::string_view key, Label& out);

/// Complains of gaps with other names than `allowed` and the options.
void check_template(const Reading& reading, const config::TableReader& table, std::string_view key,
                    const config::Node& at, std::string_view text, const Names& allowed);
void read_template(const Reading& reading, config::TableReader& table, std::string_view key,
                   std::string& out, const Names& allowed);
/// A table of texts, numbers and truth values, each a template.
void read_pairs(const Reading& reading, config::TableReader& table, std::string_view key,
                Pairs& out, const Names& allowed);
/// The same, and tables and lists of them, which are sent as JSON.
void read_parameters(const Reading& reading, config::TableReader& table, std::string_view key,
                     Parameters& out, const Names& allowed);
/// Any structure whose texts are templates.
void read_json(const Reading& reading, config::TableReader& table, std::string_view key,
               std::optional<Json>& out, const Names& allowed);

void read_auth(Reading& reading, config::TableReader& document);
[[nodiscard]] Request read_request(const Reading& reading, const config::Node& node,
                                   const std::string& prefix, std::string_view kind);
[[nodiscard]] Stream read_stream(const Reading& reading, const config::Node& node,
                                 const std::string& name);
/// Complains unless `format` is one that values of this type may have.
void check_format(const Reading& reading, const config::TableReader& table, const config::Node& at,
                  std::string_view key, std::string_view type, const std::string& format);

}  // namespace kontor::declarative
