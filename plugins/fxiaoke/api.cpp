#include "plugins/fxiaoke/api.hpp"

#include "connectors/sdk/canonical.hpp"
#include "connectors/sdk/url.hpp"

namespace kontor::fxiaoke {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kBusyPauseMs = 3'000;
constexpr int kPatienceMax = 4;

}  // namespace

std::string Api::data_path(std::string_view object, std::string_view action) {
    constexpr std::string_view kSuffix = "__c";
    const bool custom =
        object.size() > kSuffix.size() && object.substr(object.size() - kSuffix.size()) == kSuffix;
    return (custom ? "/cgi/crm/custom/v2/data/" : "/cgi/crm/v2/data/") + std::string(action);
}

// A UUID of version 4: the gateway wants a new one with each request.
std::string Api::trace_id() {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string out;
    for (int word = 0; word < 2; ++word) {
        std::uint64_t bits = host_.random();
        for (int i = 0; i < 16; ++i, bits >>= 4) out.push_back(kHex[bits & 15]);
    }
    out[12] = '4';
    out[16] = "89ab"[host_.random() & 3];
    for (const std::size_t at : {8U, 13U, 18U, 23U}) out.insert(at, 1, '-');
    return out;
}

sdk::HttpRequest Api::request(std::string_view path, const sdk::Json& body, std::string_view lane) {
    sdk::Url url(options_.api_url);
    url.path(path).query("thirdTraceId", trace_id());
    sdk::HttpRequest out;
    out.method = "POST";
    out.url = url.text();
    out.lane = lane;
    out.idempotent = lane != "write";
    out.header("Content-Type", "application/json");
    if (options_.generation == Generation::kNew) {
        out.header("x-fs-userid", options_.user_id);
        out.body = body.dump(-1, ' ', false, sdk::Json::error_handler_t::replace);
    } else {
        sdk::Json whole = body;
        whole["currentOpenUserId"] = options_.user_id;
        out.body = whole.dump(-1, ' ', false, sdk::Json::error_handler_t::replace);
    }
    ++credits_.spent;
    return out;
}

Reply Api::take(const sdk::HttpResponse& response, std::string_view doing) {
    if (const auto date = sdk::parse_http_date(response.header("date"))) server_ms_ = *date;
    return read_reply(response, doing);
}

Reply Api::insist(std::optional<Reply> first, std::string_view path, const sdk::Json& body,
                  std::string_view doing, std::string_view lane) {
    for (int tries = 1;; ++tries) {
        Reply reply =
            first ? std::move(*first) : take(host_.http(request(path, body, lane)), doing);
        first.reset();
        const Trouble trouble = trouble_of(reply.code);
        if (trouble == Trouble::kNone) return reply;
        const bool passes = trouble == Trouble::kRate || trouble == Trouble::kBusy;
        if (!passes || tries >= kPatienceMax) throw failure(reply, doing, ms_until_midnight());
        host_.log(sdk::LogLevel::kInfo, "fxiaoke.waits",
                  {{"code", reply.code}, {"path", std::string(path)}});
        host_.sleep_ms(trouble == Trouble::kRate ? kRatePauseMs : kBusyPauseMs * tries);
    }
}

Reply Api::read(std::string_view path, const sdk::Json& body, std::string_view doing,
                std::string_view lane) {
    return insist(std::nullopt, path, body, doing, lane);
}

sdk::BegunRequest Api::begin_read(std::string_view path, const sdk::Json& body) {
    return host_.begin(request(path, body, "read"));
}

Reply Api::finish_read(const sdk::BegunRequest& begun, std::string_view path, const sdk::Json& body,
                       std::string_view doing) {
    return insist(take(host_.finish(begun), doing), path, body, doing, "read");
}

Reply Api::write(std::string_view path, const sdk::Json& body, std::string_view doing) {
    Reply reply = take(host_.http(request(path, body, "write")), doing);
    if (trouble_of(reply.code) != Trouble::kRate) return reply;
    host_.sleep_ms(kRatePauseMs);
    return take(host_.http(request(path, body, "write")), doing);
}

std::int64_t Api::cautious_ms() const {
    return server_ms_ ? *server_ms_ : host_.now_ms() - kDayMs;
}

std::int64_t Api::ms_until_midnight() const {
    const std::int64_t local = server_ms_.value_or(host_.now_ms()) + options_.utc_offset_ms;
    return kDayMs - local % kDayMs;
}

}  // namespace kontor::fxiaoke
