#include "plugins/carddav/connector.hpp"

KONTOR_EXPORT_CONNECTOR(kontor::carddav::Connector)
