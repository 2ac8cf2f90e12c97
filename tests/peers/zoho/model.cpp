#include "tests/peers/zoho/model.hpp"

#include <charconv>
#include <utility>

#include "tests/peers/base/number.hpp"
#include "tests/peers/zoho/model_data.hpp"

namespace kontor::peer::zoho {

namespace {

struct TypeName {
    Type type;
    std::string_view name;
};

constexpr TypeName kTypeNames[] = {
    {Type::text, "text"},
    {Type::textarea, "textarea"},
    {Type::email, "email"},
    {Type::phone, "phone"},
    {Type::website, "website"},
    {Type::picklist, "picklist"},
    {Type::multiselectpicklist, "multiselectpicklist"},
    {Type::lookup, "lookup"},
    {Type::ownerlookup, "ownerlookup"},
    {Type::userlookup, "userlookup"},
    {Type::multiuserlookup, "multiuserlookup"},
    {Type::multi_module_lookup, "multi_module_lookup"},
    {Type::integer, "integer"},
    {Type::bigint, "bigint"},
    {Type::real, "double"},
    {Type::currency, "currency"},
    {Type::percent, "percent"},
    {Type::date, "date"},
    {Type::datetime, "datetime"},
    {Type::boolean, "boolean"},
    {Type::autonumber, "autonumber"},
    {Type::formula, "formula"},
    {Type::rollup_summary, "rollup_summary"},
    {Type::subform, "subform"},
    {Type::fileupload, "fileupload"},
    {Type::imageupload, "imageupload"},
    {Type::tag, "text"},
    {Type::participants, "text"},
    {Type::layout, "layout"},
    {Type::event_reminder, "event_reminder"},
    {Type::rrule, "RRULE"},
};

struct MakeName {
    Make code;
    std::string_view name;
};

constexpr MakeName kMakeNames[] = {
    {Make::kCity, "city"},
    {Make::kState, "state"},
    {Make::kCountry, "country"},
    {Make::kZip, "zip"},
    {Make::kParent, "parent"},
    {Make::kLast, "last"},
    {Make::kFirst, "first"},
    {Make::kFull, "full"},
    {Make::kEmail, "email"},
    {Make::kHandle, "handle"},
    {Make::kWebsite, "website"},
    {Make::kPhone, "phone"},
    {Make::kMobile, "mobile"},
    {Make::kInt, "int"},
    {Make::kMoney, "money"},
    {Make::kReal, "real"},
    {Make::kBool, "bool"},
    {Make::kDate, "date"},
    {Make::kActivity, "activity"},
    {Make::kStart, "start"},
    {Make::kEnd, "end"},
    {Make::kClock, "clock"},
    {Make::kNumber, "number"},
    {Make::kStatus, "status"},
    {Make::kCurrency, "currency"},
    {Make::kRef, "ref"},
    {Make::kCompany, "company"},
    {Make::kDeal, "deal"},
    {Make::kProduct, "product"},
    {Make::kSubject, "subject"},
    {Make::kTitle, "title"},
    {Make::kDepartment, "department"},
    {Make::kProse, "prose"},
    {Make::kConverted, "converted"},
    {Make::kConvertedTime, "converted_time"},
    {Make::kLocked, "locked"},
    {Make::kOne, "one"},
    {Make::kStreet, "street"},
    {Make::kEarlier, "earlier"},
    {Make::kItems, "items"},
    {Make::kPick, "pick"},
    {Make::kSeveral, "several"},
    {Make::kUser, "user"},
    {Make::kWhat, "what"},
};

constexpr std::uint64_t kOrganisation = 4108880000000000000ULL;
constexpr std::uint64_t kModuleStride = 10000000000ULL;
constexpr std::uint64_t kSlotStride = 11;
constexpr std::uint64_t kFirstRecord = 86003;

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> out;
    while (true) {
        const std::size_t at = text.find(separator);
        out.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return out;
        text.remove_prefix(at + 1);
    }
}

GeneratorSpec parse_generator(std::string_view text) {
    GeneratorSpec spec;
    if (const std::size_t at = text.find('?'); at != std::string_view::npos) {
        spec.fill_percent = static_cast<unsigned>(leading_number(text.substr(at + 1)));
        text = text.substr(0, at);
    }
    const auto parts = split(text, ':');
    for (const auto& entry : kMakeNames) {
        if (entry.name == parts[0]) spec.code = entry.code;
    }
    if (parts.size() > 1) spec.low = leading_number(parts[1]);
    if (parts.size() > 2) spec.high = leading_number(parts[2]);
    return spec;
}

std::string label_of(std::string_view api_name) {
    std::string label(api_name);
    for (char& c : label) {
        if (c == '_') c = ' ';
    }
    return label;
}

Field system_field(std::string_view name, Type type) {
    Field field;
    field.api_name = name;
    field.label = label_of(name);
    field.type = type;
    field.read_only = true;
    return field;
}

Field parse_field(std::string_view line) {
    const auto columns = split(line, '|');
    Field field;
    field.api_name = columns[0];
    field.label = label_of(columns[0]);
    const std::size_t colon = columns[1].find(':');
    field.type = type_from_name(columns[1].substr(0, colon)).value_or(Type::text);
    if (colon != std::string_view::npos) {
        const std::string_view argument = columns[1].substr(colon + 1);
        if (field.type == Type::picklist || field.type == Type::multiselectpicklist) {
            for (const auto option : split(argument, ';')) field.options.emplace_back(option);
        } else if (field.type == Type::lookup || field.type == Type::subform) {
            field.target = argument;
        } else {
            field.length = leading_number(argument);
        }
    }
    if (field.type == Type::picklist) field.length = 120;
    if (field.type == Type::currency || field.type == Type::real) field.decimals = 2;
    for (const char flag : columns[2]) {
        field.mandatory = field.mandatory || flag == 'M';
        field.read_only = field.read_only || flag == 'R';
        field.unique = field.unique || flag == 'U';
        field.custom = field.custom || flag == 'C';
        field.computed = field.computed || flag == '=';
        field.rich = field.rich || flag == 'T';
    }
    field.generator = parse_generator(columns[3]);
    return field;
}

Field external_field(const std::string& name) {
    Field field = parse_field(name + "|text:64|UC|");
    field.external = true;
    return field;
}

void demand(Module& module, const std::string& mandatory) {
    bool first = true;
    for (Field& field : module.fields) {
        if (mandatory == "names" && field.mandatory && !std::exchange(first, false))
            field.mandatory = false;
        if (mandatory == "more" && module.api_name == "Deals" && field.api_name == "Pipeline")
            field.mandatory = true;
    }
}

}  // namespace

