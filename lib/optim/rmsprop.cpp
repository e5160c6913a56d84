#include "tapedeck/optim/rmsprop.hpp"

#include "core/ranges.hpp"
#include "kernels/updates.hpp"

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
    : ElementwiseOptimizer(store, "RMSprop",
                           {checked(options, store.scalar()).learning_rate, options.weight_decay,
                            Decay::coupled, options.untouched}),
      options_(options),
      square_(state()) {
  if (options.centered) mean_ = state();
  if (options.momentum > 0) velocity_ = state();
}

// The loop is in kernels/updates.cpp.
void RMSprop::update(const Run& run) {
  with_scalar(scalar(), [&]<class T>(T) {
    const kernels::RMSpropDescent<T> rule{.rate = static_cast<T>(run.learning_rate),
                                          .beta = static_cast<T>(options_.beta),
                                          .rest = static_cast<T>(1 - options_.beta),
                                          .epsilon = static_cast<T>(options_.epsilon),
                                          .momentum = static_cast<T>(options_.momentum),
                                          .penalty = static_cast<T>(run.penalty),
                                          .flush = kernels::flushes(run.step)};
    kernels::update(rule, run.length, values<T>(run), gradients<T>(run), kept<T>(square_, run),
                    mean_ ? kept<T>(*mean_, run) : nullptr, velocity_ ? kept<T>(*velocity_, run) : nullptr);
  });
}

void RMSprop::visit_memory(StateVisitor& visitor) {
  visitor.number("beta", options_.beta, ranges::decay_rate);
  visitor.number("epsilon", options_.epsilon, ranges::positive_in(scalar()));
  visitor.number("momentum", options_.momentum, ranges::momentum_of(velocity_.has_value()));
  visitor.flag("centered", options_.centered, mean_.has_value());
  visit_parameters(visitor, "square", square_, store(), ranges::square);
  if (mean_) visit_parameters(visitor, "mean", *mean_, store());
  if (velocity_) visit_parameters(visitor, "velocity", *velocity_, store());
}

}  // namespace tapedeck
