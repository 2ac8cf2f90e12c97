/* The contract between Kontor and a connector plugin. C, so that compiler and library may differ.
 *
 * A connector is pure protocol logic: it builds requests and reads answers. It has no sockets, no
 * files, no clock and no credentials of its own; the host's services are all it has. Everything
 * that crosses is bytes (JSON text, or the record batches of record_batch.hpp), never an object,
 * so that the same plugin runs in-process or in a sandboxed process of its own.
 *
 * Rules
 *  - Each side states `size`; a member is read only if it lies within it. New members go at the
 *    end. KONTOR_ABI_VERSION changes only when old plugins could no longer work.
 *  - Memory never changes owner. Inputs are borrowed for the call. What a host call returns lives
 *    until the next host call or until the plugin function returns. What a plugin function returns
 *    through an `out` parameter lives until the next call on that instance.
 *  - One instance is never entered by two threads at once. Host calls may block. Once shutdown has
 *    begun they return KONTOR_E_CANCELLED at once, and the plugin returns it in turn.
 *  - A status other than KONTOR_OK should be preceded by set_error(), which explains it.
 *  - Exceptions never cross. The library outlives everything obtained from it.
 *
 * JSON documents named below are specified in docs/connector-abi.md.
 */
#ifndef KONTOR_CONNECTOR_H
#define KONTOR_CONNECTOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KONTOR_ABI_VERSION 1u

/* Borrowed UTF-8 text or bytes; data may be NULL if size is 0. */
typedef struct kontor_str {
    const char* data;
    size_t size;
} kontor_str;

/* Values are part of the ABI: append only. */
typedef enum kontor_status {
    KONTOR_OK = 0,
    KONTOR_E_INVALID = 1, /* the host's input or the configuration is wrong */
    KONTOR_E_NOT_FOUND = 2,
    KONTOR_E_PERMISSION = 3,      /* the remote refuses this to our user */
    KONTOR_E_UNAUTHENTICATED = 4, /* credentials are refused for good */
    KONTOR_E_RATE_LIMITED = 5,    /* limits or credits used up; retry_after in set_error */
    KONTOR_E_UNAVAILABLE = 6,     /* network or server trouble */
    KONTOR_E_TIMEOUT = 7,
    KONTOR_E_CANCELLED = 8,
    KONTOR_E_PROTOCOL = 9, /* an answer that makes no sense */
    KONTOR_E_TLS = 10,
    KONTOR_E_UNSUPPORTED = 11,
    KONTOR_E_MISMATCH = 12, /* another organisation, or the remote was set back */
    KONTOR_E_INTERNAL = 13,
    KONTOR_E_FULL = 14 /* no room for a spool file */
} kontor_status;

typedef struct kontor_http_response {
    int32_t status;     /* HTTP status code */
    kontor_str headers; /* JSON object, names in lower case, last value wins */
    kontor_str body;    /* empty if the body went to a spool file */
    int64_t spool;      /* handle for file_read if "spool" was asked for, else -1 */
} kontor_http_response;

