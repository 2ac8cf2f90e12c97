#include "plugins/postgres/hub/news.hpp"

namespace kontor::postgres::hub {

void News::pushed(const std::string& stream) {
    at_ms_ = 0;
    pushed_.insert(stream);
}

bool News::hold_for(const sdk::Host& host, const std::string& stream) {
    for_one_ = pushed_.erase(stream) > 0;
    if (for_one_) return false;
    if (!told_.insert(stream).second) {
        told_ = {stream};
        return false;
    }
    const auto age = host.now_ms() - at_ms_;
    return at_ms_ != 0 && age >= 0 && age <= kFor_ms;
}

void News::read(sdk::Host& host, Session& session, Clock& clock,
                const std::vector<Stream>& streams) {
    at_ms_ = 0;
    // First what shows for certain, then what is there: never the other way round.
    const auto asked = host.now_ms();
    horizon_ = clock.horizon(session);
    clock.saw(session, horizon_ - 1);
    std::string sql;
    for (const auto& stream : streams)
        sql += (sql.empty() ? "SELECT " : " UNION ALL SELECT ") + literal(stream.table.name) +
               ", max(kontor_stamp) FROM " + stream.table.sql_name();
    newest_.clear();
    for (const auto& row : session.rows({sql, {}}, 2))
        newest_[row[0].value_or("")] = stamp_of(row[1]);
    if (!for_one_) at_ms_ = asked;
}

bool News::nothing_since(const std::string& stream, Stamp from) const {
    const auto newest = newest_.find(stream);
    return newest != newest_.end() && newest->second < from;
}

}  // namespace kontor::postgres::hub
