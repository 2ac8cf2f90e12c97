/* A connector that attacks: the name of the stream says how, or the option "attack". Also built as
 * "early_socket" and "early_passwd", whose constructors attack while the library is loaded, and
 * with a sanitizer as "sanitized/hostile", for "overflow" and "sum". */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "connectors/abi/kontor_connector.h"

#define STR(text) ((kontor_str){(text), sizeof(text) - 1})
#define EXPORT __attribute__((visibility("default")))

struct kontor_instance {
    const kontor_host* host;
    char config[4096];
};

static int holds(const char* json, const char* key, const char* name) {
    char quoted[80];
    snprintf(quoted, sizeof quoted, "\"%s\":\"%s\"", key, name);
    return strstr(json, quoted) != NULL;
}

/* What a plugin can write by itself, past the contract. */
static void write_raw(const void* bytes, size_t size) {
    const char* at = bytes;
    while (size > 0) {
        const ssize_t n = write(3, at, size);
        if (n <= 0) return;
        at += n;
        size -= (size_t)n;
    }
}
static void write_frame(unsigned char kind, unsigned char code, uint32_t call, uint32_t size) {
    char head[48] = {'K', 'F', 1, (char)kind, (char)code};
    memcpy(head + 8, &call, 4);
    memcpy(head + 12, &size, 4);
    write_raw(head, sizeof head);
}

static volatile int never;
static int* volatile nowhere;
static void __attribute__((noinline)) recurse(volatile char* above) {
    volatile char here[4096];
    here[0] = above ? above[0] : 0;
    if (!never) recurse(here);
    here[1] = here[0];
}
static void wait_idly(void) {
    for (;;) sleep(1);
}
static void* idle(void* unused) {
    return unused;
}

#define ATTACK(name) (holds(text, "stream", name) || holds(self->config, "attack", name))

/* Each of these is to end the process, or to change nothing. */
static void attack(kontor_instance* self, kontor_str request) {
    const kontor_host* host = self->host;
    char text[4096] = {0};
    memcpy(text, request.data, request.size < 4095 ? request.size : 4095);
    if (ATTACK("segv")) *nowhere = 1;
    if (ATTACK("abort")) abort();
    if (ATTACK("stack")) recurse(NULL);
    if (ATTACK("exit")) exit(7);
    if (ATTACK("pause")) pause();
    if (ATTACK("sleep")) wait_idly();
    if (ATTACK("spin"))
        while (!never) {
        }
    if (ATTACK("deaf")) { /* its sleep is cut short, and it goes on */
        host->sleep_ms(host->ctx, 1000);
        wait_idly();
    }
    if (ATTACK("leak"))
        for (;;) memset(malloc(1 << 20), 1, 1 << 20);
    if (ATTACK("huge")) memset(malloc((size_t)1 << 40), 1, 4096);
    if (ATTACK("passwd"))
        if (fopen("/etc/passwd", "r")) exit(0);
    if (ATTACK("create")) open("/tmp/kontor-hostile", O_WRONLY | O_CREAT, 0600);
    if (ATTACK("socket")) socket(AF_INET, SOCK_STREAM, 0);
    if (ATTACK("unix")) socket(AF_UNIX, SOCK_STREAM, 0);
    if (ATTACK("exec")) execl("/bin/sh", "sh", "-c", "true", (char*)NULL);
    if (ATTACK("fork")) fork();
    if (ATTACK("thread")) {
        pthread_t thread;
        pthread_create(&thread, NULL, idle, NULL);
    }
    if (ATTACK("ptrace")) ptrace(PTRACE_ATTACH, 1, NULL, NULL);
    if (ATTACK("kill")) kill(1, 0);
    if (ATTACK("peek")) {
        char byte;
        struct iovec mine = {&byte, 1}, theirs = {(void*)&never, 1};
        syscall(SYS_process_vm_readv, 1, &mine, 1UL, &theirs, 1UL, 0UL);
    }
    if (ATTACK("unshare")) unshare(CLONE_NEWUSER);
    if (ATTACK("chmod")) chmod("/nonexistent/kontor", 0666);
    if (ATTACK("unlink")) unlink("/nonexistent/kontor");
    if (ATTACK("code"))
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ATTACK("rewrite"))
        mprotect((void*)((uintptr_t)attack & ~(uintptr_t)4095), 4096,
                 PROT_READ | PROT_WRITE | PROT_EXEC);
    if (ATTACK("unlimited")) {
        const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
        if (setrlimit(RLIMIT_AS, &none) != 0) memset(malloc((size_t)1 << 40), 1, 4096);
    }
    if (ATTACK("unblocked")) { /* signals cannot be kept from it */
        signal(SIGXCPU, SIG_IGN);
        signal(SIGSYS, SIG_IGN);
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, NULL);
        socket(AF_INET, SOCK_STREAM, 0);
    }
    if (ATTACK("overflow")) ((volatile char*)malloc(8))[8 + never] = 1;
    if (ATTACK("sum")) never += INT32_MAX - never + !never;
    if (ATTACK("garbage"))
        for (;;) write_raw("GET / HTTP/1.1\r\nHost: garbage\r\n\r\n and so on and so on", 54);
    if (ATTACK("version")) {
        char head[48] = {'K', 'F', 2, 3};
        write_raw(head, sizeof head);
        wait_idly();
    }
    if (ATTACK("oversize")) {
        write_frame(4, 1, 2, UINT32_MAX);
        wait_idly();
    }
    if (ATTACK("half")) {
        write_frame(4, 1, 2, 1000);
        write_raw("half", 4);
        wait_idly();
    }
    if (ATTACK("order")) { /* an answer, which only the host gives */
        write_frame(5, 0, 2, 0);
        wait_idly();
    }
    if (ATTACK("service")) {
        write_frame(4, 200, 2, 0);
        wait_idly();
    }
    if (ATTACK("returns_twice")) { /* two returns: the second answers no call */
        write_frame(3, 0, 2, 0);
    }
    if (ATTACK("talk"))
        for (;;) host->log(host->ctx, 1, STR("noise"), STR(""));
    if (ATTACK("flood_records"))
        for (;;) host->emit(host->ctx, STR("KB\1\0"), STR(""));
    if (ATTACK("close")) {
        close(3);
        wait_idly();
    }
    if (ATTACK("last_word")) {
        write_frame(6, 77, 0, 0);
        exit(0);
    }
}

