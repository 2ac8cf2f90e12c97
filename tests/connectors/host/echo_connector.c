/* A connector that does what the name of the stream says: behaves, or breaks one rule. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/abi/kontor_connector.h"

#define STR(text) ((kontor_str){(text), sizeof(text) - 1})
#define EXPORT __attribute__((visibility("default")))

struct kontor_instance {
    const kontor_host* host;
    char config[4096];
    char out[65536];
};

/* --- a batch, by hand --- */
static unsigned char bytes[1 << 16];
static size_t used, record_at, count_at;
static unsigned short count;

static void put(const void* data, size_t size) {
    memcpy(bytes + used, data, size);
    used += size;
}
static void put_u8(unsigned char v) {
    put(&v, 1);
}
static void put_u16(unsigned short v) {
    put(&v, 2);
}
static void put_u32(unsigned v) {
    put(&v, 4);
}
static void put_text(const char* text) {
    put_u32((unsigned)strlen(text));
    put(text, strlen(text));
}
static void start(void) {
    used = 0;
    put("KB\1\0", 4);
}
static void begin(unsigned char op, const char* id, const char* version) {
    record_at = used;
    put_u32(0);
    put_u8(op);
    put_text(id);
    put_text(version);
    put_text("");
    put_text("");
    count_at = used;
    count = 0;
    put_u16(0);
}
static void add(unsigned short field, const char* text) {
    put_u16(field);
    put_u8(4);
    put_text(text);
    ++count;
}
static void end(void) {
    const unsigned size = (unsigned)(used - record_at - 4);
    memcpy(bytes + record_at, &size, 4);
    memcpy(bytes + count_at, &count, 2);
}
static kontor_status send(kontor_instance* self, const char* checkpoint) {
    return self->host->emit(self->host->ctx, (kontor_str){(const char*)bytes, used},
                            (kontor_str){checkpoint, strlen(checkpoint)});
}

/* --- JSON, as little as it takes --- */
static int stream_is(kontor_str request, const char* name) {
    char quoted[80], text[4096] = {0};
    memcpy(text, request.data, request.size < 4095 ? request.size : 4095);
    snprintf(quoted, sizeof quoted, "\"stream\":\"%s\"", name);
    return strstr(text, quoted) != NULL;
}
static void text_at(const char* json, const char* key, char* out, size_t size) {
    char quoted[80];
    snprintf(quoted, sizeof quoted, "\"%s\":\"", key);
    const char* at = strstr(json, quoted);
    size_t n = 0;
    if (at)
        for (at += strlen(quoted); *at && *at != '"' && n + 1 < size; ++at) out[n++] = *at;
    out[n] = 0;
}

/* --- the contract --- */
static kontor_str spec(void) {
    return STR(
        "{\"options\":[{\"name\":\"base_url\",\"type\":\"url\",\"required\":true},"
        "{\"name\":\"place\",\"default\":\"a\",\"choices\":[\"a\",\"b\"],"
        "\"implies\":{\"b\":{\"other_url\":\"https://b.example\"}}},"
        "{\"name\":\"other_url\",\"type\":\"url\"},{\"name\":\"api_domain\",\"type\":\"url\"},"
        "{\"name\":\"fail_open\",\"type\":\"boolean\"}],"
        "\"auth\":[{\"kind\":\"oauth2\",\"token_url\":\"{base_url}/oauth/v2/token\","
        "\"authorize_url\":\"{base_url}/oauth/v2/auth\",\"scopes\":[\"a.ALL\",\"b.READ\"],"
        "\"scheme\":\"Zoho-oauthtoken\",\"no_refresh_codes\":[\"OAUTH_SCOPE_MISMATCH\"],"
        "\"token_limits\":{\"count\":10,\"window_s\":600}},"
        "{\"kind\":\"bearer\"},{\"kind\":\"basic\"},{\"kind\":\"header\",\"header\":\"X-Key\"},"
        "{\"kind\":\"none\"}],"
        "\"hosts\":[\"{base_url}\",\"{other_url}\",\"{api_domain}\"],"
        "\"limits\":{\"credits_left_header\":\"X-API-CREDITS-REMAINING\"}}");
}

