#include "tapedeck/optim/sgd.hpp"

#include "core/ranges.hpp"
#include "kernels/updates.hpp"

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
    : ElementwiseOptimizer(
          store, "SGD",
          {checked(options).learning_rate, options.weight_decay, options.decay, options.untouched}),
      options_(options) {
  if (options.momentum > 0) velocity_ = state();
}

// The loop is in kernels/updates.cpp.
void SGD::update(const Run& run) {
  with_scalar(scalar(), [&]<class T>(T) {
    const T rate = static_cast<T>(run.learning_rate);
    const T penalty = static_cast<T>(run.penalty);
    const T shrinkage = static_cast<T>(run.shrinkage);
    T* w = values<T>(run);
    const T* g = gradients<T>(run);
    if (!velocity_) return kernels::update(kernels::Descent<T>{rate, penalty, shrinkage}, run.length, w, g);
    const bool rate_inside = options_.momentum_form == Momentum::rate_inside;
    const kernels::MomentumDescent<T> rule{.inside = rate_inside ? rate : 1,
                                           .outside = rate_inside ? 1 : rate,
                                           .momentum = static_cast<T>(options_.momentum),
                                           .penalty = penalty,
                                           .shrinkage = shrinkage,
                                           .nesterov = options_.nesterov,
                                           .flush = kernels::flushes(run.step)};
    kernels::update(rule, run.length, w, g, kept<T>(*velocity_, run));
  });
}

void SGD::visit_memory(StateVisitor& visitor) {
  visitor.number("momentum", options_.momentum, ranges::momentum_of(velocity_.has_value()));
  visitor.choice("momentum_form", options_.momentum_form, 2);
  visitor.flag("nesterov", options_.nesterov, velocity_ ? std::nullopt : std::optional(false));
  if (velocity_) visit_parameters(visitor, "velocity", *velocity_, store());
}

}  // namespace tapedeck
