#pragma once

/// @file
/// What is compared: networks, how they are trained, and the numbers that all contenders start from.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tapedeck::peers {

enum class Pass : std::uint8_t { step, forward };  ///< a step is forward, loss, zero, backward and update
enum class Activation : std::uint8_t { relu, tanh };
enum class Loss : std::uint8_t { mse, cross_entropy };  ///< mean over elements; mean over samples
enum class Rule : std::uint8_t { sgd, momentum, adam };

/// A network of fully connected layers, and a step of its training. One row of the comparison.
struct Workload {
  std::string name;
  std::vector<std::size_t> widths;  ///< input, hidden layers, output
  std::size_t batch;                ///< samples in a step
  unsigned threads = 1;             ///< that each contender may use
  Pass pass = Pass::step;
  Activation activation = Activation::relu;  ///< after every layer but the last
  bool batch_norm = false;                   ///< after every activation
  Loss loss = Loss::mse;
  Rule rule = Rule::sgd;
};

/// All rows, in the order of the table.
const std::vector<Workload>& all_workloads();

/// "w1, batch 50, 1 thread".
std::string title(const Workload& workload);

inline constexpr double momentum_factor = 0.9;
inline constexpr double beta_1 = 0.9;
inline constexpr double beta_2 = 0.999;
inline constexpr double adam_epsilon = 1e-8;
inline constexpr double norm_epsilon = 1e-5;  ///< of BatchNorm, added to the variance
inline constexpr double norm_momentum = 0.1;  ///< of BatchNorm's running statistics

/// y = W x + b. Matrices are column-major here and below.
struct LayerValues {
  std::size_t in, out;
  std::vector<float> weight;  ///< out x in
  std::vector<float> bias;    ///< out
};

/// A workload with its numbers: initial parameters, and a ring of batches, of which every step takes the next
/// one. On one batch alone the processor would learn by heart which way each ReLU goes.
struct Problem {
  Problem(Workload of, double rate);

  Workload workload;
  double learning_rate;
  std::size_t ring;                  ///< batches
  std::vector<LayerValues> initial;  ///< gains of BatchNorm are 1, its biases 0
  std::vector<float> inputs;         ///< features x (batch ring)
  std::vector<float> targets;        ///< for mse: outputs x (batch ring)
  std::vector<std::size_t> labels;   ///< for cross_entropy: one a sample

  std::size_t in() const { return workload.widths.front(); }
  std::size_t out() const { return workload.widths.back(); }
  std::size_t samples() const { return workload.batch * ring; }
  const float* input(std::size_t batch) const { return inputs.data() + batch * workload.batch * in(); }
  const float* target(std::size_t batch) const { return targets.data() + batch * workload.batch * out(); }
  const std::size_t* label(std::size_t batch) const { return labels.data() + batch * workload.batch; }
};

}  // namespace tapedeck::peers
