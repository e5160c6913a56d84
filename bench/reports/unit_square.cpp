// Figures of the unit square, in which the points of all reports lie.

#include <fmt/format.h>

#include "cli/gnuplot.hpp"
#include "reports/chart.hpp"
#include "reports/engine.hpp"
#include "reports/trainee.hpp"

namespace tapedeck::reports {
namespace {

using gnuplot::block;

constexpr int height = 350;

constexpr const char* square =
    "set size ratio -1\n"
    "set xrange [0:1]\n"
    "set yrange [0:1]\n"
    "set xtics 0.5\n"
    "set ytics 0.5\n"
    "set parametric\n"
    "set trange [0:2*pi]\n"
    "set samples 400\n";

/// Where the classes meet, as the plots of a parametric script.
std::string boundaries(const Data& data) {
  std::string plots;
  for (const auto& [x, y, radius] : data.boundaries) {
    plots += fmt::format(", {} + {} * cos(t), {} + {} * sin(t) with lines lw 2 dt (6,3) lc '#882255' {}", x,
                         radius, y, radius, plots.empty() ? "title 'true boundary'" : "notitle");
  }
  return plots;
}

std::string point_rows(const Matrix<double>& points) {
  std::string rows;
  for (Index i = 0; i < points.n_cols; ++i)
    rows += fmt::format("{:.4g} {:.4g}\n", points(0, i), points(1, i));
  return rows;
}

}  // namespace

std::string draw_map(const ReportOutcome& of, const PredictionMap& map, const std::string& name) {
  const Outcome& outcome = of.of(map.setting);
  if (!outcome.trials.front().picture) return {};
  const Picture& picture = *outcome.trials.front().picture;
  constexpr double step = 1.0 / (Picture::side - 1);
  std::string grid;
  for (Index j = 0; j < Picture::side; ++j) {
    for (Index i = 0; i < Picture::side; ++i) {
      grid += fmt::format("{:.5g} {:.5g} {:.4g}\n", static_cast<double>(i) * step,
                          static_cast<double>(j) * step, picture.grid(i, j));
    }
    grid += "\n";
  }
  const std::string wrong = point_rows(picture.wrong);
  // gnuplot complains of layers without points.
  const bool has_boundary = picture.grid.min() < 0.5 && picture.grid.max() > 0.5;
  std::string layers = "$grid with image notitle";
  if (has_boundary) layers += ", $learned with lines lw 2 lc 'black' title 'learned'";
  layers += boundaries(outcome.experiment.data);
  if (!wrong.empty()) layers += ", $wrong with points pt 2 ps 0.6 lw 1.5 lc '#000000' title 'wrong'";
  return gnuplot::draw(name, map.caption, height,
                       block("grid", grid) + block("wrong", wrong) + gnuplot::quiet_axes +
                           (has_boundary ? "set contour base\n"
                                           "set cntrparam levels discrete 0.5\n"
                                           "unset surface\n"
                                           "set table $learned\n"
                                           "splot $grid\n"
                                           "unset table\n"
                                         : "") +
                           "set palette defined (0 '#56a0d0', 0.5 '#ffffff', 1 '#e69a4d')\n"
                           "set cbrange [0:1]\n"
                           "set cbtics 0.5\n"
                           "set cblabel 'class 1' offset -1 " +
                           gnuplot::grey_text + "\n" + square + "plot " + layers + "\n");
}

std::string draw_scatter(const ReportOutcome& of, const Scatter& scatter, const std::string& name) {
  const Experiment& experiment = of.of(scatter.setting).experiment;
  const Dataset data = training_points(experiment, random_of(of.report.name, of.seed, 0));
  const auto rows_of_class = [&](Index label) {
    return point_rows(data.x<double>().cols(arma::find(data.labels() == label)));
  };
  return gnuplot::draw(name, scatter.caption, height,
                       block("class_0", rows_of_class(0)) + block("class_1", rows_of_class(1)) +
                           gnuplot::quiet_axes + square +
                           fmt::format("plot $class_0 with points pt 7 ps 0.3 lc '{}' title 'class 0', "
                                       "$class_1 with points pt 2 ps 0.45 lc '{}' title 'class 1'{}\n",
                                       gnuplot::blue, gnuplot::vermillion, boundaries(experiment.data)));
}

}  // namespace tapedeck::reports
