#pragma once
// Delivers notification callbacks over the network, to this machine only.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace kontor::peer::zoho {

/// One thread that POSTs what `take` hands out whenever wake() was called. A callback that fails is
/// not repeated, and certificates are not verified: Zoho's own side of this is not known either.
class CallbackSender {
public:
    using Take = std::function<std::vector<std::pair<std::string, std::string>>()>;

    explicit CallbackSender(Take take);
    /// Sends what is due, then ends.
    ~CallbackSender();
    CallbackSender(const CallbackSender&) = delete;
    CallbackSender& operator=(const CallbackSender&) = delete;

    void wake();

private:
    void run();

    Take take_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool due_ = false, ending_ = false;
    std::thread thread_;
};

}  // namespace kontor::peer::zoho
