/* A plugin that signs in with a file of a folder opened to it: check() answers with the text of
 * inbox/badge.json. Shows that folders of the configuration reach the plugin, and no others. */
#include <stdlib.h>

#include "connectors/abi/kontor_connector.h"

#define STR(text) \
    { (text), sizeof(text) - 1 }

struct kontor_instance {
    const kontor_host* host;
    char answer[1024];
};

static kontor_str folder_spec(void) {
    const kontor_str json = STR("{\"title\":{\"en\":\"Folder\"},\"auth\":[{\"kind\":\"none\"}]}");
    return json;
}

static kontor_status folder_open(const kontor_host* host, kontor_str config,
                                 kontor_instance** out) {
    (void)config;
    *out = malloc(sizeof **out);
    if (*out == NULL) return KONTOR_E_INTERNAL;
    (*out)->host = host;
    return KONTOR_OK;
}

static void folder_close(kontor_instance* self) {
    free(self);
}

static kontor_status folder_check(kontor_instance* self, kontor_str* out) {
    const kontor_str path = STR("inbox/badge.json");
    const kontor_host* host = self->host;
    int64_t file = -1;
    size_t got = 0;
    kontor_status status = host->file_open(host->ctx, path, 0, &file);
    if (status != KONTOR_OK) return status;
    status = host->file_read(host->ctx, file, 0, self->answer, sizeof self->answer, &got);
    host->file_close(host->ctx, file);
    out->data = self->answer;
    out->size = got;
    return status;
}

static kontor_status folder_describe(kontor_instance* self, kontor_str* out) {
    const kontor_str json = STR("{\"streams\":[]}");
    (void)self;
    *out = json;
    return KONTOR_OK;
}

static const kontor_connector folder = {.size = sizeof(kontor_connector),
                                        .abi_version = KONTOR_ABI_VERSION,
                                        .name = STR("folder"),
                                        .version = STR("1.0.0"),
                                        .spec = folder_spec,
                                        .open = folder_open,
                                        .close = folder_close,
                                        .check = folder_check,
                                        .describe = folder_describe};

__attribute__((visibility("default"))) const kontor_connector* kontor_connector_entry(void);
const kontor_connector* kontor_connector_entry(void) {
    return &folder;
}
