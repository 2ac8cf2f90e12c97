#include "tests/peers/zoho/generator.hpp"

#include <algorithm>
#include <charconv>

#include "tests/peers/base/times.hpp"
#include "tests/peers/base/words.hpp"

namespace kontor::peer::zoho {

namespace {

constexpr std::int64_t kFirstCreated = 1546300800;  // 2019-01-01
constexpr std::uint64_t kBatches = 400;             // imports that share one second

// Salts of values that several fields of one record share.
constexpr std::uint64_t kPersonSalt = 900;
constexpr std::uint64_t kPlaceSalt = 901;
constexpr std::uint64_t kTimeSalt = 902;
constexpr std::uint64_t kCompanySalt = 903;
constexpr std::uint64_t kConvertedSalt = 904;
constexpr std::uint64_t kStartSalt = 905;
constexpr std::uint64_t kFillSalt = 10000;

std::uint64_t mix(std::uint64_t x) {
    x += 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
}

template <typename List>
const auto& pick(const List& list, std::uint64_t h) {
    return list[h % list.size()];
}

void append_number(std::string& out, std::uint64_t value) {
    char buffer[24];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    out.append(buffer, end);
}

void append_digits(std::string& out, std::uint64_t value, int count) {
    std::uint64_t scale = 1;
    for (int i = 1; i < count; ++i) scale *= 10;
    for (; scale > 0; scale /= 10) out += static_cast<char>('0' + value / scale % 10);
}

void append_cents(std::string& out, std::uint64_t cents) {
    append_number(out, cents / 100);
    if (cents % 100 == 0) return;
    out += '.';
    out += static_cast<char>('0' + cents / 10 % 10);
    if (cents % 10 != 0) out += static_cast<char>('0' + cents % 10);
}

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    out += text;
    out += '"';
}

std::uint64_t spread(const GeneratorSpec& spec, std::uint64_t h) {
    return static_cast<std::uint64_t>(spec.low) +
           h % static_cast<std::uint64_t>(spec.high - spec.low + 1);
}

}  // namespace

struct Generator::Person {
    bool chinese;
    words::Pair last;
    words::Pair first;
    const words::Place* place;
    std::uint64_t h;
};

Generator::Generator(const Catalogue& catalogue, std::uint64_t seed, const Counts& counts,
                     std::int64_t data_end_s)
    : catalogue_(catalogue), seed_(mix(seed)), counts_(counts), data_end_s_(data_end_s) {}

std::uint64_t Generator::hash(const Module& module, std::uint64_t slot, std::uint64_t salt) const {
    return mix(seed_ ^ (slot * 0xD6E8FEB86659FD93ULL) ^
               (static_cast<std::uint64_t>(module.number) << 40) ^ (salt << 48));
}

Generator::Person Generator::person(const Module& module, std::uint64_t slot) const {
    const std::uint64_t h = hash(module, slot, kPersonSalt);
    const std::uint64_t p = h >> 32;
    Person person{};
    person.h = h;
    person.chinese = h % 100 < 60;
    if (person.chinese) {
        person.last = pick(words::kSurnames, h >> 8);
        person.first = pick(words::kGivenNames, h >> 20);
        person.place = &pick(words::kChinesePlaces, p);
    } else {
        person.last = pick(words::kEnglishSurnames, h >> 8);
        person.first = pick(words::kEnglishGivenNames, h >> 20);
        person.place = &pick(words::kEnglishPlaces, p);
    }
    return person;
}

std::int64_t Generator::created_s(const Module& module, std::uint64_t slot) const {
    const std::uint64_t total = std::max<std::uint64_t>(counts_[module.number], 1);
    const double share = static_cast<double>(slot) / static_cast<double>(total);
    return kFirstCreated +
           static_cast<std::int64_t>(share * static_cast<double>(data_end_s_ - kFirstCreated));
}

std::int64_t Generator::modified_s(const Module& module, std::uint64_t slot) const {
    const std::int64_t created = created_s(module, slot);
    const std::uint64_t h = hash(module, slot, kTimeSalt);
    const auto span = static_cast<std::uint64_t>(data_end_s_ - created);
    if (h % 10 < 4 || span == 0) return created;
    const std::int64_t free = created + static_cast<std::int64_t>((h >> 8) % span);
    if (h % 10 > 5) return free;
    // Mass updates: thousands of records share one second.
    const std::uint64_t batch = (h >> 8) % kBatches;
    const auto step = static_cast<std::uint64_t>(data_end_s_ - kFirstCreated) / kBatches;
    const std::int64_t at = kFirstCreated + static_cast<std::int64_t>(batch * step);
    return at >= created ? at : free;
}

