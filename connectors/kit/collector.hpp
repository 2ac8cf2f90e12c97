#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sync/remote/remote.hpp"

namespace kontor::kit {

/// A record as it was handed over, owned.
struct Image {
    remote::Fact fact = remote::Fact::kRecord;
    std::string id;
    std::string version;
    std::vector<Value> fields = {};  ///< in the order of the stream's description
};

/// Keeps what a remote hands over.
class Collector final : public remote::RecordSink {
public:
    struct Checkpoint {
        std::string cursor;
        std::size_t images = 0;  ///< handed over up to here
    };
    std::vector<Image> images;
    std::vector<Checkpoint> checkpoints;  ///< of each batch, "" included
    /// Called after each batch, with its number from 1. May be empty.
    std::function<Result<>(std::size_t batch)> after_batch;

    Result<> accept(std::span<const remote::RecordView> batch,
                    std::string_view checkpoint) override {
        for (const auto& record : batch) {
            Image image{record.fact, std::string(record.id), std::string(record.version)};
            image.fields.reserve(record.fields.size());
            for (const auto& value : record.fields) image.fields.emplace_back(value);
            images.push_back(std::move(image));
        }
        checkpoints.push_back({std::string(checkpoint), images.size()});
        return after_batch ? after_batch(checkpoints.size()) : Result<>();
    }
};

}  // namespace kontor::kit
