#pragma once

/// The record batch: how records cross the connector boundary, in both directions.
///
/// Little-endian, no padding, no sharing:
///   batch   = "KB" u8:1 u8:0, record*
///   record  = u32 size of the rest, u8 op, str id, str version, str key, str actor,
///             u16 count, count × (u16 field, value)
///   str     = u32 size, bytes (UTF-8)
///   value   = u8 0 absent | u8 1 null | u8 2 i64 | u8 3 f64 | u8 4 str
/// `field` is an index into the "fields" list of the request the batch belongs to. Header-only and
/// free of dependencies: the SDK writes with it, the host reads with it. Not thread-safe.

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

static_assert(std::endian::native == std::endian::little, "a big-endian port must swap here");

namespace kontor::abi {

enum class Op : std::uint8_t {
    kRecord = 0,     ///< pull, fetch, find: the record as it is
    kDeleted = 1,    ///< pull: it was deleted at the remote
    kMissing = 2,    ///< fetch: no such id (any more)
    kForbidden = 3,  ///< fetch: it exists but we may not see it
    kMerged = 4,     ///< pull, fetch: merged into the record named by `key`
    kConverted = 5,  ///< pull, fetch: converted; `key` is the new record's id, if any
    kId = 6,         ///< list_ids: id and version only
    kCreate = 16,    ///< push; `key` is the record's uid
    kUpdate = 17,    ///< push; `version` is what the update was based on, if it matters
    kDelete = 18,    ///< push
};

enum class Tag : std::uint8_t { kAbsent = 0, kNull = 1, kInteger = 2, kReal = 3, kText = 4 };

/// Appends records to a buffer that it owns. add_*() belong to the record last begun.
class BatchWriter {
public:
    BatchWriter() { clear(); }

    /// `version` must order bytewise (older < newer); `actor` is the remote's id of who changed it.
    void begin(Op op, std::string_view id, std::string_view version = {}, std::string_view key = {},
               std::string_view actor = {}) {
        finish();
        start_ = used_;
        char* at = room(4 + 1 + 4 * 4 + id.size() + version.size() + key.size() + actor.size() + 2);
        at = put<std::uint32_t>(at, 0);
        at = put(at, static_cast<std::uint8_t>(op));
        for (const std::string_view text : {id, version, key, actor}) at = put_str(at, text);
        count_at_ = static_cast<std::size_t>(at - bytes_.data());
        used_to(put<std::uint16_t>(at, 0));
        ++records_;
    }
    void add_null(std::uint16_t field) { used_to(tag(room(3), field, Tag::kNull)); }
    void add(std::uint16_t field, std::int64_t value) {
        used_to(put(tag(room(11), field, Tag::kInteger), value));
    }
    void add(std::uint16_t field, double value) {
        used_to(put(tag(room(11), field, Tag::kReal), value));
    }
    void add(std::uint16_t field, std::string_view value) {
        used_to(put_str(tag(room(7 + value.size()), field, Tag::kText), value));
    }
    void add(std::uint16_t field, const char* value) { add(field, std::string_view(value)); }

    /// Adds all records of another batch about the same fields.
    void append(BatchWriter& other) {
        finish();
        const std::string_view more = other.bytes().substr(kHeadSize);
        std::memcpy(room(more.size()), more.data(), more.size());
        used_ += more.size();
        records_ += other.records_;
    }

    [[nodiscard]] std::size_t records() const { return records_; }
    /// The whole batch; valid until the next begin(), add or clear().
    [[nodiscard]] std::string_view bytes() {
        finish();
        return {bytes_.data(), used_};
    }
    void clear() {
        used_ = 0;
        std::memcpy(room(kHeadSize), "KB\1\0", kHeadSize);
        used_ = kHeadSize;
        start_ = count_at_ = 0;
        fields_ = 0;
        records_ = 0;
    }

private:
    static constexpr std::size_t kHeadSize = 4;