std::string_view data_type_name(Type type) {
    for (const auto& entry : kTypeNames) {
        if (entry.type == type) return entry.name;
    }
    return "text";
}

std::optional<Type> type_from_name(std::string_view name) {
    for (const auto& entry : kTypeNames) {
        if (entry.name == name) return entry.type;
    }
    return std::nullopt;
}

bool is_text_like(Type type) {
    return type == Type::text || type == Type::textarea || type == Type::email ||
           type == Type::phone || type == Type::website || type == Type::picklist ||
           type == Type::autonumber || type == Type::rrule || type == Type::event_reminder;
}

bool is_number(Type type) {
    return type == Type::integer || type == Type::bigint || type == Type::real ||
           type == Type::currency || type == Type::percent || type == Type::formula ||
           type == Type::rollup_summary;
}

std::optional<std::size_t> Module::find_index(std::string_view name) const {
    const auto it = index.find(std::string(name));
    if (it == index.end() || !fields[it->second].readable()) return std::nullopt;
    return it->second;
}

const Field* Module::find(std::string_view name) const {
    const auto at = find_index(name);
    return at ? &fields[*at] : nullptr;
}

std::size_t Module::add(Field field) {
    field.key = "\"" + field.api_name + "\":";
    const std::size_t at = fields.size();
    index[field.api_name] = at;
    fields.push_back(std::move(field));
    return at;
}

std::uint64_t Module::metadata_id(std::size_t field) const {
    return 2000 + number * 1000ULL + field * 2 + 1;
}

std::string Module::standard_layout_id() const {
    return system_id(300 + number);
}

const Layout* Module::find_layout(std::string_view id) const {
    for (const Layout& layout : layouts) {
        if (layout.id == id) return &layout;
    }
    return nullptr;
}

Catalogue::Catalogue(const Variant& variant) {
    for (std::size_t i = 0; i < kModuleTextCount; ++i)
        add_module(kModuleTexts[i].header, kModuleTexts[i].fields, variant);
    users_ = {
        {system_id(1001), "Kontor API", "kontor.api@example.com", "active", "CEO"},
        {system_id(1002), "李婷", "li.ting@example.com", "active", "Manager"},
        {system_id(1003), "Patricia Boyle", "patricia.boyle@example.com", "active", "Manager"},
        {system_id(1004), "陈伟", "chen.wei@example.com", "active", "Sales"},
        {system_id(1005), "Marek Novak", "marek.novak@example.com", "inactive", "Sales"},
        {system_id(1006), "Old Colleague", "old.colleague@example.com", "deleted", "Sales"},
    };
}

