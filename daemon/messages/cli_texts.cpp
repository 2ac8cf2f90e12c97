#include "daemon/messages/messages.hpp"

namespace kontor::messages {
namespace {

// Texts of the command line.
constexpr Text kTexts[] = {
    {"cli.unreachable", "kontord is not running, or does not listen at {path}.",
     "kontord 未运行，或未在 {path} 监听。"},
};

}  // namespace

std::span<const Text> cli_texts() {
    return kTexts;
}

}  // namespace kontor::messages
