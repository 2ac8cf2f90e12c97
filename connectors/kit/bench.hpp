#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "connectors/host/connection.hpp"
#include "connectors/kit/claim.hpp"
#include "connectors/kit/collector.hpp"
#include "connectors/kit/kit.hpp"
#include "connectors/kit/network.hpp"
#include "connectors/kit/sample.hpp"
#include "connectors/kit/watch.hpp"

namespace kontor::kit {

/// All that a pull handed over.
struct Pulled {
    std::vector<Image> images;
    std::vector<Collector::Checkpoint> checkpoints;
    std::string cursor;
    std::size_t requests = 0;

    [[nodiscard]] const Image* find(std::string_view id) const;  ///< the last image of that id
};

/// What checks work with: the connection under test, a colleague's view of the same account, and
/// the network between. One thread.
class Bench {
public:
    Bench(const Options& options, const Deps& deps);
    ~Bench();

    /// Opens the connection and asks what there is. Before anything else.
    [[nodiscard]] Result<> open();

    [[nodiscard]] const Options& options() const { return options_; }
    [[nodiscard]] remote::Remote& remote() { return *remote_; }
    /// The same account through a connection of its own, which no fault meets. Opened when first
    /// asked for.
    [[nodiscard]] Result<remote::Remote*> colleague();
    /// One more connection of the kind under test, for what ends it.
    [[nodiscard]] Result<std::unique_ptr<remote::Remote>> another(Network& network,
                                                                  std::stop_token stop);
    [[nodiscard]] Network& network() { return network_; }
    [[nodiscard]] Watch& watch() { return watch_; }
    [[nodiscard]] const std::vector<remote::StreamSpec>& streams() const { return streams_; }
    [[nodiscard]] const std::string& token() const { return token_; }

    // --- Reading
    [[nodiscard]] Result<Pulled> pull(const remote::StreamSpec& stream, std::string_view cursor);
    /// A pull of everything, kept until something is written.
    [[nodiscard]] Result<const Pulled*> whole(const remote::StreamSpec& stream);
    [[nodiscard]] Result<std::vector<Image>> fetch(remote::Remote& by,
                                                   const remote::StreamSpec& stream,
                                                   const std::vector<std::string>& ids);
    [[nodiscard]] Result<std::vector<Image>> find(remote::Remote& by,
                                                  const remote::StreamSpec& stream,
                                                  const std::string& field,
                                                  const std::vector<std::string>& values);
    /// What the colleague sees of the record now.
    [[nodiscard]] Result<Image> truth(const remote::StreamSpec& stream, const std::string& id);

    // --- Writing
    /// A new record's change, with ordinary values. kUnsupported if the kit knows no value for a
    /// required field: Error::args says which.
    [[nodiscard]] Result<remote::Change> sample(const remote::StreamSpec& stream);
    [[nodiscard]] Seed seed(const remote::StreamSpec& stream);
    /// Pushes one change.
    [[nodiscard]] Pushed push(remote::Remote& by, const remote::StreamSpec& stream,
                              const remote::Change& change);
    [[nodiscard]] Result<std::vector<remote::PushResult>> push_all(
        remote::Remote& by, const remote::StreamSpec& stream,
        const std::vector<remote::Change>& changes);
    /// Makes a record and reads it back. An error if that does not work out.
    [[nodiscard]] Result<Image> create(remote::Remote& by, const remote::StreamSpec& stream);
    /// A field of the stream whose ordinary values are all different, to be updated; nullptr if
    /// there is none.
    [[nodiscard]] static const remote::FieldSpec* mark_field(const remote::StreamSpec& stream);
    /// Waits until what is written gets another stamp than what was.
    static void next_moment(const remote::StreamSpec& stream);
    /// To be deleted at the end.
    void remember(const remote::StreamSpec& stream, const std::string& id);
    void forget(const std::string& stream, const std::string& id);
    /// Deletes what was made; what cannot be is returned.
    [[nodiscard]] std::vector<LeftBehind> clean_up();

    /// Waits until `true_now` says so: remotes show some changes late. False if it never does; its
    /// errors are returned.
    [[nodiscard]] Result<bool> eventually(const std::function<Result<bool>()>& true_now) const;

private:
    [[nodiscard]] Result<std::unique_ptr<remote::Remote>> connect(Network* network,
                                                                  std::stop_token stop,
                                                                  const std::string& folder);
    [[nodiscard]] Result<> learn_ids(const remote::StreamSpec& stream);

    const Options& options_;
    const Deps deps_;
    const std::shared_ptr<host::KeptTrust> trust_;
    Watch watch_;
    Network network_;
    std::string token_;
    int next_number_ = 1;
    int connections_ = 0;
    std::unique_ptr<remote::Remote> remote_, colleague_;
    std::vector<remote::StreamSpec> streams_;
    std::map<std::string, Pulled> whole_;
    std::map<std::string, std::vector<std::string>> known_ids_;  ///< by stream, to refer to
    std::vector<std::pair<std::string, std::string>> made_;      ///< stream and id
};

/// The names of all fields of a stream, in the order of images.
[[nodiscard]] std::vector<std::string> names_of(const remote::StreamSpec& stream);
/// A field's value in an image; absent if it has none.
[[nodiscard]] Value value_of(const remote::StreamSpec& stream, const Image& image,
                             std::string_view field);
/// A value of a change; absent if it does not mention the field.
[[nodiscard]] Value value_of(const remote::Change& change, std::string_view field);
/// The first field that both show and in which they differ; nullptr if there is none.
[[nodiscard]] const remote::FieldSpec* difference(const remote::StreamSpec& stream, const Image& a,
                                                  const Image& b);
/// An update of one field.
[[nodiscard]] remote::Change update_of(const std::string& id, const std::string& field, Value value,
                                       const std::string& expect_version = {});
[[nodiscard]] remote::Change remove_of(const std::string& id);

}  // namespace kontor::kit