bool Generator::converted(const Module& module, std::uint64_t slot) const {
    return module.api_name == "Leads" && hash(module, slot, kConvertedSalt) % 100 < 12;
}

void Generator::append_user(std::uint64_t h, std::string& out) const {
    append_quoted(out, catalogue_.users()[h % 4].id);
}

void Generator::append_reference(unsigned module_number, std::uint64_t h, std::string& out) const {
    const std::uint64_t total = counts_[module_number];
    if (total == 0) return;
    out += '"';
    append_number(out, record_id_value(module_number, (h >> 7) % total));
    out += '"';
}

void Generator::append_company(const Module& module, std::uint64_t slot, std::string& out) const {
    const std::uint64_t h = hash(module, slot, kCompanySalt);
    const std::uint64_t brand = h % words::kBrands.size();
    if (brand < words::kChineseBrands) {
        out += words::kBrands[brand].text;
        out += pick(words::kChineseTrades, h >> 10);
        append_number(out, (h >> 20) % 900);
        out += "有限公司";
        out += "（";
        out += pick(words::kChinesePlaces, h >> 32).city;
        out += "）";
    } else {
        out += words::kBrands[brand].text;
        out += ' ';
        out += pick(words::kEnglishTrades, h >> 10);
        out += ' ';
        append_number(out, (h >> 20) % 900);
        out += (h >> 40) % 2 == 0 ? " Ltd." : " Inc.";
    }
}

void Generator::append_place(Make code, const Module& module, std::uint64_t slot,
                             std::string& out) const {
    const Person who = person(module, slot);
    const std::uint64_t h = hash(module, slot, kPlaceSalt);
    out += '"';
    if (code == Make::kCity) {
        out += who.place->city;
    } else if (code == Make::kState) {
        out += who.place->state;
    } else if (code == Make::kCountry) {
        out += who.chinese ? "中国" : "United States";
    } else if (code == Make::kZip) {
        out += who.place->zip;
        append_digits(out, h >> 12, 4);
    } else if (who.chinese) {
        out += who.place->city;
        out += pick(words::kChineseStreets, h);
        append_number(out, (h >> 8) % 999 + 1);
        out += "号";
        append_number(out, (h >> 20) % 30 + 1);
        out += "楼";
    } else {
        append_number(out, (h >> 8) % 9999 + 1);
        out += ' ';
        out += pick(words::kEnglishStreets, h);
    }
    out += '"';
}

void Generator::append_prose(std::uint64_t h, bool chinese, std::string& out) const {
    out += '"';
    const std::uint64_t sentences = 1 + h % 4;
    for (std::uint64_t i = 0; i < sentences; ++i) {
        const std::uint64_t p = mix(h + i);
        if (i > 0) out += p % 5 == 0 ? "\\n" : chinese ? "" : " ";
        out += chinese ? pick(words::kChineseSentences, p) : pick(words::kEnglishSentences, p);
    }
    out += '"';
}

void Generator::append_items(const Module& module, const Field& field, std::uint64_t slot,
                             std::string& out) const {
    const Module* rows = catalogue_.find(field.target);
    const Module* products = catalogue_.find("Products");
    if (rows == nullptr || products == nullptr || counts_[products->number] == 0) return;
    const std::uint64_t h = hash(module, slot, 77);
    out += '[';
    for (std::uint64_t i = 0; i < 1 + h % 3; ++i) {
        const std::uint64_t p = mix(h + i);
        const std::uint64_t product = p % counts_[products->number];
        const std::uint64_t quantity = 1 + (p >> 20) % 20;
        const std::uint64_t cents = 1000 + (p >> 30) % 500000;
        if (i > 0) out += ',';
        out +=
            R"({"id":")" + record_id(rows->number, slot * 4 + i) + R"(","Product_Name":{"name":")";
        out += pick(words::kProducts, hash(*products, product, kCompanySalt));
        out += R"(","id":")" + record_id(products->number, product) + R"("},"Quantity":)";
        append_number(out, quantity);
        out += R"(,"List_Price":)";
        append_cents(out, cents);
        out += R"(,"Discount":0,"Tax":0,"Total":)";
        append_cents(out, cents * quantity);
        out += R"(,"Description":null,"Sequence_Number":)";
        append_number(out, i + 1);
        out += '}';
    }
    out += ']';
}

