#include "sync/engine/sql.hpp"

namespace kontor::engine {

replica::Statement& Sql::cached(std::string_view sql) {
    if (const auto found = statements_.find(sql); found != statements_.end()) {
        found->second->reset();
        return *found->second;
    }
    auto statement = std::make_unique<replica::Statement>(need(db_.prepare(sql)));
    return *statements_.emplace(std::string(sql), std::move(statement)).first->second;
}

}  // namespace kontor::engine
