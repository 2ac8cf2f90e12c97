#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace kontor {

/// Storage class of a value. Absent, null and empty text are three different things: an absent
/// field says nothing, a null field says "blank".
enum class Kind : std::uint8_t { kAbsent = 0, kNull = 1, kInteger = 2, kReal = 3, kText = 4 };

/// One field's value in flight: a borrowed view. Text is UTF-8 and lives elsewhere.
struct ValueView {
    Kind kind = Kind::kAbsent;
    std::int64_t integer = 0;
    double real = 0;
    std::string_view text = {};

    static ValueView null() { return {.kind = Kind::kNull}; }
    static ValueView of(std::int64_t v) { return {.kind = Kind::kInteger, .integer = v}; }
    static ValueView of(double v) { return {.kind = Kind::kReal, .real = v}; }
    static ValueView of(std::string_view v) { return {.kind = Kind::kText, .text = v}; }

    [[nodiscard]] bool is_absent() const { return kind == Kind::kAbsent; }
    /// Null or empty text: nothing a person would miss.
    [[nodiscard]] bool is_blank() const {
        return kind == Kind::kNull || (kind == Kind::kText && text.empty());
    }
    friend bool operator==(const ValueView& a, const ValueView& b) {
        if (a.kind != b.kind) return false;
        switch (a.kind) {
            case Kind::kInteger:
                return a.integer == b.integer;
            case Kind::kReal:
                return a.real == b.real;
            case Kind::kText:
                return a.text == b.text;
            default:
                return true;
        }
    }
};

/// One field's value, owned. Booleans are integers 0 and 1; instants, dates, decimals of more than
/// 15 digits, remote ids, lists and structures are text in their canonical form (docs/values.md).
class Value {
public:
    Value() = default;  ///< absent
    explicit Value(std::int64_t v) : kind_(Kind::kInteger), integer_(v) {}
    explicit Value(double v) : kind_(Kind::kReal), real_(v) {}
    explicit Value(std::string v) : kind_(Kind::kText), text_(std::move(v)) {}
    explicit Value(std::string_view v) : kind_(Kind::kText), text_(v) {}
    explicit Value(const char* v) : kind_(Kind::kText), text_(v) {}
    explicit Value(const ValueView& v)
        : kind_(v.kind), integer_(v.integer), real_(v.real), text_(v.text) {}
    static Value null() {
        Value v;
        v.kind_ = Kind::kNull;
        return v;
    }

    [[nodiscard]] Kind kind() const { return kind_; }
    [[nodiscard]] std::int64_t integer() const { return integer_; }
    [[nodiscard]] double real() const { return real_; }
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] bool is_absent() const { return kind_ == Kind::kAbsent; }
    [[nodiscard]] bool is_null() const { return kind_ == Kind::kNull; }
    [[nodiscard]] bool is_blank() const { return view().is_blank(); }
    [[nodiscard]] ValueView view() const {
        return {.kind = kind_, .integer = integer_, .real = real_, .text = text_};
    }
    friend bool operator==(const Value& a, const Value& b) { return a.view() == b.view(); }
    friend bool operator==(const Value& a, const ValueView& b) { return a.view() == b; }

private:
    Kind kind_ = Kind::kAbsent;
    std::int64_t integer_ = 0;
    double real_ = 0;
    std::string text_;
};

}  // namespace kontor
