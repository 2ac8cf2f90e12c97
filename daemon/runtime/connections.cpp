#include "daemon/runtime/connections.hpp"

namespace kontor::app {

Connections::Changes Connections::apply(const config::Config& config) {
    const std::lock_guard one_at_a_time(applying_);
    Changes changes;
    std::vector<std::shared_ptr<Worker>> leaving;
    std::vector<const config::Connection*> entering;
    {
        const std::unique_lock lock(mutex_);
        for (auto it = workers_.begin(); it != workers_.end();) {
            const auto* wanted = config.connection(it->first);
            const auto& worker = *it->second;
            if (wanted != nullptr && *wanted == worker.connection() &&
                config.sync == worker.sync()) {
                ++it;
                continue;
            }
            (wanted != nullptr ? changes.changed : changes.stopped).push_back(it->first);
            leaving.push_back(std::move(it->second));
            it = workers_.erase(it);
        }
        for (const auto& connection : config.connections)
            if (!workers_.contains(connection.name)) entering.push_back(&connection);
    }
    // A connection has one worker at a time: the old one must be gone before the new one starts.
    for (auto& worker : leaving) worker->end();
    leaving.clear();
    for (const auto* connection : entering) {
        auto worker = std::make_shared<Worker>(parts_, *connection, config.sync);
        bool replaced = false;
        for (const auto& name : changes.changed) replaced = replaced || name == connection->name;
        if (!replaced) changes.started.push_back(connection->name);
        const std::unique_lock lock(mutex_);
        workers_[connection->name] = std::move(worker);
    }
    // Without the lock: a keyring may take its time.
    for (const auto& worker : all())
        if (worker->take_changed_secrets()) changes.changed.push_back(worker->connection().name);
    return changes;
}

void Connections::stop() {
    const std::lock_guard one_at_a_time(applying_);
    std::map<std::string, std::shared_ptr<Worker>> leaving;
    {
        const std::unique_lock lock(mutex_);
        leaving.swap(workers_);
    }
    for (auto& [name, worker] : leaving) worker->cancel();
    for (auto& [name, worker] : leaving) worker->end();
}

std::shared_ptr<Worker> Connections::find(const std::string& name) const {
    const std::shared_lock lock(mutex_);
    const auto found = workers_.find(name);
    return found == workers_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Worker>> Connections::all() const {
    const std::shared_lock lock(mutex_);
    std::vector<std::shared_ptr<Worker>> out;
    for (const auto& [name, worker] : workers_) out.push_back(worker);
    return out;
}

}  // namespace kontor::app
