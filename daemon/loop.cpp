#include "daemon/loop.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

namespace kontor::app {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

class AsioTimer final : public Loop::Timer {
public:
    explicit AsioTimer(asio::io_context& context) : timer_(context) {}
    void after(std::chrono::milliseconds time, std::function<void()> fire) override {
        timer_.expires_after(time);
        // A timer that has expired already cannot be cancelled any more; `turn` tells such a call
        // apart from the one that is wanted.
        const auto turn = std::make_shared<bool>(true);
        if (turn_) *turn_ = false;
        turn_ = turn;
        timer_.async_wait([turn, fire = std::move(fire)](error_code failed) {
            if (!failed && *turn) fire();
        });
    }
    void cancel() override {
        if (turn_) *turn_ = false;
        timer_.cancel();
    }
    ~AsioTimer() override {
        if (turn_) *turn_ = false;
    }

private:
    asio::steady_timer timer_;
    std::shared_ptr<bool> turn_;
};

class AsioWatch final : public Loop::Watch {
public:
    AsioWatch(asio::io_context& context, int fd, std::function<void()> readable)
        : state_(std::make_shared<State>(context, fd, std::move(readable))) {
        wait(state_);
    }
    ~AsioWatch() override {
        state_->active = false;
        state_->descriptor.cancel();
        state_->descriptor.release();  // borrowed: not closed here
    }

private:
    struct State {
        State(asio::io_context& context, int fd, std::function<void()> call)
            : descriptor(context, fd), readable(std::move(call)) {}
        asio::posix::stream_descriptor descriptor;
        std::function<void()> readable;
        bool active = true;
    };
    static void wait(const std::shared_ptr<State>& state) {
        state->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                     [state](error_code failed) {
                                         if (failed || !state->active) return;
                                         state->readable();
                                         if (state->active) wait(state);
                                     });
    }
    std::shared_ptr<State> state_;
};

}  // namespace

struct Loop::Parts {
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    std::vector<std::unique_ptr<asio::signal_set>> signals;

    void wait_signal(asio::signal_set& set, std::function<void(int)> handler) {
        set.async_wait([this, &set, handler = std::move(handler)](error_code failed, int number) {
            if (failed) return;
            handler(number);
            wait_signal(set, handler);
        });
    }
};

Loop::Loop() : parts_(std::make_unique<Parts>()) {}
Loop::~Loop() = default;

void Loop::run() {
    parts_->context.run();
}
void Loop::stop() {
    parts_->context.stop();
}
void Loop::post(std::function<void()> work) {
    asio::post(parts_->context, std::move(work));
}

std::unique_ptr<Loop::Timer> Loop::timer() {
    return std::make_unique<AsioTimer>(parts_->context);
}

std::unique_ptr<Loop::Watch> Loop::watch(int fd, std::function<void()> readable) {
    return std::make_unique<AsioWatch>(parts_->context, fd, std::move(readable));
}

void Loop::on_signals(const std::vector<int>& signals, std::function<void(int)> handler) {
    auto set = std::make_unique<asio::signal_set>(parts_->context);
    for (const int number : signals) set->add(number);
    parts_->wait_signal(*set, std::move(handler));
    parts_->signals.push_back(std::move(set));
}

asio::io_context& Loop::context() {
    return parts_->context;
}

}  // namespace kontor::app
