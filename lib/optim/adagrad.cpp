#include "tapedeck/optim/adagrad.hpp"

#include <algorithm>
#include <cmath>

#include "core/ranges.hpp"

namespace tapedeck {
namespace {

// The options, if they are in range; asked before the store is sealed.
const Adagrad::Options& checked(const Adagrad::Options& options, Scalar scalar) {
  ranges::require_not_negative("Adagrad", "learning_rate_decay", options.learning_rate_decay);
  ranges::require_not_negative("Adagrad", "initial_square", options.initial_square, scalar);
  ranges::require_positive("Adagrad", "epsilon", options.epsilon, scalar);
  return options;
}

}  // namespace

Adagrad::Adagrad(ParameterStore& store) : Adagrad(store, Options{}) {}

Adagrad::Adagrad(ParameterStore& store, const Options& options)
    : Optimizer(store, "Adagrad",
                {checked(options, store.scalar()).learning_rate, options.weight_decay, Decay::coupled,
                 options.untouched}),
      options_(options),
      square_(state()) {
  with_scalar(scalar(), [&]<class T>(T) {
    std::fill_n(square_.data<T>(), square_.size(), static_cast<T>(options.initial_square));
  });
}

void Adagrad::update(const Run& run) {
  with_scalar(scalar(), [&]<class T>(T) { adapt<T>(run); });
}

// d = g + penalty w
// s = s + d^2
// w = w - rate / (1 + (t - 1) learning_rate_decay) d / (sqrt(s) + epsilon)
template <class T>
void Adagrad::adapt(const Run& run) {
  T* __restrict w = values<T>(run);
  T* __restrict s = square_.data<T>() + run.offset;
  const T* __restrict g = gradients<T>(run);
  const double slowing = 1 + static_cast<double>(run.step - 1) * options_.learning_rate_decay;
  const T rate = static_cast<T>(run.learning_rate / slowing);
  const T epsilon = static_cast<T>(options_.epsilon);
  const T penalty = static_cast<T>(run.penalty);
  for (Index i = 0; i < run.length; ++i) {
    const T d = g[i] + penalty * w[i];
    s[i] += d * d;
    w[i] -= rate * d / (std::sqrt(s[i]) + epsilon);
  }
}

}  // namespace tapedeck
