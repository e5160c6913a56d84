#include "tapedeck/layers/normalization.hpp"

#include "core/ranges.hpp"
#include "tapedeck/tape/tape.hpp"

namespace tapedeck {
namespace {

Parameter add_normalizing(const Scope& scope, const char* name, Index features, const Initializer& values) {
  return scope.add(name, {features, 1}, values, {.group = groups::normalization});
}

// Asked before anything is added to the store.
double checked(const Scope& scope, double epsilon) {
  ranges::require_positive(scope.name(), "epsilon", epsilon);
  return epsilon;
}
double checked(const Scope& scope, double epsilon, double momentum) {
  ranges::require_fraction(scope.name(), "momentum", momentum);
  return checked(scope, epsilon);
}

}  // namespace

BatchNorm::BatchNorm(const Scope& scope, Index features, const BatchNormOptions& options)
    : name_(scope.name()),
      features_(features),
      epsilon_(checked(scope, options.epsilon, options.momentum)),
      weight_(add_normalizing(scope, "weight", features, ones)),
      bias_(add_normalizing(scope, "bias", features, zeros)),
      running_{.mean = scope.add_buffer("running_mean", {features, 1}, 0),
               .variance = scope.add_buffer("running_var", {features, 1}, 1),
               .momentum = options.momentum} {}

Value BatchNorm::operator()(const Value& x) const {
  if (x.tape().mode() == train) return batch_norm(x, weight_, bias_, running_, epsilon_);
  return batch_norm_given(x, weight_, bias_, running_.mean, running_.variance, epsilon_);
}

std::string BatchNorm::describe() const { return "BatchNorm(" + std::to_string(features_) + ")"; }

LayerNorm::LayerNorm(const Scope& scope, Index features, const LayerNormOptions& options)
    : name_(scope.name()),
      features_(features),
      epsilon_(checked(scope, options.epsilon)),
      weight_(add_normalizing(scope, "weight", features, ones)),
      bias_(add_normalizing(scope, "bias", features, zeros)) {}

std::string LayerNorm::describe() const { return "LayerNorm(" + std::to_string(features_) + ")"; }

std::vector<NamedParameter> BatchNorm::parameters() const { return {{"weight", weight_}, {"bias", bias_}}; }
std::vector<NamedParameter> LayerNorm::parameters() const { return {{"weight", weight_}, {"bias", bias_}}; }

template TAPEDECK_API Layer::Layer(BatchNorm);
template TAPEDECK_API Layer::Layer(LayerNorm);

}  // namespace tapedeck
