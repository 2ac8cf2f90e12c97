#pragma once

#include <map>
#include <string>

#include "connectors/sdk/host.hpp"
#include "plugins/csv/table.hpp"

namespace kontor::csv {

/// What was decided about tables when they were first seen. It stays, so that a file with other
/// rows does not turn numbers into texts, or give all rows other ids.
class State {
public:
    /// Reads what is stored; what makes no sense is as good as nothing.
    explicit State(sdk::Host& host);

    struct Known {
        std::string key, entity;
        struct Column {
            Type type = Type::kText;
            DateOrder order = DateOrder::kUnknown;
        };
        std::map<std::string, Column> columns;
        std::map<std::string, std::string>
            references;  ///< column → the table that it names rows of
        bool pulled = false;
    };
    std::map<std::string, Known> tables;
    /// False if an earlier version wrote this, which kept no record of what was pulled.
    bool knows_pulled = true;

    /// Stores it if it has changed. Throws sdk::Error.
    void save();

private:
    [[nodiscard]] std::string encode() const;

    sdk::Host& host_;
    std::string saved_;
};

}  // namespace kontor::csv
