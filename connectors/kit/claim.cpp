#include "connectors/kit/claim.hpp"

namespace kontor::kit {

Claim claim_of(const Pushed& pushed, remote::ChangeOp op) {
    if (!pushed) {
        switch (pushed.error().code) {
            case Errc::kUnavailable:
            case Errc::kTimeout:
            case Errc::kProtocol:
            case Errc::kInternal:
                return Claim::kUnsure;
            default:
                return Claim::kNotDone;
        }
    }
    using enum remote::PushStatus;
    switch (pushed->status) {
        case kOk:
            return Claim::kDone;
        case kUnknown:
            return Claim::kUnsure;
        case kMissing:
            // Sent again, a delete finds nothing to delete.
            return op == remote::ChangeOp::kDelete ? Claim::kDone : Claim::kNotDone;
        case kDuplicate:
            // Sent again, a create finds itself.
            return op == remote::ChangeOp::kCreate ? Claim::kUnsure : Claim::kNotDone;
        case kChanged:
            // Sent again, an update finds the version that it made itself: the engine reads.
            return Claim::kUnsure;
        default:
            return Claim::kNotDone;
    }
}

std::string words_of(const Pushed& pushed) {
    if (!pushed) return std::string(to_string(pushed.error().code)) + ": " + pushed.error().message;
    std::string out(remote::to_string(pushed->status));
    for (const auto* more : {&pushed->code, &pushed->field, &pushed->message})
        if (!more->empty()) out += " " + *more;
    return out;
}

}  // namespace kontor::kit
