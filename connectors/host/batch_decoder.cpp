#include "connectors/host/batch_decoder.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "sync/base/utf8.hpp"

namespace kontor::host {
namespace {

tl::unexpected<Error> malformed(const std::string& what) {
    return fail(Errc::kProtocol, "the connector's record batch " + what);
}

tl::unexpected<Error> bad_record(std::string_view id, const std::string& what) {
    return fail(Errc::kProtocol, "record " + std::string(id) + " " + what,
                {{"record", std::string(id)}});
}

bool is_name(std::string_view text) {
    return text.size() <= BatchDecoder::kIdBytesMax && is_utf8(text) &&
           std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

remote::Fact fact_of(abi::Op op) {
    switch (op) {
        case abi::Op::kDeleted:
            return remote::Fact::kDeleted;
        case abi::Op::kMissing:
            return remote::Fact::kMissing;
        case abi::Op::kForbidden:
            return remote::Fact::kForbidden;
        case abi::Op::kMerged:
            return remote::Fact::kMerged;
        case abi::Op::kConverted:
            return remote::Fact::kConverted;
        case abi::Op::kId:
            return remote::Fact::kId;
        default:
            return remote::Fact::kRecord;
    }
}

// Skips from record to record; the reader checks the rest. kRecordsMax + 1 if there are more.
std::size_t count_records(std::string_view batch) {
    std::size_t count = 0;
    for (std::size_t at = 4; at + 4 <= batch.size() && count <= BatchDecoder::kRecordsMax;
         ++count) {
        std::uint32_t size = 0;
        std::memcpy(&size, batch.data() + at, sizeof size);
        at += sizeof size + size;
    }
    return count;
}

}  // namespace

BatchDecoder::BatchDecoder(std::size_t fields, std::initializer_list<abi::Op> ops)
    : fields_(fields) {
    for (const auto op : ops) ops_ |= 1U << static_cast<unsigned>(op);
}

Result<> BatchDecoder::check(const abi::BatchReader::Record& record) const {
    if (record.id.empty() || !is_name(record.id))
        return malformed("has a record with a malformed id");
    if (!is_name(record.version) || !is_name(record.key) || !is_name(record.actor))
        return bad_record(record.id, "has a malformed version, successor or user");
    if ((ops_ >> static_cast<unsigned>(record.op) & 1U) == 0)
        return bad_record(record.id, "has an operation that does not belong here");
    if (record.op == abi::Op::kMerged && record.key.empty())
        return bad_record(record.id, "was merged but it is not said into which");
    if (record.count > fields_) return bad_record(record.id, "has more fields than were asked for");
    return {};
}

Result<> BatchDecoder::read_fields(abi::BatchReader& reader, const abi::BatchReader::Record& record,
                                   ValueView* values) const {
    abi::BatchReader::Field field;
    for (unsigned i = 0; i < record.count; ++i) {
        if (!reader.next_field(field)) return bad_record(record.id, "is cut off");
        if (field.field >= fields_) return bad_record(record.id, "has a field not asked for");
        ValueView& value = values[field.field];
        if (value.kind != Kind::kAbsent) return bad_record(record.id, "has a field twice");
        switch (field.tag) {
            case abi::Tag::kAbsent:
                break;
            case abi::Tag::kNull:
                value.kind = Kind::kNull;
                break;
            case abi::Tag::kInteger:
                value.kind = Kind::kInteger;
                value.integer = field.integer;
                break;
            case abi::Tag::kReal:
                if (!std::isfinite(field.real))
                    return bad_record(record.id, "has a number that is not finite");
                value.kind = Kind::kReal;
                value.real = field.real;
                break;
            case abi::Tag::kText:
                if (!is_utf8(field.text))
                    return bad_record(record.id, "has a text that is not UTF-8");
                value.kind = Kind::kText;
                value.text = field.text;
                break;
        }
    }
    return {};
}

Result<std::span<const remote::RecordView>> BatchDecoder::decode(std::string_view batch) {
    if (batch.size() > kBatchBytesMax) return malformed("is too large");
    const std::size_t count = count_records(batch);
    if (count > kRecordsMax || count * fields_ > kValuesMax)
        return malformed("has too many records");
    if (values_.size() < count * fields_) values_.resize(count * fields_);
    records_.clear();
    records_.reserve(count);
    abi::BatchReader reader(batch);
    ValueView* values = values_.data();
    while (const auto record = reader.next()) {
        if (auto sound = check(*record); !sound) return pass(sound);
        std::fill_n(values, fields_, ValueView{});
        if (auto read = read_fields(reader, *record, values); !read) return pass(read);
        records_.push_back({.fact = fact_of(record->op),
                            .id = record->id,
                            .version = record->version,
                            .modified_by = record->actor,
                            .successor = record->key,
                            .fields = {values, fields_}});
        values += fields_;
    }
    if (!reader.ok()) return malformed("is malformed");
    return std::span<const remote::RecordView>(records_);
}

}  // namespace kontor::host
