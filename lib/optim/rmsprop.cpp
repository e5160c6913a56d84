#include "tapedeck/optim/rmsprop.hpp"

#include <cmath>

#include "core/ranges.hpp"

namespace tapedeck {
namespace {

// The options, if they are in range; asked before the store is sealed.
const RMSprop::Options& checked(const RMSprop::Options& options, Scalar scalar) {
  ranges::require_memory("RMSprop", "beta", options.beta);
  ranges::require_positive("RMSprop", "epsilon", options.epsilon, scalar);
  ranges::require_memory("RMSprop", "momentum", options.momentum);
  return options;
}

}  // namespace

RMSprop::RMSprop(ParameterStore& store) : RMSprop(store, Options{}) {}

RMSprop::RMSprop(ParameterStore& store, const Options& options)
    : Optimizer(store, "RMSprop",
                {checked(options, store.scalar()).learning_rate, options.weight_decay, Decay::coupled,
                 options.untouched}),
      options_(options),
      square_(state()) {
  if (options.centered) mean_ = state();
  if (options.momentum > 0) velocity_ = state();
}

void RMSprop::update(const Run& run) {
  with_scalar(scalar(), [&]<class T>(T) { adapt<T>(run); });
}

// d = g + penalty w
// s = beta s + (1 - beta) d^2
// m = beta m + (1 - beta) d           if centered, else m = 0
// u = d / (sqrt(s - m^2) + epsilon)
// v = momentum v + u                  with momentum, else v = u
// w = w - rate v
template <class T>
void RMSprop::adapt(const Run& run) {
  T* __restrict w = values<T>(run);
  T* __restrict s = square_.data<T>() + run.offset;
  const T* __restrict g = gradients<T>(run);
  const T rate = static_cast<T>(run.learning_rate);
  const T beta = static_cast<T>(options_.beta);
  const T rest = static_cast<T>(1 - options_.beta);
  const T epsilon = static_cast<T>(options_.epsilon);
  const T momentum = static_cast<T>(options_.momentum);
  const T penalty = static_cast<T>(run.penalty);
  // Each of the four loops has no branch in it, and so can be vectorised.
  const auto pass = [&](auto&& variance, auto&& velocity) {
    for (Index i = 0; i < run.length; ++i) {
      const T d = g[i] + penalty * w[i];
      s[i] = beta * s[i] + rest * d * d;
      w[i] -= rate * velocity(i, d / (std::sqrt(variance(i, d)) + epsilon));
    }
  };
  const auto plain = [&](Index i, T) { return s[i]; };
  const auto centered = [&, m = mean_ ? mean_->data<T>() + run.offset : nullptr](Index i, T d) {
    m[i] = beta * m[i] + rest * d;
    const T variance = s[i] - m[i] * m[i];
    return variance < 0 ? T{0} : variance;  // NaN stays NaN
  };
  const auto direct = [](Index, T u) { return u; };
  const auto moving = [&, v = velocity_ ? velocity_->data<T>() + run.offset : nullptr](Index i, T u) {
    return v[i] = momentum * v[i] + u;
  };
  if (mean_ && velocity_) {
    pass(centered, moving);
  } else if (mean_) {
    pass(centered, direct);
  } else if (velocity_) {
    pass(plain, moving);
  } else {
    pass(plain, direct);
  }
}

}  // namespace tapedeck
