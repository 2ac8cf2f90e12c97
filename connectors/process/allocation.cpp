// An allocation that fails ends the process. No plugin is prepared for it, most would end in a
// segmentation fault, and this way the daemon knows the reason. The C library lets a program put
// its own functions before these; its own versions go by these names.
#include <cerrno>
#include <cstddef>

#include "connectors/process/last_word.hpp"

extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier)
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
// NOLINTEND(bugprone-reserved-identifier)

#define KONTOR_REPLACES __attribute__((visibility("default")))

KONTOR_REPLACES void* malloc(std::size_t size) {
    void* const got = __libc_malloc(size);
    if (!got) kontor::process::out_of_memory();
    return got;
}

KONTOR_REPLACES void* calloc(std::size_t count, std::size_t size) {
    void* const got = __libc_calloc(count, size);
    if (!got) kontor::process::out_of_memory();
    return got;
}

KONTOR_REPLACES void* realloc(void* old, std::size_t size) {
    void* const got = __libc_realloc(old, size);
    if (!got && size > 0) kontor::process::out_of_memory();
    return got;
}

KONTOR_REPLACES void* memalign(std::size_t alignment, std::size_t size) {
    void* const got = __libc_memalign(alignment, size);
    if (!got && errno == ENOMEM) kontor::process::out_of_memory();
    return got;
}

KONTOR_REPLACES void* aligned_alloc(std::size_t alignment, std::size_t size) {
    return memalign(alignment, size);
}

KONTOR_REPLACES int posix_memalign(void** out, std::size_t alignment, std::size_t size) {
    if (alignment < sizeof(void*) || (alignment & (alignment - 1)) != 0) return EINVAL;
    *out = memalign(alignment, size);
    return 0;
}

}  // extern "C"