typedef struct kontor_host {
    uint32_t size; /* sizeof(kontor_host) in the host */
    void* ctx;     /* first argument of every function below */

    /* Runs one HTTPS request. `head` is JSON:
     *   {"method": "GET", "url": "https://…", "headers": {…},
     *    "auth": "default" | "none",      credential injection by the host; default "default"
     *    "lane": "read" | "write" | "bulk" | "meta",   budget it is counted on; default "read"
     *    "credits": 1,                    API credits it costs at the remote
     *    "idempotent": true,              may be sent again after a lost answer; default: GET/HEAD
     *    "spool": false,                  body into a spool file instead of memory
     *    "max_body": 33554432,            bytes; larger answers are KONTOR_E_PROTOCOL
     *    "timeout_ms": 60000}
     * KONTOR_OK means an HTTP answer arrived, whatever its status. The host has by then retried
     * what may be retried (429, 5xx, network), refreshed an expired token once, and waited for
     * the budgets. KONTOR_E_UNAVAILABLE/TIMEOUT on a request that is not idempotent means: it may
     * or may not have been carried out. */
    kontor_status (*http)(void* ctx, kontor_str head, kontor_str body, kontor_http_response* out);

    /* Hands a record batch (record_batch.hpp) to the engine; only inside pull(), fetch(),
     * find() and list_ids(), and inside push() for what its request names to be fetched.
     * `checkpoint` is the cursor from which a later pull goes on after this
     * batch, or empty if it cannot be resumed here. Returns once the batch before has been
     * committed: this is the back-pressure. This one may still be on its way while the plugin
     * reads on. If it is refused, the next batch, or the next call that could have an effect, is
     * not carried out and returns why; and so does the function, whatever the plugin returns.
     * Anything but KONTOR_OK: stop and return it. */
    kontor_status (*emit)(void* ctx, kontor_str batch, kontor_str checkpoint);

    int64_t (*now_ms)(void* ctx);            /* UTC, milliseconds since the Unix epoch */
    uint64_t (*random)(void* ctx);           /* 64 random bits; replayable, not for secrets */
    void (*sleep_ms)(void* ctx, int64_t ms); /* ends early when cancelled */
    int32_t (*cancelled)(void* ctx);         /* non-zero once shutdown or Ctrl-C has begun */

    /* level: 0 debug, 1 info, 2 warning, 3 error. JSON fields; no customer data, no secrets. */
    void (*log)(void* ctx, int32_t level, kontor_str event, kontor_str fields_json);
    /* Explains the status returned next. `args_json`: {"stream":…, "field":…,
     * "unknown_field": a described field that the remote does not have, "retry_after_ms":…,
     * "reason": "net_said" if an UNAVAILABLE is what the remote itself says, needless after an
     * answer over HTTP} or empty. */
    void (*set_error)(void* ctx, kontor_str message, kontor_str args_json);
    /* Says how far a long step is: {"stage": "bulk_wait", "done": 1, "total": 3}. */
    void (*progress)(void* ctx, kontor_str json);

    /* Small durable state of the connection that only this plugin reads (learned limits, a running
     * bulk job), at most 64 KiB. get returns "" if nothing was put. */
    kontor_str (*state_get)(void* ctx);
    kontor_status (*state_put)(void* ctx, kontor_str state);

    /* Reads up to `size` bytes at `offset` of a spool file (from http) or a file opened below;
     * *got is 0 at its end. Closing a spool file deletes it. */
    kontor_status (*file_read)(void* ctx, int64_t file, int64_t offset, void* buffer, size_t size,
                               size_t* got);
    /* Files in folders that the administrator granted to this connection. `path` is relative to
     * the grant named before its first slash ("inbox/2026/a.csv"). mode: 0 read, 1 create new. A
     * new file appears under its name, whole, with file_commit(); one that is closed without
     * leaves nothing. */
    kontor_status (*file_open)(void* ctx, kontor_str path, int32_t mode, int64_t* file);
    kontor_status (*file_write)(void* ctx, int64_t file, kontor_str bytes);
    /* JSON array of {"path","size","modified_ms"} below a granted folder. */
    kontor_status (*file_list)(void* ctx, kontor_str folder, kontor_str* out_json);
    void (*file_close)(void* ctx, int64_t file);

    /* Requests that run while the plugin and the engine do something else: the next page while this
     * one is applied. At most 16 at a time; those that are not finished when the plugin function
     * returns are given up, carried out or not. `head` and `body` as for http(). Never waits for
     * the remote; a request that the budgets do not let pass now is sent by http_finish(). */
    kontor_status (*http_begin)(void* ctx, kontor_str head, kontor_str body, int64_t* ticket);
    /* 1 once http_finish() would not wait. It may stay 0 until http_finish() is called. */
    int32_t (*http_arrived)(void* ctx, int64_t ticket);
    /* Waits for the answer; from here on all is as for http(), retries included. The ticket is void
     * afterwards. */
    kontor_status (*http_finish)(void* ctx, int64_t ticket, kontor_http_response* out);

    /* Connects to a server that speaks a protocol of its own. `address` must be, letter for letter,
     * one that the spec's "dials" allow: "postgresql://host:port/database". The host connects,
     * verifies TLS and signs in, so that the plugin never sees a credential; what is sent first is
     * a query. *out_json: {"parameters": {…}}, what the server said of itself. At most 4 at a time;
     * they end with the plugin function. */
    kontor_status (*dial)(void* ctx, kontor_str address, int64_t* stream, kontor_str* out_json);
    /* From one to `size` bytes, at most 1 MiB, as soon as there are some; none once the server has
     * closed. KONTOR_E_TIMEOUT after timeout_ms (at most 600000) without any. After an error the
     * stream is closed. */
    kontor_status (*stream_read)(void* ctx, int64_t stream, size_t size, int64_t timeout_ms,
                                 kontor_str* out);
    /* All of `bytes`. */
    kontor_status (*stream_write)(void* ctx, int64_t stream, kontor_str bytes);
    void (*stream_close)(void* ctx, int64_t stream);

    /* Makes a new file (file_open, mode 1) appear under its name, on the disk for good. Nothing can
     * be added to it afterwards. KONTOR_E_INVALID if there is a file of that name by now. */
    kontor_status (*file_commit)(void* ctx, int64_t file);
} kontor_host;

