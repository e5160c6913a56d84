#pragma once

/// @file
/// Finished trials on disk, so that an interrupted run goes on where it stopped.

#include <filesystem>
#include <optional>
#include <string>

#include "reports/outcome.hpp"

namespace tapedeck::reports {

/// A file for each trial, named after what the trial depends on: its description, its place, and the code
/// that trains. A trial of other code is never found. A file appears whole or not at all; one that is damaged
/// counts as none.
class Archive {
 public:
  /// Makes the folder. std::filesystem::filesystem_error if it cannot.
  explicit Archive(std::filesystem::path folder);

  std::optional<Trial> find(const std::string& key) const;
  /// std::runtime_error if it cannot be written.
  void keep(const std::string& key, const Trial& trial) const;

 private:
  std::filesystem::path file_of(const std::string& key) const;

  std::filesystem::path folder_;
};

/// Writes a file that appears whole or not at all. std::runtime_error if it cannot.
void write_file(const std::filesystem::path& path, const std::string& content);

}  // namespace tapedeck::reports
