#include "tests/peers/fxiaoke/peer.hpp"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <stdexcept>

#include "tests/peers/base/program.hpp"
#include "tests/peers/base/times.hpp"
#include "tests/peers/fxiaoke/control.hpp"
#include "tests/peers/fxiaoke/schema/message_schema.hpp"

namespace kontor::peer::fxiaoke {

namespace {

constexpr std::string_view kCustom = "/cgi/crm/custom/v2/data/";
constexpr std::string_view kPreset = "/cgi/crm/v2/data/";
constexpr std::string_view kObject = "/cgi/crm/v2/object/";

Response json_response(const Json& body) {
    Response out;
    out.headers.emplace_back("Content-Type", "application/json;charset=UTF-8");
    out.body = body.dump();
    return out;
}

Json refusal_body(const Refusal& refusal) {
    Json out{{"errorCode", refusal.code}, {"errorMessage", refusal.message}};
    if (!refusal.description.empty()) out["errorDescription"] = refusal.description;
    return out;
}

FaultDialect dialect() {
    return {"纷享销客",
            "{\"errorCode\":0,\"errorMessage\":\"OK\",\"data\":{\"dataList\":[{\"_id\":\"1\","
            "\"last_modified_time\":1700000000000,\"name\":",
            "}]}}", [](int status, const std::string& code) {
                // Errors of the gateway come with 200.
                Response out = json_response(
                    refusal_body({code.empty() ? -1 : std::atoi(code.c_str()), "系统繁忙", ""}));
                out.status = status;
                return out;
            }};
}

Switches with(Switches switches, const std::vector<std::pair<std::string, std::string>>& given) {
    for (const auto& [name, value] : given)
        if (!switches.set(name, value))
            throw std::invalid_argument("unknown switch or value: " + name + "=" + value);
    return switches;
}

TenantOptions tenant_options(const PeerOptions& options) {
    TenantOptions out;
    out.seed = options.seed;
    out.contacts = options.contacts;
    const auto known = make_objects(true);
    for (const auto& [name, count] : options.counts) {
        if (std::none_of(known.begin(), known.end(),
                         [&wanted = name](const Object& each) { return each.name == wanted; }))
            throw std::invalid_argument("unknown object: " + name);
        out.counts[name] = count;
    }
    out.clock_ms = options.clock_ms ? options.clock_ms : [] { return system_ms(); };
    return out;
}

}  // namespace

struct FxiaokePeer::Impl {
    explicit Impl(const PeerOptions& options)
        : tenant(tenant_options(options), with(make_switches(), options.switches)),
          auth(tenant),
          data(tenant),
          faults(dialect(), [this] { return tenant.random_fraction(); }),
          control({tenant, auth, data, faults, activity, limits}),
          strict(options.strict) {}

    Json dispatch(const Request& request, const Json& body, LogEntry& entry);
    Json api(const Request& request, const Json& body, LogEntry& entry);
    Response process(const Request& request, LogEntry& entry);
    void check(const std::string& kind, const Json& message, const std::string& path);

    std::mutex mutex;
    Tenant tenant;
    Auth auth;
    DataApi data;
    Limits limits;
    Faults faults;
    Activity activity;
    Control control;
    bool strict;
};

Json FxiaokePeer::Impl::api(const Request& request, const Json& body, LogEntry& entry) {
    const std::string path(request.path());
    Call call{body, {}};
    call.user = auth.require(request, body, call.old_style);
    limits.take(tenant, path);
    call.custom_path = path.starts_with(kCustom);
    Json out;
    if (call.custom_path || path.starts_with(kPreset)) {
        entry.kind = path.substr(call.custom_path ? kCustom.size() : kPreset.size());
        out = data.data(entry.kind, call);
    } else if (path.starts_with(kObject)) {
        entry.kind = path.substr(kObject.size());
        out = data.object(entry.kind, call);
    } else if (path == "/cgi/user/list") {
        entry.kind = "users";
        out = data.users(call);
    } else if (path == "/cgi/crm/team/add") {
        entry.kind = "team";
        out = data.team(call);
    } else {
        throw Refusal{10006, "the parameter path is missing or illegal", ""};
    }
    entry.written = call.written;
    return out;
}

Json FxiaokePeer::Impl::dispatch(const Request& request, const Json& body, LogEntry& entry) {
    const std::string path(request.path());
    if (request.method != "POST") throw Refusal{12004, "POST 数据包为空", ""};
    if (tenant.switches.on("trace_id_required") &&
        find_parameter(parse_query(request.query()), "thirdTraceId").value_or("").size() != 36)
        throw Refusal{10006, "the parameter thirdTraceId is missing or illegal",
                      "缺少参数或参数不合法"};
    if (!body.is_object()) throw Refusal{12004, "POST 数据包为空", ""};
    if (path == "/oauth2.0/token" || path == "/cgi/corpAccessToken/get/V2") {
        entry.kind = "token";
        return auth.token(body, path.starts_with("/oauth"));
    }
    Json out = api(request, body, entry);
    out["errorCode"] = 0;
    out["errorMessage"] = "OK";
    out["errorDescription"] = "success";
    return out;
}

void FxiaokePeer::Impl::check(const std::string& kind, const Json& message,
                              const std::string& path) {
    const auto problems = fxiaoke_schema::problems(kind, message);
    if (!problems.empty())
        control.add_violation({{"kind", kind}, {"path", path}, {"problems", problems}});
}

Response FxiaokePeer::Impl::process(const Request& request, LogEntry& entry) {
    const std::vector<WireFault> hits = faults.hit(request);
    if (!hits.empty()) entry.fault = hits.back().kind;
    if (auto instead = faults.instead(hits)) {
        entry.kind = "fault";
        return *instead;
    }
    const Json body = Json::parse(request.body, nullptr, false);
    const std::string path(request.path());
    if (strict) check(fxiaoke_schema::request_kind(path), body, path);
    Json out;
    try {
        out = dispatch(request, body, entry);
        if (strict) check(fxiaoke_schema::response_kind(path), out, path);
    } catch (const Refusal& refusal) {
        out = refusal_body(refusal);
        entry.credits = refusal.code;
    } catch (const Json::exception&) {
        out = refusal_body({32000, "参数错误", ""});
        entry.credits = 32000;
    }
    out["traceId"] = "E-O." + tenant.random_hex(8);
    Response response = json_response(out);
    faults.damage(hits, response);
    return response;
}

FxiaokePeer::FxiaokePeer(const PeerOptions& options) : impl_(std::make_unique<Impl>(options)) {}
FxiaokePeer::~FxiaokePeer() = default;

Response FxiaokePeer::handle(const Request& request) {
    const std::lock_guard lock(impl_->mutex);
    if (request.path().starts_with("/_control")) return impl_->control.handle(request);
    LogEntry entry;
    entry.at_ms = impl_->tenant.now_ms();
    entry.method = request.method;
    entry.path = std::string(request.path());
    entry.kind = "other";
    Response response = impl_->process(request, entry);
    if (impl_->tenant.switches.on("date_header"))
        response.headers.emplace_back("Date", format_http_date(impl_->tenant.now_ms() / 1000));
    entry.status = response.status;
    impl_->activity.add(std::move(entry));
    return response;
}

PeerCredentials FxiaokePeer::credentials() const {
    const Credentials& known = impl_->auth.credentials();
    return {known.app_id, known.app_secret, known.permanent_code, known.ea, known.corp_id};
}

std::string FxiaokePeer::list_switches() {
    return make_switches().list_json();
}

}  // namespace kontor::peer::fxiaoke
