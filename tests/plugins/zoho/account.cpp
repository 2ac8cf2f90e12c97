#include "tests/plugins/zoho/account.hpp"

namespace kontor::test {

Account::Account(const std::string& options) {
    host.handler = [this](const FakeRequest& asked) {
        const auto found = routes_.find(asked.method + " " + asked.path);
        return found == routes_.end() ? refused(404, "INVALID_URL_PATTERN") : found->second(asked);
    };
    connector = std::make_unique<zoho::Connector>(sdk_host, "{\"options\":" + options + "}");
    on("GET /crm/v8/settings/fields", json(contact_fields()));
}

void Account::on(const std::string& route, Handler handler) {
    routes_[route] = std::move(handler);
}

void Account::on(const std::string& route, FakeResponse response) {
    routes_[route] = [response](const FakeRequest&) { return response; };
}

std::vector<FakeRequest> Account::requests_of(const std::string& route) const {
    std::vector<FakeRequest> out;
    for (const auto& each : host.requests)
        if (each.method + " " + each.path == route) out.push_back(each);
    return out;
}

std::size_t Account::asked(const std::string& route) const {
    return requests_of(route).size();
}

std::string contact_fields(const std::string& more) {
    return R"({"fields":[
        {"api_name":"id","data_type":"bigint","json_type":"string"},
        {"api_name":"Last_Name","field_label":"Last Name","data_type":"text","json_type":"string",
         "length":80,"system_mandatory":true},
        {"api_name":"Email","field_label":"Email","data_type":"email","json_type":null,"length":100},
        {"api_name":"Account_Name","field_label":"Account","data_type":"lookup",
         "lookup":{"module":{"api_name":"Accounts","id":"9"}}},
        {"api_name":"Owner","field_label":"Owner","data_type":"ownerlookup"},
        {"api_name":"Created_Time","field_label":"Created","data_type":"datetime"},
        {"api_name":"Modified_Time","field_label":"Modified","data_type":"datetime"},
        {"api_name":"Modified_By","field_label":"Modified By","data_type":"ownerlookup"},
        {"api_name":"Email_Opt_Out","field_label":"Opt Out","data_type":"boolean"},
        {"api_name":"Score","field_label":"Score","data_type":"double","custom_field":true,
         "length":16,"decimal_place":4},
        {"api_name":"Lead_Source","field_label":"Source","data_type":"picklist","pick_list_values":[
          {"display_value":"-None-","actual_value":"-None-"},
          {"display_value":"Web","actual_value":"web_site"},
          {"display_value":"Fair","actual_value":"Fair"}]},
        {"api_name":"Date_of_Birth","field_label":"Birth","data_type":"date"},
        {"api_name":"Interests","field_label":"Interests","data_type":"multiselectpicklist",
         "custom_field":true},
        {"api_name":"Mailing_Street","field_label":"Street","data_type":"text"},
        {"api_name":"Kontor_Id","field_label":"Kontor","data_type":"text","custom_field":true,
         "unique":{"casesensitive":false},"external":{"type":"org","show":true}})" +
           (more.empty() ? std::string() : "," + more) + "]}";
}

FakeResponse json(std::string body, int status) {
    return {status, std::move(body), {}, KONTOR_OK};
}

FakeResponse page(const std::string& records, const std::string& token) {
    return json("{\"data\":[" + records + "],\"info\":{\"more_records\":" +
                (token.empty() ? "false,\"next_page_token\":null"
                               : "true,\"next_page_token\":\"" + token + "\"") +
                "}}");
}

std::string contact(const std::string& id, const std::string& name, const std::string& modified) {
    return "{\"Last_Name\":\"" + name + "\",\"Modified_Time\":\"" + modified +
           "\",\"Modified_By\":{\"name\":\"U\",\"id\":\"77\"},\"id\":\"" + id + "\"}";
}

FakeResponse refused(int status, const std::string& code, const std::string& details) {
    return json(
        "{\"code\":\"" + code + "\",\"details\":" + details + R"(,"message":"m","status":"error"})",
        status);
}

sdk::Request request(const std::string& stream, std::vector<std::string> fields) {
    sdk::Request out;
    out.stream = stream;
    out.fields = std::move(fields);
    return out;
}

std::string shown(const EmittedRecord& record, std::uint16_t field) {
    const auto found = record.fields.find(field);
    if (found == record.fields.end()) return "<absent>";
    if (const auto* text = std::get_if<std::string>(&found->second)) return *text;
    if (const auto* number = std::get_if<std::int64_t>(&found->second))
        return std::to_string(*number);
    return std::holds_alternative<double>(found->second) ? "<real>" : "<null>";
}

}  // namespace kontor::test
