// A PostgreSQL server's bytes before it has let us in, read by the host itself: it may refuse, but
// not be let off the proof that it knows the password, nor get ours without TLS.
#include "connectors/host/postgres_sign_in.hpp"
#include "sync/base/utf8.hpp"
#include "tests/connectors/host/scripted_stream.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace kontor;

constexpr std::string_view kNonce = "************************";  // our nonce, in the server's words
constexpr std::string_view kPassword = "pencil";

// From five digits on the rounds of SCRAM take longer than they show: what is refused has more.
bool takes_long(std::string_view script) {
    for (auto at = script.find("i="); at != std::string_view::npos;
         at = script.find("i=", at + 1)) {
        const auto digits = script.substr(at + 2).find_first_not_of("0123456789");
        const auto count = digits == std::string_view::npos ? script.size() - at - 2 : digits;
        if (count >= 5 && count <= 7) return true;
    }
    return false;
}

// A server that repeats the client's nonce, as SCRAM has it.
void repeat_nonce(host::test::ScriptedStream& stream, std::string_view said) {
    const auto at = said.find(",r=");
    if (!said.starts_with('p') || at == std::string_view::npos) return;
    const auto nonce = said.substr(at + 3, kNonce.size());
    for (auto place = stream.to_read.find(kNonce); place != std::string::npos;
         place = stream.to_read.find(kNonce, place + 1))
        stream.to_read.replace(place, nonce.size(), nonce);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // The first byte chooses what we have and allow.
    if (size == 0 || takes_long(as_text(data, size))) return 0;
    const bool plain_allowed = (data[0] & 1) != 0;
    const bool without_password = (data[0] & 2) != 0;
    host::test::ScriptedStream stream{std::string(as_text(data + 1, size - 1))};
    if ((data[0] & 4) != 0) stream.hash = std::string(32, 'h');
    if ((data[0] & 8) != 0) stream.piece = 3;
    bool scram = false;
    int proofs = 0;
    stream.on_write = [&](std::string_view said) {
        scram = scram || said.find("SCRAM-SHA-256") != std::string_view::npos;
        if (said.find(",p=") != std::string_view::npos) ++proofs;
        repeat_nonce(stream, said);
        return std::string();
    };
    const host::PostgresAccount account{
        .host = "db.example.com",
        .database = "crm",
        .user = "kontor",
        .password = host::Secret(std::string(without_password ? "" : kPassword)),
        .plain_allowed = plain_allowed};
    const auto done = host::postgres_sign_in(stream, account);
    must_hold(!done || !scram);  // no script knows the password
    must_hold(proofs <= 1);      // each costs much
    if (stream.tls_host.empty()) {
        must_hold(!done || plain_allowed);
        must_hold(plain_allowed || stream.written.find(kPassword) == std::string::npos);
    }
    if (!done) {
        must_hold(is_utf8(done.error().message));
        for (const auto& [name, text] : done.error().args) must_hold(is_utf8(text));
    }
    return 0;
}
