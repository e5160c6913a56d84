#pragma once

#include <string>

namespace tapedeck::cli {

/// Writes a file of results: all of it, or nothing, and then an older one is still there. A pipe, a device
/// and whatever a link leads to, as /dev/stdout does, are written to as they are. FileError if that fails.
void write_file(const std::string& path, const std::string& content);

}  // namespace tapedeck::cli
