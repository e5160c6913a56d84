#include "tapedeck/optim/sgd.hpp"

#include "core/ranges.hpp"

namespace tapedeck {
namespace {

// The options, if they are in range; asked before the store is sealed.
const SGD::Options& checked(const SGD::Options& options) {
  ranges::require_memory("SGD", "momentum", options.momentum);
  if (options.nesterov && options.momentum == 0) {
    throw OptionError({.who = "SGD", .given = "nesterov without momentum", .wanted = "momentum above 0"});
  }
  return options;
}

}  // namespace

SGD::SGD(ParameterStore& store) : SGD(store, Options{}) {}

SGD::SGD(ParameterStore& store, const Options& options)
    : Optimizer(store, "SGD",
                {checked(options).learning_rate, options.weight_decay, options.decay, options.untouched}),
      options_(options) {
  if (options.momentum > 0) velocity_ = state();
}

void SGD::update(const Run& run) {
  with_scalar(scalar(), [&]<class T>(T) { velocity_ ? descend_with_momentum<T>(run) : descend<T>(run); });
}

// w = w - rate (g + penalty w) - shrinkage w
template <class T>
void SGD::descend(const Run& run) {
  T* __restrict w = values<T>(run);
  const T* __restrict g = gradients<T>(run);
  const T rate = static_cast<T>(run.learning_rate);
  const T penalty = static_cast<T>(run.penalty);
  const T shrinkage = static_cast<T>(run.shrinkage);
  for (Index i = 0; i < run.length; ++i) w[i] -= rate * (g[i] + penalty * w[i]) + shrinkage * w[i];
}

// u = inside (g + penalty w)      inside, outside: the learning rate and 1, or 1 and the learning rate
// v = momentum v + u
// w = w - outside v - shrinkage w      with Nesterov: w = w - outside (u + momentum v) - shrinkage w
template <class T>
void SGD::descend_with_momentum(const Run& run) {
  T* __restrict w = values<T>(run);
  T* __restrict v = velocity_->data<T>() + run.offset;
  const T* __restrict g = gradients<T>(run);
  const bool rate_inside = options_.momentum_form == Momentum::rate_inside;
  const T inside = static_cast<T>(rate_inside ? run.learning_rate : 1);
  const T outside = static_cast<T>(rate_inside ? 1 : run.learning_rate);
  const T momentum = static_cast<T>(options_.momentum);
  const T penalty = static_cast<T>(run.penalty);
  const T shrinkage = static_cast<T>(run.shrinkage);
  if (options_.nesterov) {
    for (Index i = 0; i < run.length; ++i) {
      const T u = inside * (g[i] + penalty * w[i]);
      v[i] = momentum * v[i] + u;
      w[i] -= outside * (u + momentum * v[i]) + shrinkage * w[i];
    }
  } else {
    for (Index i = 0; i < run.length; ++i) {
      const T u = inside * (g[i] + penalty * w[i]);
      v[i] = momentum * v[i] + u;
      w[i] -= outside * v[i] + shrinkage * w[i];
    }
  }
}

}  // namespace tapedeck
