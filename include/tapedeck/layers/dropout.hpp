#pragma once

/// @file
/// Dropout as a layer.

#include <string>

#include "tapedeck/layers/layer.hpp"
#include "tapedeck/ops/dropout.hpp"

namespace tapedeck {

/// What a Dropout is made with: `td::Dropout{{.probability = 0.1}}`.
struct DropoutOptions {
  double probability = 0.5;  ///< to drop, at least 0 and less than 1
};

/// Drops elements in train mode and scales the others by 1 / (1 - probability); identity in evaluate mode
/// (Srivastava et al., JMLR 15, 2014; scaled in training instead of evaluation, as in PyTorch). Its mask
/// follows its name in a Sequential, so that other layers may come and go.
class TAPEDECK_API Dropout {
 public:
  static constexpr const char* kind = "dropout";

  /// OptionError unless 0 <= probability < 1.
  explicit Dropout(DropoutOptions options = {});

  Value operator()(const Value& x) const { return dropout(x, options_.probability); }
  std::string describe() const;

 private:
  DropoutOptions options_;
};

extern template TAPEDECK_API Layer::Layer(Dropout);

}  // namespace tapedeck
