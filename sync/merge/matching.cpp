#include "sync/merge/matching.hpp"

#include <algorithm>
#include <map>
#include <span>

namespace kontor::merge {
namespace {

/// Fewer digits are an extension, not a telephone number.
constexpr std::size_t kPhoneDigitsMin = 7;
/// As many equal digits at the end make two numbers the same, however each is dialled.
constexpr std::size_t kPhoneTail = 9;

/// Columns of people and companies.
constexpr std::string_view kEmails[] = {"email", "secondary_email"};
constexpr std::string_view kPhones[] = {"phone", "mobile", "home_phone", "other_phone"};

/// Mailboxes that belong to nobody in particular.
constexpr std::string_view kSharedMailboxes[] = {"info",    "sales", "office", "contact",
                                                 "service", "admin", "mail",   "support",
                                                 "hello",   "hr",    "team",   "noreply"};

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

// Half width for the full-width forms U+FF01 … U+FF5E, a blank for U+3000.
std::string half_width(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = [&](std::size_t at) {
            return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
        };
        if (byte(i) == 0xEF && (byte(i + 1) == 0xBC || byte(i + 1) == 0xBD)) {
            const unsigned point = ((byte(i + 1) & 0x3FU) << 6) | (byte(i + 2) & 0x3FU);
            if (point >= 0xF01 && point <= 0xF5E) {
                out += static_cast<char>(point - 0xF01 + '!');
                i += 2;
                continue;
            }
        }
        if (byte(i) == 0xE3 && byte(i + 1) == 0x80 && byte(i + 2) == 0x80) {
            out += ' ';
            i += 2;
            continue;
        }
        out += text[i];
    }
    return out;
}

std::string folded_email(std::string_view text) {
    return lower(trimmed(half_width(text)));
}

bool in_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Latin names in whatever order their parts stand; others as they are written, family name first.
std::string person_name(const std::string& last, const std::string& first) {
    const std::string both = half_width(last + " " + first);
    if (!in_ascii(both)) return fold_name(half_width(last) + half_width(first));
    std::vector<std::string> parts;
    std::string part;
    for (const char c : both + " ") {
        if (c != ' ' && c != ',') {
            part += c;
            continue;
        }
        if (auto folded = fold_name(part); !folded.empty()) parts.push_back(std::move(folded));
        part.clear();
    }
    std::ranges::sort(parts);
    std::string out;
    for (const auto& one : parts) out += (out.empty() ? "" : " ") + one;
    return out;
}

void add(std::vector<std::string>& list, std::string text) {
    if (!text.empty() && std::ranges::find(list, text) == list.end())
        list.push_back(std::move(text));
}

std::string domain_of(std::string_view website) {
    std::string out = lower(trimmed(website));
    if (const auto scheme = out.find("://"); scheme != std::string::npos) out.erase(0, scheme + 3);
    if (out.starts_with("www.")) out.erase(0, 4);
    return out.substr(0, out.find_first_of("/:?#"));
}

enum class Agreement { kUnknown, kSame, kDiffer };

Agreement agree(const std::string& a, const std::string& b) {
    if (a.empty() || b.empty()) return Agreement::kUnknown;
    return a == b ? Agreement::kSame : Agreement::kDiffer;
}

template <class Same>
Agreement agree_any(const std::vector<std::string>& a, const std::vector<std::string>& b,
                    Same same) {
    if (a.empty() || b.empty()) return Agreement::kUnknown;
    for (const auto& x : a)
        for (const auto& y : b)
            if (same(x, y)) return Agreement::kSame;
    return Agreement::kDiffer;
}

bool same_phone(const std::string& a, const std::string& b) {
    if (a == b) return true;
    const auto& shorter = a.size() < b.size() ? a : b;
    const auto& longer = a.size() < b.size() ? b : a;
    return shorter.size() >= kPhoneTail && longer.ends_with(shorter);
}

bool personal(const std::string& email) {
    return std::ranges::find(kSharedMailboxes, email.substr(0, email.find('@'))) ==
           std::end(kSharedMailboxes);
}

Comparison certain(const char* rule) {
    return {Likeness::kCertain, rule};
}
Comparison possible(const char* rule) {
    return {Likeness::kPossible, rule};
}

Comparison compare_people(const Profile& a, const Profile& b) {
    using enum Agreement;
    const auto name = agree(a.name, b.name);
    const auto company = agree(a.company, b.company);
    const auto email = agree_any(a.emails, b.emails, std::equal_to<>());
    const auto phone = agree_any(a.phones, b.phones, same_phone);
    if (name == kSame) {
        if (email == kSame) return certain("email+name");
        if (phone == kSame && email != kDiffer) return certain("phone+name");
        if (phone == kSame) return possible("phone+name");
        if (company == kSame) return possible("name+company");
        return {};
    }
    const bool own_mailbox = std::ranges::any_of(a.emails, [&](const auto& one) {
        return personal(one) && std::ranges::find(b.emails, one) != b.emails.end();
    });
    if (own_mailbox) return possible("email");
    if (name == kUnknown && phone == kSame) return possible("phone");
    return {};
}

Comparison compare_companies(const Profile& a, const Profile& b) {
    using enum Agreement;
    const auto number = agree(a.number, b.number);
    const auto name = agree(a.name, b.name);
    if (number == kSame) return name == kSame ? certain("number+name") : possible("number");
    if (name != kSame || number == kDiffer) return {};
    const auto domain = agree(a.domain, b.domain);
    const auto phone = agree_any(a.phones, b.phones, same_phone);
    const auto email = agree_any(a.emails, b.emails, std::equal_to<>());
    if (domain == kSame) return certain("domain+name");
    if (domain == kDiffer) return possible("name");
    if (phone == kSame) return certain("phone+name");
    if (email == kSame) return certain("email+name");
    return possible("name");
}

Comparison compare_users(const Profile& a, const Profile& b) {
    // An account of one's own: the address is the identity.
    if (agree_any(a.emails, b.emails, std::equal_to<>()) == Agreement::kSame)
        return certain("email");
    return {};
}

Comparison compare_products(const Profile& a, const Profile& b) {
    using enum Agreement;
    const auto number = agree(a.number, b.number);
    const auto name = agree(a.name, b.name);
    if (number == kSame) return name == kSame ? certain("number+name") : possible("number");
    return name == kSame && number == kUnknown ? possible("name") : Comparison{};
}

bool is_among(std::span<const std::string_view> names, const FieldMapping& field) {
    return field.columns.size() == 1 &&
           std::ranges::find(names, field.columns.front()) != names.end();
}

// Nothing but a number: "138 0013 8000 (Li)" and "ext. 12" say more.
bool is_number(std::string_view text) {
    return std::ranges::all_of(half_width(text), [](char c) {
        return (c >= '0' && c <= '9') ||
               std::string_view(" +-()./").find(c) != std::string_view::npos;
    });
}

}  // namespace

