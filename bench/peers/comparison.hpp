#pragma once

/// @file
/// Times the contenders of a row in turns.

#include <optional>
#include <string>
#include <vector>

#include "peers/workload.hpp"

namespace tapedeck::peers {

/// Microseconds of a step.
struct Timing {
  double median;
  double best;
};

/// A row of the table. What does not take part is empty.
struct Row {
  Workload workload;
  unsigned ours_threads;  ///< that ours really used
  Timing ours, gemm;
  std::optional<Timing> hand, libtorch;

  /// Best against best, as are the others.
  double ratio_gemm() const { return ours.best / gemm.best; }
  /// How many times faster than libtorch.
  std::optional<double> ratio_libtorch() const;
};

struct MeasureOptions {
  double min_time = 0.1;         ///< seconds that a contender runs at least, in each repetition
  std::size_t repetitions = 15;  ///< in each of which all contenders run in turn
};

Row measure(const Workload& workload, const MeasureOptions& options);

/// Machine, compiler, date, BLAS and settings, line by line.
std::string heading(const MeasureOptions& options);
/// The head of the table, and a line of it.
std::string table_head();
std::string table_line(const Row& row);
/// An array of objects.
std::string json(const std::vector<Row>& rows);

}  // namespace tapedeck::peers
