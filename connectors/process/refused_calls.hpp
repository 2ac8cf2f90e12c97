#pragma once

namespace kontor::process {

/// From now on a system call that the filter refuses is the process's end, and its last word names
/// it. Asking what a file is (as the C library does of standard output) is answered all the same:
/// of what is open truly, of a path that it may not be looked at.
void end_at_refused_calls();

/// Lets the dynamic loader open and look at `path`, and nothing else: a filter cannot tell one path
/// from another, so it refuses them all, and this one is answered with a copy of `fd`. Both must
/// live until this is called anew; nullptr: no file any more.
void hand_over_file(const char* path, int fd);

}  // namespace kontor::process
