#pragma once

#include <string>
#include <vector>

#include "tapedeck/layers/layer.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/tape/operand.hpp"

namespace pendulum {

namespace td = tapedeck;

/// y = x + sin^2(a x) / a, with a frequency a for each feature (Ziyin, Hartwig and Ueda, NeurIPS 2020): rises
/// like the identity, and swings around it. x and y are f x batch, a is f x 1 and nowhere 0.
td::Value snake(const td::Operand& frequency, const td::Value& x);

/// The same as a layer, whose frequencies, "frequency" (f x 1), are learned and begin at 1.
class Snake {
 public:
  Snake(const td::Scope& scope, td::Index features)
      : name_{scope.name()}, frequency_{scope.add("frequency", {features, 1}, td::ones)} {}

  td::Value operator()(const td::Value& x) const { return snake(frequency_, x); }

  const std::string& name() const { return name_; }
  std::string describe() const { return "Snake"; }
  std::vector<td::NamedParameter> parameters() const { return {{"frequency", frequency_}}; }

 private:
  std::string name_;
  td::Parameter frequency_;
};

}  // namespace pendulum