#ifdef KONTOR_EARLY_SOCKET
__attribute__((constructor)) static void early(void) {
    socket(AF_INET, SOCK_STREAM, 0);
}
#endif
#ifdef KONTOR_EARLY_PASSWD
__attribute__((constructor)) static void early(void) {
    if (open("/etc/passwd", O_RDONLY) >= 0) exit(0);
}
#endif

static kontor_str spec(void) {
    return STR("{\"options\":[{\"name\":\"attack\"}],\"auth\":[{\"kind\":\"none\"}],\"hosts\":[]}");
}
static kontor_status open_instance(const kontor_host* host, kontor_str config,
                                   kontor_instance** out) {
    *out = calloc(1, sizeof **out);
    if (!*out) return KONTOR_E_INTERNAL;
    (*out)->host = host;
    memcpy((*out)->config, config.data, config.size < 4095 ? config.size : 4095);
    return KONTOR_OK;
}
static void close_instance(kontor_instance* self) {
    free(self);
}
static kontor_status check(kontor_instance* self, kontor_str* out) {
    (void)self;
    *out = STR("{\"org_id\":\"1\"}");
    return KONTOR_OK;
}
static kontor_status describe(kontor_instance* self, kontor_str* out) {
    (void)self;
    *out =
        STR("{\"streams\":[{\"name\":\"People\",\"entity_hint\":\"contact\",\"capabilities\":"
            "{\"pull\":true},\"fields\":[{\"name\":\"Name\",\"type\":\"text\",\"required\":true,"
            "\"column_hint\":\"last_name\"}]}]}");
    return KONTOR_OK;
}
static kontor_status pull(kontor_instance* self, kontor_str request, kontor_str cursor,
                          kontor_str* out) {
    (void)cursor;
    attack(self, request);
    *out = STR("done");
    return KONTOR_OK;
}

static const kontor_connector functions = {.size = sizeof(kontor_connector),
                                           .abi_version = KONTOR_ABI_VERSION,
                                           .name = {"hostile", 7},
                                           .version = {"1.0.0", 5},
                                           .spec = spec,
                                           .open = open_instance,
                                           .close = close_instance,
                                           .check = check,
                                           .describe = describe,
                                           .pull = pull};

EXPORT const kontor_connector* kontor_connector_entry(void);
const kontor_connector* kontor_connector_entry(void) {
    return &functions;
}
