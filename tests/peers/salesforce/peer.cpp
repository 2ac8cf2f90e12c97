#include "tests/peers/salesforce/peer.hpp"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <stdexcept>

#include "tests/peers/base/program.hpp"
#include "tests/peers/base/times.hpp"
#include "tests/peers/salesforce/control.hpp"

namespace kontor::peer::salesforce {

namespace {

Response refusal(const ApiError& error) {
    Json one{{"errorCode", error.code}, {"message", error.message}};
    if (!error.fields.empty()) one["fields"] = error.fields;
    return answer(error.status, Json::array({one}));
}

FaultDialect dialect() {
    return {"Salesforce",
            R"({"totalSize":1,"done":true,"records":[{"attributes":{"type":"Contact"},)"
            R"("Id":"0035g00000000AAAAA","SystemModstamp":"2026-01-01T00:00:00.000+0000",)"
            R"("LastName":)",
            "}]}", [](int status, const std::string& code) {
                return refusal({status, code.empty() ? "SERVER_UNAVAILABLE" : code,
                                "The server is unavailable"});
            }};
}

Switches with(Switches switches, const std::vector<std::pair<std::string, std::string>>& given) {
    for (const auto& [name, value] : given)
        if (!switches.set(name, value))
            throw std::invalid_argument("unknown switch or value: " + name + "=" + value);
    return switches;
}

OrgOptions org_options(const PeerOptions& options) {
    OrgOptions out;
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

std::vector<std::string> split_path(std::string_view path) {
    std::vector<std::string> out;
    while (!path.empty()) {
        path.remove_prefix(1);
        const auto slash = path.find('/');
        if (slash == 0) throw not_found();
        if (!path.empty()) out.push_back(url_decode(path.substr(0, slash)));
        if (slash == std::string_view::npos) break;
        path.remove_prefix(slash);
    }
    return out;
}

}  // namespace

struct SalesforcePeer::Impl {
    explicit Impl(const PeerOptions& options)
        : base_url(options.base_url),
          org(org_options(options), with(make_switches(), options.switches)),
          auth(org),
          reading(org),
          writing(org),
          bulk(org),
          faults(dialect(), [this] { return org.random_fraction(); }),
          control({org, auth, bulk, faults, activity}) {}

    Response dispatch(Call& call);
    Response api(const Request& request, LogEntry& entry);
    Response process(const Request& request, LogEntry& entry);
    void count_request();

    std::mutex mutex;
    std::string base_url;
    Org org;
    Auth auth;
    ReadApi reading;
    WriteApi writing;
    Bulk bulk;
    Faults faults;
    Activity activity;
    Control control;
    std::int64_t day = 0, today = 0;
};

void SalesforcePeer::Impl::count_request() {
    const std::int64_t now = org.now_ms() / 86'400'000;
    if (now != day) {
        day = now;
        today = 0;
    }
    const std::int64_t limit = org.switches.number("daily_limit");
    if (limit > 0 && today >= limit)
        throw ApiError{403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."};
    ++today;
}

Response SalesforcePeer::Impl::dispatch(Call& call) {
    const std::string first = call.part(0);
    call.kind = first;
    if (first.empty()) return reading.root(base_url);
    if (first == "query" || first == "queryAll") return reading.query(call);
    if (first == "jobs" && call.part(1) == "query") return bulk.handle(call);
    if (first == "sobjects") {
        if (call.path.size() == 1) return reading.describe_global();
        if (call.part(2) == "describe") {
            call.kind = "describe";
            call.object = call.part(1);
            return reading.describe(call.part(1));
        }
        if (call.part(2) == "deleted") {
            call.kind = "deleted";
            return reading.deleted(call);
        }
        call.kind = "row";
        return call.is("GET") ? reading.row(call) : writing.row(call);
    }
    if (first == "composite" && call.part(1) == "sobjects") {
        call.kind = call.path.size() == 3 && call.is("POST") ? "retrieve" : "collection";
        return call.kind == "retrieve" ? reading.retrieve(call) : writing.collection(call);
    }
    throw not_found();
}

Response SalesforcePeer::Impl::api(const Request& request, LogEntry& entry) {
    auth.require(request);
    count_request();
    Call call{request,
              split_path(request.path().substr(std::string_view(kRoot).size())),
              parse_query(request.query()),
              Json(),
              org.user_id,
              "",
              "",
              0};
    if (!request.body.empty()) {
        call.body = Json::parse(request.body, nullptr, false);
        if (call.body.is_discarded())
            throw ApiError{400, "JSON_PARSER_ERROR", "the body is not JSON"};
    }
    const auto note = [&] {
        entry.kind = call.kind;
        entry.module = call.object;
        entry.written = call.written;
    };
    try {
        Response out = dispatch(call);
        note();
        return out;
    } catch (...) {
        note();
        throw;
    }
}

Response SalesforcePeer::Impl::process(const Request& request, LogEntry& entry) {
    const std::vector<WireFault> hits = faults.hit(request);
    if (!hits.empty()) entry.fault = hits.back().kind;
    if (auto instead = faults.instead(hits)) {
        entry.kind = "fault";
        return *instead;
    }
    Response response;
    try {
        if (request.path() == "/services/oauth2/token") {
            entry.kind = "token";
            response = auth.token(request, base_url);
        } else if (request.path().starts_with(kRoot)) {
            response = api(request, entry);
        } else {
            throw not_found();
        }
    } catch (const ApiError& error) {
        response = refusal(error);
    } catch (const Json::exception&) {
        response = refusal({400, "JSON_PARSER_ERROR", "the body does not have the form it needs"});
    } catch (const std::out_of_range&) {
        response = refusal({400, "INVALID_FIELD", "no such field"});
    }
    const std::int64_t limit = org.switches.number("daily_limit");
    response.headers.emplace_back(
        "Sforce-Limit-Info",
        "api-usage=" + std::to_string(today) + "/" + std::to_string(limit > 0 ? limit : 100'000));
    faults.damage(hits, response);
    return response;
}

SalesforcePeer::SalesforcePeer(const PeerOptions& options)
    : impl_(std::make_unique<Impl>(options)) {}
SalesforcePeer::~SalesforcePeer() = default;

Response SalesforcePeer::handle(const Request& request) {
    const std::lock_guard lock(impl_->mutex);
    if (request.path().starts_with("/_control")) return impl_->control.handle(request);
    LogEntry entry;
    entry.at_ms = impl_->org.now_ms();
    entry.method = request.method;
    entry.path = std::string(request.path());
    entry.kind = "other";
    Response response = impl_->process(request, entry);
    if (impl_->org.switches.on("date_header"))
        response.headers.emplace_back("Date", format_http_date(impl_->org.now_ms() / 1000));
    entry.status = response.status;
    impl_->activity.add(std::move(entry));
    return response;
}

PeerCredentials SalesforcePeer::credentials() const {
    return {impl_->auth.client_id, impl_->auth.client_secret, Auth::kUser, impl_->org.org_id,
            impl_->org.user_id};
}

std::string SalesforcePeer::private_key() {
    const std::lock_guard lock(impl_->mutex);
    return impl_->auth.private_key();
}

void SalesforcePeer::set_base_url(std::string url) {
    const std::lock_guard lock(impl_->mutex);
    impl_->base_url = std::move(url);
}

std::string SalesforcePeer::list_switches() {
    return make_switches().list_json();
}

}  // namespace kontor::peer::salesforce
