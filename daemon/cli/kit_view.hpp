#pragma once

#include <cstddef>
#include <string_view>

#include "connectors/kit/verdict.hpp"
#include "daemon/cli/context.hpp"

namespace kontor::cli {

/// Prints what the conformance kit found: a line for each check, failures with their evidence; with
/// --json one document.
void show_report(Context& context, const kit::Report& report);

/// Prints all checks and why each matters.
Outcome<Exit> list_checks(Context& context);

/// The line that changes while the kit works; nothing where stderr is no terminal.
class KitProgress {
public:
    explicit KitProgress(Context& context) : context_(context) {}
    void show(std::string_view check, std::string_view stream, std::size_t done, std::size_t total);
    void clear();

private:
    Context& context_;
    bool open_ = false;
};

}  // namespace kontor::cli
