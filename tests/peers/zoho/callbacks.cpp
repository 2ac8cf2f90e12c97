#include "tests/peers/zoho/callbacks.hpp"

#include <curl/curl.h>

#include <iostream>
#include <memory>

namespace kontor::peer::zoho {

namespace {

constexpr long kTimeoutMs = 5000;

std::size_t ignore(char*, std::size_t size, std::size_t count, void*) {
    return size * count;
}

bool on_this_machine(const std::string& url) {
    const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), curl_url_cleanup);
    if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return false;
    char* host = nullptr;
    if (curl_url_get(parsed.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK) return false;
    const std::string name(host);
    curl_free(host);
    return name == "127.0.0.1" || name == "localhost" || name == "[::1]";
}

/// False if it was not answered with 2xx.
bool post(CURL* curl, const std::string& url, const std::string& body) {
    if (!on_this_machine(url)) {
        std::cerr << "kontor-peer-zoho: callbacks go to this machine only, not to " << url << "\n";
        return true;
    }
    const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(
        curl_slist_append(nullptr, "Content-Type: application/json;charset=UTF-8"),
        curl_slist_free_all);
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, kTimeoutMs);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
    if (const CURLcode code = curl_easy_perform(curl); code != CURLE_OK) {
        std::cerr << "kontor-peer-zoho: a callback failed: " << curl_easy_strerror(code) << "\n";
        return false;
    }
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status / 100 == 2;
}

}  // namespace

CallbackSender::CallbackSender(ZohoPeer& peer) : peer_(peer) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    thread_ = std::thread([this] { run(); });
}

CallbackSender::~CallbackSender() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
    curl_global_cleanup();
}

void CallbackSender::wake() {
    {
        const std::lock_guard lock(mutex_);
        due_ = true;
    }
    changed_.notify_one();
}

void CallbackSender::run() {
    const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return due_ || ending_; });
        const bool last = ending_;
        due_ = false;
        lock.unlock();
        while (peer_.callbacks_due()) {
            for (Callback& each : peer_.take_callbacks())
                if (!post(curl.get(), each.url, each.body)) peer_.callback_refused(std::move(each));
        }
        if (last) return;
        lock.lock();
    }
}

}  // namespace kontor::peer::zoho
