#include "daemon/cli/scratch_folder.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace kontor::cli {

Outcome<ScratchFolder> ScratchFolder::make(messages::Language language) {
    std::error_code error;  // TMPDIR may name what is not there
    const auto folder = std::filesystem::temp_directory_path(error);
    auto path = ((error ? "/tmp" : folder) / "kontor-check-XXXXXX").string();
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
