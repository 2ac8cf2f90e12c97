#pragma once

#include <map>
#include <string>

#include "sync/engine/context.hpp"
#include "sync/remote/description.hpp"

namespace kontor::engine {

/// Whether a value of a remote's field is compared as the same once the field is of the other type:
/// kinds of text, and exact numbers, which are texts too.
[[nodiscard]] bool same_form(remote::FieldType was, remote::FieldType now);

/// B6. A field that becomes one of another type at the remote, or a shorter one, may hold other
/// values from then on, and no record has a newer version for it: what does not fit is blank, or
/// cut. Notes which fields are described otherwise than they are mapped; after a change of these
/// the stream is read anew from its start. Kinds of text count as one type. Before the stream is
/// pulled. Throws Failure.
void watch_retyped_fields(Context& context, const StreamPlan& plan,
                          const remote::StreamSpec& described);

/// The fields of a stream that were found to be described otherwise than before, and when that was,
/// by our clock. What had been sent before and is shown since is no form that the remote keeps it
/// in: it may have been blanked or cut.
[[nodiscard]] std::map<std::string, Instant, std::less<>> form_changes(Sql& sql,
                                                                       std::int64_t stream);

}  // namespace kontor::engine
