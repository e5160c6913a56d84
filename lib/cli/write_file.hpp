#pragma once

#include <string>

#include "cli/console.hpp"

namespace tapedeck::cli {

/// FileError if the path cannot be written to, as far as can be told before there is anything to write.
void require_writable(const std::string& path);

/// Writes a file of results: all of it, or nothing, and then an older one is still there. "-" and /dev/stdout
/// are the console's output; a pipe, a device and whatever another link leads to are written to as they are.
/// FileError if that fails.
void write_file(const std::string& path, const std::string& content, const Console& console);

}  // namespace tapedeck::cli