    // Room is made once for a whole value: this is the hot path of a load.
    char* room(std::size_t count) {
        if (bytes_.size() < used_ + count) bytes_.resize((bytes_.size() + count) * 2);
        return bytes_.data() + used_;
    }
    void used_to(const char* end) { used_ = static_cast<std::size_t>(end - bytes_.data()); }
    template <class T>
    static char* put(char* at, T value) {
        std::memcpy(at, &value, sizeof value);
        return at + sizeof value;
    }
    static char* put_str(char* at, std::string_view text) {
        at = put(at, static_cast<std::uint32_t>(text.size()));
        if (!text.empty()) std::memcpy(at, text.data(), text.size());
        return at + text.size();
    }
    char* tag(char* at, std::uint16_t field, Tag t) {
        ++fields_;
        return put(put(at, field), static_cast<std::uint8_t>(t));
    }
    void finish() {
        if (start_ == 0) return;
        put(bytes_.data() + start_, static_cast<std::uint32_t>(used_ - start_ - 4));
        put(bytes_.data() + count_at_, fields_);
        start_ = 0;
        fields_ = 0;
    }

    std::string bytes_;  // as far as used_
    std::size_t used_ = 0;
    std::size_t start_ = 0;     // of the open record, 0 if none
    std::size_t count_at_ = 0;  // where its field count goes
    std::uint16_t fields_ = 0;
    std::size_t records_ = 0;
};

/// Reads a batch that came from the other side: every size is checked, nothing is trusted.
/// Views point into the batch.
class BatchReader {
public:
    struct Field {
        std::uint16_t field = 0;
        Tag tag = Tag::kAbsent;
        std::int64_t integer = 0;
        double real = 0;
        std::string_view text;
    };
    struct Record {
        Op op = Op::kRecord;
        std::string_view id, version, key, actor;
        std::uint16_t count = 0;  ///< fields still to be read with next_field()
    };

    explicit BatchReader(std::string_view batch) : rest_(batch) {
        ok_ = batch.size() >= 4 && batch.substr(0, 4) == std::string_view("KB\1\0", 4);
        if (ok_) rest_.remove_prefix(4);
    }

    /// The next record; nullopt at the end or if the batch is malformed (see ok()). Skips what is
    /// left unread of the one before.
    std::optional<Record> next() {
        if (!ok_ || rest_.empty()) return std::nullopt;
        std::uint32_t size = 0;
        if (!take(rest_, size) || size > rest_.size()) return bad();
        record_ = rest_.substr(0, size);
        rest_.remove_prefix(size);
        Record out;
        std::uint8_t op = 0;
        if (!take(record_, op) || !take_str(record_, out.id) || !take_str(record_, out.version) ||
            !take_str(record_, out.key) || !take_str(record_, out.actor) ||
            !take(record_, out.count) || !known(op))
            return bad();
        out.op = static_cast<Op>(op);
        return out;
    }

    /// One field of the current record; false if malformed. Call `count` times.
    bool next_field(Field& out) {
        std::uint8_t tag = 0;
        if (!take(record_, out.field) || !take(record_, tag)) return ok_ = false;
        switch (tag) {
            case 0:
            case 1:
                break;
            case 2:
                if (!take(record_, out.integer)) return ok_ = false;
                break;
            case 3:
                if (!take(record_, out.real)) return ok_ = false;
                break;
            case 4:
                if (!take_str(record_, out.text)) return ok_ = false;
                break;
            default:
                return ok_ = false;
        }
        out.tag = static_cast<Tag>(tag);
        return true;
    }

    [[nodiscard]] bool ok() const { return ok_; }

private:
    static bool known(std::uint8_t op) { return op <= 6 || (op >= 16 && op <= 18); }
    template <class T>
    static bool take(std::string_view& from, T& out) {
        if (from.size() < sizeof out) return false;
        std::memcpy(&out, from.data(), sizeof out);
        from.remove_prefix(sizeof out);
        return true;
    }
    static bool take_str(std::string_view& from, std::string_view& out) {
        std::uint32_t size = 0;
        if (!take(from, size) || size > from.size()) return false;
        out = from.substr(0, size);
        from.remove_prefix(size);
        return true;
    }
    std::optional<Record> bad() {
        ok_ = false;
        return std::nullopt;
    }

    std::string_view rest_;
    std::string_view record_;
    bool ok_ = false;
};

}  // namespace kontor::abi
