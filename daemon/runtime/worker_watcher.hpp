#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "daemon/runtime/report_json.hpp"
#include "daemon/runtime/worker.hpp"

namespace kontor::app {

/// Hears what the engine does, on the worker's thread.
class Worker::Watcher final : public engine::Observer {
public:
    /// `event`: the name under which progress is told.
    Watcher(Worker& worker, std::int64_t ticket, const char* event)
        : worker_(worker), ticket_(ticket), event_(event) {
        worker_.watcher_ = this;
    }
    ~Watcher() override { worker_.watcher_ = nullptr; }
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;

    void progress(const engine::Progress& told) override {
        worker_.heartbeat_.beat();
        auto progress = told;
        if (progress.stage == "load" && worker_.load_total_ > 0)
            progress.total = std::max(worker_.load_total_, progress.done);
        else if (progress.stage != "load" && !progress.stream.empty())
            worker_.load_total_ = 0;  // the next stream's load has another
        worker_.set_progress(progress);
        const auto now = worker_.parts_.clock.steady();
        const bool same_step = progress.stage == stage_ && progress.stream == stream_;
        // How far a step came is told before the next begins.
        if (!same_step && withheld_) publish(*withheld_);
        withheld_.reset();
        if (same_step && now - told_ < kEvery) {
            withheld_ = std::move(progress);
            return;
        }
        told_ = now;
        stage_ = progress.stage;
        stream_ = progress.stream;
        publish(progress);
    }
    void committed() override {
        worker_.heartbeat_.beat();
        worker_.parts_.committed();
    }

private:
    void publish(const engine::Progress& progress) {
        auto event = to_json(progress);
        event["connection"] = worker_.connection_.name;
        event["ticket"] = ticket_;
        worker_.parts_.events.publish(event_, event.dump());
    }

    static constexpr std::chrono::milliseconds kEvery{200};
    Worker& worker_;
    const std::int64_t ticket_;
    const char* const event_;
    std::chrono::milliseconds told_{0};
    std::string stage_, stream_;
    std::optional<engine::Progress> withheld_;
};

}  // namespace kontor::app
