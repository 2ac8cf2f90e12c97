#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/carddav/dav.hpp"
#include "plugins/carddav/discovery.hpp"
#include "plugins/carddav/versions.hpp"

namespace kontor::carddav {

/// Reads cards by name and hands them over as records. For one call of the connector.
class Images {
public:
    /// What becomes of a name that cannot be read.
    enum class Lost { kMissing, kUnreadable };
    using OnLost = std::function<void(const std::string& name, Lost how, abi::BatchWriter& out)>;

    Images(Dav& dav, const Book& book, Versions& versions, const std::vector<std::string>& fields)
        : dav_(dav), book_(book), versions_(versions), fields_(fields) {}

    /// Adds the cards of these names, at most kCardsAtOnce, in one request; in smaller ones if the
    /// answer is too large. Throws sdk::Error.
    void add(const std::vector<std::string>& names, const OnLost& on_lost, abi::BatchWriter& out);
    /// Adds one card that is there already. False if it cannot be read.
    bool add(const std::string& name, Resource card, abi::BatchWriter& out);

    static constexpr std::size_t kCardsAtOnce = 50;

private:
    Multistatus read(const std::vector<std::string>& names);
    /// Asks for the times of the last changes where the answer to a report has none.
    void complete(std::vector<Resource>& cards);
    void complete(Resource& card);
    void list_times();

    Dav& dav_;
    const Book& book_;
    Versions& versions_;
    const std::vector<std::string>& fields_;
    /// By name: entity tag and time, of the whole book.
    std::optional<std::map<std::string, std::pair<std::string, std::string>>> times_;
    bool timeless_ = false;  ///< the server tells no times at all
};

}  // namespace kontor::carddav