bool same_but_spelling(const FieldMapping& field, const Value& a, const Value& b) {
    if (field.lens != LensKind::kPlain || a.kind() != Kind::kText || b.kind() != Kind::kText)
        return false;
    if (field.type == remote::FieldType::kEmail || is_among(kEmails, field))
        return folded_email(a.text()) == folded_email(b.text());
    if (field.type != remote::FieldType::kPhone && !is_among(kPhones, field)) return false;
    const auto x = fold_phone(a.text()), y = fold_phone(b.text());
    return is_number(a.text()) && is_number(b.text()) && !x.empty() && same_phone(x, y);
}

std::string fold_name(std::string_view text) {
    std::string out;
    for (const char c : lower(half_width(text))) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) out += c;
    }
    return out;
}

std::string fold_phone(std::string_view text) {
    std::string digits;
    for (const char c : half_width(text))
        if (c >= '0' && c <= '9') digits += c;
    if (digits.starts_with("00")) digits.erase(0, 2);
    if (digits.starts_with("86") && digits.size() >= 12) digits.erase(0, 2);
    if (digits.starts_with('0')) digits.erase(0, 1);
    return digits.size() < kPhoneDigitsMin ? "" : digits;
}

const std::vector<std::string>& identity_columns(std::string_view entity) {
    static const std::map<std::string, std::vector<std::string>, std::less<>> columns = {
        {"contact",
         {"last_name", "first_name", "email", "secondary_email", "phone", "mobile", "home_phone",
          "other_phone", "account_id", "company"}},
        {"lead",
         {"last_name", "first_name", "email", "secondary_email", "phone", "mobile", "company"}},
        {"account", {"name", "website", "phone", "email", "tax_number"}},
        {"user", {"full_name", "email"}},
        {"product", {"name", "code"}},
    };
    static const std::vector<std::string> none;
    const auto found = columns.find(entity);
    return found == columns.end() ? none : found->second;
}

Profile profile_of(std::string_view entity, const std::function<Value(std::string_view)>& value,
                   std::string_view company) {
    const auto text = [&](std::string_view column) {
        const Value found = value(column);
        return found.kind() == Kind::kText ? found.text() : std::string();
    };
    Profile out;
    const bool person = entity == "contact" || entity == "lead";
    out.name = person             ? person_name(text("last_name"), text("first_name"))
               : entity == "user" ? fold_name(text("full_name"))
                                  : fold_name(text("name"));
    out.company = fold_name(company.empty() ? text("company") : std::string(company));
    for (const auto column : kEmails) add(out.emails, folded_email(text(column)));
    for (const auto column : kPhones) add(out.phones, fold_phone(text(column)));
    out.number = fold_name(text(entity == "product" ? "code" : "tax_number"));
    out.domain = domain_of(text("website"));
    return out;
}

Comparison compare(std::string_view entity, const Profile& a, const Profile& b) {
    if (entity == "contact" || entity == "lead") return compare_people(a, b);
    if (entity == "account") return compare_companies(a, b);
    if (entity == "user") return compare_users(a, b);
    if (entity == "product") return compare_products(a, b);
    return {};
}

}  // namespace kontor::merge
