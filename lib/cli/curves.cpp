#include "cli/curves.hpp"

#include <fmt/format.h>

#include <ios>
#include <ostream>
#include <string_view>

#include "cli/gnuplot.hpp"
#include "cli/named_file.hpp"
#include "cli/number_in.hpp"
#include "cli/write_file.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck::cli {
namespace {

constexpr const char* header = "epoch,loss,validation_loss,learning_rate,seconds\n";

std::string line_of(const EpochReport& epoch) {
  return fmt::format("{},{},{},{},{:.6g}\n", epoch.epoch + 1, epoch.loss,
                     epoch.validation_loss ? fmt::format("{}", *epoch.validation_loss) : "",
                     epoch.learning_rate, epoch.seconds);
}

// Returns the lines of a curves file that are about epochs before that one, counted from 0.
std::string lines_before(Index epoch, const std::string& path) {
  std::ifstream file(path);
  std::string lines;
  std::string line;
  if (!std::getline(file, line) || line + '\n' != header) return lines;
  while (std::getline(file, line)) {
    const auto number = number_in<Index>(std::string_view(line).substr(0, line.find(',')));
    if (!number || *number > epoch) break;
    lines += line + '\n';
  }
  return lines;
}

}  // namespace

void CurvesFile::add(const EpochReport& epoch) {
  if (is_standard_output(path_)) {
    console_.out << (std::exchange(begun_, true) ? "" : header) << line_of(epoch) << std::flush;
    return;
  }
  const bool first = !std::exchange(begun_, true);
  if (first && is_replaced(path_)) write_file(path_, header + lines_before(epoch.epoch, path_), console_);
  if (first) file_.open(path_, is_replaced(path_) ? std::ios::app : std::ios::out);
  if (first && !is_replaced(path_)) file_ << header;
  file_ << line_of(epoch) << std::flush;
  if (!file_) throw FileError({.who = path_, .given = "it cannot be written to"});
}

void CurvesFile::finish(const std::vector<EpochReport>& history) {
  if (!is_replaced(path_)) return;
  std::string text = header;
  for (const EpochReport& epoch : history) text += line_of(epoch);
  write_file(path_, text, console_);
}

std::string losses_svg(const std::vector<EpochReport>& history) {
  std::string training;
  std::string validation;
  for (const EpochReport& epoch : history) {
    training += fmt::format("{} {:.6g}\n", epoch.epoch + 1, epoch.loss);
    if (epoch.validation_loss)
      validation += fmt::format("{} {:.6g}\n", epoch.epoch + 1, *epoch.validation_loss);
  }
  std::string script = gnuplot::block("training", training) + gnuplot::quiet_axes + gnuplot::grid +
                       "set ylabel 'loss'\nset xlabel 'epoch'\nset yrange [0:*]\n";
  std::string plots = fmt::format(
      "$training using 1:2 with linespoints pt 7 ps 0.2 lw 2 lc '{}' title 'training'", gnuplot::blue);
  if (!validation.empty()) {
    script += gnuplot::block("validation", validation);
    plots += fmt::format(
        ", $validation using 1:2 with linespoints pt 7 ps 0.2 lw 2 lc '{}' dt (8,3) title 'validation'",
        gnuplot::vermillion);
  }
  return gnuplot::draw("losses", "Loss over the epochs", 280, script + "plot " + plots + "\n");
}

}  // namespace tapedeck::cli
