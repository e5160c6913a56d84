#pragma once

/// @file
/// Whoever trains the networks of the comparison.

#include <memory>
#include <vector>

#include "peers/workload.hpp"

namespace tapedeck::peers {

/// One way to do a workload. Prepared when it is made; what is timed is `run`.
class Contender {
 public:
  Contender() = default;
  Contender(const Contender&) = delete;
  Contender& operator=(const Contender&) = delete;
  virtual ~Contender() = default;

  /// Sets the process to the workload's threads, and says how many `run` will really use.
  virtual unsigned take_threads() = 0;
  /// So many steps (or forwards), each on the next batch of the ring.
  virtual void run(std::size_t steps) = 0;
  /// Of a step: weight and bias of each layer, then, with BatchNorm, gain, bias, running mean and running
  /// variance of each; weights out x in, column-major. Of a forward: the outputs of the last one. Empty if it
  /// has none.
  virtual std::vector<float> results() const = 0;
};

/// Tapedeck, as a program would use it.
std::unique_ptr<Contender> make_ours(const Problem& problem);
/// The matrix products of the step through cblas_sgemm, and nothing else: what a library that calls it pays
/// at least.
std::unique_ptr<Contender> make_gemm(const Problem& problem);
/// Loops for networks of known sizes, without BLAS, compiled for this machine. Nothing for several threads.
std::unique_ptr<Contender> make_hand(const Problem& problem);
/// libtorch, in the cheapest way that is still what its users write. Nothing in a build without it.
std::unique_ptr<Contender> make_torch(const Problem& problem);
/// What it is and how it is used: "libtorch 1.13.0: ...", or "libtorch: not in this build".
std::string torch_settings();

}  // namespace tapedeck::peers
