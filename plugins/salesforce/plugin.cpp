#include "plugins/salesforce/connector.hpp"

KONTOR_EXPORT_CONNECTOR(kontor::salesforce::Connector)
