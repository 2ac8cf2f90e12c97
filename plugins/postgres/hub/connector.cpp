#include "plugins/postgres/hub/connector.hpp"

#include <algorithm>
#include <charconv>

#include "plugins/postgres/hub/pull.hpp"
#include "plugins/postgres/hub/push.hpp"

namespace kontor::postgres::hub {

std::string Connector::spec() {
    return spec_json();
}

Connector::Connector(sdk::Host& host, std::string_view config)
    : host_(host), options_(Options::parse(config)), clock_(host_, options_) {}

template <class Work>
auto Connector::with_session(const sdk::Request& request, Work&& work) {
    const Stream& known = stream(request.stream);
    std::optional<Session> session;
    connect(session, host_, options_);
    return work(*session, known);
}

sdk::Identity Connector::check() {
    std::optional<Session> session;
    connect(session, host_, options_);
    require_hub(*session, options_);
    sdk::Identity out;
    out.org_id = clock_.identify(*session);
    const auto row =
        session->first_row({"SELECT current_database(), session_user,"
                            " floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
                            {}},
                           3);
    out.org_name = row[0].value_or("") + " (" + options_.schema + ")";
    // Laptops may share a role: who wrote a row is told by the laptop.
    out.user_id = clock_.device();
    out.user_name = row[1].value_or("");
    const auto time = row[2].value_or("");
    std::from_chars(time.data(), time.data() + time.size(), out.server_time_ms);
    return out;
}

std::vector<sdk::StreamSpec> Connector::describe() {
    std::optional<Session> session;
    connect(session, host_, options_);
    for (const auto& statement : options_.setup) session->run(statement);
    streams_ = read_streams(*session, options_);
    std::vector<sdk::StreamSpec> out;
    for (const auto& each : *streams_) out.push_back(each.spec);
    return out;
}

const Stream& Connector::stream(const std::string& name) {
    if (!streams_) static_cast<void>(describe());
    const auto found =
        std::ranges::find(*streams_, name, [](const Stream& each) { return each.spec.name; });
    if (found == streams_->end())
        throw sdk::Error(KONTOR_E_NOT_FOUND, "the hub has no table " + name).stream(name);
    return *found;
}

std::string Connector::pull(const sdk::Request& request, std::string_view cursor) {
    const Stream& known = stream(request.stream);
    std::optional<Session> session;
    if (!news_.hold_for(host_, request.stream)) {
        connect(session, host_, options_);
        news_.read(host_, *session, clock_, *streams_);
    }
    const auto from = begins_at(cursor);
    if (from > 0 && news_.nothing_since(request.stream, from)) return cursor_at(news_.horizon());
    if (!session) connect(session, host_, options_);
    return hub::pull(host_, *session, known, request, cursor, news_.horizon());
}

bool Connector::list_ids(const sdk::Request& request) {
    with_session(request, [&](Session& session, const Stream& stream) {
        hub::list_ids(host_, session, stream);
    });
    return true;
}

void Connector::fetch(const sdk::Request& request) {
    with_session(request, [&](Session& session, const Stream& stream) {
        hub::fetch(host_, session, stream, request);
    });
}

void Connector::find(const sdk::Request& request) {
    with_session(request, [&](Session& session, const Stream& stream) {
        hub::find(host_, session, stream, request);
    });
}

std::vector<sdk::PushResult> Connector::push(const sdk::Request& request,
                                             abi::BatchReader changes) {
    news_.pushed(request.stream);
    return hub::push(host_, options_, clock_, stream(request.stream), request, changes);
}

}  // namespace kontor::postgres::hub
