#include "tapedeck/optim/adam.hpp"

#include <cmath>

#include "core/ranges.hpp"
#include "kernels/updates.hpp"

namespace tapedeck {
namespace {

// The options, if they are in range; asked before the store is sealed.
const Adam::Options& checked(const char* name, const Adam::Options& options, Scalar scalar) {
  ranges::require_memory(name, "beta_1", options.beta_1);
  ranges::require_memory(name, "beta_2", options.beta_2);
  ranges::require_positive(name, "epsilon", options.epsilon, scalar);
  return options;
}

// 1 - beta^t without cancellation, and without the time that a power takes to vanish.
double one_minus_power(double beta, double t) { return -std::expm1(t * std::log(beta)); }

}  // namespace

Adam::Adam(ParameterStore& store) : Adam(store, Options{}) {}

Adam::Adam(ParameterStore& store, const Options& options) : Adam(store, "Adam", options, Decay::coupled) {}

Adam::Adam(ParameterStore& store, const char* name, const Options& options, Decay decay)
    : ElementwiseOptimizer(store, name,
                           {checked(name, options, store.scalar()).learning_rate, options.weight_decay, decay,
                            options.untouched}),
      beta_1_(options.beta_1),
      beta_2_(options.beta_2),
      epsilon_(options.epsilon),
      mean_(state()),
      square_(state()) {}

// m and v are multiplied by 1 / (1 - beta_1^t) and 1 / (1 - beta_2^t), the first by way of the rate, the
// second by way of its root. The loop is in kernels/updates.cpp.
void Adam::update(const Run& run) {
  const double t = static_cast<double>(run.step);
  const double rate = run.learning_rate / one_minus_power(beta_1_, t);
  const double root_scale = 1 / std::sqrt(one_minus_power(beta_2_, t));
  with_scalar(scalar(), [&]<class T>(T) {
    const kernels::AdamDescent<T> rule{.rate = static_cast<T>(rate),
                                       .root_scale = static_cast<T>(root_scale),
                                       .beta_1 = static_cast<T>(beta_1_),
                                       .rest_1 = static_cast<T>(1 - beta_1_),
                                       .beta_2 = static_cast<T>(beta_2_),
                                       .rest_2 = static_cast<T>(1 - beta_2_),
                                       .epsilon = static_cast<T>(epsilon_),
                                       .penalty = static_cast<T>(run.penalty),
                                       .shrinkage = static_cast<T>(run.shrinkage),
                                       .flush = kernels::flushes(run.step)};
    kernels::update(rule, run.length, values<T>(run), gradients<T>(run), kept<T>(mean_, run),
                    kept<T>(square_, run));
  });
}

void Adam::visit_memory(StateVisitor& visitor) {
  visitor.number("beta_1", beta_1_, ranges::decay_rate);
  visitor.number("beta_2", beta_2_, ranges::decay_rate);
  visitor.number("epsilon", epsilon_, ranges::positive_in(scalar()));
  visit_parameters(visitor, "mean", mean_, store());
  visit_parameters(visitor, "square", square_, store(), ranges::square);
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
