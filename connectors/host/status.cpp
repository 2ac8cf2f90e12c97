#include "connectors/host/status.hpp"

namespace kontor::host {

kontor_status status_of(Errc code) {
    switch (code) {
        using enum Errc;
        case kInvalid:
        case kConfig:
        case kConflict:
            return KONTOR_E_INVALID;
        case kNotFound:
            return KONTOR_E_NOT_FOUND;
        case kPermission:
        case kReadOnly:
            return KONTOR_E_PERMISSION;
        case kUnauthenticated:
        // A connector cannot do more about it than about credentials that are refused; and must not
        // take it for a request that may have been carried out.
        case kProxy:
            return KONTOR_E_UNAUTHENTICATED;
        case kRateLimited:
            return KONTOR_E_RATE_LIMITED;
        case kUnavailable:
        case kBusy:
            return KONTOR_E_UNAVAILABLE;
        case kTimeout:
            return KONTOR_E_TIMEOUT;
        case kCancelled:
            return KONTOR_E_CANCELLED;
        case kProtocol:
            return KONTOR_E_PROTOCOL;
        case kTls:
            return KONTOR_E_TLS;
        case kFull:
            return KONTOR_E_FULL;
        case kUnsupported:
        case kTooNew:
            return KONTOR_E_UNSUPPORTED;
        case kMismatch:
        case kGuard:
            return KONTOR_E_MISMATCH;
        case kStorage:
        case kCorrupt:
        case kInternal:
        case kConnector:
            return KONTOR_E_INTERNAL;
    }
    return KONTOR_E_INTERNAL;
}

Errc errc_of(kontor_status status) {
    switch (status) {
        case KONTOR_E_INVALID:
            return Errc::kInvalid;
        case KONTOR_E_NOT_FOUND:
            return Errc::kNotFound;
        case KONTOR_E_PERMISSION:
            return Errc::kPermission;
        case KONTOR_E_UNAUTHENTICATED:
            return Errc::kUnauthenticated;
        case KONTOR_E_RATE_LIMITED:
            return Errc::kRateLimited;
        case KONTOR_E_UNAVAILABLE:
            return Errc::kUnavailable;
        case KONTOR_E_TIMEOUT:
            return Errc::kTimeout;
        case KONTOR_E_CANCELLED:
            return Errc::kCancelled;
        case KONTOR_E_PROTOCOL:
            return Errc::kProtocol;
        case KONTOR_E_TLS:
            return Errc::kTls;
        case KONTOR_E_UNSUPPORTED:
            return Errc::kUnsupported;
        case KONTOR_E_MISMATCH:
            return Errc::kMismatch;
        case KONTOR_E_FULL:
            return Errc::kFull;
        case KONTOR_OK:
        case KONTOR_E_INTERNAL:
            break;
    }
    return Errc::kInternal;
}

std::map<std::string, std::string> answered_args(int http_status) {
    if (http_status < 400) return {{"reason", "net_said"}};
    return {{"reason", "net_status"}, {"status", std::to_string(http_status)}};
}

}  // namespace kontor::host
