#include "tests/peers/zoho/metadata_api.hpp"

#include <algorithm>

#include "tests/peers/zoho/read_api.hpp"

namespace kontor::peer::zoho {

namespace {

/// Modules whose records are linked rather than looked up.
constexpr std::pair<std::string_view, std::string_view> kLinked[] = {
    {"Leads", "Products"}, {"Contacts", "Products"},  {"Accounts", "Products"},
    {"Deals", "Products"}, {"Campaigns", "Contacts"}, {"Campaigns", "Leads"}};

Json json_type(Type type) {
    switch (type) {
        case Type::lookup:
        case Type::ownerlookup:
        case Type::userlookup:
        case Type::multi_module_lookup:
        case Type::layout:
        case Type::rrule:
        case Type::event_reminder:
            return "jsonobject";
        case Type::multiselectpicklist:
        case Type::multiuserlookup:
        case Type::subform:
        case Type::fileupload:
        case Type::imageupload:
        case Type::tag:
        case Type::participants:
            return "jsonarray";
        case Type::boolean:
            return "boolean";
        case Type::integer:
            return "integer";
        case Type::bigint:
            return "long";
        case Type::real:
        case Type::currency:
        case Type::percent:
        case Type::formula:
        case Type::rollup_summary:
            return "double";
        default:
            return "string";
    }
}

std::int64_t default_length(const Field& field) {
    if (field.length > 0) return field.length;
    switch (field.type) {
        case Type::boolean:
            return 5;
        case Type::integer:
        case Type::percent:
            return 9;
        case Type::date:
            return 20;
        default:
            return 120;
    }
}

}  // namespace

Json MetadataApi::module_json(const Module& module) const {
    const bool writable = module.stores_records && !module.write_denied;
    return {{"api_name", module.api_name},
            {"module_name", module.api_name},
            {"id", system_id(module.number)},
            {"generated_type", module.generated_type},
            {"api_supported", module.api_supported},
            {"viewable", module.stores_records},
            {"creatable", writable},
            {"editable", writable},
            {"deletable", writable},
            {"convertable", module.api_name == "Leads"},
            {"singular_label", module.singular},
            {"plural_label", module.plural},
            {"actual_singular_label", module.singular},
            {"actual_plural_label", module.plural},
            {"parent_module", Json::object()},
            {"global_search_supported", module.api_supported},
            {"presence_sub_menu", false},
            {"triggers_supported", module.stores_records},
            {"feeds_required", false},
            {"scoring_supported", false},
            {"webform_supported", false},
            {"emailTemplate_support", false},
            {"isBlueprintSupported", false},
            {"visible", true},
            {"visibility", 1},
            {"show_as_tab", module.generated_type != "subform"},
            {"status", "visible"},
            {"profiles", Json::array({{{"name", "Administrator"}, {"id", system_id(1500)}}})},
            {"modified_by", nullptr},
            {"modified_time", nullptr},
            {"sequence_number", module.number},
            {"business_card_field_limit", 5},
            {"web_link", nullptr},
            {"description", nullptr}};
}

Json MetadataApi::field_json(const Module& module, std::size_t index) const {
    const Field& field = module.fields[index];
    const bool writable = !field.read_only;
    Json options = Json::array();
    for (std::size_t i = 0; i < field.options.size(); ++i)
        options.push_back({{"display_value", field.display.contains(field.options[i])
                                                 ? field.display.at(field.options[i])
                                                 : field.options[i]},
                           {"actual_value", field.options[i]},
                           {"reference_value", field.options[i]},
                           {"id", system_id(module.metadata_id(index) * 100 + i + 200000000)},
                           {"sequence_number", i + 1},
                           {"type", "used"},
                           {"colour_code", nullptr}});
    Json out{{"id", system_id(module.metadata_id(index))},
             {"api_name", field.api_name},
             {"field_label", field.label},
             {"display_label", field.label},
             {"data_type", data_type_name(field.type)},
             {"json_type", json_type(field.type)},
             {"length", default_length(field)},
             {"decimal_place", field.decimals > 0 ? Json(field.decimals) : Json()},
             {"custom_field", field.custom},
             {"read_only", field.read_only},
             {"field_read_only", field.read_only},
             {"system_mandatory", field.mandatory},
             {"visible", index != kId},
             {"webhook", true},
             {"searchable", true},
             {"sortable", true},
             {"mass_update", writable},
             {"businesscard_supported", true},
             {"created_source", field.custom ? "customize" : "default"},
             {"type", "used"},
             {"quick_sequence_number", nullptr},
             {"tooltip", nullptr},
             {"default_value", nullptr},
             {"display_field", field.api_name == module.display_field},
             {"ui_type", 1},
             {"pick_list_values", std::move(options)},
             {"lookup", Json::object()},
             {"multiselectlookup", Json::object()},
             {"multiuserlookup", Json::object()},
             {"auto_number", Json::object()},
             {"currency", Json::object()},
             {"formula", Json::object()},
             {"unique", Json::object()},
             {"external", nullptr},
             {"subform", nullptr},
             {"crypt", nullptr},
             {"private", nullptr},
             {"view_type",
              {{"view", true}, {"edit", writable}, {"create", writable}, {"quick_create", false}}},
             {"operation_type",
              {{"web_update", writable},
               {"api_create", writable},
               {"web_create", writable},
               {"api_update", writable}}}};
    if (org_.switches.on("json_type_missing") && index % 7 == 6) out.erase("json_type");
    if (field.type == Type::lookup) {
        const Module* target = org_.catalogue.find(field.target);
        out["lookup"] = {{"display_label", field.label},
                         {"api_name", field.api_name},
                         {"id", system_id(module.metadata_id(index) + 100000000)},
                         {"module",
                          {{"api_name", field.target},
                           {"id", target == nullptr ? Json() : Json(system_id(target->number))}}}};
    }
    if (field.type == Type::subform) {
        const Module* target = org_.catalogue.find(field.target);
        out["subform"] = {{"module", field.target},
                          {"id", target == nullptr ? Json() : Json(system_id(target->number))}};
    }
    if (field.type == Type::textarea)
        out["textarea"] = {{"type", field.rich ? "rich_text" : "large"}};
    if (field.type == Type::autonumber)
        out["auto_number"] = {{"prefix", ""}, {"suffix", ""}, {"start_number", 100000}};
    if (field.type == Type::currency)
        out["currency"] = {{"rounding_option", "normal"}, {"precision", field.decimals}};
    if (field.type == Type::formula)
        out["formula"] = {{"return_type", "double"}, {"expression", nullptr}};
    if (field.type == Type::rollup_summary)
        out["rollup_summary"] = {{"return_type", "currency"}, {"rollup_based_on", "sum"}};
    if (field.unique) out["unique"] = {{"casesensitive", "0"}};
    if (field.external) out["external"] = {{"type", "org"}, {"show", true}};
    return out;
}

Json MetadataApi::layout_json(const Module& module, const Layout* layout) const {
    const auto named = [](const std::vector<std::string>& names, const Field& field) {
        return std::find(names.begin(), names.end(), field.api_name) != names.end();
    };
    Json fields = Json::array();
    for (std::size_t i = kOwner; i < module.fields.size(); ++i) {
        const Field& field = module.fields[i];
        if (!field.readable() || (layout != nullptr && named(layout->without, field))) continue;
        Json entry = field_json(module, i);
        entry["required"] =
            field.mandatory || (layout != nullptr && named(layout->mandatory, field));
        entry["sequence_number"] = i;
        fields.push_back(std::move(entry));
    }
    const std::string name = layout == nullptr ? "Standard" : layout->name;
    return {{"id", layout == nullptr ? module.standard_layout_id() : layout->id},
            {"name", name},
            {"api_name", name},
            {"display_label", name},
            {"status", "active"},
            {"visible", true},
            {"source", layout == nullptr ? "system" : "custom"},
            {"has_more_profiles", false},
            {"created_time", nullptr},
            {"modified_time", nullptr},
            {"profiles", Json::array({{{"name", "Administrator"}, {"id", system_id(1500)}}})},
            {"sections", Json::array({{{"api_name", module.singular + "_Information"},
                                       {"name", module.singular + " Information"},
                                       {"display_label", module.singular + " Information"},
                                       {"sequence_number", 1},
                                       {"column_count", 2},
                                       {"isSubformSection", false},
                                       {"type", "used"},
                                       {"fields", std::move(fields)}}})}};
}

std::string MetadataApi::all_view_id(const Module& module) {
    return system_id(800000 + module.number);
}

std::string MetadataApi::own_view_id(const Module& module) {
    return system_id(810000 + module.number);
}

Json MetadataApi::view_json(const Module& module, bool own) const {
    const std::string name = (own ? "My " : "All ") + module.plural;
    return {{"id", own ? own_view_id(module) : all_view_id(module)},
            {"name", name},
            {"display_value", name},
            {"system_name", own ? "MYVIEWS" : "ALLVIEWS"},
            {"category", "public_views"},
            {"system_defined", true},
            {"default", !own}};
}

const Module& MetadataApi::named_module(const Call& call) const {
    const auto name = call.parameter("module");
    if (!name) refuse_missing_parameter("module");
    const Module* module = org_.catalogue.find(*name);
    if (module == nullptr || module->hidden || !module->api_supported)
        refuse(400, "INVALID_MODULE", "the module name given seems to be invalid",
               {{"param_name", "module"}});
    return *module;
}

std::vector<MetadataApi::RelatedList> MetadataApi::related_lists(const Module& module) const {
    std::vector<RelatedList> out;
    for (const auto& other : org_.catalogue.modules()) {
        if (!other->stores_records || other->hidden) continue;
        for (std::size_t i = 0; i < other->fields.size(); ++i) {
            const Field& field = other->fields[i];
            const bool to_any = field.type == Type::multi_module_lookup;
            if (!field.readable() || (!to_any && field.target != module.api_name)) continue;
            if (field.type != Type::lookup && !to_any) continue;
            if (other.get() == &module) continue;
            out.push_back({other->api_name, other.get(), i});
            break;
        }
    }
    for (const auto& [one, other] : kLinked) {
        for (const auto& [from, to] : {std::pair(one, other), std::pair(other, one)}) {
            const Module* listed = org_.catalogue.find(to);
            if (from == module.api_name && listed != nullptr && !listed->hidden)
                out.push_back({listed->api_name, listed, std::nullopt});
        }
    }
    return out;
}

Response MetadataApi::settings(Call& call) {
    call.charge(1);
    const std::string kind = call.path.size() > 1 ? call.path[1] : "";
    const std::string item = call.path.size() > 2 ? call.path[2] : "";
    if (call.request.method != "GET") refuse_method(call.path.size());
    if (kind == "modules") {
        Json list = Json::array();
        for (const auto& module : org_.catalogue.modules()) {
            if (module->hidden) continue;
            if (item.empty() || item == module->api_name) list.push_back(module_json(*module));
        }
        if (list.empty())
            refuse(400, "INVALID_MODULE", "the module name given seems to be invalid",
                   {{"resource_path_index", 2}});
        return json_response(200, {{"modules", std::move(list)}});
    }
    if (kind == "fields") {
        const Module& module = named_module(call);
        Json list = Json::array();
        for (std::size_t i = 0; i < module.fields.size(); ++i) {
            if (!module.fields[i].readable()) continue;
            if (i == kId && !org_.switches.on("id_in_fields_metadata")) continue;
            if (item.empty() || item == system_id(module.metadata_id(i)))
                list.push_back(field_json(module, i));
        }
        if (list.empty()) return empty_response(204);
        return json_response(200, {{"fields", std::move(list)}});
    }
    if (kind == "layouts") {
        const Module& module = named_module(call);
        Json list = Json::array({layout_json(module, nullptr)});
        for (const Layout& layout : module.layouts) list.push_back(layout_json(module, &layout));
        return json_response(200, {{"layouts", std::move(list)}});
    }
    if (kind == "related_lists") {
        const Module& module = named_module(call);
        Json list = Json::array();
        for (const RelatedList& related : related_lists(module)) {
            list.push_back({{"id", system_id(700000 + module.number * 1000 + list.size())},
                            {"api_name", related.api_name},
                            {"display_label", related.module->plural},
                            {"name", related.api_name},
                            {"href", module.api_name + "/{ENTITYID}/" + related.api_name},
                            {"type", related.module->generated_type},
                            {"action", nullptr},
                            {"connectedmodule", nullptr},
                            {"linkingmodule", nullptr},
                            {"sequence_number", std::to_string(list.size() + 1)},
                            {"module",
                             {{"api_name", related.module->api_name},
                              {"id", system_id(related.module->number)}}}});
        }
        if (list.empty()) return empty_response(204);
        return json_response(200, {{"related_lists", std::move(list)}});
    }
    if (kind == "custom_views") {
        const Module& module = named_module(call);
        return json_response(
            200,
            {{"custom_views", Json::array({view_json(module, false), view_json(module, true)})},
             {"info",
              {{"per_page", 200},
               {"count", 2},
               {"page", 1},
               {"more_records", false},
               {"default", nullptr}}}});
    }
    refuse(404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one");
}

Json MetadataApi::user_json(const User& user) const {
    const std::size_t space = user.name.find(' ');
    const bool split = space != std::string::npos;
    return {{"id", user.id},
            {"full_name", user.name},
            {"first_name", split ? Json(user.name.substr(0, space)) : Json()},
            {"last_name", split ? user.name.substr(space + 1) : user.name},
            {"email", user.email},
            {"status", user.status},
            {"zuid", "7" + user.id.substr(10)},
            {"role", {{"name", user.role}, {"id", system_id(1400)}}},
            {"profile", {{"name", "Administrator"}, {"id", system_id(1500)}}},
            {"language", "zh_CN"},
            {"locale", "zh_CN"},
            {"country_locale", "zh_CN"},
            {"time_zone", org_.zone.name()},
            {"time_format", "HH:mm"},
            {"date_format", "yyyy-MM-dd"},
            {"confirm", true},
            {"phone", nullptr},
            {"mobile", nullptr},
            {"created_time", format_instant(1546300800, org_.zone)},
            {"Modified_Time", format_instant(1546300800, org_.zone)},
            {"created_by",
             {{"name", org_.catalogue.api_user().name}, {"id", org_.catalogue.api_user().id}}},
            {"Modified_By",
             {{"name", org_.catalogue.api_user().name}, {"id", org_.catalogue.api_user().id}}}};
}

Response MetadataApi::users(Call& call) {
    call.charge(1);
    if (call.request.method != "GET") refuse_method(call.path.size());
    if (call.path.size() > 1) {
        const User* user = org_.catalogue.find_user(call.path[1]);
        if (user == nullptr) return empty_response(204);
        return json_response(200, {{"users", Json::array({user_json(*user)})}});
    }
    const std::string_view type = call.parameter("type").value_or("AllUsers");
    const auto per_page = static_cast<std::size_t>(ReadApi::positive(call, "per_page", 200, 200));
    const auto page = static_cast<std::size_t>(ReadApi::positive(call, "page", 1, 100000));
    Json all = Json::array();
    for (const User& user : org_.catalogue.users()) {
        const bool deleted = user.status == "deleted";
        if (type == "DeletedUsers" ? !deleted : deleted && type != "AllUsers") continue;
        if (type == "ActiveUsers" && user.status != "active") continue;
        if (type == "CurrentUser" && user.id != org_.catalogue.api_user().id) continue;
        if (type == "AllUsers" && deleted) continue;
        all.push_back(user_json(user));
    }
    Json shown = Json::array();
    for (std::size_t i = (page - 1) * per_page; i < std::min(all.size(), page * per_page); ++i)
        shown.push_back(all[i]);
    if (shown.empty()) return empty_response(204);
    const std::size_t count = shown.size();
    return json_response(200, {{"users", std::move(shown)},
                               {"info",
                                {{"per_page", per_page},
                                 {"count", count},
                                 {"page", page},
                                 {"more_records", page * per_page < all.size()}}}});
}

Response MetadataApi::organisation(Call& call) {
    call.charge(1);
    if (call.path.size() > 1 && call.path[1] == "currencies") {
        Json list = Json::array();
        for (const auto& [iso, symbol, rate] :
             {std::tuple("CNY", "¥", "1"), std::tuple("USD", "$", "7.1"),
              std::tuple("EUR", "€", "7.8")})
            list.push_back({{"id", system_id(900000 + list.size())},
                            {"iso_code", iso},
                            {"name", iso},
                            {"symbol", symbol},
                            {"exchange_rate", rate},
                            {"is_active", true},
                            {"is_base", std::string_view(iso) == "CNY"},
                            {"prefix_symbol", true},
                            {"format",
                             {{"decimal_separator", "Period"},
                              {"thousand_separator", "Comma"},
                              {"decimal_places", "2"}}}});
        return json_response(200, {{"currencies", std::move(list)}});
    }
    if (call.path.size() > 1)
        refuse(404, "INVALID_URL_PATTERN",
               "Please check if the URL trying to access is a correct one");
    return json_response(200,
                         {{"org", Json::array({{{"id", system_id(100)},
                                                {"zgid", "700123456"},
                                                {"company_name", "Kontor Test Trading (Shanghai)"},
                                                {"time_zone", org_.zone.name()},
                                                {"iso_code", "CNY"},
                                                {"currency", "Chinese Yuan - CNY"},
                                                {"currency_symbol", "¥"},
                                                {"currency_locale", "zh_CN"},
                                                {"country", "China"},
                                                {"country_code", "CN"},
                                                {"primary_email", org_.catalogue.api_user().email},
                                                {"mc_status", true},
                                                {"type", "production"},
                                                {"license_details",
                                                 {{"paid", true},
                                                  {"paid_type", org_.switches.text("edition")},
                                                  {"users_license_purchased", 5},
                                                  {"trial_type", nullptr},
                                                  {"trial_expiry", nullptr},
                                                  {"paid_expiry", nullptr}}}}})}});
}

}  // namespace kontor::peer::zoho
