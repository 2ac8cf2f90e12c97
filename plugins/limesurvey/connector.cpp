#include "plugins/limesurvey/connector.hpp"

#include <algorithm>
#include <iterator>

#include "plugins/limesurvey/pull.hpp"
#include "plugins/limesurvey/spec.hpp"

namespace kontor::limesurvey {
namespace {

constexpr std::string_view kStream = "responses";

struct FieldOf {
    const char *name, *type, *en, *zh;
};
constexpr FieldOf kFields[] = {
    {"survey", "text", "Survey", "问卷"},
    {"submission", "text", "Response", "答卷编号"},
    {"started_at", "instant", "Started", "开始时间"},
    {"submitted_at", "instant", "Submitted", "提交时间"},
    {"complete", "boolean", "Complete", "已完成"},
    {"language", "text", "Language", "语言"},
    {"token", "text", "Token", "令牌"},
    {"email", "email", "E-mail", "电子邮箱"},
    {"answers", "json", "Answers", "答案"},
};

void require_known(const sdk::Request& request) {
    if (request.stream != kStream)
        throw sdk::Error(KONTOR_E_INVALID, "there is no stream " + request.stream)
            .stream(request.stream);
    for (const auto& name : request.fields)
        if (std::ranges::find(kFields, name, &FieldOf::name) == std::end(kFields))
            throw sdk::Error(KONTOR_E_INVALID, "responses has no field " + name)
                .stream(request.stream)
                .unknown_field(name);
}

}  // namespace

std::string Connector::spec() {
    return spec_json();
}

Connector::Connector(sdk::Host& host, std::string_view config)
    : options_(read_options(config)), api_(host, options_) {}

sdk::Identity Connector::check() {
    // Without a list of its own it is asked for, which proves the session; else each is looked at.
    if (options_.surveys.empty()) (void)api_.surveys();
    for (const auto& survey : options_.surveys) (void)api_.responses(survey, {1, 1});
    sdk::Identity out;
    out.org_id = out.org_name = options_.url;
    out.server_time_ms = api_.server_ms();
    return out;
}

std::vector<sdk::StreamSpec> Connector::describe() {
    sdk::StreamSpec out;
    out.name = kStream;
    out.label = {"Responses", "答卷"};
    out.entity_hint = "survey_submission";
    out.capabilities.fetch = true;
    out.capabilities.fetch_batch_max = 20;
    for (const auto& each : kFields) {
        sdk::FieldSpec field;
        field.name = field.column_hint = each.name;
        field.type = each.type;
        field.label = {each.en, each.zh};
        field.read_only = true;
        out.fields.push_back(std::move(field));
    }
    return {std::move(out)};
}

std::string Connector::pull(const sdk::Request& request, std::string_view cursor) {
    require_known(request);
    return limesurvey::pull(api_, request, cursor);
}

void Connector::fetch(const sdk::Request& request) {
    require_known(request);
    limesurvey::fetch(api_, request);
}

}  // namespace kontor::limesurvey