void Catalogue::add_module(std::string_view header, std::string_view lines,
                           const Variant& variant) {
    const auto columns = split(header, '|');
    auto module = std::make_unique<Module>();
    module->api_name = columns[0];
    module->singular = columns[1];
    module->plural = columns[2];
    module->number = static_cast<unsigned>(modules_.size() + 1);
    module->display_field = columns[4];
    module->duplicate_field = columns[5];
    for (const char flag : columns[3]) {
        if (flag == 'c') module->generated_type = "custom";
        if (flag == 's') {
            module->generated_type = "subform";
            module->stores_records = false;
        }
        if (flag == 'w') {
            module->generated_type = "web";
            module->api_supported = false;
            module->stores_records = false;
        }
        if (flag == 'b') module->bulk_read = false;
        if (flag == 'd') module->deleted_feed = false;
    }
    module->add(system_field("id", Type::bigint));
    module->add(system_field("Created_Time", Type::datetime));
    module->add(system_field("Modified_Time", Type::datetime));
    module->add(system_field("Created_By", Type::ownerlookup));
    module->add(system_field("Modified_By", Type::ownerlookup));
    Field owner = system_field("Owner", Type::ownerlookup);
    owner.read_only = false;
    owner.generator.code = Make::kUser;
    module->add(std::move(owner));
    for (const auto line : split(lines, '\n')) {
        if (!line.empty()) module->add(parse_field(line));
    }
    if (module->api_name == "Events")
        module->fields[module->index.at("Participants")].type = Type::participants;
    if (module->stores_records) {
        module->add(parse_field("Tag|text|R|"));
        module->fields.back().type = Type::tag;
        module->add(parse_field("Record_Status__s|picklist:Available;Draft;Trash|R|status"));
        module->add(parse_field("Locked__s|boolean|R|locked"));
        module->add(parse_field("Currency|picklist:CNY;USD;EUR||currency"));
        module->add(parse_field("Exchange_Rate|double:16|R|one"));
        if (variant.external_field) module->add(external_field("Kontor_Id"));
        for (std::int64_t i = 1; i <= variant.more_external_fields; ++i)
            module->add(external_field("Other_Id_" + std::to_string(i)));
    }
    demand(*module, variant.mandatory);
    if (module->api_name == "Service_Visits")
        module->layouts.push_back({system_id(400 + module->number),
                                   "Quick Visit",
                                   {"Odometer", "Quality", "Helpers"},
                                   {"Outcome"}});
    modules_.push_back(std::move(module));
}

Module* Catalogue::find(std::string_view api_name) {
    for (const auto& module : modules_) {
        if (module->api_name == api_name) return module.get();
    }
    return nullptr;
}

const Module* Catalogue::find(std::string_view api_name) const {
    return const_cast<Catalogue*>(this)->find(api_name);
}

const Module* Catalogue::by_number(unsigned number) const {
    return number >= 1 && number <= modules_.size() ? modules_[number - 1].get() : nullptr;
}

const User* Catalogue::find_user(std::string_view id) const {
    for (const auto& user : users_) {
        if (user.id == id) return &user;
    }
    return nullptr;
}

std::uint64_t record_id_value(unsigned module_number, std::uint64_t slot) {
    return kOrganisation + module_number * kModuleStride + kFirstRecord + slot * kSlotStride;
}

std::string record_id(unsigned module_number, std::uint64_t slot) {
    return std::to_string(record_id_value(module_number, slot));
}

std::optional<RecordAddress> parse_record_id(std::string_view id) {
    if (id.size() != 19) return std::nullopt;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), value);
    if (error != std::errc() || end != id.data() + id.size() || value < kOrganisation)
        return std::nullopt;
    value -= kOrganisation;
    const std::uint64_t number = value / kModuleStride;
    const std::uint64_t rest = value % kModuleStride;
    if (number < 1 || number > 99 || rest < kFirstRecord ||
        (rest - kFirstRecord) % kSlotStride != 0)
        return std::nullopt;
    return RecordAddress{static_cast<unsigned>(number), (rest - kFirstRecord) / kSlotStride};
}

std::string system_id(std::uint64_t number) {
    return std::to_string(kOrganisation + number);
}

}  // namespace kontor::peer::zoho
