#include "plugins/csv/connector.hpp"

KONTOR_EXPORT_CONNECTOR(kontor::csv::Connector)
