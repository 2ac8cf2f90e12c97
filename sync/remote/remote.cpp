#include "sync/remote/remote.hpp"

namespace kontor::remote {

std::string_view to_string(PushStatus status) {
    switch (status) {
        using enum PushStatus;
        case kOk:
            return "ok";
        case kChanged:
            return "changed";
        case kDuplicate:
            return "duplicate";
        case kInvalid:
            return "invalid";
        case kLocked:
            return "locked";
        case kForbidden:
            return "forbidden";
        case kMissing:
            return "missing";
        case kRetry:
            return "retry";
        case kUnknown:
            return "unknown";
    }
    return "unknown";
}

}  // namespace kontor::remote
