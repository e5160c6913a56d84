#pragma once

/// @file
/// Activations as layers: x is features x batch, and so is what they give. The mathematics is in
/// ops/activation.hpp and ops/softmax.hpp.

#include <string>

#include "tapedeck/layers/layer.hpp"
#include "tapedeck/ops/activation.hpp"
#include "tapedeck/ops/softmax.hpp"

namespace tapedeck {

/// y = max(x, 0); see relu().
struct ReLU {
  static constexpr const char* kind = "relu";
  Value operator()(const Value& x) const { return relu(x); }
  std::string describe() const { return "ReLU"; }
};

/// y = x where x > 0, else slope x; see leaky_relu().
struct LeakyReLU {
  static constexpr const char* kind = "leaky_relu";
  double slope = 0.01;  ///< finite, at least 0; checked when it is applied
  Value operator()(const Value& x) const { return leaky_relu(x, slope); }
  TAPEDECK_API std::string describe() const;
};

/// y = tanh(x); see tanh().
struct Tanh {
  static constexpr const char* kind = "tanh";
  Value operator()(const Value& x) const { return tanh(x); }
  std::string describe() const { return "Tanh"; }
};

/// y = 1 / (1 + exp(-x)); see sigmoid().
struct Sigmoid {
  static constexpr const char* kind = "sigmoid";
  Value operator()(const Value& x) const { return sigmoid(x); }
  std::string describe() const { return "Sigmoid"; }
};

/// y = log(1 + exp(x)); see softplus().
struct Softplus {
  static constexpr const char* kind = "softplus";
  Value operator()(const Value& x) const { return softplus(x); }
  std::string describe() const { return "Softplus"; }
};

/// y = x where x > 0, else alpha (exp(x) - 1); see elu().
struct ELU {
  static constexpr const char* kind = "elu";
  double alpha = 1;  ///< finite, at least 0; checked when it is applied
  Value operator()(const Value& x) const { return elu(x, alpha); }
  TAPEDECK_API std::string describe() const;
};

/// y = x P(x), P the normal distribution function; see gelu().
struct GELU {
  static constexpr const char* kind = "gelu";
  Value operator()(const Value& x) const { return gelu(x); }
  std::string describe() const { return "GELU"; }
};

/// y = x sigmoid(x); see silu().
struct SiLU {
  static constexpr const char* kind = "silu";
  Value operator()(const Value& x) const { return silu(x); }
  std::string describe() const { return "SiLU"; }
};

/// y = exp(x) / sum(exp(x)) in every column; see softmax(). For a loss use CrossEntropyLoss, which takes
/// logits.
struct Softmax {
  static constexpr const char* kind = "softmax";
  Value operator()(const Value& x) const { return softmax(x); }
  std::string describe() const { return "Softmax"; }
};

/// y = x - log(sum(exp(x))) in every column; see log_softmax().
struct LogSoftmax {
  static constexpr const char* kind = "log_softmax";
  Value operator()(const Value& x) const { return log_softmax(x); }
  std::string describe() const { return "LogSoftmax"; }
};

extern template TAPEDECK_API Layer::Layer(ReLU);
extern template TAPEDECK_API Layer::Layer(LeakyReLU);
extern template TAPEDECK_API Layer::Layer(Tanh);
extern template TAPEDECK_API Layer::Layer(Sigmoid);
extern template TAPEDECK_API Layer::Layer(Softplus);
extern template TAPEDECK_API Layer::Layer(ELU);
extern template TAPEDECK_API Layer::Layer(GELU);
extern template TAPEDECK_API Layer::Layer(SiLU);
extern template TAPEDECK_API Layer::Layer(Softmax);
extern template TAPEDECK_API Layer::Layer(LogSoftmax);

}  // namespace tapedeck
