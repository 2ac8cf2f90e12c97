#include "daemon/backup/scratch.hpp"

#include <filesystem>

#include "connectors/host/atomic_file.hpp"

namespace kontor::backup {

namespace fs = std::filesystem;

Result<Scratch> Scratch::make(std::string path) {
    std::error_code ignored;
    fs::remove_all(path, ignored);
    if (auto made = host::make_private_folder(path); !made) return pass(made);
    return Scratch(std::move(path));
}

Scratch::~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
}

}  // namespace kontor::backup
