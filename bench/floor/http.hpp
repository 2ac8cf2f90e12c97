#pragma once

#include <curl/curl.h>

#include <cstdio>
#include <string>

namespace floor_bench {

/// One keep-alive connection. Not for several threads. Failures end the program with a message.
class Http {
public:
    explicit Http(const std::string& ca_file);
    ~Http();
    Http(const Http&) = delete;
    Http& operator=(const Http&) = delete;

    /// From here on every request carries this access token.
    void authorise(const std::string& token);

    /// GET. The answer has `spare` bytes of capacity behind it and is valid until the next request.
    const std::string& get(const std::string& url, std::size_t spare);
    const std::string& post(const std::string& url, const std::string& body, const char* type);
    void download(const std::string& url, std::FILE* into);

private:
    void perform(const std::string& url, curl_slist* headers);

    CURL* curl_;
    curl_slist* headers_ = nullptr;
    std::string answer_;
};

}  // namespace floor_bench
