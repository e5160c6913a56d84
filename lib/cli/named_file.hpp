#pragma once

/// @file
/// The files that a command names: outputs must not destroy inputs or each other.

#include <string>
#include <vector>

namespace tapedeck::cli {

/// A file and the option or argument that names it. One option may stand for several files.
struct NamedFile {
  std::string option;  ///< "--out", "DATA"
  std::string path;    ///< empty if the option is not given
};

/// Returns true for "-", /dev/stdout and the like, which stand for standard output.
bool is_standard_output(const std::string& path);

/// Throws OptionError for standard output: what is written there must be a file.
void require_file(const std::string& option, const std::string& path);

/// Throws OptionError if an output is the same file as an input or as an output of another option, however it
/// is spelled: through another folder, a symbolic link or a hard link. Only devices may be named twice, such
/// as /dev/null. Opens nothing.
void require_distinct(const std::vector<NamedFile>& inputs, const std::vector<NamedFile>& outputs);

}  // namespace tapedeck::cli
