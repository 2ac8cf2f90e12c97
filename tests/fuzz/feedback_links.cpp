// Tokens of links and tags of letters, as anybody may send them: only those that were signed are
// taken, and in one way of writing them.
#include "daemon/feedback/token.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace kontor;
using namespace kontor::feedback;

const host::Secret& secret() {
    static const host::Secret out(std::string("a secret of this laptop"));
    return out;
}

// `text` with one byte of it changed.
std::string changed(std::string text, std::uint8_t where, std::uint8_t by) {
    auto& at = text[where % text.size()];
    at = static_cast<char>(at ^ by);
    return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = as_text(data, size);
    must_hold(!read_ticket(text, secret()));  // no input is signed
    must_hold(!read_mail_tag(text, secret()));
    must_hold(!looks_like_mail_tag(text) || text.size() == 48);
    if (size < 10) return 0;
    Ticket ticket;
    ticket.key = short_hash(text);
    ticket.purpose = data[0] % 2 == 0 ? Purpose::kAnswer : Purpose::kUnsubscribe;
    if (data[1] != 0) ticket.expires = Instant(std::chrono::seconds(data[1] * 100'000'000LL));
    const auto token = sign_ticket(ticket, secret());
    const auto tag = sign_mail_tag(ticket.key, secret());
    must_hold(token && tag);
    const auto read = read_ticket(*token, secret());
    must_hold(read && read->key == ticket.key && read->purpose == ticket.purpose);
    must_hold(read->expires == ticket.expires);
    must_hold(read_mail_tag(*tag, secret()) == ticket.key);
    if (data[3] != 0) must_hold(!read_ticket(changed(*token, data[2], data[3]), secret()));
    // A mail program may have changed a tag's letters, nothing else.
    if (const auto other = read_mail_tag(changed(*tag, data[2], data[3]), secret()))
        must_hold(*other == ticket.key && (data[3] == 0 || data[3] == 0x20));
    must_hold(!read_ticket(std::string(*token) + static_cast<char>(data[4]), secret()));
    return 0;
}
