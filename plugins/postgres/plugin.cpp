#include "plugins/postgres/connector.hpp"

KONTOR_EXPORT_CONNECTOR(kontor::postgres::Connector)
