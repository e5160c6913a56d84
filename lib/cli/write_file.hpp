#pragma once

#include <string>

#include "cli/console.hpp"

namespace tapedeck::cli {

/// Returns true for a regular file, or one that is to be made, at the end of all symbolic links: it is
/// replaced as a whole. Standard output, pipes and devices are written to as they are.
bool is_replaced(const std::string& path);

/// Throws FileError if the path cannot be written to, as far as can be told before there is anything to
/// write.
void require_writable(const std::string& path);

/// Writes a file of results: all of it, or nothing, and then an older one is still there. Throws FileError if
/// that fails.
void write_file(const std::string& path, const std::string& content, const Console& console);

}  // namespace tapedeck::cli
