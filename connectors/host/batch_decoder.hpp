#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "connectors/abi/record_batch.hpp"
#include "sync/base/result.hpp"
#include "sync/remote/remote.hpp"

namespace kontor::host {

/// Turns a plugin's record batches into RecordViews, trusting nothing: sizes, ids, field indices,
/// UTF-8. Buffers are reused from batch to batch. Not thread-safe.
class BatchDecoder {
public:
    /// `fields`: how many fields the request named. Records with other ops than these are refused.
    BatchDecoder(std::size_t fields, std::initializer_list<abi::Op> ops);

    /// Views into `batch` and into this object, valid until the next call. kProtocol if the batch
    /// is malformed; names the record where that is known.
    [[nodiscard]] Result<std::span<const remote::RecordView>> decode(std::string_view batch);

    static constexpr std::size_t kBatchBytesMax = std::size_t{64} << 20;
    static constexpr std::size_t kValuesMax = 4'000'000;  ///< records × fields of one batch
    static constexpr std::size_t kRecordsMax = 200'000;
    static constexpr std::size_t kIdBytesMax = 256;

private:
    [[nodiscard]] Result<> check(const abi::BatchReader::Record& record) const;
    [[nodiscard]] Result<> read_fields(abi::BatchReader& reader,
                                       const abi::BatchReader::Record& record,
                                       ValueView* values) const;

    std::size_t fields_;
    unsigned ops_ = 0;  // a bit for each
    std::vector<ValueView> values_;
    std::vector<remote::RecordView> records_;
};

}  // namespace kontor::host
