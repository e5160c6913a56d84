#include "tapedeck/optim/adagrad.hpp"

#include <algorithm>

#include "core/ranges.hpp"
#include "kernels/updates.hpp"

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
    : ElementwiseOptimizer(store, "Adagrad",
                           {checked(options, store.scalar()).learning_rate, options.weight_decay,
                            Decay::coupled, options.untouched}),
      options_(options),
      square_(state()) {
  with_scalar(scalar(), [&]<class T>(T) {
    std::fill_n(square_.data<T>(), square_.size(), static_cast<T>(options.initial_square));
  });
}

// The loop is in kernels/updates.cpp.
void Adagrad::update(const Run& run) {
  const double slowing = 1 + static_cast<double>(run.step - 1) * options_.learning_rate_decay;
  with_scalar(scalar(), [&]<class T>(T) {
    const kernels::AdagradDescent<T> rule{.rate = static_cast<T>(run.learning_rate / slowing),
                                          .epsilon = static_cast<T>(options_.epsilon),
                                          .penalty = static_cast<T>(run.penalty)};
    kernels::update(rule, run.length, values<T>(run), gradients<T>(run), kept<T>(square_, run));
  });
}

void Adagrad::visit_memory(StateVisitor& visitor) {
  visitor.number("learning_rate_decay", options_.learning_rate_decay, ranges::not_negative);
  visitor.number("epsilon", options_.epsilon, ranges::positive_in(scalar()));
  visit_parameters(visitor, "square", square_, store(), ranges::square);
}

}  // namespace tapedeck
