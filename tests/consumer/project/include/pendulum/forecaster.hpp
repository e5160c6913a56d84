#pragma once

#include <string>

#include "pendulum/gated_cell.hpp"
#include "tapedeck/layers/sequential.hpp"

namespace pendulum {

/// Foretells an angle from those that came before: a GatedCell reads them one by one, and a small network
/// with a Snake makes the forecast of its last state. Angles are times x batch, the earliest first; the
/// forecast is 1 x batch.
class Forecaster {
 public:
  Forecaster(const td::Scope& scope, td::Index features);

  td::Value operator()(const td::Value& angles) const;

  std::string describe() const { return "Forecaster(" + std::to_string(cell_.features()) + " features)"; }

 private:
  GatedCell cell_;
  td::Sequential head_;
};

}  // namespace pendulum
