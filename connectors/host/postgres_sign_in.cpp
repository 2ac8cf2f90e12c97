#include "connectors/host/postgres_sign_in.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "connectors/host/scram.hpp"
#include "connectors/host/status.hpp"
#include "sync/base/utf8.hpp"

namespace kontor::host {
namespace {

using namespace std::chrono_literals;

constexpr auto kTimeout = 30s;                    // for each answer
constexpr std::size_t kMessageBytesMax = 65'536;  // nothing longer is said while signing in
constexpr int kMessagesMax = 200;
constexpr std::uint32_t kSslRequest = 80'877'103;
constexpr std::uint32_t kProtocolVersion = 196'608;  // 3.0

std::string number(std::uint32_t value) {
    std::string out(4, '\0');
    for (std::size_t i = 0; i < 4; ++i) out[i] = static_cast<char>(value >> (24 - 8 * i));
    return out;
}

std::uint32_t read_number(std::string_view bytes) {
    std::uint32_t out = 0;
    for (std::size_t i = 0; i < 4; ++i) out = (out << 8) | static_cast<unsigned char>(bytes[i]);
    return out;
}

std::string message(char type, std::string_view body) {
    std::string out(1, type);
    out.reserve(body.size() + 5);
    return out.append(number(static_cast<std::uint32_t>(body.size() + 4))).append(body);
}

tl::unexpected<Error> senseless() {
    return fail(Errc::kProtocol, "the server's sign-in makes no sense: is it PostgreSQL?");
}

struct Message {
    char type = 0;
    std::string body;
};

// The text up to the next zero byte; nullopt if there is none.
std::optional<std::string_view> take_text(std::string_view& from) {
    const auto end = from.find('\0');
    if (end == std::string_view::npos) return std::nullopt;
    const auto out = from.substr(0, end);
    from.remove_prefix(end + 1);
    return out;
}

bool is_sqlstate(std::string_view text) {
    return text.size() == 5 && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
           });
}

// SQLSTATE and text of an ErrorResponse.
Error refusal(std::string_view body) {
    std::string state, text;
    while (!body.empty() && body.front() != '\0') {
        const char field = body.front();
        body.remove_prefix(1);
        const auto value = take_text(body);
        if (!value) break;
        if (field == 'C') state = *value;
        if (field == 'M') text = *value;
    }
    if (!is_utf8(text)) text = "(a text that is not UTF-8)";
    if (!is_sqlstate(state)) state.clear();
    Error error{Errc::kProtocol, "the server refuses: " + text, {{"sqlstate", state}}, {}};
    if (state.starts_with("28"))
        error.code = Errc::kUnauthenticated;
    else if (state == "3D000")
        error.code = Errc::kNotFound;
    else if (state == "42501")
        error.code = Errc::kPermission;
    else if (state.starts_with("53") || state.starts_with("57") || state.starts_with("08")) {
        error.code = Errc::kUnavailable;
        error.args.merge(answered_args(0));
    }
    return error;
}

class SignIn {
public:
    SignIn(ByteStream& stream, const PostgresAccount& account)
        : stream_(stream), account_(account) {}

    Result<PostgresParameters> run() {
        if (auto secured = secure(); !secured) return pass(secured);
        if (auto started = start_up(); !started) return pass(started);
        for (int i = 0; i < kMessagesMax; ++i) {
            auto got = receive();
            if (!got) return pass(got);
            if (got->type == 'Z') {
                if (!let_in_) return senseless();
                return std::move(parameters_);
            }
            if (auto taken = take(*got); !taken) return pass(taken);
        }
        return senseless();
    }

private:
    Result<> read_exactly(char* to, std::size_t size) {
        while (size > 0) {
            auto got = stream_.read(to, size, kTimeout);
            if (!got) return pass(got);
            if (*got == 0) return fail(Errc::kUnavailable, "the server hangs up while signing in");
            to += *got;
            size -= *got;
        }
        return {};
    }

    Result<Message> receive() {
        std::array<char, 5> head{};
        if (auto read = read_exactly(head.data(), head.size()); !read) return pass(read);
        const std::size_t size = read_number({head.data() + 1, 4});
        if (size < 4 || size > kMessageBytesMax) return senseless();
        Message out{head[0], std::string(size - 4, '\0')};
        if (auto read = read_exactly(out.body.data(), out.body.size()); !read) return pass(read);
        if (out.type == 'E') return tl::unexpected(refusal(out.body));
        return out;
    }

    // Nothing else is read before TLS: what somebody between us slips in is not taken for the
    // server's.
    Result<> secure() {
        if (auto sent = stream_.write(number(8) + number(kSslRequest)); !sent) return sent;
        char answer = 0;
        if (auto read = read_exactly(&answer, 1); !read) return read;
        if (answer == 'S') {
            encrypted_ = true;
            return stream_.start_tls(account_.host);
        }
        if (answer == 'N' && account_.plain_allowed) return {};
        if (answer == 'N')
            return fail(Errc::kTls, account_.host + ": the server offers no TLS",
                        {{"host", account_.host}, {"reason", "the server offers no TLS"}});
        return senseless();
    }