void Generator::append_many_module(Make code, std::uint64_t h, std::string& out) const {
    const bool person_first = code == Make::kParent && h % 2 == 0;
    const Module* target = catalogue_.find(person_first ? "Contacts"
                                           : h % 3 == 0 ? "Deals"
                                                        : "Accounts");
    if (target != nullptr) append_reference(target->number, h >> 3, out);
}

bool Generator::append_person(Make code, const Module& module, std::uint64_t slot, std::uint64_t h,
                              std::string& out) const {
    const Person who = person(module, slot);
    if (code == Make::kLast) {
        append_quoted(out, who.last.text);
    } else if (code == Make::kFirst) {
        append_quoted(out, who.first.text);
    } else if (code == Make::kFull) {
        out += '"';
        out += who.first.text;
        out += ' ';
        out += who.last.text;
        out += '"';
    } else if (code == Make::kEmail) {
        out += '"';
        out += who.first.latin;
        out += '.';
        out += who.last.latin;
        out += '.';
        append_number(out, slot);
        out += '@';
        out += pick(words::kBrands, who.h >> 40).latin;
        out += who.chinese ? ".example.cn\"" : ".example.com\"";
    } else if (code == Make::kHandle) {
        out += '"';
        out += who.last.latin;
        out += '_';
        append_number(out, h % 100000);
        out += '"';
    } else if (code == Make::kWebsite) {
        out += "\"https://www.";
        out += pick(words::kBrands, h).latin;
        out += who.chinese ? ".example.cn\"" : ".example.com\"";
    } else if (code == Make::kPhone) {
        out += who.chinese ? "\"+86 " : "\"+1 ";
        out += who.chinese ? who.place->phone.substr(1) : who.place->phone;
        out += ' ';
        append_digits(out, h, 4);
        out += ' ';
        append_digits(out, h >> 20, 4);
        out += '"';
    } else if (code == Make::kMobile) {
        out += who.chinese ? "\"+86 13" : "\"+1 555 ";
        append_digits(out, h, who.chinese ? 9 : 7);
        out += '"';
    } else {
        return false;
    }
    return true;
}

void Generator::append_options(const Field& field, std::uint64_t h, std::string& out) const {
    if (field.type == Type::multiselectpicklist) {
        out += '[';
        const std::uint64_t first = h % field.options.size();
        append_quoted(out, field.options[first]);
        if ((h >> 20) % 2 == 0 && first + 1 < field.options.size()) {
            out += ',';
            append_quoted(out, field.options[first + 1]);
        }
        out += ']';
        return;
    }
    const std::size_t skip = field.options[0] == "-None-" ? 1 : 0;
    append_quoted(out, field.options[skip + h % (field.options.size() - skip)]);
}

bool Generator::append_scalar(const Module& module, const Field& field, std::uint64_t slot,
                              std::uint64_t h, std::string& out) const {
    const GeneratorSpec& spec = field.generator;
    if (spec.code == Make::kInt) {
        append_number(out, spread(spec, h));
    } else if (spec.code == Make::kMoney) {
        append_cents(out, spread(spec, h) * 100 + (h % 3 == 0 ? (h >> 32) % 100 : 0));
    } else if (spec.code == Make::kReal) {
        append_cents(out, spread(spec, h));
    } else if (spec.code == Make::kBool) {
        out += h % 100 < static_cast<std::uint64_t>(spec.low) ? "true" : "false";
    } else if (spec.code == Make::kDate) {
        const std::int64_t first = (spec.low - 1970) * 36525 / 100;
        const std::int64_t days = (spec.high - spec.low + 1) * 365;
        out += '"';
        append_date(out, first + static_cast<std::int64_t>(h % static_cast<std::uint64_t>(days)));
        out += '"';
    } else if (spec.code == Make::kActivity) {
        out += std::to_string(data_end_s_ - static_cast<std::int64_t>(h % (500 * 86400)));
    } else if (spec.code == Make::kStart || spec.code == Make::kEnd) {
        const std::uint64_t p = hash(module, slot, kStartSalt);
        const std::int64_t start =
            data_end_s_ - 300 * kDaySeconds + static_cast<std::int64_t>(p % (600 * 96)) * 900;
        out += std::to_string(spec.code == Make::kStart ? start : start + 3600);
    } else if (spec.code == Make::kClock) {
        out += '"';
        append_digits(out, h % 60, 2);
        out += ':';
        append_digits(out, (h >> 10) % 60, 2);
        out += '"';
    } else if (spec.code == Make::kNumber) {
        out += '"';
        append_number(out, 100000 + slot);
        out += '"';
    } else {
        return false;
    }
    return true;
}

