#pragma once
// Insert, update, upsert, delete and tags: the request side of writing.

#include "tests/peers/zoho/call.hpp"
#include "tests/peers/zoho/record_writer.hpp"

namespace kontor::peer::zoho {

class WriteApi {
public:
    WriteApi(Org& org, RecordWriter& writer) : org_(org), writer_(writer) {}

    Response insert(Call& call, const Module& module);
    /// `id` empty: every element carries its own.
    Response update(Call& call, const Module& module, std::string_view id);
    Response upsert(Call& call, const Module& module);
    /// `ids` comma separated.
    Response remove(Call& call, const Module& module, std::string_view ids);
    Response tags(Call& call, const Module& module, bool add);

    /// Keys of the X-EXTERNAL header; throws ApiError for unknown ones.
    std::vector<ExternalKey> external_keys(const Call& call) const;
    /// The record that an external value in the path names.
    std::optional<std::string> external_record(const Call& call, const Module& module,
                                               std::string_view value) const;

private:
    struct Batch;

    Batch read_batch(Call& call) const;
    WriteOptions options(const Call& call, const Json& body) const;
    std::vector<std::size_t> duplicate_fields(const Module& module, const Json& body) const;
    std::optional<Slot> match(const Module& module, const Json& element,
                              const std::vector<std::size_t>& fields, Slot before,
                              const WriteOptions& options, std::string& by) const;
    Response answer(Call& call, const std::vector<WriteResult>& results, int all_ok) const;

    Org& org_;
    RecordWriter& writer_;
};

}  // namespace kontor::peer::zoho
