/* A plugin of another ABI version: the host must refuse it without looking further. */
#include "connectors/abi/kontor_connector.h"

static const kontor_connector connector = {
    .size = sizeof(kontor_connector),
    .abi_version = KONTOR_ABI_VERSION + 6,
};

__attribute__((visibility("default"))) const kontor_connector* kontor_connector_entry(void);
__attribute__((visibility("default"))) const kontor_connector* kontor_connector_entry(void) {
    return &connector;
}
