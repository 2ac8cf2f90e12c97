/* The smallest connector: one stream of two people who never change. Copy it, then read
 * connectors/abi/kontor_connector.h; in C++, connectors/sdk/connector.hpp does the tedious part. */
#include <stdlib.h>
#include <string.h>

#include "connectors/abi/kontor_connector.h"

#define STR(text) \
    { (text), sizeof(text) - 1 }
/* One record of connectors/abi/record_batch.hpp: no fields are longer than 255 bytes here. */
#define HEAD "\0"                                      /* op: a record as it is */
#define TEXT(size, text) size "\0\0\0" text            /* u32 size, bytes */
#define NAME(size, text) "\1\0\0\0\4" TEXT(size, text) /* 1 field: index 0, tag text */
#define NONE "\0\0\0\0"

struct kontor_instance {
    const kontor_host* host;
};

static kontor_str hello_spec(void) {
    const kontor_str json = STR("{\"title\":{\"en\":\"Hello\"},\"auth\":[{\"kind\":\"none\"}]}");
    return json;
}

static kontor_status hello_open(const kontor_host* host, kontor_str config, kontor_instance** out) {
    (void)config;
    *out = malloc(sizeof **out);
    if (*out == NULL) return KONTOR_E_INTERNAL;
    (*out)->host = host;
    return KONTOR_OK;
}

static void hello_close(kontor_instance* self) {
    free(self);
}

static kontor_status hello_check(kontor_instance* self, kontor_str* out) {
    const kontor_str json = STR("{\"org_id\":\"hello\",\"user_id\":\"me\"}");
    (void)self;
    *out = json;
    return KONTOR_OK;
}

static kontor_status hello_describe(kontor_instance* self, kontor_str* out) {
    const kontor_str json =
        STR("{\"streams\":[{\"name\":\"people\",\"entity_hint\":\"contact\","
            "\"capabilities\":{\"pull\":true},"
            "\"fields\":[{\"name\":\"name\",\"type\":\"text\",\"required\":true,"
            "\"column_hint\":\"last_name\"}]}]}");
    (void)self;
    *out = json;
    return KONTOR_OK;
}

static kontor_status hello_pull(kontor_instance* self, kontor_str request, kontor_str cursor,
                                kontor_str* out_cursor) {
    /* size, op, id "1", version "1", no key, no actor, fields */
    const kontor_str batch =
        STR("KB\1\0"
            "\37\0\0\0" HEAD TEXT("\1", "1") TEXT("\1", "1")
                NONE NONE NAME("\3", "Ada") "\41\0\0\0" HEAD TEXT("\1", "2") TEXT("\1", "1")
                    NONE NONE NAME("\5", "Grace"));
    const kontor_str end = STR("end");
    kontor_status status = KONTOR_OK;
    (void)request; /* the host asks only for what describe() offered: here always ["name"] */
    if (cursor.size == 0) status = self->host->emit(self->host->ctx, batch, end);
    *out_cursor = end;
    return status;
}

static kontor_status cannot(kontor_instance* self) {
    const kontor_str message = STR("hello can only be pulled"), none = {NULL, 0};
    self->host->set_error(self->host->ctx, message, none);
    return KONTOR_E_UNSUPPORTED;
}
static kontor_status hello_list_ids(kontor_instance* self, kontor_str request, int32_t* complete) {
    (void)request;
    *complete = 0;
    return cannot(self);
}
static kontor_status hello_fetch(kontor_instance* self, kontor_str request) {
    (void)request;
    return cannot(self);
}
static kontor_status hello_push(kontor_instance* self, kontor_str request, kontor_str batch,
                                kontor_str* out) {
    (void)request, (void)batch, (void)out;
    return cannot(self);
}
static kontor_status hello_credits(kontor_instance* self, kontor_str* out) {
    const kontor_str json = STR("{}");
    (void)self;
    *out = json;
    return KONTOR_OK;
}

static const kontor_connector hello = {sizeof(kontor_connector),
                                       KONTOR_ABI_VERSION,
                                       STR("hello"),
                                       STR("1.0.0"),
                                       hello_spec,
                                       hello_open,
                                       hello_close,
                                       hello_check,
                                       hello_describe,
                                       hello_pull,
                                       hello_list_ids,
                                       hello_fetch,
                                       hello_fetch /* find */,
                                       hello_push,
                                       hello_credits};

__attribute__((visibility("default"))) const kontor_connector* kontor_connector_entry(void);
const kontor_connector* kontor_connector_entry(void) {
    return &hello;
}
