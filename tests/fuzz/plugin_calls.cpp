// What a hostile plugin hands to the host's functions: requests, errors, log lines, progress. No
// header that is the host's goes out, and no secret comes back in what people read.
#include <string>
#include <vector>

#include "connectors/host/services.hpp"
#include "tests/connectors/host/support.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace kontor;
using namespace kontor::host;

constexpr std::string_view kSecret = "sesame-9f31c07b5a";

kontor_str str(std::string_view text) {
    return {text.data(), text.size()};
}

std::string lower(std::string text) {
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    return text;
}

struct Setup {
    Setup() {
        must_hold(hosts.add("https://crm.example").has_value());
        redactor.add(Secret(std::string(kSecret)));
        services.begin_call(nullptr);
    }
    test::FakeClock clock;
    test::FakeSleeper sleeper{clock};
    SeededRandom random{7};
    test::ScriptedHttp http{[](const test::SeenRequest&) { return test::answer(200, "{}"); }};
    FixedCredentials auth{[] {
        Credentials out;
        out.headers.push_back({"authorization", Secret("Bearer " + std::string(kSecret))});
        return out;
    }()};
    AllowList hosts;
    Redactor redactor;
    test::CapturingLogger captured;
    RedactingLogger log{captured, redactor};
    Budgets budgets{{}, clock, sleeper, ""};
    Requester requester{{.http = http,
                         .hosts = hosts,
                         .auth = auth,
                         .budgets = budgets,
                         .clock = clock,
                         .random = random,
                         .sleeper = sleeper,
                         .log = log}};
    GrantedFiles files{{}};
    std::vector<Progress> progress;
    Services services{{.requester = requester,
                       .files = files,
                       .clock = clock,
                       .random = random,
                       .sleeper = sleeper,
                       .log = log,
                       .redactor = redactor,
                       .on_progress = [this](const Progress& p) { progress.push_back(p); }}};
};

void check(const test::SeenRequest& request) {
    must_hold(lower(request.url).starts_with("https://crm.example"));
    for (const auto& [name, value] : request.headers) {
        const auto key = lower(name);
        must_hold(key != "host" && key != "content-length" && key != "transfer-encoding");
        must_hold(key != "proxy-authorization" && key != "connection");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    // The first byte chooses the function.
    const auto text = as_text(data + 1, size - 1);
    Setup s;
    const auto* table = s.services.table();
    auto status = KONTOR_E_UNAVAILABLE;
    switch (data[0] % 5) {
        case 0: {
            kontor_http_response out;
            status = table->http(table->ctx, str(text), str("{}"), &out);
            break;
        }
        case 1: {
            std::int64_t ticket = 0;
            kontor_http_response out;
            status = table->http_begin(table->ctx, str(text), str("{}"), &ticket);
            if (status == KONTOR_OK) status = table->http_finish(table->ctx, ticket, &out);
            break;
        }
        case 2:
            table->set_error(table->ctx, str(text.substr(0, size / 2)), str(text));
            break;
        case 3:
            table->log(table->ctx, data[0], str(text.substr(0, 200)), str(text));
            break;
        default:
            table->progress(table->ctx, str(text));
    }
    for (const auto& request : s.http.seen) check(request);
    must_hold(s.captured.text.find(kSecret) == std::string::npos);
    for (const auto& each : s.progress)
        must_hold(each.stage.find(kSecret) == std::string::npos && each.stage.size() <= 128);
    const auto ended = s.services.end_call(status);
    if (ended) return 0;
    const auto& error = ended.error();
    must_hold(error.message.find(kSecret) == std::string::npos);
    must_hold(error.args.size() <= 40);
    for (const auto& [name, value] : error.args)
        must_hold((name + value).find(kSecret) == std::string::npos);
    must_hold(!error.retry_after || (error.retry_after->count() >= 0));
    return 0;
}
