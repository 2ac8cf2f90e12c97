#pragma once

#include "sync/base/result.hpp"

namespace kontor {

/// Exit codes of kontord and kontor. New ones may be added; an unknown one means failure.
enum class Exit : int {
    kOk = 0,
    kFailed = 1,
    kUsage = 2,
    kPartly = 3,
    kSignIn = 4,
    kConflict = 5,
    kNotFound = 6,
    kDiffers = 7,
    kNoReplica = 10,
    kLocked = 11,
    kUnreachable = 69,
    kLater = 75,
    kConfig = 78,
    kInterrupted = 130,
};

[[nodiscard]] constexpr Exit exit_code(Errc code) {
    switch (code) {
        case Errc::kInvalid:
            return Exit::kUsage;
        case Errc::kUnauthenticated:
            return Exit::kSignIn;
        case Errc::kConflict:
        case Errc::kMismatch:
        case Errc::kGuard:
            return Exit::kConflict;
        case Errc::kNotFound:
            return Exit::kNotFound;
        case Errc::kCorrupt:
        case Errc::kTooNew:
            return Exit::kNoReplica;
        case Errc::kBusy:
            return Exit::kLocked;
        case Errc::kRateLimited:
        case Errc::kUnavailable:
        case Errc::kTimeout:
        case Errc::kConnector:
            return Exit::kLater;
        case Errc::kConfig:
            return Exit::kConfig;
        case Errc::kCancelled:
            return Exit::kInterrupted;
        default:
            return Exit::kFailed;
    }
}

}  // namespace kontor
