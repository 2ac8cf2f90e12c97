// What we use of libcurl, under its own names: whoever calls one of these functions for the first
// time opens the library. To be extended when another function is needed.
#include <curl/curl.h>

#include <cstdarg>

#include "connectors/host/late_library.hpp"

#ifdef __clang__  // an enumeration before the dots: it is passed as it is
#pragma clang diagnostic ignored "-Wvarargs"
#endif
#undef curl_easy_getinfo
#undef curl_easy_setopt
#undef curl_multi_setopt

namespace {

constinit const kontor::host::LateLibrary kCurl{"libcurl.so.4"};

template <class F>
struct Parameters;
template <class R, class First, class... Others>
struct Parameters<R(First, Others...)> {
    using FirstOne = First;
};
// Const or not: that has changed between versions of libcurl.
using UrlToRead = Parameters<decltype(curl_url_get)>::FirstOne;

// An option's number says of what type its value is.
template <class Function, class Handle, class Option>
auto set_option(Function* late, Handle* handle, Option option, va_list list) {
    const auto number = static_cast<long>(option);
    if (number < CURLOPTTYPE_OBJECTPOINT) return late(handle, option, va_arg(list, long));
    if (number >= CURLOPTTYPE_OFF_T && number < CURLOPTTYPE_BLOB)
        return late(handle, option, va_arg(list, curl_off_t));
    return late(handle, option, va_arg(list, void*));
}

}  // namespace

// The function itself, found once.
#define LATE(name) static auto* const late = kCurl.function<decltype(name)>(#name)

extern "C" {

CURLcode curl_global_init(long flags) {
    LATE(curl_global_init);
    return late(flags);
}
void curl_free(void* memory) {
    LATE(curl_free);
    late(memory);
}
time_t curl_getdate(const char* text, const time_t* unused) {
    LATE(curl_getdate);
    return late(text, unused);
}
int curl_strnequal(const char* one, const char* other, size_t size) {
    LATE(curl_strnequal);
    return late(one, other, size);
}

curl_slist* curl_slist_append(curl_slist* list, const char* text) {
    LATE(curl_slist_append);
    return late(list, text);
}
void curl_slist_free_all(curl_slist* list) {
    if (list == nullptr) return;
    LATE(curl_slist_free_all);
    late(list);
}

CURLU* curl_url() {
    LATE(curl_url);
    return late();
}
void curl_url_cleanup(CURLU* url) {
    LATE(curl_url_cleanup);
    late(url);
}
CURLUcode curl_url_get(UrlToRead url, CURLUPart part, char** text, unsigned flags) {
    LATE(curl_url_get);
    return late(url, part, text, flags);
}
CURLUcode curl_url_set(CURLU* url, CURLUPart part, const char* text, unsigned flags) {
    LATE(curl_url_set);
    return late(url, part, text, flags);
}

CURL* curl_easy_init() {
    LATE(curl_easy_init);
    return late();
}
void curl_easy_cleanup(CURL* handle) {
    if (handle == nullptr) return;
    LATE(curl_easy_cleanup);
    late(handle);
}
CURLcode curl_easy_perform(CURL* handle) {
    LATE(curl_easy_perform);
    return late(handle);
}
CURLcode curl_easy_recv(CURL* handle, void* buffer, size_t size, size_t* got) {
    LATE(curl_easy_recv);
    return late(handle, buffer, size, got);
}
CURLcode curl_easy_send(CURL* handle, const void* buffer, size_t size, size_t* sent) {
    LATE(curl_easy_send);
    return late(handle, buffer, size, sent);
}
const char* curl_easy_strerror(CURLcode code) {
    LATE(curl_easy_strerror);
    return late(code);
}
CURLcode curl_easy_getinfo(CURL* handle, CURLINFO info, ...) {
    LATE(curl_easy_getinfo);
    va_list list;
    va_start(list, info);
    auto* out = va_arg(list, void*);  // always a pointer
    va_end(list);
    return late(handle, info, out);
}
CURLcode curl_easy_setopt(CURL* handle, CURLoption option, ...) {
    LATE(curl_easy_setopt);
    va_list list;
    va_start(list, option);
    const auto done = set_option(late, handle, option, list);
    va_end(list);
    return done;
}

CURLM* curl_multi_init() {
    LATE(curl_multi_init);
    return late();
}
CURLMcode curl_multi_cleanup(CURLM* multi) {
    LATE(curl_multi_cleanup);
    return late(multi);
}
CURLMcode curl_multi_add_handle(CURLM* multi, CURL* handle) {
    LATE(curl_multi_add_handle);
    return late(multi, handle);
}
CURLMcode curl_multi_remove_handle(CURLM* multi, CURL* handle) {
    LATE(curl_multi_remove_handle);
    return late(multi, handle);
}
CURLMsg* curl_multi_info_read(CURLM* multi, int* left) {
    LATE(curl_multi_info_read);
    return late(multi, left);
}
CURLMcode curl_multi_perform(CURLM* multi, int* running) {
    LATE(curl_multi_perform);
    return late(multi, running);
}
CURLMcode curl_multi_poll(CURLM* multi, curl_waitfd* more, unsigned count, int patience_ms,
                          int* ready) {
    LATE(curl_multi_poll);
    return late(multi, more, count, patience_ms, ready);
}
CURLMcode curl_multi_wakeup(CURLM* multi) {
    LATE(curl_multi_wakeup);
    return late(multi);
}
CURLMcode curl_multi_setopt(CURLM* multi, CURLMoption option, ...) {
    LATE(curl_multi_setopt);
    va_list list;
    va_start(list, option);
    const auto done = set_option(late, multi, option, list);
    va_end(list);
    return done;
}

}  // extern "C"
