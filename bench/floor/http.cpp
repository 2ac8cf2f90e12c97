#include "bench/floor/http.hpp"

#include <cstdlib>

namespace floor_bench {

namespace {

std::size_t append(char* data, std::size_t size, std::size_t count, void* to) {
    static_cast<std::string*>(to)->append(data, size * count);
    return size * count;
}

std::size_t write(char* data, std::size_t size, std::size_t count, void* to) {
    return std::fwrite(data, size, count, static_cast<std::FILE*>(to));
}

}  // namespace

Http::Http(const std::string& ca_file) : curl_(curl_easy_init()) {
    curl_easy_setopt(curl_, CURLOPT_CAINFO, ca_file.c_str());
    curl_easy_setopt(curl_, CURLOPT_BUFFERSIZE, 512L * 1024);
}

Http::~Http() {
    curl_slist_free_all(headers_);
    curl_easy_cleanup(curl_);
}

void Http::authorise(const std::string& token) {
    headers_ = curl_slist_append(nullptr, ("Authorization: Zoho-oauthtoken " + token).c_str());
}

const std::string& Http::get(const std::string& url, std::size_t spare) {
    answer_.clear();
    curl_easy_setopt(curl_, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(curl_, CURLOPT_WRITEDATA, &answer_);
    perform(url, headers_);
    answer_.reserve(answer_.size() + spare);
    return answer_;
}

const std::string& Http::post(const std::string& url, const std::string& body, const char* type) {
    answer_.clear();
    curl_slist* headers = curl_slist_append(nullptr, type);
    for (curl_slist* each = headers_; each != nullptr; each = each->next)
        headers = curl_slist_append(headers, each->data);
    curl_easy_setopt(curl_, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(curl_, CURLOPT_WRITEDATA, &answer_);
    perform(url, headers);
    curl_slist_free_all(headers);
    return answer_;
}

void Http::download(const std::string& url, std::FILE* into) {
    curl_easy_setopt(curl_, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, write);
    curl_easy_setopt(curl_, CURLOPT_WRITEDATA, into);
    perform(url, headers_);
    std::fflush(into);
}

void Http::perform(const std::string& url, curl_slist* headers) {
    curl_easy_setopt(curl_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers);
    const CURLcode code = curl_easy_perform(curl_);
    long status = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK && status < 300) return;
    std::fprintf(stderr, "%s: %s, status %ld, %.300s\n", url.substr(0, 80).c_str(),
                 curl_easy_strerror(code), status, answer_.c_str());
    std::exit(1);
}

}  // namespace floor_bench
