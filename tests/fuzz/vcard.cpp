// Cards as a broken or hostile server may send them: read, edited, written.
#include "plugins/carddav/vcard.hpp"
#include "connectors/sdk/error.hpp"
#include "plugins/carddav/contact.hpp"
#include "tests/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kontor::carddav;
    const auto text = as_text(data, size);
    try {
        Card card = Card::parse(text);
        must_hold(card.text() == text);
        const Values values = read_contact(card);
        if (!write_contact(card, values, 0)) return 0;
        must_hold(card.text() == text);
        must_hold(write_contact(card, {{"note", "n"}, {"given_name", "g"}, {"fax", "1"}}, 0));
        const Values again = read_contact(Card::parse(card.text()));
        must_hold(again.at("note") == "n");
        must_hold(again.at("given_name") == "g");
        must_hold(again.at("fax") == "1");
    } catch (const kontor::sdk::Error&) {
    }
    return 0;
}
