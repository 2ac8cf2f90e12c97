#include "connectors/process/last_word.hpp"

#include <unistd.h>

#include <string>

#include "connectors/frames/frame.hpp"
#include "connectors/process/pipe.hpp"

namespace kontor::process {
namespace {

using frames::End;

[[noreturn]] void end(End why, std::int64_t number, std::string_view message = {},
                      std::string_view arguments = {}) noexcept {
    Pipe(frames::kProcessFd)
        .send({.kind = frames::Kind::kEnd,
               .code = static_cast<std::uint8_t>(why),
               .numbers = {number},
               .texts = {message, arguments}});
    ::_exit(1);
}

}  // namespace

void not_loaded(const Error& error) {
    std::string arguments;
    for (const auto& [key, value] : error.args) {
        arguments.append(key).push_back('\0');
        arguments.append(value).push_back('\0');
    }
    end(End::kNotLoaded, static_cast<std::int64_t>(error.code), error.message, arguments);
}

void not_secured(const Error& error) {
    end(End::kNotSecured, 0, error.message);
}

void refused(int system_call) noexcept {
    end(End::kRefused, system_call);
}

void out_of_memory() noexcept {
    end(End::kMemory, 0);
}

}  // namespace kontor::process
