#pragma once

#include <map>
#include <string>
#include <string_view>

#include "sync/engine/context.hpp"
#include "sync/remote/description.hpp"

namespace kontor::engine {

/// kontor_blocked.code of a change of such a field: it is not sent over what nobody here has seen.
inline constexpr std::string_view kHiddenCode = "KONTOR_HIDDEN";

/// A7. A mapped field that the remote no longer describes (hidden by a permission, say) comes in no
/// image, and colleagues who see it go on editing it. Notes which are so; once one is described
/// again the stream is read anew from its start, for a record that was read meanwhile has a version
/// that is known, and what was blocked for it is looked at again. Before the stream is pulled.
/// Throws Failure.
void watch_hidden_fields(Context& context, const StreamPlan& plan,
                         const remote::StreamSpec& described);

/// Of the fields that are, or have been, hidden: up to which version a record may have been read,
/// or written by us, without them.
[[nodiscard]] std::map<std::string, std::string> unshown_until(Sql& sql, std::int64_t stream);

}  // namespace kontor::engine
