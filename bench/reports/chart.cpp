#include "reports/chart.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <regex>
#include <stdexcept>

#include "reports/text.hpp"

namespace tapedeck::reports {
namespace {

/// A file of its own that is gone when this is.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text)
      : path_((std::filesystem::temp_directory_path() / "tapedeck-chart-XXXXXX").string()) {
    const int file = mkstemp(path_.data());
    if (file < 0) throw std::runtime_error("cannot make a temporary file " + path_);
    close(file);
    std::ofstream(path_) << text;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::remove(path_.c_str()); }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Command {
  std::string output;
  bool succeeded;
};

Command execute(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {.output = {}, .succeeded = false};
  std::string output;
  std::array<char, 4096> part;
  while (const std::size_t n = std::fread(part.data(), 1, part.size(), pipe)) output.append(part.data(), n);
  return {.output = std::move(output), .succeeded = pclose(pipe) == 0};
}

/// What gnuplot makes of a script: an <svg> with ids of its own and a title instead of gnuplot's.
std::string draw(const std::string& name, const std::string& title, int height, const std::string& script) {
  const TemporaryFile file(fmt::format(
      "set terminal svg size 400,{} dynamic noenhanced font 'sans-serif,12'\n{}", height, script));
  const auto [output, succeeded] = execute("gnuplot '" + file.path() + "'");
  const std::size_t start = output.find("<svg");
  if (!succeeded || start == std::string::npos) throw std::runtime_error("gnuplot could not draw " + name);
  std::string svg = output.substr(start);
  svg = std::regex_replace(svg, std::regex("<(title|desc)>[^<]*</(title|desc)>"), "");
  svg = std::regex_replace(svg, std::regex("id=(['\"])"), "id=$1" + name + "-");
  svg = std::regex_replace(svg, std::regex("href='#"), "href='#" + name + "-");
  svg.insert(svg.find('>') + 1, "<title>" + escaped(title) + "</title>");
  svg.insert(4, " role=\"img\"");
  return svg;
}

constexpr const char* grey_text = "textcolor '#333333'";
constexpr const char* quiet_axes =
    "set border 3 lc '#555555'\n"
    "set tics nomirror out scale 0.5 textcolor '#333333'\n"
    "set key outside center top horizontal Left reverse samplen 3 textcolor '#333333'\n";

std::string block(const std::string& name, const std::string& lines) {
  return "$" + name + " << EOD\n" + lines + "EOD\n";
}

}  // namespace

void require_gnuplot() {
  if (!execute("gnuplot --version 2>/dev/null").succeeded) {
    throw std::runtime_error(
        "gnuplot, which draws the charts, cannot be run; install the package gnuplot-nox");
  }
}

std::string draw_curves(const std::string& name, const std::string& title, const Axis& axis,
                        const std::vector<Series>& series) {
  std::string data;
  std::string bands;
  std::string lines;
  for (std::size_t s = 0; s < series.size(); ++s) {
    const auto& [label, colour, points] = series[s];
    std::string rows;
    for (const auto& [epoch, figure] : points) {
      rows += fmt::format("{} {:.5g} {:.5g} {:.5g}\n", epoch, figure.mean,
                          std::max(figure.mean - figure.deviation, axis.least),
                          std::min(figure.mean + figure.deviation, axis.most));
    }
    data += block(fmt::format("series_{}", s), rows);
    bands += fmt::format("{}$series_{} using 1:3:4 with filledcurves fc '{}' notitle", s == 0 ? "" : ", ", s,
                         colour);
    lines += fmt::format(", $series_{} using 1:2 with lines lw 2 lc '{}' dt {} title '{}'", s, colour,
                         s == 0 ? "1" : "(8,3)", label);
  }
  return draw(name, title, 280,
              data + "set style fill transparent solid 0.2 noborder\n" + quiet_axes +
                  fmt::format("set ylabel '{}' {}\nset yrange {}\n", axis.label, grey_text, axis.range) +
                  (axis.logarithmic ? "set logscale y\n" : "") +
                  "set grid lc '#dddddd' lw 1 dt 1\n"
                  "set xlabel 'epoch' offset 0,0.5 " +
                  grey_text + "\nset autoscale xfix\nplot " + bands + lines + "\n");
}

std::string draw_map(const std::string& name, const std::string& title, const Picture& picture) {
  constexpr double step = 1.0 / (Picture::side - 1);
  std::string grid;
  for (Index j = 0; j < Picture::side; ++j) {
    for (Index i = 0; i < Picture::side; ++i) {
      grid += fmt::format("{:.5g} {:.5g} {:.4g}\n", static_cast<double>(i) * step,
                          static_cast<double>(j) * step, picture.grid(i, j));
    }
    grid += "\n";
  }
  std::string wrong;
  for (Index i = 0; i < picture.wrong.n_cols; ++i) {
    wrong += fmt::format("{:.4g} {:.4g}\n", picture.wrong(0, i), picture.wrong(1, i));
  }
  // gnuplot complains of layers without points.
  const bool has_boundary = picture.grid.min() < 0.5 && picture.grid.max() > 0.5;
  std::string layers = "$grid with image notitle";
  if (has_boundary) layers += ", $boundary with lines lw 2 lc 'black' title 'boundary'";
  layers +=
      ", 0.5 + radius * cos(t), 0.5 + radius * sin(t) with lines lw 2 dt (6,3) lc '#CC79A7' title 'circle'";
  if (!wrong.empty()) layers += ", $wrong with points pt 2 ps 0.6 lw 1.5 lc '#000000' title 'wrong'";
  return draw(name, title, 350,
              block("grid", grid) + block("wrong", wrong) + quiet_axes +
                  fmt::format("radius = {}\n", 1 / std::sqrt(2 * std::numbers::pi)) +
                  (has_boundary ? "set contour base\n"
                                  "set cntrparam levels discrete 0.5\n"
                                  "unset surface\n"
                                  "set table $boundary\n"
                                  "splot $grid\n"
                                  "unset table\n"
                                : "") +
                  "set palette defined (0 '#56a0d0', 0.5 '#ffffff', 1 '#e69a4d')\n"
                  "set cbrange [0:1]\n"
                  "set cbtics 0.5\n"
                  "set cblabel 'output' offset -1 " +
                  grey_text +
                  "\nset size ratio -1\n"
                  "set xrange [0:1]\n"
                  "set yrange [0:1]\n"
                  "set xtics 0.5\n"
                  "set ytics 0.5\n"
                  "set parametric\n"
                  "set trange [0:2*pi]\n"
                  "plot " +
                  layers + "\n");
}

}  // namespace tapedeck::reports
