#include "connectors/kit/network.hpp"

#include <unistd.h>

#include <algorithm>

#include "connectors/host/url.hpp"

namespace kontor::kit {

using host::HttpRequest;
using host::HttpResponse;

std::string_view to_string(Fault fault) {
    switch (fault) {
        using enum Fault;
        case kNone:
            return "none";
        case kLostRequest:
            return "lost_request";
        case kLostAnswer:
            return "lost_answer";
        case kBadGateway:
            return "bad_gateway";
        case kGarbled:
            return "garbled";
        case kCut:
            return "cut";
        case kHtmlPage:
            return "html_page";
        case kUnavailable:
            return "unavailable";
        case kLimited:
            return "limited";
        case kLimitedLong:
            return "limited_long";
        case kEcho:
            return "echo";
        case kStuck:
            return "stuck";
    }
    return "";
}

namespace {

constexpr std::string_view kHtml = "<!DOCTYPE html><html><body>Maintenance</body></html>";
constexpr std::string_view kNoJson = "{\"data\": [{\"id\": \"1\", \"na";

std::string name_of(const HttpRequest& request) {
    // Without the query: it may hold data of a person's.
    const auto& url = request.told_url.empty() ? request.url : request.told_url;
    const auto scheme = url.find("://");
    const auto path = url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
    const auto query = url.find('?');
    return request.method + " " +
           (path == std::string::npos ? "/" : url.substr(path, query - path));
}

HttpResponse answer_of(int status, std::string_view body, std::string_view type,
                       std::string_view retry_after = {}) {
    HttpResponse out;
    out.status = status;
    out.body = body;
    out.headers.emplace("content-type", type);
    if (!retry_after.empty()) out.headers.emplace("retry-after", retry_after);
    return out;
}

std::string echo_of(const HttpRequest& request) {
    std::string out = "could not handle the request:";
    for (const auto& header : request.secret_headers)
        out.append("\n").append(header.name).append(": ").append(header.value.reveal());
    return out.append("\n\n").append(request.body);
}

}  // namespace

/// One connection's client.
class FaultyClient final : public host::HttpClient {
public:
    FaultyClient(Network& network, std::unique_ptr<host::HttpClient> inner, std::string folder)
        : network_(network), inner_(std::move(inner)), folder_(std::move(folder)) {}

    Result<HttpResponse> send(const HttpRequest& request) override {
        const Fault fault = network_.next(request);
        if (auto instead = before(fault, request)) return std::move(*instead);
        return after(fault, request, inner_->send(request));
    }

    Result<std::unique_ptr<host::Exchange>> begin(const HttpRequest& request) override {
        const Fault fault = network_.next(request);
        if (auto instead = before(fault, request))
            return std::unique_ptr<host::Exchange>(new Known(std::move(*instead)));
        auto exchange = inner_->begin(request);
        if (!exchange || fault == Fault::kNone) return exchange;
        return std::unique_ptr<host::Exchange>(
            new Spoilt(*this, fault, request, std::move(*exchange)));
    }

private:
    /// An answer that is there already.
    class Known final : public host::Exchange {
    public:
        explicit Known(Result<HttpResponse> answer) : answer_(std::move(answer)) {}
        bool arrived() override { return true; }
        Result<HttpResponse> finish() override { return std::move(answer_); }

    private:
        Result<HttpResponse> answer_;
    };
    /// One that something will happen to.
    class Spoilt final : public host::Exchange {
    public:
        Spoilt(FaultyClient& client, Fault fault, const HttpRequest& request,
               std::unique_ptr<host::Exchange> inner)
            : client_(client), fault_(fault), inner_(std::move(inner)) {
            request_.spool = request.spool;
        }
        bool arrived() override { return inner_->arrived(); }
        Result<HttpResponse> finish() override {
            return client_.after(fault_, request_, inner_->finish());
        }

    private:
        FaultyClient& client_;
        const Fault fault_;
        HttpRequest request_;
        std::unique_ptr<host::Exchange> inner_;
    };

    /// What is answered without asking the server.
    std::optional<Result<HttpResponse>> before(Fault fault, const HttpRequest& request) {
        switch (fault) {
            case Fault::kLostRequest:
                return fail(Errc::kTimeout, "no answer");
            case Fault::kHtmlPage:
                return spooled(request, answer_of(200, kHtml, "text/html"));
            case Fault::kUnavailable:
                return answer_of(503, kHtml, "text/html");
            case Fault::kLimited:
                return answer_of(429, "{}", "application/json", "1");
            case Fault::kLimitedLong:
                return answer_of(429, "{}", "application/json", "86400");
            case Fault::kEcho:
                return answer_of(500, echo_of(request), "text/plain");
            case Fault::kStuck:
                network_.stop_.request_stop();
                return fail(Errc::kCancelled, "cancelled");
            default:
                return std::nullopt;
        }
    }

