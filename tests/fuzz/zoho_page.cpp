// Pages of records as a broken or hostile server may send them, with a field of each kind.
#include "plugins/zoho/json_page.hpp"
#include "tests/fuzz/zoho_module.hpp"

using namespace kontor;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const zoho::Module module = test::module_of_all_kinds();
    static const zoho::Columns columns(module, test::names_of(module));
    for (const bool list : {true, false}) {
        zoho::PageReader reader(columns);
        abi::BatchWriter batch;
        zoho::PageReader::Mode mode;
        mode.list = list;
        try {
            const auto page = reader.read(as_text(data, size), batch, mode);
            must_hold(page.records == batch.records());
            test::check_records(batch.bytes(), module.fields.size(), page.records);
        } catch (const sdk::Error&) {
        }
    }
    return 0;
}
