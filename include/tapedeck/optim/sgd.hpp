#pragma once

/// @file
/// Stochastic gradient descent.

#include <cstdint>
#include <optional>

#include "tapedeck/optim/elementwise_optimizer.hpp"

namespace tapedeck {

/// Whether the velocity v is made of gradients or of steps. It is the same as long as the learning rate is
/// constant; when the rate is reduced, `rate_inside` goes on for a while at the old speed.
enum class Momentum : std::uint8_t {
  rate_outside,  ///< v = momentum v + g, w = w - rate v, as in PyTorch
  rate_inside    ///< v = momentum v + rate g, w = w - v (Polyak, 1964; Sutskever et al., ICML 2013)
};

/// Stochastic gradient descent: w = w - rate g, where g includes weight decay if that is coupled. With
/// momentum g makes a velocity v, 0 at first, that moves w: see Momentum. With `nesterov` the step is taken
/// from the velocity that the same gradient would give once more: w = w - rate (g + momentum v), as in
/// PyTorch, or w = w - (rate g + momentum v) with the rate inside. At every 32nd step of a
/// parameter, where g is 0, a v below the smallest normal number (1.2e-38 as a float, 2.2e-308 as a double)
/// becomes 0; see Adam.
class TAPEDECK_API SGD : public ElementwiseOptimizer {
 public:
  /// What SGD is made with.
  struct Options {
    double learning_rate = 0.01;                      ///< finite, at least 0
    double momentum = 0;                              ///< 0 <= momentum < 1
    Momentum momentum_form = Momentum::rate_outside;  ///< of no account without momentum
    bool nesterov = false;                            ///< asks for momentum above 0
    double weight_decay = 0;                          ///< finite, at least 0
    Decay decay = Decay::coupled;                     ///< where weight decay enters
    Untouched untouched = Untouched::skip;            ///< parameters without a gradient
  };

  /// With the defaults.
  explicit SGD(ParameterStore& store);
  /// Seals the store. OptionError if an option is out of range.
  SGD(ParameterStore& store, const Options& options);

 private:
  void update(const Run& run) override;
  void visit_memory(StateVisitor& visitor) override;

  Options options_;
  std::optional<FlatBuffer> velocity_;  // none without momentum
};

}  // namespace tapedeck
