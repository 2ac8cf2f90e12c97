#include "connectors/host/secret.hpp"

#include <openssl/crypto.h>

#include <cstring>
#include <utility>

namespace kontor::host {

void wipe(std::string& text) noexcept {
    if (!text.empty()) OPENSSL_cleanse(text.data(), text.size());
    text.clear();
}

Secret::Secret(std::string&& text) : size_(text.size()) {
    if (size_ > 0) {
        text_ = std::make_unique<char[]>(size_);
        std::memcpy(text_.get(), text.data(), size_);
    }
    host::wipe(text);
}

Secret::Secret(Secret&& other) noexcept
    : text_(std::move(other.text_)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe();
        text_ = std::move(other.text_);
        size_ = std::exchange(other.size_, 0);
    }
    return *this;
}

Secret::~Secret() {
    wipe();
}

Secret Secret::copy() const {
    return Secret(std::string(reveal()));
}

void Secret::wipe() noexcept {
    if (text_) OPENSSL_cleanse(text_.get(), size_);
    text_.reset();
    size_ = 0;
}

}  // namespace kontor::host
