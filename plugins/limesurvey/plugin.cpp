#include "plugins/limesurvey/connector.hpp"

KONTOR_EXPORT_CONNECTOR(kontor::limesurvey::Connector)
