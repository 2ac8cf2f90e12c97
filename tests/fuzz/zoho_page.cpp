// Pages of records as a broken or hostile server may send them.
#include "connectors/sdk/connector.hpp"
#include "plugins/zoho/json_page.hpp"
#include "tests/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const kontor::zoho::Module module = [] {
        kontor::zoho::Module out;
        out.name = "Contacts";
        return out;
    }();
    static const kontor::zoho::Columns columns(module, {});
    kontor::zoho::PageReader reader(columns);
    kontor::abi::BatchWriter batch;
    try {
        const auto page = reader.read(as_text(data, size), batch);
        must_hold(page.records == batch.records());
    } catch (const kontor::sdk::Error&) {
    }
    return 0;
}
