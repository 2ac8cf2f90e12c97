// GMime with owners; for this folder alone.
#pragma once

#include <gmime/gmime.h>

#include <memory>

namespace kontor::mail {

struct Unref {
    void operator()(void* object) const { g_object_unref(object); }
};
/// A reference that is ours.
template <class T>
using Object = std::unique_ptr<T, Unref>;

/// To be called before anything of GMime. Thread-safe.
void start_gmime();

}  // namespace kontor::mail
