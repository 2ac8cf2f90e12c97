#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::remote {

/// Types of remote fields and of replica columns. Names (see to_string) are stable.
enum class FieldType : std::uint8_t {
    kText,
    kLongText,
    kEmail,
    kPhone,
    kUrl,
    kInteger,
    kReal,
    kDecimal,  ///< money and other exact numbers, see FieldSpec::scale
    kBoolean,
    kDate,
    kInstant,
    kReference,  ///< a remote id; in the replica the local id
    kChoice,
    kList,  ///< JSON array of texts, a set
    kJson,  ///< any structure, canonical JSON
    kFile,
};
[[nodiscard]] std::string_view to_string(FieldType type);
[[nodiscard]] std::optional<FieldType> field_type_from(std::string_view name);

/// A label per language; `zh` may be empty.
struct Label {
    std::string en;
    std::string zh;
};

struct Choice {
    std::string value;
    std::string label;
};

struct FieldSpec {
    std::string name;
    Label label;
    FieldType type = FieldType::kText;
    bool custom = false;
    bool required = false;
    bool read_only = false;
    bool create_only = false;
    bool unique = false;
    bool may_be_cut = false;              ///< lists may truncate it; fetch by id gives it whole
    int max_length = 0;                   ///< in characters; 0 = not known
    int precision = 0;                    ///< decimal digits in all; 0 = not known
    int scale = 0;                        ///< digits after the point
    std::vector<std::string> references;  ///< streams a reference may point to
    std::vector<Choice> choices;
    std::string column_hint;  ///< standard column it means, "" if none
    std::string group;        ///< fields that only make sense together share a name
};

enum class CompareAndSet : std::uint8_t { kNone, kSingle, kBatch };

struct Capabilities {
    bool pull = true;
    bool create = false;
    bool update = false;
    bool remove = false;
    bool deleted_feed = false;
    int deleted_retention_days = 0;  ///< 0 = no feed, or it never forgets
    bool list_ids = false;
    bool fetch = false;
    bool fetch_with_push = false;  ///< a push can fetch other records meanwhile
    std::vector<std::string> find_fields;
    std::string key_field;  ///< unique external-id field that takes the record's uid; "" if none
    CompareAndSet cas = CompareAndSet::kNone;
    int push_batch_max = 1;
    int fetch_batch_max = 1;
    int modified_resolution_ms = 1;
};

struct StreamSpec {
    std::string name;
    Label label;
    bool custom = false;
    std::string entity_hint;  ///< standard entity it means, "" if none
    Capabilities can;
    std::vector<FieldSpec> fields;

    [[nodiscard]] const FieldSpec* field(std::string_view field_name) const;
};

}  // namespace kontor::remote
