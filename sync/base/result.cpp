#include "sync/base/result.hpp"

namespace kontor {

std::string_view to_string(Errc code) {
    switch (code) {
        using enum Errc;
        case kInvalid:
            return "invalid";
        case kNotFound:
            return "not_found";
        case kConflict:
            return "conflict";
        case kPermission:
            return "permission";
        case kUnauthenticated:
            return "unauthenticated";
        case kRateLimited:
            return "rate_limited";
        case kUnavailable:
            return "unavailable";
        case kTimeout:
            return "timeout";
        case kCancelled:
            return "cancelled";
        case kProtocol:
            return "protocol";
        case kTls:
            return "tls";
        case kStorage:
            return "storage";
        case kFull:
            return "full";
        case kReadOnly:
            return "read_only";
        case kBusy:
            return "busy";
        case kCorrupt:
            return "corrupt";
        case kTooNew:
            return "too_new";
        case kConfig:
            return "config";
        case kUnsupported:
            return "unsupported";
        case kMismatch:
            return "mismatch";
        case kGuard:
            return "guard";
        case kInternal:
            return "internal";
        case kConnector:
            return "connector";
        case kProxy:
            return "proxy";
    }
    return "internal";
}

}  // namespace kontor
