#pragma once

/// @file
/// Activations as layers. The mathematics is in ops/activation.hpp and ops/softmax.hpp.

#include <string>

#include "tapedeck/ops/activation.hpp"
#include "tapedeck/ops/softmax.hpp"

namespace tapedeck {

struct ReLU {
  static constexpr const char* kind = "relu";
  Value operator()(const Value& x) const { return relu(x); }
  std::string describe() const { return "ReLU"; }
};

struct LeakyReLU {
  static constexpr const char* kind = "leaky_relu";
  double slope = 0.01;
  Value operator()(const Value& x) const { return leaky_relu(x, slope); }
  TAPEDECK_API std::string describe() const;
};

struct Tanh {
  static constexpr const char* kind = "tanh";
  Value operator()(const Value& x) const { return tanh(x); }
  std::string describe() const { return "Tanh"; }
};

struct Sigmoid {
  static constexpr const char* kind = "sigmoid";
  Value operator()(const Value& x) const { return sigmoid(x); }
  std::string describe() const { return "Sigmoid"; }
};

struct Softplus {
  static constexpr const char* kind = "softplus";
  Value operator()(const Value& x) const { return softplus(x); }
  std::string describe() const { return "Softplus"; }
};

struct ELU {
  static constexpr const char* kind = "elu";
  double alpha = 1;
  Value operator()(const Value& x) const { return elu(x, alpha); }
  TAPEDECK_API std::string describe() const;
};

struct GELU {
  static constexpr const char* kind = "gelu";
  Value operator()(const Value& x) const { return gelu(x); }
  std::string describe() const { return "GELU"; }
};

struct SiLU {
  static constexpr const char* kind = "silu";
  Value operator()(const Value& x) const { return silu(x); }
  std::string describe() const { return "SiLU"; }
};

struct Softmax {
  static constexpr const char* kind = "softmax";
  Value operator()(const Value& x) const { return softmax(x); }
  std::string describe() const { return "Softmax"; }
};

struct LogSoftmax {
  static constexpr const char* kind = "log_softmax";
  Value operator()(const Value& x) const { return log_softmax(x); }
  std::string describe() const { return "LogSoftmax"; }
};

}  // namespace tapedeck
