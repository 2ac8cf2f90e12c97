#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "daemon/cli/context.hpp"

namespace kontor::cli {

/// What a command that puts values back says: keys of the catalogue.
struct PutBackWords {
    std::string_view preview;  ///< what would be done
    std::string_view done;
    std::string_view ask;   ///< whether to do it
    std::string_view none;  ///< after a no
    bool followed = false;  ///< kontord tells how far it is
};

/// Asks kontord for a plan of what is put back (`target`, sent to `path`), shows it, lets a person
/// agree to what is more than one value, and has it done: the options --preview or --dry-run,
/// --force or --yes. kPartly if something stays as it is.
[[nodiscard]] Outcome<Exit> preview_and_do(Context& context, const std::string& path,
                                           nlohmann::json target, const PutBackWords& words);

}  // namespace kontor::cli
