#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/zoho/step.hpp"

namespace kontor::simulation::zoho {

/// A CRM as its own users have it: what they do to its records, and what can be seen of them
/// without Kontor. Ids of two CRMs are never the same.
class Crm {
public:
    virtual ~Crm() = default;

    /// Texts of all fields, of live records by id; null and blank are "".
    using Record = std::map<std::string, std::string>;
    using Records = std::map<std::string, Record>;
    [[nodiscard]] virtual Records live(const Kind& kind) = 0;
    [[nodiscard]] virtual std::vector<std::string> deleted(const Kind& kind) = 0;

    // --- a colleague's hands; false if the CRM refuses it
    /// nullopt: blank.
    virtual bool edit(const Kind& kind, const std::string& id, const std::string& field,
                      const std::optional<std::string>& text) = 0;
    /// A contact works for this account now.
    virtual bool point(const Kind& kind, const std::string& id, const std::string& account) = 0;
    virtual bool create(const Kind& kind, const std::string& title) = 0;
    virtual bool erase(const Kind& kind, const std::string& id) = 0;
    virtual bool restore(const Kind& kind, const std::string& id) = 0;
    virtual bool merge(const Kind& kind, const std::string& loser, const std::string& winner) = 0;

    /// Records that its API has written so far.
    [[nodiscard]] virtual std::int64_t writes() = 0;
};

}  // namespace kontor::simulation::zoho
