#include "tapedeck/layers/linear.hpp"

#include "tapedeck/core/error.hpp"
#include "tapedeck/ops/affine.hpp"

namespace tapedeck {

Linear::Linear(const Scope& scope, Index in, Index out, const LinearOptions& options)
    : name_(scope.name()),
      in_(in),
      out_(out),
      weight_(scope.add("weight", {out, in}, options.weight_values)) {
  if (options.bias) {
    bias_ = scope.add("bias", {out, 1}, options.bias_values, {.group = groups::biases, .fan = {in, out}});
  }
}

Value Linear::operator()(const Value& x) const {
  return bias_ ? affine(weight_, *bias_, x) : product(weight_, x);
}

Parameter Linear::bias() const {
  if (!bias_)
    throw UsageError({.who = name_, .given = "a layer without bias", .wanted = "one with {.bias = true}"});
  return *bias_;
}

std::string Linear::describe() const {
  return "Linear(" + std::to_string(in_) + " -> " + std::to_string(out_) + (bias_ ? ")" : ", no bias)");
}

std::vector<NamedParameter> Linear::parameters() const {
  if (!bias_) return {{"weight", weight_}};
  return {{"weight", weight_}, {"bias", *bias_}};
}

template TAPEDECK_API Layer::Layer(Linear);

}  // namespace tapedeck
