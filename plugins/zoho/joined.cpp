#include "plugins/zoho/joined.hpp"

#include <unordered_map>
#include <unordered_set>

namespace kontor::zoho {
namespace {

struct Part {
    std::string_view version;
    std::vector<abi::BatchReader::Field> fields;
};
using Parts = std::unordered_map<std::string_view, Part>;

std::vector<abi::BatchReader::Field> fields_of(abi::BatchReader& reader, std::uint16_t count) {
    std::vector<abi::BatchReader::Field> out(count);
    for (auto& field : out) reader.next_field(field);
    return out;
}

}  // namespace

void copy_field(const abi::BatchReader::Field& field, abi::BatchWriter& out) {
    switch (field.tag) {
        case abi::Tag::kNull:
            out.add_null(field.field);
            break;
        case abi::Tag::kInteger:
            out.add(field.field, field.integer);
            break;
        case abi::Tag::kReal:
            out.add(field.field, field.real);
            break;
        case abi::Tag::kText:
            out.add(field.field, field.text);
            break;
        case abi::Tag::kAbsent:
            break;
    }
}

std::vector<std::string> join_batches(std::string_view first,
                                      const std::vector<std::string>& others,
                                      abi::BatchWriter& out) {
    std::vector<Parts> parts;
    for (const std::string& batch : others) {
        Parts& part = parts.emplace_back();
        abi::BatchReader reader(batch);
        while (const auto record = reader.next())
            part[record->id] = {record->version, fields_of(reader, record->count)};
    }
    std::vector<std::string> changed;
    abi::BatchReader reader(first);
    while (const auto record = reader.next()) {
        const auto fields = fields_of(reader, record->count);
        bool agree = true;
        for (const Parts& part : parts) {
            const auto found = part.find(record->id);
            agree = agree && found != part.end() && found->second.version == record->version;
        }
        if (!agree) {
            changed.emplace_back(record->id);
            continue;
        }
        out.begin(record->op, record->id, record->version, record->key, record->actor);
        // Every portion brings the stamp and its author along: a field counts once.
        std::unordered_set<std::uint16_t> seen;
        const auto copy = [&](const std::vector<abi::BatchReader::Field>& some) {
            for (const auto& field : some)
                if (seen.insert(field.field).second) copy_field(field, out);
        };
        if (parts.empty()) {
            for (const auto& field : fields) copy_field(field, out);
            continue;
        }
        copy(fields);
        for (const Parts& part : parts) copy(part.find(record->id)->second.fields);
    }
    return changed;
}

}  // namespace kontor::zoho
