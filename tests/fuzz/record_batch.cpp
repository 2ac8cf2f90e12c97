// Record batches as a hostile plugin may hand them over: decoded or refused, never trusted.
#include "connectors/host/batch_decoder.hpp"
#include "tests/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using kontor::abi::Op;
    kontor::host::BatchDecoder decoder(8, {Op::kRecord, Op::kDeleted, Op::kMissing});
    const auto records = decoder.decode(as_text(data, size));
    if (records)
        for (const auto& record : *records) {
            must_hold(!record.id.empty() && record.id.size() <= decoder.kIdBytesMax);
            for (const char c : record.id) must_hold(static_cast<unsigned char>(c) >= 0x20);
            must_hold(record.fields.size() == 8 || record.fields.empty());
        }
    return 0;
}
