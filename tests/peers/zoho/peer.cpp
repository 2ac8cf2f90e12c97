#include "tests/peers/zoho/peer.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <stdexcept>

#include "tests/peers/base/activity.hpp"
#include "tests/peers/base/behaviour.hpp"
#include "tests/peers/base/faults.hpp"
#include "tests/peers/base/times.hpp"
#include "tests/peers/zoho/archive.hpp"
#include "tests/peers/zoho/control.hpp"
#include "tests/peers/zoho/credits.hpp"
#include "tests/peers/zoho/durable.hpp"
#include "tests/peers/zoho/oauth.hpp"
#include "tests/peers/zoho/org.hpp"
#include "tests/peers/zoho/router.hpp"
#include "tests/peers/zoho/schema/message_schema.hpp"

namespace kontor::peer::zoho {

namespace {

std::int64_t system_now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

OrgOptions org_options(const PeerOptions& options, const Durable& durable) {
    OrgOptions out;
    out.seed = options.seed;
    out.counts = standard_counts(options.contacts);
    out.clock_ms = options.clock_ms ? options.clock_ms : system_now_ms;
    out.base_url = options.base_url;
    out.data_end_s = durable.data_end_s();
    for (const auto& [name, value] : options.switches) {
        if (!out.switches.set(name, value))
            throw std::invalid_argument("unknown switch or value: " + name + "=" + value);
    }
    const Catalogue names(Variant{});
    for (const auto& [name, count] : options.counts) {
        const Module* module = names.find(name);
        if (module == nullptr || !module->stores_records)
            throw std::invalid_argument("unknown module: " + name);
        out.counts[module->number] = count;
    }
    return out;
}

/// Compresses what is worth it, for clients that say they take it.
void compress(const Request& request, Response& response) {
    constexpr std::size_t kLeast = 256;
    const std::string_view accepted =
        find_header(request.headers, "Accept-Encoding").value_or(std::string_view());
    const auto type = find_header(response.headers, "Content-Type");
    if (accepted.find("gzip") == std::string_view::npos || response.body.size() < kLeast || !type ||
        type->starts_with("application/zip"))
        return;
    response.body = gzipped(response.body);
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.headers.emplace_back("Vary", "Accept-Encoding");
}

FaultDialect fault_dialect() {
    return {"Zoho CRM",
            "{\"data\":[{\"id\":\"1\",\"Last_Name\":", "}],\"info\":{\"more_records\":false}}",
            [](int status, const std::string& code) {
                const char* usual = status == 429 ? "TOO_MANY_REQUESTS" : "INTERNAL_ERROR";
                return json_response(status, error_object(code.empty() ? usual : code,
                                                          "the request could not be processed"));
            }};
}

bool is_token_request(std::string_view path) {
    return path == "/oauth/v2/token" || path == "/oauth/v2/token/revoke";
}

}  // namespace

struct ZohoPeer::Impl {
    std::mutex mutex;
    Durable durable;
    Org org;
    OAuth oauth;
    Behaviour behaviour;
    Faults faults;
    Activity activity;
    Credits credits;
    RecordWriter writer;
    Router router;
    Control control;
    bool strict;

    explicit Impl(const PeerOptions& options)
        : durable(options.database),
          org(org_options(options, durable)),
          oauth(org),
          faults(fault_dialect(), [this] { return org.random_fraction(); }),
          writer(org, behaviour),
          router(org, writer),
          control(Control::Parts{org, oauth, writer, behaviour, faults, activity, credits}),
          strict(options.strict) {
        durable.load(org, oauth);
        writer.listen([this](const Module& module, Slot slot, ChangeKind kind,
                             const std::vector<std::string>& fields) {
            router.watch().changed(module, slot, kind, fields);
        });
    }

