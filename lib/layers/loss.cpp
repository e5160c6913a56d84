#include "tapedeck/layers/loss.hpp"

#include "core/ranges.hpp"

namespace tapedeck {

HuberLoss::HuberLoss(Reduction reduction, double delta) : reduction_(reduction), delta_(delta) {
  ranges::require_positive("HuberLoss", "delta", delta);
}

}  // namespace tapedeck
