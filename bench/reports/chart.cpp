#include "reports/chart.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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

std::string draw_curves(const std::string& name, const std::string& title, const std::string& y_label,
                        const std::vector<Series>& series) {
  constexpr std::size_t most_points = 250;  // what the eye can tell apart
  std::string data;
  std::string bands;
  std::string lines;
  for (std::size_t s = 0; s < series.size(); ++s) {
    const auto& [label, colour, points] = series[s];
    const std::size_t stride = (points.size() + most_points - 1) / most_points;
    std::string rows;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (i % stride != 0 && i + 1 != points.size()) continue;
      const auto [mean, deviation, count] = points[i];
      rows += fmt::format("{} {:.5g} {:.5g} {:.5g}\n", i + 1, mean, mean - deviation, mean + deviation);
    }
    data += block(fmt::format("series_{}", s), rows);
    const std::string separator = s == 0 ? "" : ", ";
    bands += fmt::format("{}$series_{} using 1:3:4 with filledcurves fc '{}' notitle", separator, s, colour);
    lines += fmt::format(", $series_{} using 1:2 with lines lw 2 lc '{}' dt {} title '{}'", s, colour, s + 1,
                         label);
  }
  return draw(name, title, 280,
              data +
                  "set style fill transparent solid 0.2 noborder\n"
                  "set border 3 lc '#555555'\n"
                  "set tics nomirror textcolor '#333333'\n"
                  "set grid lc '#dddddd' lw 1 dt 1\n"
                  "set key top right horizontal outside center top samplen 3 textcolor '#333333'\n"
                  "set xlabel 'epoch' textcolor '#333333'\n"
                  "set ylabel '" +
                  y_label +
                  "' textcolor '#333333'\n"
                  "set autoscale xfix\n"
                  "plot " +
                  bands + lines + "\n");
}

std::string draw_map(const std::string& name, const std::string& title, const Picture& picture) {
  std::string grid;
  for (Index j = 0; j < Picture::side; ++j) {
    for (Index i = 0; i < Picture::side; ++i) {
      grid += fmt::format("{:.5g} {:.5g} {:.4g}\n", static_cast<double>(i) / (Picture::side - 1),
                          static_cast<double>(j) / (Picture::side - 1), picture.grid(i, j));
    }
    grid += "\n";
  }
  std::string wrong;
  for (Index i = 0; i < picture.wrong.n_cols; ++i) {
    wrong += fmt::format("{:.4g} {:.4g}\n", picture.wrong(0, i), picture.wrong(1, i));
  }
  return draw(
      name, title, 400,
      block("grid", grid) + block("wrong", wrong.empty() ? "NaN NaN\n" : wrong) +
          fmt::format("radius = {}\n", 1 / std::sqrt(2 * std::numbers::pi)) +
          "set contour base\n"
          "set cntrparam levels discrete 0.5\n"
          "unset surface\n"
          "set table $boundary\n"
          "splot $grid\n"
          "unset table\n"
          "set palette defined (0 '#56a0d0', 0.5 '#ffffff', 1 '#e69a4d')\n"
          "set cbrange [0:1]\n"
          "set cbtics 0.5\n"
          "set cblabel 'output of the network'\n"
          "set colorbox horizontal user origin 0.12,0.09 size 0.8,0.03\n"
          "set size ratio -1\n"
          "set xrange [0:1]\n"
          "set yrange [0:1]\n"
          "set tics 0.5 textcolor '#333333'\n"
          "set key outside center top horizontal samplen 2 textcolor '#333333'\n"
          "set parametric\n"
          "set trange [0:2*pi]\n"
          "plot $grid with image notitle,"
          " $wrong with points pt 2 ps 0.5 lw 1 lc '#333333' title 'wrong',"
          " $boundary with lines lw 2 lc 'black' title 'boundary',"
          " 0.5 + radius * cos(t), 0.5 + radius * sin(t) with lines lw 2 dt 2 lc '#CC79A7' title 'circle'\n");
}

}  // namespace tapedeck::reports
