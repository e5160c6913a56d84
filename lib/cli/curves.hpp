#pragma once

/// @file
/// Losses over the epochs, as a CSV file and as a picture.

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/console.hpp"
#include "tapedeck/train/callbacks.hpp"

namespace tapedeck::cli {

/// A CSV file that grows by a line after each epoch, so that others can follow it.
class CurvesFile {
 public:
  explicit CurvesFile(std::string path, const Console& console) : path_(std::move(path)), console_(console) {}

  /// Adds a line. The first call begins the file anew, but keeps the lines of epochs before this one. Throws
  /// FileError if the file cannot be written to.
  void add(const EpochReport& epoch);
  /// Replaces the file by all epochs. Does nothing for pipes and devices, which have them already.
  void finish(const std::vector<EpochReport>& history);

 private:
  std::string path_;
  const Console& console_;
  std::ofstream file_;
  bool begun_ = false;
};

/// Draws the losses as SVG. Needs gnuplot.
std::string losses_svg(const std::vector<EpochReport>& history);

}  // namespace tapedeck::cli
