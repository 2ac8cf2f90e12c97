#include "connectors/sdk/host.hpp"

#include <cstddef>

#include "connectors/sdk/error.hpp"

namespace kontor::sdk {
namespace {

std::string head_of(const HttpRequest& request) {
    Json head{{"method", request.method},
              {"url", request.url},
              {"lane", request.lane},
              {"credits", request.credits}};
    Json headers = Json::object();
    for (const auto& [name, value] : request.headers) headers[name] = value;
    head["headers"] = std::move(headers);
    if (!request.authenticated) head["auth"] = "none";
    if (request.idempotent) head["idempotent"] = *request.idempotent;
    if (request.spool) head["spool"] = true;
    if (request.max_body > 0) head["max_body"] = request.max_body;
    if (request.timeout_ms > 0) head["timeout_ms"] = request.timeout_ms;
    return head.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const char* what_failed(kontor_status status) {
    switch (status) {
        case KONTOR_E_TIMEOUT:
            return "no answer in time";
        case KONTOR_E_UNAVAILABLE:
            return "the remote could not be reached";
        case KONTOR_E_CANCELLED:
            return "cancelled";
        case KONTOR_E_FULL:
            return "no room for a spool file";
        case KONTOR_E_TLS:
            return "the remote's certificate is not trusted";
        default:
            return "a service of the host failed";
    }
}

// Scheme, host and port: what a person needs to know of an address, and nothing that may be secret.
std::string server_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return std::string(url.substr(0, url.find('/')));
    return std::string(url.substr(0, url.find_first_of("/?#", scheme + 3)));
}

void require(kontor_status status) {
    if (status != KONTOR_OK) throw Error(status, what_failed(status));
}

void reached(const HttpRequest& request, kontor_status status) {
    if (status != KONTOR_OK)
        throw Error(status, server_of(request.url) + ": " + what_failed(status));
}

}  // namespace

HostFile::~HostFile() {
    if (handle_ >= 0) host_->file_close(host_->ctx, handle_);
}

std::size_t HostFile::read(std::int64_t offset, char* buffer, std::size_t size) const {
    std::size_t got = 0;
    require(host_->file_read(host_->ctx, handle_, offset, buffer, size, &got));
    if (got > size) throw Error(KONTOR_E_INTERNAL, "the host returned more than was asked for");
    return got;
}

void HostFile::write(std::string_view bytes) {
    // Frames have a limit; a file has none.
    constexpr std::size_t kPiece = std::size_t{1} << 20;
    for (std::size_t at = 0; at < bytes.size(); at += kPiece)
        require(host_->file_write(host_->ctx, handle_, to_str(bytes.substr(at, kPiece))));
}

void HostFile::commit() {
    // A host older than this SDK ends before this member; its files appear at once.
    if (host_->size < offsetof(kontor_host, file_commit) + sizeof host_->file_commit) return;
    require(host_->file_commit(host_->ctx, handle_));
}

HostStream::~HostStream() {
    if (handle_ >= 0) host_->stream_close(host_->ctx, handle_);
}

std::string_view HostStream::read(std::size_t size, std::int64_t timeout_ms) {
    kontor_str out{nullptr, 0};
    require(host_->stream_read(host_->ctx, handle_, size, timeout_ms, &out));
    if (out.size > size)
        throw Error(KONTOR_E_INTERNAL, "the host returned more than was asked for");
    return to_view(out);
}

void HostStream::write(std::string_view bytes) {
    require(host_->stream_write(host_->ctx, handle_, to_str(bytes)));
}

HostFile Host::open_file(std::string_view path) {
    std::int64_t handle = -1;
    require(raw_->file_open(raw_->ctx, to_str(path), 0, &handle));
    return {raw_, handle};
}

HostFile Host::create_file(std::string_view path) {
    std::int64_t handle = -1;
    require(raw_->file_open(raw_->ctx, to_str(path), 1, &handle));
    return {raw_, handle};
}

std::vector<ListedFile> Host::list_files(std::string_view folder) {
    kontor_str listing{nullptr, 0};
    require(raw_->file_list(raw_->ctx, to_str(folder), &listing));
    std::vector<ListedFile> out;
    for (const Json& each : parse_json(to_view(listing), "a folder"))
        out.push_back(
            {text_of(each, "path"), integer_of(each, "size"), integer_of(each, "modified_ms")});
    return out;
}

HostStream Host::dial(std::string_view address) {
    // A host older than this SDK ends before these members.
    if (raw_->size < offsetof(kontor_host, stream_close) + sizeof raw_->stream_close)
        throw Error(KONTOR_E_UNSUPPORTED, "this host cannot dial");
    std::int64_t handle = -1;
    kontor_str greeting{nullptr, 0};
    require(raw_->dial(raw_->ctx, to_str(address), &handle, &greeting));
    Json told = parse_json(to_view(greeting), "the server's greeting");
    return {raw_, handle, std::move(told)};
}

HttpResponse Host::http(const HttpRequest& request) {
    const std::string head = head_of(request);
    kontor_http_response raw{};
    raw.spool = -1;
    reached(request, raw_->http(raw_->ctx, to_str(head), to_str(request.body), &raw));
    return read(request, raw);
}

// A host older than this SDK ends before these members.
bool Host::runs_ahead() const {
    return raw_->size >= offsetof(kontor_host, http_finish) + sizeof raw_->http_finish &&
           raw_->http_begin != nullptr && raw_->http_arrived != nullptr &&
           raw_->http_finish != nullptr;
}

BegunRequest Host::begin(HttpRequest request) {
    BegunRequest begun{std::move(request), 0};
    if (!runs_ahead()) return begun;
    const std::string head = head_of(begun.request);
    reached(begun.request,
            raw_->http_begin(raw_->ctx, to_str(head), to_str(begun.request.body), &begun.ticket));
    return begun;
}

bool Host::arrived(const BegunRequest& begun) const {
    return begun.ticket != 0 && raw_->http_arrived(raw_->ctx, begun.ticket) != 0;
}

HttpResponse Host::finish(const BegunRequest& begun) {
    if (begun.ticket == 0) return http(begun.request);
    kontor_http_response raw{};
    raw.spool = -1;
    reached(begun.request, raw_->http_finish(raw_->ctx, begun.ticket, &raw));
    return read(begun.request, raw);
}

HttpResponse Host::read(const HttpRequest& request, const kontor_http_response& raw) {
    HttpResponse response;
    response.status = raw.status;
    if (request.spool && raw.spool >= 0) response.spool = HostFile(raw_, raw.spool);
    response.headers =
        raw.headers.size == 0 ? Json::object() : parse_json(to_view(raw.headers), "answer headers");
    response.body = to_view(raw.body);
    return response;
}

void Host::emit(abi::BatchWriter& batch, std::string_view checkpoint) {
    if (batch.records() == 0 && checkpoint.empty()) return;
    const auto status = raw_->emit(raw_->ctx, to_str(batch.bytes()), to_str(checkpoint));
    batch.clear();
    require(status);
}

void Host::sleep_ms(std::int64_t ms) {
    raw_->sleep_ms(raw_->ctx, ms);
    check_cancelled();
}

void Host::check_cancelled() const {
    if (raw_->cancelled(raw_->ctx) != 0) throw Error(KONTOR_E_CANCELLED, "cancelled");
}

void Host::log(LogLevel level, std::string_view event, const Json& fields) {
    const std::string text = fields.dump(-1, ' ', false, Json::error_handler_t::replace);
    raw_->log(raw_->ctx, static_cast<std::int32_t>(level), to_str(event), to_str(text));
}

void Host::progress(const Json& step) {
    const std::string text = step.dump(-1, ' ', false, Json::error_handler_t::replace);
    raw_->progress(raw_->ctx, to_str(text));
}

void Host::set_error(std::string_view message, std::string_view args_json) {
    raw_->set_error(raw_->ctx, to_str(message), to_str(args_json));
}

std::string Host::state() const {
    return std::string(to_view(raw_->state_get(raw_->ctx)));
}

void Host::put_state(std::string_view state) {
    require(raw_->state_put(raw_->ctx, to_str(state)));
}

}  // namespace kontor::sdk
