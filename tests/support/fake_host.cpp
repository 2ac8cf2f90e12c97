#include "tests/support/fake_host.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace kontor::test {
namespace {

std::string text(kontor_str from) {
    return from.size == 0 ? std::string() : std::string(from.data, from.size);
}

std::string decode(std::string_view from) {
    std::string out;
    for (std::size_t i = 0; i < from.size(); ++i) {
        if (from[i] == '%' && i + 2 < from.size()) {
            out.push_back(static_cast<char>(
                std::strtol(std::string(from.substr(i + 1, 2)).c_str(), nullptr, 16)));
            i += 2;
        } else {
            out.push_back(from[i]);
        }
    }
    return out;
}

void split_url(FakeRequest& request) {
    std::string_view url = request.url;
    const auto host = url.find("://");
    if (host != std::string_view::npos) url.remove_prefix(host + 3);
    const auto slash = url.find('/');
    url = slash == std::string_view::npos ? std::string_view() : url.substr(slash);
    const auto mark = url.find('?');
    request.path = decode(url.substr(0, mark));
    if (mark == std::string_view::npos) return;
    std::string_view query = url.substr(mark + 1);
    while (!query.empty()) {
        const auto end = query.find('&');
        const std::string_view pair = query.substr(0, end);
        const auto equals = pair.find('=');
        if (equals != std::string_view::npos)
            request.query[decode(pair.substr(0, equals))] = decode(pair.substr(equals + 1));
        if (end == std::string_view::npos) break;
        query.remove_prefix(end + 1);
    }
}

std::string http_date(std::int64_t ms) {
    const std::time_t seconds = ms / 1000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char out[64];
    std::strftime(out, sizeof out, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return out;
}

EmittedBatch decode_batch(std::string_view bytes, std::string checkpoint) {
    EmittedBatch out;
    out.checkpoint = std::move(checkpoint);
    abi::BatchReader reader(bytes);
    while (const auto record = reader.next()) {
        EmittedRecord copy{record->op,
                           std::string(record->id),
                           std::string(record->version),
                           std::string(record->key),
                           std::string(record->actor),
                           {}};
        for (unsigned i = 0; i < record->count; ++i) {
            abi::BatchReader::Field field;
            if (!reader.next_field(field)) break;
            if (field.tag == abi::Tag::kNull) copy.fields[field.field] = std::monostate();
            if (field.tag == abi::Tag::kInteger) copy.fields[field.field] = field.integer;
            if (field.tag == abi::Tag::kReal) copy.fields[field.field] = field.real;
            if (field.tag == abi::Tag::kText) copy.fields[field.field] = std::string(field.text);
        }
        out.records.push_back(std::move(copy));
    }
    if (!reader.ok()) throw std::logic_error("the plugin emitted a malformed batch");
    return out;
}

FakeRequest parse(kontor_str head, kontor_str body) {
    const auto json = nlohmann::json::parse(text(head));
    FakeRequest request;
    request.method = json.value("method", "GET");
    request.url = json.value("url", "");
    request.body = text(body);
    request.lane = json.value("lane", "read");
    request.credits = json.value("credits", 1);
    request.idempotent = json.value("idempotent", request.method == "GET");
    request.spool = json.value("spool", false);
    for (const auto& [name, value] : json["headers"].items())
        request.headers[name] = value.get<std::string>();
    split_url(request);
    return request;
}

}  // namespace

FakeHost::FakeHost() {
    raw_.size = sizeof raw_;
    raw_.ctx = this;
    raw_.http = &http;
    raw_.emit = &emit;
    raw_.now_ms = [](void* ctx) { return of(ctx).clock_ms; };
    raw_.random = [](void* ctx) {
        return of(ctx).random_ = of(ctx).random_ * 6364136223846793005u + 1442695040888963407u;
    };
    raw_.sleep_ms = [](void* ctx, std::int64_t ms) {
        of(ctx).clock_ms += ms;
        of(ctx).slept_ms += ms;
    };
    raw_.cancelled = [](void* ctx) -> std::int32_t { return of(ctx).cancelled ? 1 : 0; };
    raw_.log = [](void* ctx, std::int32_t level, kontor_str event, kontor_str fields) {
        of(ctx).logs.push_back({level, text(event), text(fields)});
    };
    raw_.set_error = [](void* ctx, kontor_str message, kontor_str args) {
        of(ctx).error_message = text(message);
        of(ctx).error_args = text(args);
    };
    raw_.progress = [](void* ctx, kontor_str json) { of(ctx).progress.push_back(text(json)); };
    raw_.state_get = [](void* ctx) -> kontor_str {
        of(ctx).state_out_ = of(ctx).state;
        return {of(ctx).state_out_.data(), of(ctx).state_out_.size()};
    };
    raw_.state_put = [](void* ctx, kontor_str saved) {
        if (saved.size > 65'536) return KONTOR_E_INVALID;
        of(ctx).state = text(saved);
        return KONTOR_OK;
    };
    raw_.file_read = &file_read;
    raw_.file_open = &file_open;
    raw_.file_write = [](void* ctx, std::int64_t file, kontor_str bytes) {
        if (of(ctx).new_files_.count(file) == 0) return KONTOR_E_PERMISSION;
        of(ctx).files_[file] += text(bytes);
        return KONTOR_OK;
    };
    raw_.file_list = &file_list;
    raw_.file_commit = &file_commit;
    raw_.file_close = &file_close;
    serve_streams();
    raw_.http_begin = [](void* ctx, kontor_str head, kontor_str body, std::int64_t* ticket) {
        FakeHost& self = of(ctx);
        if (self.cancelled) return KONTOR_E_CANCELLED;
        FakeRequest request = parse(head, body);
        if (self.begun_.size() >= 16) return KONTOR_E_INVALID;
        request.ahead = true;
        self.requests.push_back(request);
        self.order.push_back("begin " + request.path);
        *ticket = self.next_ticket_++;
        self.begun_.emplace(*ticket, std::move(request));
        return KONTOR_OK;
    };
    raw_.http_arrived = [](void* ctx, std::int64_t ticket) -> std::int32_t {
        return of(ctx).arrives && of(ctx).begun_.count(ticket) != 0 ? 1 : 0;
    };
    raw_.http_finish = [](void* ctx, std::int64_t ticket, kontor_http_response* out) {
        FakeHost& self = of(ctx);
        const auto found = self.begun_.find(ticket);
        if (found == self.begun_.end()) return KONTOR_E_INVALID;
        const FakeRequest request = std::move(found->second);
        self.begun_.erase(found);
        if (self.cancelled) return KONTOR_E_CANCELLED;
        self.order.push_back("finish " + request.path);
        return self.answer(request, out);
    };
}

void FakeHost::serve_streams() {
    raw_.dial = [](void* ctx, kontor_str, std::int64_t* stream, kontor_str* out) {
        if (!of(ctx).server) return KONTOR_E_PERMISSION;
        of(ctx).stream_.clear();
        *stream = 1;
        *out = {"{}", 2};
        return KONTOR_OK;
    };
    raw_.stream_read = [](void* ctx, std::int64_t, std::size_t size, std::int64_t,
                          kontor_str* out) {
        FakeHost& self = of(ctx);
        if (self.cancelled) return KONTOR_E_CANCELLED;
        self.body_ = self.stream_.substr(0, std::min(size, self.stream_piece));
        self.stream_.erase(0, self.body_.size());
        *out = {self.body_.data(), self.body_.size()};
        return KONTOR_OK;
    };
    raw_.stream_write = [](void* ctx, std::int64_t, kontor_str bytes) {
        of(ctx).stream_ += of(ctx).server({bytes.data, bytes.size});
        return KONTOR_OK;
    };
    raw_.stream_close = [](void*, std::int64_t) {};
}

void FakeHost::run_ahead(bool can) {
    raw_.size = can ? sizeof raw_ : offsetof(kontor_host, http_begin);
}

kontor_status FakeHost::http(void* ctx, kontor_str head, kontor_str body,
                             kontor_http_response* out) {
    FakeHost& self = of(ctx);
    if (self.cancelled) return KONTOR_E_CANCELLED;
    const FakeRequest request = parse(head, body);
    self.requests.push_back(request);
    return self.answer(request, out);
}

kontor_status FakeHost::answer(const FakeRequest& request, kontor_http_response* out) {
    FakeResponse response;
    if (!scripted_.empty()) {
        response = std::move(scripted_.front());
        scripted_.pop_front();
    } else if (handler) {
        response = handler(request);
    } else {
        throw std::logic_error("no answer for " + request.method + " " + request.url);
    }
    if (response.transport != KONTOR_OK) return response.transport;
    if (send_date) response.headers.emplace("date", http_date(clock_ms));
    headers_ = nlohmann::json(response.headers).dump();
    body_ = std::move(response.body);
    out->status = response.status;
    out->headers = {headers_.data(), headers_.size()};
    out->body = {body_.data(), body_.size()};
    out->spool = -1;
    if (request.spool) {
        out->spool = next_file_++;
        files_[out->spool] = std::move(body_);
        open_files = files_.size();
        out->body = {nullptr, 0};
    }
    return KONTOR_OK;
}

kontor_status FakeHost::emit(void* ctx, kontor_str batch, kontor_str checkpoint) {
    FakeHost& self = of(ctx);
    if (self.cancelled) return KONTOR_E_CANCELLED;
    EmittedBatch decoded = decode_batch({batch.data, batch.size}, text(checkpoint));
    if (self.on_emit) {
        if (const auto status = self.on_emit(decoded); status != KONTOR_OK) return status;
    }
    self.order.push_back("emit " + std::to_string(decoded.records.size()));
    self.batches.push_back(std::move(decoded));
    return KONTOR_OK;
}

kontor_status FakeHost::file_read(void* ctx, std::int64_t file, std::int64_t offset, void* buffer,
                                  std::size_t size, std::size_t* got) {
    FakeHost& self = of(ctx);
    const auto found = self.files_.find(file);
    if (found == self.files_.end() || offset < 0) return KONTOR_E_NOT_FOUND;
    const auto at = std::min(static_cast<std::size_t>(offset), found->second.size());
    *got = std::min(size, found->second.size() - at);
    std::memcpy(buffer, found->second.data() + at, *got);
    return KONTOR_OK;
}

kontor_status FakeHost::file_open(void* ctx, kontor_str path, std::int32_t mode,
                                  std::int64_t* file) {
    FakeHost& self = of(ctx);
    const std::string name = text(path);
    const auto found = self.granted.find(name);
    if (mode == 0 && found == self.granted.end()) return KONTOR_E_NOT_FOUND;
    if (mode == 1 && name.rfind("outbox/", 0) != 0) return KONTOR_E_PERMISSION;
    if (mode == 1 && found != self.granted.end()) return KONTOR_E_INVALID;
    *file = self.next_file_++;
    self.files_[*file] = mode == 0 ? found->second.bytes : std::string();
    if (mode == 1) self.new_files_[*file] = name;
    self.open_files = self.files_.size();
    return KONTOR_OK;
}

kontor_status FakeHost::file_list(void* ctx, kontor_str folder, kontor_str* out) {
    FakeHost& self = of(ctx);
    const std::string name = text(folder);
    if (std::find(self.folders.begin(), self.folders.end(), name) == self.folders.end())
        return KONTOR_E_PERMISSION;
    auto list = nlohmann::json::array();
    for (const auto& [path, file] : self.granted)
        if (path.rfind(name + "/", 0) == 0)
            list.push_back(
                {{"path", path}, {"size", file.bytes.size()}, {"modified_ms", file.modified_ms}});
    self.listing_ = list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    *out = {self.listing_.data(), self.listing_.size()};
    return KONTOR_OK;
}

kontor_status FakeHost::file_commit(void* ctx, std::int64_t file) {
    FakeHost& self = of(ctx);
    const auto found = self.new_files_.find(file);
    if (found == self.new_files_.end()) return KONTOR_E_INVALID;
    if (self.on_commit)
        if (const auto status = self.on_commit(); status != KONTOR_OK) return status;
    self.granted[found->second] = {self.files_[file], self.clock_ms};
    self.new_files_.erase(found);
    return KONTOR_OK;
}

void FakeHost::file_close(void* ctx, std::int64_t file) {
    of(ctx).new_files_.erase(file);
    of(ctx).files_.erase(file);
    of(ctx).open_files = of(ctx).files_.size();
}

std::vector<EmittedRecord> FakeHost::records() const {
    std::vector<EmittedRecord> out;
    for (const auto& batch : batches)
        out.insert(out.end(), batch.records.begin(), batch.records.end());
    return out;
}

void FakeHost::clear() {
    requests.clear();
    order.clear();
    batches.clear();
    logs.clear();
    progress.clear();
    error_message.clear();
    error_args.clear();
    slept_ms = 0;
}

}  // namespace kontor::test