    Response process(const Request& request, LogEntry& entry);
    void check_response(const Request& request, const Response& response);
    Response api(const Request& request, LogEntry& entry);
    void charge(Call& call, int cost, LogEntry& entry);
    void add_credit_header(Response& response);
    void check_request(const Request& request);
};

void ZohoPeer::Impl::charge(Call& call, int cost, LogEntry& entry) {
    call.credits += cost;
    const bool enforced = org.switches.on("credits_limit");
    const std::int64_t daily =
        enforced ? edition_limits(org.switches).daily_credits : INT64_MAX / 2;
    if (!credits.take(cost, org.now_s(), daily)) {
        call.credits -= cost;
        entry.fault = "credits";
        refuse(429, "TOO_MANY_REQUESTS", "You have reached the API limit. Try again later.");
    }
}

void ZohoPeer::Impl::add_credit_header(Response& response) {
    const std::int64_t daily = edition_limits(org.switches).daily_credits;
    const std::int64_t used = credits.used(org.now_s());
    if (org.switches.on("credits_limit") && used * 2 > daily)
        response.headers.emplace_back("X-API-CREDITS-REMAINING", std::to_string(daily - used));
    if (response.status == 429 && org.switches.on("retry_after"))
        response.headers.emplace_back("Retry-After", "5");
}

/// --strict: what does not fit the schemas is recorded, and processed all the same. Answers are
/// checked too: a violation of ours is a defect of the peer.
void ZohoPeer::Impl::check_request(const Request& request) {
    const bool accounts = request.path().starts_with("/oauth/");
    std::vector<std::string> problems = zoho_schema::request_problems(
        request.method, request.path(),
        accounts ? token_parameters(request) : parse_query(request.query()), request.body);
    for (std::string& problem :
         zoho_schema::header_problems(request.method, request.path(), request.headers))
        problems.push_back(std::move(problem));
    if (!problems.empty())
        control.add_violation({{"method", request.method},
                               {"path", request.path()},
                               {"kind", zoho_schema::request_kind(request.method, request.path())},
                               {"problems", problems}});
}

void ZohoPeer::Impl::check_response(const Request& request, const Response& response) {
    const auto type = find_header(response.headers, "Content-Type");
    if (response.status != 204 && response.status != 304 &&
        (!type || !type->starts_with("application/json")))
        return;
    const auto problems = zoho_schema::response_problems(request.method, request.path(),
                                                         response.status, response.body);
    if (!problems.empty())
        control.add_violation({{"method", request.method},
                               {"path", request.path()},
                               {"status", response.status},
                               {"kind", "response"},
                               {"problems", problems}});
}

Response ZohoPeer::Impl::api(const Request& request, LogEntry& entry) {
    Call call{request, parse_query(request.query()), {}, {}, {}, 0, 0};
    call.charge = [&](int cost) { charge(call, cost, entry); };
    Response response;
    try {
        oauth.require_token(request);
        if (org.switches.on("concurrency_limit") &&
            (request.in_flight > edition_limits(org.switches).concurrent_calls ||
             request.heavy_in_flight > kHeavyConcurrentCalls)) {
            entry.fault = "concurrency";
            refuse(429, "TOO_MANY_REQUESTS", "too many concurrent requests");
        }
        if (request.body.size() > static_cast<std::size_t>(org.switches.number("body_limit")))
            refuse(413, "REQUEST_ENTITY_TOO_LARGE", "the request is too large");
        if (strict) check_request(request);
        response = router.route(call, entry.kind);
    } catch (const ApiError& error) {
        const bool wrap = org.switches.text("deleted_envelope") == "data" &&
                          (entry.kind == "deleted" || entry.kind == "upsert") &&
                          error.status == 400;
        response = json_response(error.status,
                                 wrap ? Json{{"data", Json::array({error.body})}} : error.body);
    } catch (const Json::exception&) {
        response = json_response(400, error_object("INVALID_DATA", "invalid data",
                                                   {{"expected_data_type", "jsonobject"}}));
    }
    entry.module = call.module;
    entry.credits = call.credits;
    entry.written = call.written;
    add_credit_header(response);
    return response;
}

Response ZohoPeer::Impl::process(const Request& request, LogEntry& entry) {
    const std::vector<WireFault> hits = faults.hit(request);
    if (!hits.empty()) entry.fault = hits.back().kind;
    if (auto instead = faults.instead(hits)) {
        entry.kind = "fault";
        return *instead;
    }
    Response response;
    if (strict && request.path().starts_with("/oauth/")) check_request(request);
    if (is_token_request(request.path())) {
        entry.kind = "token";
        response =
            request.path().ends_with("revoke") ? oauth.revoke(request) : oauth.token(request);
    } else if (request.path() == "/oauth/v2/auth") {
        entry.kind = "consent";
        response = oauth.consent(request);
    } else {
        entry.kind = "other";
        response = api(request, entry);
    }
    if (strict) check_response(request, response);
    faults.damage(hits, response);
    if (org.switches.on("gzip")) compress(request, response);
    return response;
}

ZohoPeer::ZohoPeer(const PeerOptions& options) : impl_(std::make_unique<Impl>(options)) {}
ZohoPeer::~ZohoPeer() = default;

Response ZohoPeer::handle(const Request& request) {
    const std::lock_guard lock(impl_->mutex);
    if (request.path().starts_with("/_control")) {
        Response response = impl_->control.handle(request);
        impl_->durable.save(impl_->org, impl_->oauth);
        return response;
    }
    LogEntry entry;
    entry.at_ms = impl_->org.now_ms();
    entry.method = request.method;
    // Token requests may carry secrets in their query.
    entry.path = is_token_request(request.path()) ? std::string(request.path()) : request.target;
    impl_->activity.in_flight_most = std::max(impl_->activity.in_flight_most, request.in_flight);
    Response response = impl_->process(request, entry);
    response.headers.emplace_back("Date", format_http_date(impl_->org.now_s()));
    impl_->durable.save(impl_->org, impl_->oauth);
    entry.status = response.status;
    impl_->activity.add(std::move(entry));
    return response;
}

PeerCredentials ZohoPeer::credentials() const {
    const std::lock_guard lock(impl_->mutex);
    const Credentials& known = impl_->oauth.credentials();
    return {known.client_id, known.client_secret, known.refresh_token, known.grant_code};
}

void ZohoPeer::set_base_url(const std::string& base_url) {
    const std::lock_guard lock(impl_->mutex);
    impl_->org.base_url = base_url;
}

std::uint64_t ZohoPeer::body_limit() const {
    const std::lock_guard lock(impl_->mutex);
    return static_cast<std::uint64_t>(impl_->org.switches.number("body_limit"));
}

std::vector<Callback> ZohoPeer::take_callbacks() {
    const std::lock_guard lock(impl_->mutex);
    return impl_->router.watch().take_callbacks();
}

void ZohoPeer::callback_refused(Callback callback) {
    const std::lock_guard lock(impl_->mutex);
    impl_->router.watch().refused(std::move(callback));
}

bool ZohoPeer::callbacks_due() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->router.watch().callbacks_due();
}

std::string ZohoPeer::list_switches() {
    return make_switches().list_json();
}

}  // namespace kontor::peer::zoho
