#include "plugins/fxiaoke/connector.hpp"

KONTOR_EXPORT_CONNECTOR(kontor::fxiaoke::Connector)