static kontor_status open(const kontor_host* host, kontor_str config, kontor_instance** out) {
    kontor_instance* self = calloc(1, sizeof *self);
    self->host = host;
    memcpy(self->config, config.data, config.size < 4095 ? config.size : 4095);
    if (strstr(self->config, "\"fail_open\":true")) {
        free(self);
        host->set_error(host->ctx, STR("no such organisation"), STR("{\"org\":\"7\"}"));
        return KONTOR_E_MISMATCH;
    }
    *out = self;
    return KONTOR_OK;
}
static void close(kontor_instance* self) {
    free(self);
}

/* GET {base_url}/me; its body is the answer. */
static kontor_status check(kontor_instance* self, kontor_str* out) {
    char base[512], head[1024];
    kontor_http_response answer;
    text_at(self->config, "base_url", base, sizeof base);
    snprintf(head, sizeof head, "{\"url\":\"%s/me\",\"headers\":{\"X-Echo\":\"1\"}}", base);
    const kontor_status status =
        self->host->http(self->host->ctx, (kontor_str){head, strlen(head)}, STR(""), &answer);
    if (status != KONTOR_OK) return status;
    if (answer.status == 401) {
        self->host->set_error(self->host->ctx, STR("not us"), STR(""));
        return KONTOR_E_UNAUTHENTICATED;
    }
    snprintf(self->out, sizeof self->out, "%.*s", (int)answer.body.size, answer.body.data);
    *out = (kontor_str){self->out, strlen(self->out)};
    return KONTOR_OK;
}

static kontor_status describe(kontor_instance* self, kontor_str* out) {
    (void)self;
#define STREAM(name)                                                                    \
    "{\"name\":\"" name                                                                 \
    "\",\"capabilities\":{\"fetch\":true,\"fetch_batch_max\":3,"                        \
    "\"push_batch_max\":2,\"create\":true,\"key_field\":\"Key\"},\"fields\":["          \
    "{\"name\":\"Name\",\"type\":\"text\",\"label\":{\"en\":\"Name\",\"zh\":\"名\"}}," \
    "{\"name\":\"Key\",\"type\":\"text\",\"unique\":true}]}"
    *out = STR("{\"streams\":[" STREAM("Good") "," STREAM("Silent") "," STREAM("Twice") "," STREAM(
        "Short") "," STREAM("Nameless") "," STREAM("Strange") "]}");
    return KONTOR_OK;
}

static kontor_status pull(kontor_instance* self, kontor_str request, kontor_str cursor,
                          kontor_str* out) {
    const kontor_host* host = self->host;
    kontor_status status = KONTOR_OK;
    start();
    if (stream_is(request, "Good")) {
        begin(0, "1", "v1");
        add(0, cursor.size ? "again" : "first");
        end();
        begin(1, "2", "v2");
        end();
        if ((status = send(self, "half")) != KONTOR_OK) return status;
        start();
        begin(0, "3", "v3");
        add(1, "三");
        end();
        if ((status = send(self, "")) != KONTOR_OK) return status;
    } else if (stream_is(request, "Stubborn")) { /* ignores what emit returns */
        begin(0, "1", "");
        end();
        send(self, "");
        send(self, "");
    } else if (stream_is(request, "Saver")) { /* notes what it believes committed */
        begin(0, "1", "");
        end();
        if ((status = send(self, "")) != KONTOR_OK) return status;
        host->progress(host->ctx, STR("{\"stage\":\"load\",\"done\":1}"));
        status = host->state_put(host->ctx, STR("committed"));
        if (status != KONTOR_OK) return status;
    } else if (stream_is(request, "Saved")) {
        begin(0, "1", "");
        char state[64];
        const kontor_str found = host->state_get(host->ctx);
        snprintf(state, sizeof state, "%.*s", (int)found.size, found.data);
        add(0, state);
        end();
        if ((status = send(self, "")) != KONTOR_OK) return status;
    } else if (stream_is(request, "Ahead")) { /* reads the next page while one is applied */
        char base[512], head[1024];
        int64_t ticket = 0;
        kontor_http_response answer;
        text_at(self->config, "base_url", base, sizeof base);
        snprintf(head, sizeof head, "{\"url\":\"%s/next\"}", base);
        status = host->http_begin(host->ctx, (kontor_str){head, strlen(head)}, STR(""), &ticket);
        if (status != KONTOR_OK) return status;
        begin(0, "1", "");
        end();
        if ((status = send(self, "")) != KONTOR_OK) return status;
        host->log(host->ctx, 1, STR("echo.ahead"), STR("{}"));
        if ((status = host->http_finish(host->ctx, ticket, &answer)) != KONTOR_OK) return status;
        snprintf(self->out, sizeof self->out, "%.*s", (int)answer.body.size, answer.body.data);
        start();
        begin(0, "2", "");
        add(0, self->out);
        end();
        if ((status = send(self, "")) != KONTOR_OK) return status;
    } else if (stream_is(request, "Limited")) {
        host->set_error(host->ctx, STR("credits are used up"),
                        STR("{\"retry_after_ms\":1500,\"stream\":\"Limited\"}"));
        return KONTOR_E_RATE_LIMITED;
    } else if (stream_is(request, "Mute")) {
        return KONTOR_E_PERMISSION;
    } else if (stream_is(request, "NullCursor")) {
        *out = (kontor_str){NULL, 5};
        return KONTOR_OK;
    } else if (stream_is(request, "Latin1")) {
        begin(0, "77", "");
        add(0, "M\xfcller");
        end();
        return send(self, "");
    }
    *out = STR("done");
    return KONTOR_OK;
}

