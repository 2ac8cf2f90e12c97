#include "plugins/zoho/connector.hpp"

KONTOR_EXPORT_CONNECTOR(kontor::zoho::Connector)
