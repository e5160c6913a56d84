#include "tapedeck/optim/adam.hpp"

#include <cmath>

#include "core/ranges.hpp"

namespace tapedeck {
namespace {

// The options, if they are in range; asked before the store is sealed.
const Adam::Options& checked(const char* name, const Adam::Options& options, Scalar scalar) {
  ranges::require_memory(name, "beta_1", options.beta_1);
  ranges::require_memory(name, "beta_2", options.beta_2);
  ranges::require_positive(name, "epsilon", options.epsilon, scalar);
  return options;
}

}  // namespace

Adam::Adam(ParameterStore& store) : Adam(store, Options{}) {}

Adam::Adam(ParameterStore& store, const Options& options) : Adam(store, "Adam", options, Decay::coupled) {}

Adam::Adam(ParameterStore& store, const char* name, const Options& options, Decay decay)
    : Optimizer(store, name,
                {checked(name, options, store.scalar()).learning_rate, options.weight_decay, decay,
                 options.untouched}),
      beta_1_(options.beta_1),
      beta_2_(options.beta_2),
      epsilon_(options.epsilon),
      mean_(state()),
      square_(state()) {}

void Adam::update(const Run& run) {
  with_scalar(scalar(), [&]<class T>(T) { adapt<T>(run); });
}

// d = g + penalty w
// m = beta_1 m + (1 - beta_1) d
// v = beta_2 v + (1 - beta_2) d^2
// w = w - rate (m / (1 - beta_1^t)) / (sqrt(v / (1 - beta_2^t)) + epsilon) - shrinkage w
template <class T>
void Adam::adapt(const Run& run) {
  T* __restrict w = values<T>(run);
  T* __restrict m = mean_.data<T>() + run.offset;
  T* __restrict v = square_.data<T>() + run.offset;
  const T* __restrict g = gradients<T>(run);
  const double t = static_cast<double>(run.step);
  const T rate = static_cast<T>(run.learning_rate / (1 - std::pow(beta_1_, t)));
  const T root_scale = static_cast<T>(1 / std::sqrt(1 - std::pow(beta_2_, t)));
  const T beta_1 = static_cast<T>(beta_1_);
  const T beta_2 = static_cast<T>(beta_2_);
  const T rest_1 = static_cast<T>(1 - beta_1_);
  const T rest_2 = static_cast<T>(1 - beta_2_);
  const T epsilon = static_cast<T>(epsilon_);
  const T penalty = static_cast<T>(run.penalty);
  const T shrinkage = static_cast<T>(run.shrinkage);
  for (Index i = 0; i < run.length; ++i) {
    const T d = g[i] + penalty * w[i];
    m[i] = beta_1 * m[i] + rest_1 * d;
    v[i] = beta_2 * v[i] + rest_2 * d * d;
    w[i] -= rate * m[i] / (std::sqrt(v[i]) * root_scale + epsilon) + shrinkage * w[i];
  }
}

AdamW::AdamW(ParameterStore& store) : AdamW(store, Options{}) {}

AdamW::AdamW(ParameterStore& store, const Options& options)
    : Adam(store, "AdamW",
           {.learning_rate = options.learning_rate,
            .beta_1 = options.beta_1,
            .beta_2 = options.beta_2,
            .epsilon = options.epsilon,
            .weight_decay = options.weight_decay,
            .untouched = options.untouched},
           Decay::decoupled) {}

}  // namespace tapedeck
