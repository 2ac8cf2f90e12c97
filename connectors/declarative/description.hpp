#pragma once

/// A REST CRM as its description file has it (docs/rest.md is the reference of every key). Plain
/// values; made by read_description(), which has checked them.

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/declarative/pointer.hpp"

namespace kontor::declarative {

struct Label {
    std::string en, zh;
};

struct Option {
    std::string name, type = "text";
    bool required = false;
    Json fallback;  ///< null = none
    std::vector<std::string> choices;
    Label help;
};

/// A way to sign in, in the terms of the connector spec (docs/connector-abi.md).
struct Auth {
    std::string kind;
    Json spec = Json::object();  ///< an entry of the spec's "auth"
};

enum class PagingKind : std::uint8_t { kNone, kOffset, kPage, kCursor, kLink, kKeyset };

struct Paging {
    PagingKind kind = PagingKind::kNone;
    std::int64_t size = 100;
    std::int64_t first = 1;       ///< page: number of the first one
    Json start;                   ///< keyset: {last_id} of the first page; null = left out
    std::int64_t overlap = 1;     ///< offset: rows asked for twice, to notice that rows have moved
    std::optional<Pointer> next;  ///< cursor, link: where the answer has it
    std::string next_header;      ///< cursor: in this header (lower case) instead
    std::optional<Pointer> total, more;
    std::string total_header;      ///< in this header (lower case) instead
    bool short_page_ends = false;  ///< else only an empty page does
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// What addresses and forms bear. A text is a template of the value; an object or a list one of
/// JSON, whose text is the value.
using Parameters = std::vector<std::pair<std::string, Json>>;

/// How the answer to a batch says which result belongs to which change.
enum class Match : std::uint8_t { kOrder, kId, kKey, kAll };

/// One kind of request; texts are templates.
struct Request {
    /// list, changes, ids, deleted, get, find, check; create, update, delete, and these with _batch
    std::string name;
    std::string method = "GET", path;
    Parameters query;
    Pairs headers;
    std::optional<Json> body;  ///< sent as JSON
    std::optional<Parameters> form;
    Pointer records;          ///< where the answer has the records, or the record
    bool id_is_name = false;  ///< the records are members of an object, each under its id
    Paging paging;
    std::int64_t batch = 0;       ///< ids, keys or changes in one request; 0 = one
    Json item;                    ///< get, batches: what each of {items} is
    Match match = Match::kOrder;  ///< batches: by which `records` of the answer are told apart
};

/// Where rows have a moment. The latest of several counts.
struct Moments {
    std::vector<Pointer> at;
    std::string format = "iso";
    std::string filter_format;  ///< of {since} and {until}; "" = as `format`
};

/// json: members made of what a row has otherwise, a list of names with values, or a text.
struct Members {
    std::vector<Pointer> name, value;  ///< in each item; the first that is there counts
    std::string ends, between, items;  ///< "1$5}2$a|b": ends "}", between "$", items "|"
};

struct Field {
    std::string name, type = "text", format, column, group;
    Label label;
    Pointer path;        ///< from the beginning of a row
    Pointer write_path;  ///< from the beginning of {record}
    bool required = false, read_only = false, create_only = false, unique = false;
    bool may_be_cut = false, custom = false;
    std::int64_t max_length = 0, precision = 0, scale = 0;
    std::vector<std::string> to;                               ///< streams referred to
    std::vector<std::pair<std::string, std::string>> choices;  ///< value, label
    std::string separator;  ///< list: a text with this between the items; "" = a JSON array
    Pointer item;           ///< list: where each item of the array has its text
    std::optional<Members> members;
};

/// A stream's lists are asked for once for each value of an option.
struct Each {
    std::string option;         ///< of the type list
    std::optional<Pointer> at;  ///< where rows get the value
    bool number = false;        ///< requests have it as a number
};

struct Stream {
    std::string name, remote_name, entity;
    std::optional<Each> each;
    Label label;
    bool custom = false;
    Pointer id;
    bool id_is_number = false;
    Pointer fields_at;
    std::optional<Moments> modified;
    std::optional<Pointer> modified_by;
    std::chrono::milliseconds overlap{300'000}, resolution{1'000};
    std::optional<Pointer> gone_at;  ///< a flag of deleted rows
    Json gone_if = true;
    bool sweep = true;
    std::chrono::hours deleted_kept{0};
    std::string key_field;
    std::optional<Pointer> token;  ///< where `get` has what a write must bear
    std::string token_header;
    std::optional<Pointer> created_id;  ///< in the answer to `create`
    std::string created_id_header;
    bool send_whole = false;
    bool omits_blank = false;  ///< a member that a row does not have is blank
    Json blank;                ///< what a blank field is sent as
    std::map<std::string, Request, std::less<>> requests;
    std::vector<Field> fields;

    [[nodiscard]] const Request* request(std::string_view kind) const;
    [[nodiscard]] const Field* field(std::string_view kind) const;
};

enum class Means : std::uint8_t {
    kOk,
    kEmpty,
    kMissing,
    kInvalid,
    kForbidden,
    kChanged,
    kDuplicate,
    kLocked,
    kUnauthenticated,
    kRateLimited,
    kUnavailable
};

/// What an answer means; the first rule that fits counts.
struct Rule {
    std::vector<std::string> requests, streams;  ///< empty = any
    std::vector<int> statuses;                   ///< 4 stands for 400 to 499
    std::optional<Pointer> path;
    std::vector<Json> equals;
    std::string contains, header, header_contains;
    Means means = Means::kInvalid;
    std::optional<Pointer> id, field;  ///< the other record (duplicate); the field
};

struct Errors {
    std::vector<Pointer> message, code;
    std::vector<Rule> rules;
};

struct Identity {
    std::optional<Request> request;
    std::optional<Pointer> org, org_name, user, user_name;
};

struct Limits {
    double requests_per_second = 0;
    std::int64_t concurrency = 0, daily_credits = 0;
    std::string credits_left_header;
};

struct Description {
    std::string name, version = "1", base_url, time_zone = "Z";
    Label title;
    std::vector<Option> options;
    std::vector<std::string> hosts;
    std::vector<Auth> auth;
    Pairs headers;     ///< of every request
    Parameters query;  ///< of every request
    std::map<std::string, Json, std::less<>> shapes;
    Identity check;
    Errors errors;
    Limits limits;
    std::vector<Stream> streams;

    [[nodiscard]] const Stream* stream(std::string_view name) const;
    /// Gaps of `base_url` that stand for secrets: the host fills them.
    [[nodiscard]] std::vector<std::string> names_in_address() const;
};

}  // namespace kontor::declarative
