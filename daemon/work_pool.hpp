#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace kontor::app {

/// A few threads for work that blocks, so that the loop never does. Thread-safe. The destructor
/// finishes what has begun and drops what has not.
class WorkPool {
public:
    WorkPool(std::size_t threads, std::size_t queue_max);
    ~WorkPool();
    WorkPool(const WorkPool&) = delete;
    WorkPool& operator=(const WorkPool&) = delete;

    /// False if the queue is full or the pool is ending; `work` is then not called. It must not
    /// throw.
    [[nodiscard]] bool post(std::function<void()> work);

private:
    void serve();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> queue_;
    const std::size_t queue_max_;
    bool ending_ = false;
    std::vector<std::jthread> threads_;
};

}  // namespace kontor::app