static kontor_status list_ids(kontor_instance* self, kontor_str request, int32_t* complete) {
    start();
    begin(6, "1", "v1");
    end();
    begin(6, "2", "v2");
    end();
    *complete = stream_is(request, "Good");
    return send(self, "");
}

/* One batch with a record per id; ids beginning with "m" are missing. */
static kontor_status fetch(kontor_instance* self, kontor_str request) {
    char text[4096] = {0};
    memcpy(text, request.data, request.size < 4095 ? request.size : 4095);
    if (stream_is(request, "Silent")) return KONTOR_OK;
    start();
    for (char* at = strstr(text, "\"ids\":[") + 7; *at == '"' || *at == ','; ++at) {
        char id[64];
        size_t n = 0;
        if (*at == ',') continue;
        for (++at; *at != '"' && n < 63; ++at) id[n++] = *at;
        id[n] = 0;
        begin(id[0] == 'm' ? 2 : 0, id, "v");
        end();
        if (stream_is(request, "Twice")) {
            begin(0, id, "v");
            end();
        }
    }
    return send(self, "");
}

static kontor_status push(kontor_instance* self, kontor_str request, kontor_str batch,
                          kontor_str* out) {
    (void)batch;
    char text[4096] = {0};
    memcpy(text, request.data, request.size < 4095 ? request.size : 4095);
    if (strstr(text, "\"fetch\":{")) {
        const kontor_status status = fetch(self, request);
        if (status != KONTOR_OK) return status;
    }
    if (stream_is(request, "Good"))
        *out =
            STR("{\"results\":[{\"status\":\"ok\",\"id\":\"100\",\"version\":\"v9\"},"
                "{\"status\":\"invalid\",\"code\":\"MANDATORY\",\"field\":\"Name\"}]}");
    else if (stream_is(request, "Nameless"))
        *out = STR("{\"results\":[{\"status\":\"ok\"},{\"status\":\"from_the_future\"}]}");
    else if (stream_is(request, "Strange"))
        *out = STR("{\"results\":[[[[");
    else
        *out = STR("{\"results\":[{\"status\":\"ok\",\"id\":\"100\"}]}");
    return KONTOR_OK;
}

static kontor_status credits(kontor_instance* self, kontor_str* out) {
    (void)self;
    *out = STR("{\"limit\":5000,\"left\":4000}");
    return KONTOR_OK;
}

/* No find(): the host must say so rather than call it. */
static const kontor_connector connector = {
    .size = sizeof(kontor_connector),
    .abi_version = KONTOR_ABI_VERSION,
    .name = {"echo", 4},
    .version = {"1.2.3", 5},
    .spec = spec,
    .open = open,
    .close = close,
    .check = check,
    .describe = describe,
    .pull = pull,
    .list_ids = list_ids,
    .fetch = fetch,
    .push = push,
    .credits = credits,
};

EXPORT const kontor_connector* kontor_connector_entry(void);
EXPORT const kontor_connector* kontor_connector_entry(void) {
    return &connector;
}
