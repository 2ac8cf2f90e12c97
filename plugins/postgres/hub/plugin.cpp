#include "plugins/postgres/hub/connector.hpp"

KONTOR_EXPORT_CONNECTOR(kontor::postgres::hub::Connector)