    Result<> start_up() {
        std::string body = number(kProtocolVersion);
        for (const auto& [name, value] :
             {std::pair<std::string_view, std::string_view>{"user", account_.user},
              {"database", account_.database},
              {"client_encoding", "UTF8"},
              {"application_name", "kontor"}}) {
            if (value.find('\0') != std::string_view::npos)
                return fail(Errc::kConfig, "the name of a user or database has a zero byte");
            body.append(name).append(1, '\0').append(value).append(1, '\0');
        }
        body.append(1, '\0');
        return stream_.write(number(static_cast<std::uint32_t>(body.size() + 4)) + body);
    }

    Result<> take(const Message& got) {
        std::string_view body = got.body;
        switch (got.type) {
            case 'R':
                return authenticate(body);
            case 'S': {
                const auto name = take_text(body);
                const auto value = take_text(body);
                if (!name || !value || !is_utf8(*name) || !is_utf8(*value)) return senseless();
                parameters_[std::string(*name)] = *value;
                return {};
            }
            case 'K':  // the key to cancel queries with: not needed
            case 'N':
                return {};
            default:
                return senseless();
        }
    }

    Result<> authenticate(std::string_view body) {
        if (body.size() < 4 || let_in_) return senseless();
        const auto kind = read_number(body);
        body.remove_prefix(4);
        switch (kind) {
            case 0:
                // Whoever began to prove that they know the password has to finish.
                if (scram_ && !verified_) return senseless();
                let_in_ = true;
                return {};
            case 3:
                if (!encrypted_ && !account_.plain_allowed) return senseless();
                return send_password(account_.password.reveal());
            case 5:
                return send_md5(body);
            case 10:
                return begin_scram(body);
            case 11:
                return go_on(body);
            case 12: {
                if (!scram_) return senseless();
                auto proven = scram_->verify(body);
                verified_ = proven.has_value();
                return proven;
            }
            default:
                return fail(Errc::kUnsupported,
                            "the server wants a kind of sign-in that Kontor does not have (" +
                                std::to_string(kind) + "); it should be scram-sha-256");
        }
    }

    Result<> send_secret(std::string body) {
        auto whole = message('p', body);
        auto sent = stream_.write(whole);
        wipe(body);
        wipe(whole);
        return sent;
    }

    Result<> send_password(std::string_view text) {
        if (account_.password.empty())
            return fail(Errc::kUnauthenticated, "the server wants a password, and none is given",
                        {{"secret", "password"}});
        std::string body;
        body.reserve(text.size() + 1);
        body.append(text).append(1, '\0');
        return send_secret(std::move(body));
    }

    static std::string md5_hex(std::string_view first, std::string_view second) {
        std::string both;
        both.reserve(first.size() + second.size());
        both.append(first).append(second);
        std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
        unsigned size = 0;
        const bool done =
            EVP_Digest(both.data(), both.size(), hash.data(), &size, EVP_md5(), nullptr) == 1;
        wipe(both);
        std::string out;
        for (unsigned i = 0; done && i < size; ++i) {
            out += "0123456789abcdef"[hash[i] >> 4];
            out += "0123456789abcdef"[hash[i] & 15];
        }
        return out;
    }

    Result<> send_md5(std::string_view salt) {
        if (salt.size() != 4) return senseless();
        auto inner = md5_hex(account_.password.reveal(), account_.user);
        const auto outer = md5_hex(inner, salt);
        wipe(inner);
        if (outer.empty()) return fail(Errc::kUnsupported, "this computer does not allow MD5");
        return send_password("md5" + outer);
    }

    Result<> begin_scram(std::string_view mechanisms) {
        bool plain = false;
        bool bound = false;
        while (const auto name = take_text(mechanisms)) {
            plain = plain || *name == "SCRAM-SHA-256";
            bound = bound || *name == "SCRAM-SHA-256-PLUS";
        }
        if (scram_ || !(plain || bound)) return senseless();
        if (account_.password.empty()) return send_password({});
        scram_.emplace("", account_.password,
                       Scram::Binding{.offered = bound, .data = stream_.end_point_hash()},
                       scram_nonce());
        if (scram_->mechanism() == "SCRAM-SHA-256" && !plain) return senseless();
        const auto first = scram_->first();
        return stream_.write(message('p', std::string(scram_->mechanism()) + '\0' +
                                              number(static_cast<std::uint32_t>(first.size())) +
                                              first));
    }

    Result<> go_on(std::string_view server_first) {
        // Each answer costs a second of work at most, which a server may demand once.
        if (!scram_ || answered_) return senseless();
        answered_ = true;
        auto answer = scram_->answer(server_first);
        if (!answer) return pass(answer);
        return send_secret(std::move(*answer));
    }

    ByteStream& stream_;
    const PostgresAccount& account_;
    PostgresParameters parameters_;
    std::optional<Scram> scram_;
    bool encrypted_ = false;
    bool answered_ = false;
    bool verified_ = false;
    bool let_in_ = false;
};

}  // namespace

Result<PostgresParameters> postgres_sign_in(ByteStream& stream, const PostgresAccount& account) {
    return SignIn(stream, account).run();
}

}  // namespace kontor::host