void Generator::append(const Module& module, std::size_t index, std::uint64_t slot,
                       std::string& out) const {
    if (index < kOwner) {
        if (index == kId) append_quoted(out, record_id(module.number, slot));
        if (index == kCreatedTime) out += std::to_string(created_s(module, slot));
        if (index == kModifiedTime) out += std::to_string(modified_s(module, slot));
        if (index == kCreatedBy) append_user(hash(module, slot, index), out);
        if (index == kModifiedBy) append_user(hash(module, slot, index), out);
        return;
    }
    const Field& field = module.fields[index];
    const Make code = field.generator.code;
    const std::uint64_t h = hash(module, slot, index);
    if (field.computed && field.api_name == "Expected_Revenue") {
        std::string amount;
        std::string probability;
        append(module, *module.find_index("Amount"), slot, amount);
        append(module, *module.find_index("Probability"), slot, probability);
        if (amount.empty() || probability.empty()) return;
        const auto whole = std::stoull(amount) * std::stoull(probability);
        append_cents(out, whole);
        return;
    }
    if (code == Make::kNothing) return;
    if (field.generator.fill_percent < 100 &&
        (h ^ kFillSalt) / 7 % 100 >= field.generator.fill_percent)
        return;
    const std::uint64_t p = mix(h);
    switch (field.type) {
        case Type::picklist:
        case Type::multiselectpicklist:
            if (code == Make::kStatus) {
                out += "\"Available\"";
            } else if (code == Make::kCurrency) {
                out += "\"CNY\"";
            } else {
                append_options(field, p, out);
            }
            return;
        case Type::lookup:
            if (code == Make::kRef) {
                if (const Module* target = catalogue_.find(field.target); target != nullptr)
                    append_reference(target->number, p, out);
            } else if (slot > 0) {
                append_quoted(out, record_id(module.number, p % slot));
            }
            return;
        case Type::ownerlookup:
        case Type::userlookup:
            append_user(p, out);
            return;
        case Type::multi_module_lookup:
            append_many_module(code, p, out);
            return;
        case Type::subform:
            append_items(module, field, slot, out);
            return;
        default:
            break;
    }
    if (code == Make::kCompany) {
        out += '"';
        append_company(module, slot, out);
        out += '"';
    } else if (code == Make::kDeal) {
        out += '"';
        append_company(module, slot, out);
        out += " - ";
        out += pick(words::kProducts, p);
        out += '"';
    } else if (code == Make::kProduct) {
        out += '"';
        out += pick(words::kProducts, hash(module, slot, kCompanySalt));
        out += ' ';
        append_number(out, slot % 1000);
        out += '"';
    } else if (code == Make::kSubject) {
        append_quoted(out, pick(words::kSubjects, p));
    } else if (code == Make::kTitle) {
        append_quoted(out, pick(words::kTitles, p));
    } else if (code == Make::kDepartment) {
        append_quoted(out, pick(words::kDepartments, p));
    } else if (code == Make::kProse) {
        append_prose(p, person(module, slot).chinese, out);
    } else if (code == Make::kConverted) {
        out += converted(module, slot) ? "true" : "false";
    } else if (code == Make::kConvertedTime) {
        if (converted(module, slot)) out += std::to_string(modified_s(module, slot));
    } else if (code == Make::kLocked) {
        out += "false";
    } else if (code == Make::kOne) {
        out += '1';
    } else if (code == Make::kCity || code == Make::kState || code == Make::kZip ||
               code == Make::kCountry || code == Make::kStreet) {
        append_place(code, module, slot, out);
    } else if (!append_scalar(module, field, slot, p, out)) {
        append_person(code, module, slot, p, out);
    }
}

}  // namespace kontor::peer::zoho
