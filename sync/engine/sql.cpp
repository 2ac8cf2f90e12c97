#include "sync/engine/sql.hpp"

namespace kontor::engine {

replica::Statement& Sql::cached(std::string_view sql) {
    const auto address = reinterpret_cast<std::uintptr_t>(sql.data());
    auto& recent = recent_[(address / sizeof(void*)) % recent_.size()];
    if (recent == nullptr || recent->first != sql) {
        auto found = statements_.find(sql);
        if (found == statements_.end()) {
            auto made = std::make_unique<replica::Statement>(need(db_.prepare(sql)));
            found = statements_.emplace(std::string(sql), std::move(made)).first;
        }
        recent = &*found;
    }
    recent->second->reset();
    return *recent->second;
}

}  // namespace kontor::engine
