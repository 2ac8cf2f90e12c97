#include "plugins/rest/connector.hpp"

KONTOR_EXPORT_CONNECTOR(kontor::rest::Connector)
