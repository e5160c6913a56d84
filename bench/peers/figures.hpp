#pragma once

/// @file
/// What else is asked of ours: how much memory a step takes, and how long an answer takes at worst.

#include <cstddef>
#include <optional>

namespace tapedeck::peers {

/// A step of w3, in bytes.
struct Footprint {
  std::size_t parameters;      ///< their gradients and their velocity take as much each
  std::size_t activations;     ///< that the vjps need: what each ReLU gave, and the output
  std::size_t tape;            ///< the tape's peak
  std::optional<double> peak;  ///< the process's peak over what it was before, less the data; Linux tells it

  double needed() const { return static_cast<double>(3 * parameters + activations); }
  double taken() const { return static_cast<double>(3 * parameters + tape); }
};
/// To be called before anything else that takes memory and gives it back.
Footprint measure_footprint();

/// Inference of w1, one sample at a time, each timed alone; nanoseconds. The clock's own are among them.
struct Latency {
  std::size_t count;
  double clock;               ///< the median of timing nothing
  double median, percentile;  ///< percentile: the 99.99th
};
Latency measure_latency();

}  // namespace tapedeck::peers
