#include "reports/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "cli/gnuplot.hpp"

namespace tapedeck::reports {
namespace {

using gnuplot::block;
using gnuplot::quoted;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t most_points = 250;  // of a line; more cannot be seen

/// What is measured upwards. `range` is in gnuplot's words; bands end at `least` and `most`.
struct Axis {
  std::string label;
  std::string range;
  double least;
  double most;
  bool logarithmic = false;

  std::string script() const {
    return fmt::format("set ylabel '{}' {}\nset yrange {}\n{}", label, gnuplot::grey_text, range,
                       logarithmic ? "set logscale y\n" : "");
  }
};

/// Logarithmic if a linear one would show the highest and nothing else.
Axis axis_of(const std::string& label, double lowest, double highest) {
  if (!(lowest > 0) || highest < 20 * lowest) return {label, "[0:*]", 0, infinity};
  return {label, fmt::format("[{}:*]", lowest / 2), lowest / 2, infinity, true};
}

/// A curve with its one-sigma band, if it has one.
struct Series {
  std::string label;
  std::vector<Point> points;
  std::vector<Index> reductions;  ///< epochs from which on the rate is lower
};

std::vector<Point> thinned(const std::vector<Point>& points) {
  const std::size_t stride = (points.size() + most_points - 1) / most_points;
  std::vector<Point> kept;
  for (std::size_t i = 0; i < points.size(); i += std::max<std::size_t>(stride, 1)) kept.push_back(points[i]);
  if (!points.empty() && kept.back().epoch != points.back().epoch) kept.push_back(points.back());
  return kept;
}

std::vector<Index> reductions_in(const std::vector<Point>& rates) {
  std::vector<Index> epochs;
  for (std::size_t i = 1; i < rates.size(); ++i) {
    if (rates[i].figure.mean < rates[i - 1].figure.mean) epochs.push_back(rates[i].epoch);
  }
  return epochs;
}

std::vector<Series> series_of(const ReportOutcome& of, const Curves& curves) {
  std::vector<Series> all;
  for (const Line& line : curves.lines) {
    const Outcome& outcome = of.of(line.of);
    Series series{.label = line.label, .points = {}, .reductions = {}};
    if (curves.first_trial) {
      series.points = outcome.curve_of_trial(0, line.metric);
      series.reductions = reductions_in(outcome.curve_of_trial(0, Metric::learning_rate));
    } else {
      series.points = outcome.curve(line.metric);
    }
    series.points = thinned(series.points);
    if (!series.points.empty()) all.push_back(std::move(series));
  }
  return all;
}

Axis loss_axis(const std::vector<Series>& series) {
  double lowest = infinity;
  double highest = 0;
  for (const Series& s : series) {
    for (const Point& point : s.points) {
      lowest = std::min(lowest, point.figure.mean);
      highest = std::max(highest, point.figure.mean);
    }
  }
  return axis_of("loss", lowest, highest);
}

/// Of 1, 2 and 5 times a power of ten, what gives three to seven tics.
double nice_step(double range) {
  const double power = std::pow(10, std::floor(std::log10(range / 3)));
  for (const double factor : {5.0, 2.0}) {
    if (range >= 3 * factor * power) return factor * power;
  }
  return power;
}

const char* dashes(std::size_t line) {
  constexpr const char* all[] = {"1", "(8,3)", "(2,2)"};
  return all[line % std::size(all)];
}

}  // namespace

std::string draw(const ReportOutcome& of, const Figure& figure, const std::string& name) {
  struct Draw {
    const ReportOutcome& of;
    const std::string& name;
    std::string operator()(const Curves& f) const { return draw_curves(of, f, name); }
    std::string operator()(const ErrorBars& f) const { return draw_error_bars(of, f, name); }
    std::string operator()(const Histograms& f) const { return draw_histograms(of, f, name); }
    std::string operator()(const PredictionMap& f) const { return draw_map(of, f, name); }
    std::string operator()(const Scatter& f) const { return draw_scatter(of, f, name); }
  };
  return std::visit(Draw{of, name}, figure);
}

std::string draw_curves(const ReportOutcome& of, const Curves& curves, const std::string& name) {
  const std::vector<Series> all = series_of(of, curves);
  if (all.empty()) return {};
  const Metric metric = curves.lines.front().metric;
  const bool loss = metric == Metric::train_loss || metric == Metric::test_loss;
  const Axis axis = loss ? loss_axis(all) : Axis{"accuracy", "[*<0.4:1]", 0, 1};

  std::string data;
  std::string marks;
  std::vector<std::string> bands;
  std::vector<std::string> lines;
  for (std::size_t s = 0; s < all.size(); ++s) {
    const auto& [label, points, reductions] = all[s];
    const char* colour = gnuplot::colours[s % std::size(gnuplot::colours)];
    std::string rows;
    for (const auto& [epoch, figure] : points) {
      rows += fmt::format("{} {:.5g} {:.5g} {:.5g}\n", epoch, figure.mean,
                          std::max(figure.mean - figure.deviation, axis.least),
                          std::min(figure.mean + figure.deviation, axis.most));
    }
    data += block(fmt::format("series_{}", s), rows);
    for (const Index epoch : reductions) {
      marks +=
          fmt::format("set arrow from {0}, graph 0 to {0}, graph 1 nohead lw 1 lc '#bbbbbb' back\n", epoch);
    }
    if (!curves.first_trial) {
      bands.push_back(fmt::format("$series_{} using 1:3:4 with filledcurves fc '{}' notitle", s, colour));
    }
    lines.push_back(fmt::format("$series_{} using 1:2 with lines lw {} lc '{}' dt {} title {}", s,
                                curves.first_trial ? 1.2 : 2, colour, dashes(curves.first_trial ? 0 : s),
                                quoted(label)));
  }
  // Of one trial's lines the first, which is spoken of, is drawn last; lines are above all bands.
  if (curves.first_trial) std::reverse(lines.begin(), lines.end());
  bands.insert(bands.end(), lines.begin(), lines.end());
  return gnuplot::draw(name, curves.caption, 280,
                       data + "set style fill transparent solid 0.2 noborder\n" + gnuplot::quiet_axes +
                           axis.script() + gnuplot::grid + marks + "set xlabel 'epoch' offset 0,0.5 " +
                           gnuplot::grey_text +
                           fmt::format("\nset autoscale xfix\nplot {}\n", fmt::join(bands, ", ")));
}

std::string draw_error_bars(const ReportOutcome& of, const ErrorBars& bars, const std::string& name) {
  std::string data;
  std::vector<std::string> plots;
  double lowest = infinity;
  double highest = 0;
  const auto add = [&](const std::string& label, const std::string& rows, const std::string& style) {
    if (rows.empty()) return;
    const std::string block_name = fmt::format("bars_{}", plots.size());
    data += block(block_name, rows);
    plots.push_back(
        fmt::format("${} using 1:2:3:4 with yerrorbars {} title {}", block_name, style, quoted(label)));
  };
  // In percent; the bar's lower end is cut off later, if the axis is logarithmic.
  const auto row = [&](double x, double accuracy, double deviation) {
    const double error = 100 * (1 - accuracy);
    lowest = std::min(lowest, error);
    highest = std::max(highest, error);
    return fmt::format("{:.4g} {:.5g} {:.5g} {:.5g}\n", x, error,
                       std::max(error - 100 * deviation, error / 4), error + 100 * deviation);
  };
  const double places = static_cast<double>(bars.series.size()) + 1;
  for (std::size_t s = 0; s < bars.series.size(); ++s) {
    const ErrorBars::Series& series = bars.series[s];
    const double shift = (static_cast<double>(s) + 1) / places - 0.5;
    std::string rows;
    std::string printed;
    for (std::size_t g = 0; g < series.of.size(); ++g) {
      const double x = static_cast<double>(g) + 0.8 * shift;
      if (const auto ours = of.of(series.of[g]).at_end(Metric::test_accuracy))
        rows += row(x, ours->mean, ours->deviation);
      if (g < series.printed_accuracies.size()) {
        const Printed& there = series.printed_accuracies[g];
        printed += row(x + 0.12, there.mean, there.deviation.value_or(0));
      }
    }
    const char* colour = gnuplot::colours[s % std::size(gnuplot::colours)];
    add(series.label, rows, fmt::format("pt {} ps 0.7 lw 2 lc '{}'", s == 0 ? 7 : 5, colour));
    add("printed", printed, "pt 6 ps 0.7 lw 1.5 lc '#555555'");
  }
  if (plots.empty()) return {};
  std::string tics;
  for (std::size_t g = 0; g < bars.groups.size(); ++g) {
    tics += fmt::format("{}{} {}", g == 0 ? "" : ", ", quoted(bars.groups[g]), g);
  }
  return gnuplot::draw(
      name, bars.caption, 280,
      data + gnuplot::quiet_axes + axis_of("test error, %", lowest, highest).script() +
          fmt::format("set grid ytics lc '#dddddd' lw 1 dt 1\nset xrange [-0.6:{}]\n"
                      "set bmargin 3.5\nset xtics ({}) scale 0\nplot {}\n",
                      static_cast<double>(bars.groups.size()) - 0.4, tics, fmt::join(plots, ", ")));
}

std::string draw_histograms(const ReportOutcome& of, const Histograms& histograms, const std::string& name) {
  constexpr std::size_t bins = 41;
  std::vector<std::pair<std::string, arma::vec>> all;
  double low = infinity;
  double high = -infinity;
  for (const auto& [label, setting] : histograms.series) {
    const Trial& trial = of.of(setting).trials.front();
    const auto& sight = histograms.when == Histograms::When::before_training ? trial.before : trial.after;
    if (!sight) continue;
    const Matrix<double>& values =
        histograms.of == Histograms::Of::layer_input ? sight->input : sight->gradient;
    low = std::min(low, values.min());
    high = std::max(high, values.max());
    all.emplace_back(label, arma::vectorise(values));
  }
  if (all.empty() || !(high > low)) return {};
  const double width = (high - low) / bins;
  std::string data;
  std::vector<std::string> plots;
  for (std::size_t s = 0; s < all.size(); ++s) {
    const auto& [label, values] = all[s];
    std::vector<double> counts(bins);
    for (const double value : values) {
      ++counts[std::min(bins - 1, static_cast<std::size_t>((value - low) / width))];
    }
    std::string rows;
    for (std::size_t bin = 0; bin < bins; ++bin) {
      const double share = 100 * counts[bin] / static_cast<double>(values.n_elem);
      if (share > 0)
        rows += fmt::format("{:.6g} {:.6g}\n", low + (static_cast<double>(bin) + 0.5) * width, share);
    }
    data += block(fmt::format("histogram_{}", s), rows);
    plots.push_back(fmt::format("$histogram_{} using 1:2 with boxes fc '{}' title {}", s,
                                s == 0 ? gnuplot::vermillion : gnuplot::blue, quoted(label)));
  }
  std::reverse(plots.begin(), plots.end());  // the first one is spoken of, and in front
  const bool input = histograms.of == Histograms::Of::layer_input;
  return gnuplot::draw(
      name, histograms.caption, 280,
      data + gnuplot::quiet_axes + gnuplot::grid +
          fmt::format("set style fill transparent solid 0.55 noborder\nset boxwidth {:.6g}\n"
                      "set logscale y\nset yrange [0.01:100]\nset ylabel 'share of values, %' {}\n"
                      "set xlabel '{}' offset 0,0.5 {}\nset xtics {}\nset xrange [{:.6g}:{:.6g}]\nplot {}\n",
                      width, gnuplot::grey_text, input ? "input" : "gradient", gnuplot::grey_text,
                      nice_step(high - low), low, high, fmt::join(plots, ", ")));
}

}  // namespace tapedeck::reports
