#pragma once

/// @file
/// Charts as SVG, drawn by gnuplot.

#include <string>
#include <vector>

#include "reports/engine.hpp"

namespace tapedeck::reports {

/// Throws std::runtime_error that names the package if gnuplot cannot be run.
void require_gnuplot();

/// A curve with its one-sigma band.
struct Series {
  std::string label;
  std::string colour;
  std::vector<Point> points;
};

/// What is measured upwards. `range` is in gnuplot's words; bands end at `least` and `most`.
struct Axis {
  std::string label;
  std::string range;
  double least;
  double most;
  bool logarithmic = false;
};

/// <svg> elements to stand inside a page. `name` tells the elements' ids from those of the page's other
/// charts, `title` is for those who cannot see them. They take the width that they are given.
std::string draw_curves(const std::string& name, const std::string& title, const Axis& axis,
                        const std::vector<Series>& series);
std::string draw_map(const std::string& name, const std::string& title, const Picture& picture);

}  // namespace tapedeck::reports
