#pragma once

/// @file
/// A report's figures.

#include <string>

#include "reports/outcome.hpp"

namespace tapedeck::reports {

/// The figure as an <svg> element; empty if there is nothing to draw, as training diverged. `name` as for
/// gnuplot::draw. std::logic_error if it asks for a setting that the report does not have.
std::string draw(const ReportOutcome& of, const Figure& figure, const std::string& name);

// By kind.
std::string draw_curves(const ReportOutcome& of, const Curves& curves, const std::string& name);
std::string draw_error_bars(const ReportOutcome& of, const ErrorBars& bars, const std::string& name);
std::string draw_histograms(const ReportOutcome& of, const Histograms& histograms, const std::string& name);
std::string draw_map(const ReportOutcome& of, const PredictionMap& map, const std::string& name);
std::string draw_scatter(const ReportOutcome& of, const Scatter& scatter, const std::string& name);

}  // namespace tapedeck::reports
