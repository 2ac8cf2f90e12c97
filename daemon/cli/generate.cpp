// Writes man pages and completions from the command table: kontor_generate FOLDER. Used by the
// build (packaging/), not installed.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "daemon/cli/completion.hpp"
#include "daemon/cli/manual.hpp"

namespace {

using namespace kontor;
namespace fs = std::filesystem;

bool write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (!file) std::cerr << "cannot write " << path << '\n';
    return static_cast<bool>(file);
}

bool write_pages(const fs::path& folder, messages::Language language) {
    bool fine = write(folder / "kontor.1", cli::manual_page(nullptr, language));
    for (const auto& spec : cli::command_table())
        if (!spec.hidden)
            fine = write(folder / (cli::manual_name(&spec) + ".1"),
                         cli::manual_page(&spec, language)) &&
                   fine;
    return fine;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: kontor_generate FOLDER\n";
        return 2;
    }
    const fs::path folder(argv[1]);
    const bool fine =
        write_pages(folder / "man" / "man1", messages::Language::kEnglish) &&
        write_pages(folder / "man" / "zh_CN" / "man1", messages::Language::kChinese) &&
        write(folder / "completions" / "kontor.bash", cli::completion_script("bash")) &&
        write(folder / "completions" / "_kontor", cli::completion_script("zsh")) &&
        write(folder / "completions" / "kontor.fish", cli::completion_script("fish"));
    return fine ? 0 : 1;
}
