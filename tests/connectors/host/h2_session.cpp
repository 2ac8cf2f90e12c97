#include "tests/connectors/host/h2_session.hpp"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace kontor::host::test {

namespace {

std::vector<std::pair<std::string, std::string>> headers_of(const std::string& head) {
    std::vector<std::pair<std::string, std::string>> out;
    for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
        const auto end = std::min(head.find("\r\n", at), head.size());
        const auto colon = head.find(": ", at);
        std::string name = head.substr(at, colon - at);
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        out.emplace_back(std::move(name), head.substr(colon + 2, end - colon - 2));
        at = end + 2;
    }
    return out;
}

nghttp2_nv pair(const std::string& name, const std::string& value) {
    return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
            reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
            value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

struct H2Session::Calls {
    static H2Session& self(void* data) { return *static_cast<H2Session*>(data); }

    static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                      std::uint8_t, void* data) {
        ServerRequest& request = self(data).streams_[frame->hd.stream_id].request;
        const std::string key(reinterpret_cast<const char*>(name), name_size);
        const std::string text(reinterpret_cast<const char*>(value), value_size);
        if (key == ":method")
            request.method = text;
        else if (key == ":path")
            request.target = text;
        else
            request.headers[key] = text;
        return 0;
    }
    static int chunk(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                     std::size_t size, void* data) {
        self(data).streams_[id].request.body.append(reinterpret_cast<const char*>(bytes), size);
        return 0;
    }
    static int frame(nghttp2_session*, const nghttp2_frame* frame, void* data) {
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
            (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA))
            self(data).answer(frame->hd.stream_id);
        return 0;
    }
    static ssize_t body(nghttp2_session* session, std::int32_t id, std::uint8_t* buffer,
                        std::size_t size, std::uint32_t* flags, nghttp2_data_source*, void* data) {
        Stream& stream = self(data).streams_[id];
        const std::size_t end = stream.cut ? stream.body.size() / 2 : stream.body.size();
        const std::size_t count = std::min(size, end - stream.sent);
        std::copy_n(stream.body.data() + stream.sent, count, buffer);
        stream.sent += count;
        if (stream.sent < end) return static_cast<ssize_t>(count);
        if (stream.cut) {
            *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
            nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_INTERNAL_ERROR);
        } else {
            *flags |= NGHTTP2_DATA_FLAG_EOF;
        }
        return static_cast<ssize_t>(count);
    }
};

H2Session::H2Session(TlsServer::Handler handler, int connection)
    : handler_(std::move(handler)), connection_(connection) {
    nghttp2_session_callbacks* calls = nullptr;
    nghttp2_session_callbacks_new(&calls);
    nghttp2_session_callbacks_set_on_header_callback(calls, &Calls::header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, &Calls::chunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(calls, &Calls::frame);
    const int made = nghttp2_session_server_new(&session_, calls, this);
    nghttp2_session_callbacks_del(calls);
    if (made != 0) throw std::runtime_error("nghttp2");
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
}

H2Session::~H2Session() {
    nghttp2_session_del(session_);
}

void H2Session::answer(int stream_id) {
    Stream& stream = streams_[stream_id];
    stream.request.connection = connection_;
    const ServerReply reply = handler_(stream.request);
    const auto end = reply.bytes.find("\r\n\r\n");
    const std::string status = reply.bytes.substr(9, 3);
    stream.body = reply.bytes.substr(end + 4);
    stream.cut = reply.close;
    const auto headers = headers_of(reply.bytes.substr(0, end));
    const std::string status_name = ":status";
    std::vector<nghttp2_nv> all{pair(status_name, status)};
    for (const auto& [name, value] : headers) all.push_back(pair(name, value));
    nghttp2_data_provider provider{};
    provider.read_callback = &Calls::body;
    nghttp2_submit_response(session_, stream_id, all.data(), all.size(), &provider);
}

bool H2Session::feed(const std::string& bytes) {
    return nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                    bytes.size()) >= 0;
}

std::string H2Session::output() {
    std::string out;
    const std::uint8_t* bytes = nullptr;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_, &bytes)) > 0;)
        out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    return out;
}

bool H2Session::ended() const {
    return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

}  // namespace kontor::host::test
