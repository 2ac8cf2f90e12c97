#pragma once

// A module of Zoho's with a field of each kind, and what must hold of records that were read.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/zoho/columns.hpp"
#include "tests/fuzz/input.hpp"

namespace kontor::test {

inline zoho::Module module_of_all_kinds() {
    using enum zoho::Kind;
    zoho::Module out;
    out.name = "Contacts";
    const std::pair<const char*, zoho::Kind> fields[] = {{"Last_Name", kText},
                                                         {"Notes", kRichText},
                                                         {"Count", kInteger},
                                                         {"Amount", kDecimal},
                                                         {"Vip", kBoolean},
                                                         {"Born", kDate},
                                                         {"Modified_Time", kInstant},
                                                         {"Met", kInstant},
                                                         {"Modified_By", kReference},
                                                         {"Boss", kReference},
                                                         {"Who_Id", kAnyReference},
                                                         {"What_Id", kAnyReference},
                                                         {"Source", kChoice},
                                                         {"Areas", kList},
                                                         {"Tag", kTags},
                                                         {"Team", kNamed},
                                                         {"More", kJson}};
    for (const auto& [name, kind] : fields) {
        auto& field = out.fields.emplace_back();
        field.spec.name = name;
        field.kind = kind;
    }
    out.fields[12].renamed = {{"Cold Call", "cold"}};
    return out;
}

inline std::vector<std::string> names_of(const zoho::Module& module) {
    std::vector<std::string> out;
    for (const auto& field : module.fields) out.push_back(field.spec.name);
    return out;
}

inline void check_records(std::string_view bytes, std::size_t fields, std::size_t records) {
    abi::BatchReader reader(bytes);
    while (const auto record = reader.next()) {
        --records;
        must_hold(!record->id.empty() && record->id.size() <= 64);
        abi::BatchReader::Field field;
        for (unsigned i = 0; i < record->count; ++i)
            must_hold(reader.next_field(field) && field.field < fields);
    }
    must_hold(reader.ok() && records == 0);
}

}  // namespace kontor::test