    /// What becomes of the server's answer.
    Result<HttpResponse> after(Fault fault, const HttpRequest& request,
                               Result<HttpResponse> answer) {
        if (!answer) return answer;
        switch (fault) {
            case Fault::kLostAnswer:
                return fail(Errc::kUnavailable, "the connection was closed before the answer came");
            case Fault::kBadGateway:
                return answer_of(502, kHtml, "text/html");
            case Fault::kGarbled:
                return spooled(request, with_body(std::move(*answer), std::string(kNoJson)));
            case Fault::kCut: {
                auto body = take_body(*answer);
                if (!body) return pass(body);
                body->resize(body->size() / 2);
                return spooled(request, with_body(std::move(*answer), std::move(*body)));
            }
            default:
                return answer;
        }
    }

    static HttpResponse with_body(HttpResponse answer, std::string body) {
        answer.body = std::move(body);
        answer.headers.erase("content-length");
        return answer;
    }

    static Result<std::string> take_body(HttpResponse& answer) {
        if (!answer.spool.valid()) return std::move(answer.body);
        std::string out(answer.spool.size(), '\0');
        const auto file = answer.spool.release();
        std::size_t got = 0;
        while (got < out.size()) {
            const auto now =
                ::pread(file.get(), out.data() + got, out.size() - got, static_cast<off_t>(got));
            if (now <= 0) return fail(Errc::kStorage, "a spooled answer cannot be read");
            got += static_cast<std::size_t>(now);
        }
        return out;
    }

    Result<HttpResponse> spooled(const HttpRequest& request, HttpResponse answer) {
        if (!request.spool) return answer;
        auto file = host::SpoolFile::create(folder_);
        if (!file) return pass(file);
        if (auto written = file->append(answer.body); !written) return pass(written);
        answer.body.clear();
        answer.spool = std::move(*file);
        return answer;
    }

    Network& network_;
    std::unique_ptr<host::HttpClient> inner_;
    std::string folder_;
};

/// One connection that was dialled.
class FaultyStream final : public host::ByteStream {
public:
    FaultyStream(Network& network, std::unique_ptr<host::ByteStream> inner)
        : network_(network), inner_(std::move(inner)) {}

    Result<> write(std::string_view bytes) override {
        if (broken_) return broken();
        if (std::exchange(listened_, false)) fault_ = network_.next("exchange");
        switch (fault_) {
            case Fault::kNone:
            case Fault::kLostAnswer:
            case Fault::kBadGateway:
            case Fault::kGarbled:
            case Fault::kCut:
                return inner_->write(bytes);
            case Fault::kLostRequest:
                return {};  // it seems to be sent
            case Fault::kStuck:
                network_.stop_.request_stop();
                broken_ = true;
                return fail(Errc::kCancelled, "cancelled");
            default:
                broken_ = true;
                return broken();
        }
    }

    Result<std::size_t> read(char* to, std::size_t size,
                             std::chrono::milliseconds timeout) override {
        if (broken_) return broken();
        listened_ = true;
        if (fault_ == Fault::kNone) return inner_->read(to, size, timeout);
        broken_ = true;
        if (fault_ == Fault::kLostRequest) return fail(Errc::kTimeout, "no answer");
        auto got = inner_->read(to, size, timeout);
        if (!got) return got;
        if (fault_ == Fault::kCut && *got > 1) return *got / 2;
        if (fault_ != Fault::kGarbled) return broken();
        std::fill_n(to, *got, '?');
        return got;
    }

    Result<> start_tls(const std::string& host) override { return inner_->start_tls(host); }
    [[nodiscard]] std::string end_point_hash() const override { return inner_->end_point_hash(); }

private:
    static tl::unexpected<Error> broken() {
        return fail(Errc::kUnavailable, "the connection was closed");
    }

    Network& network_;
    std::unique_ptr<host::ByteStream> inner_;
    Fault fault_ = Fault::kNone;
    bool listened_ = true, broken_ = false;
};

void Network::arm(Fault fault, std::size_t first, std::size_t count) {
    fault_ = fault;
    first_ = first;
    count_ = count;
    seen_ = requests_ = 0;
    struck_ = false;
    victim_.clear();
    refused_before_ = false;
    waited_ = std::chrono::milliseconds(-1);
}

Fault Network::next(const HttpRequest& request) {
    ++requests_;
    return next(name_of(request));
}

Fault Network::next(std::string name) {
    const auto now = std::chrono::steady_clock::now();
    if (std::exchange(refused_before_, false))
        waited_ = std::chrono::duration_cast<std::chrono::milliseconds>(now - refused_);
    const auto number = seen_++;
    if (fault_ == Fault::kNone || number < first_ || number - first_ >= count_) return Fault::kNone;
    struck_ = true;
    victim_ = std::move(name);
    if (fault_ == Fault::kLimited) {
        refused_before_ = true;
        refused_ = now;
    }
    return fault_;
}

std::unique_ptr<host::HttpClient> Network::before(std::unique_ptr<host::HttpClient> inner,
                                                  std::string spool_folder) {
    return std::make_unique<FaultyClient>(*this, std::move(inner), std::move(spool_folder));
}

std::unique_ptr<host::ByteStream> Network::before(std::unique_ptr<host::ByteStream> inner) {
    return std::make_unique<FaultyStream>(*this, std::move(inner));
}

}  // namespace kontor::kit
