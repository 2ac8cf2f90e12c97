#include "daemon/cli/scratch_folder.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace kontor::cli {

Outcome<ScratchFolder> ScratchFolder::make(messages::Language language) {
    auto path = (std::filesystem::temp_directory_path() / "kontor-check-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr)
        return tl::unexpected<Failure>(
            failed(language, Exit::kFailed, "storage", "cli.check.no_folder", {{"path", path}}));
    return ScratchFolder(std::move(path));
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace kontor::cli
