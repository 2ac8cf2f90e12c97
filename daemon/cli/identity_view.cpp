#include "daemon/cli/identity_view.hpp"

#include <nlohmann/json.hpp>

#include "daemon/cli/context.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/width.hpp"

namespace kontor::cli {

std::string answers_as(Context& context, const std::string& connection,
                       const nlohmann::json& identity) {
    for (const char* member : {"org_name", "org_id", "user_name", "user_id"})
        if (const auto who = one_line(text_at(identity, member)); !who.empty())
            return context.text("cli.connect.checked", {{"name", connection}, {"who", who}});
    return context.text("cli.connect.checked.nameless", {{"name", connection}});
}

}  // namespace kontor::cli