typedef struct kontor_instance kontor_instance; /* the plugin's own */

typedef struct kontor_connector {
    uint32_t size;        /* sizeof(kontor_connector) in the plugin */
    uint32_t abi_version; /* KONTOR_ABI_VERSION the plugin was built with */
    kontor_str name;      /* "zoho" */
    kontor_str version;   /* "1.0.0" */

    /* JSON: the plugin's options, kinds of authentication and hosts it wants to reach. Static. */
    kontor_str (*spec)(void);

    /* `config`: JSON with the connection's options, no secrets. */
    kontor_status (*open)(const kontor_host* host, kontor_str config, kontor_instance** out);
    void (*close)(kontor_instance* self); /* once per successful open; cannot fail */

    /* Tests the credentials: JSON {"org_id","org_name","user_id","user_name","server_time_ms",
     * "credits_limit","credits_left"}. */
    kontor_status (*check)(kontor_instance* self, kontor_str* out);
    /* JSON {"streams": [stream…]} with fields and capabilities. */
    kontor_status (*describe)(kontor_instance* self, kontor_str* out);

    /* Emits all records changed since `cursor` (empty: all records), deletions included, and
     * returns the cursor for the next pull. `request`: JSON {"stream","fields":[name…],
     * "total_hint"}. Record batches refer to fields by their index in "fields". */
    kontor_status (*pull)(kontor_instance* self, kontor_str request, kontor_str cursor,
                          kontor_str* out_cursor);
    /* Emits id and version of every record that exists: {"stream"}. *complete is 0 if the list may
     * lack some. */
    kontor_status (*list_ids)(kontor_instance* self, kontor_str request, int32_t* complete);
    /* Emits the whole current image of each id, or a record with op "missing" or "forbidden":
     * {"stream","fields":[…],"ids":[…]}. */
    kontor_status (*fetch)(kontor_instance* self, kontor_str request);
    /* Emits every record whose `field` equals one of `values`; no reliance on a late search index:
     * {"stream","fields":[…],"field","values":[…]}. */
    kontor_status (*find)(kontor_instance* self, kontor_str request);

    /* Carries out changes (a record batch with ops create, update, delete), at most the stream's
     * push_batch_max. *out: JSON {"results":[result…]}, one per change in order. An error status
     * other than UNAVAILABLE, TIMEOUT, PROTOCOL, INTERNAL promises that nothing was carried out.
     * `request`: JSON {"stream","fields":[…]}; for streams with the capability fetch_with_push also
     * "fetch": {"fields":[…],"ids":[…]}, other records that may be emitted meanwhile as by fetch().
     * Those that are not, for whatever reason, are asked for later, and push() has not failed. */
    kontor_status (*push)(kontor_instance* self, kontor_str request, kontor_str batch,
                          kontor_str* out);

    /* JSON {"limit","left","reset_ms","spent"}: API credits as far as known. Never a request. */
    kontor_status (*credits)(kontor_instance* self, kontor_str* out);
} kontor_connector;

/* The one exported symbol. */
typedef const kontor_connector* (*kontor_connector_entry_fn)(void);
#define KONTOR_CONNECTOR_ENTRY "kontor_connector_entry"

#ifdef __cplusplus
}
#endif
#endif
