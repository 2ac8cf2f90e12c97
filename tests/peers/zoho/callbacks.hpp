#pragma once
// Delivers notification callbacks over the network, to this machine only.

#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/peers/zoho/peer.hpp"

namespace kontor::peer::zoho {

/// One thread that POSTs what is due whenever wake() was called. What was not answered with 2xx is
/// given back, and is sent again at once if it is due again. Certificates are not verified: whether
/// Zoho does is not known.
class CallbackSender {
public:
    explicit CallbackSender(ZohoPeer& peer);
    /// Sends what is due, then ends.
    ~CallbackSender();
    CallbackSender(const CallbackSender&) = delete;
    CallbackSender& operator=(const CallbackSender&) = delete;

    void wake();

private:
    void run();

    ZohoPeer& peer_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool due_ = false, ending_ = false;
    std::thread thread_;
};

}  // namespace kontor::peer::zoho
