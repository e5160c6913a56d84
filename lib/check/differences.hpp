#pragma once

#include <functional>

#include "tapedeck/core/api.hpp"

namespace tapedeck::detail {

/// How far a function rose while its argument moved away from where it is.
struct Rise {
  double moved;
  double risen;
};
/// Moves the argument by t, or by the number nearest to it that there is.
using RiseBy = std::function<Rise(double t)>;

/// The slope of a function of one number, from differences with the steps h, h/2 and h/4, and from h/2, h/4
/// and h/8: a kink, or a jump of the second derivative, may make either of them agree by chance, not both.
struct Slope {
  double central;  ///< what central differences tend to as h goes to 0, errors of order h^2 and h^4 removed
  /// By how much the last extrapolation moved that, or half of what half the step does; more than what is
  /// left to move.
  double error;
  double gap;            ///< slope to the right minus slope to the left, errors of order h and h^3 removed
  double step;           ///< h
  bool settled = false;  ///< error and gap are what is allowed
  bool refined = false;  ///< h is not the first one

  double doubt() const;
};

TAPEDECK_API Slope slope(const RiseBy& rise, double step);

/// What a slope must fulfil to be believed.
struct Trust {
  double error;     ///< allowed
  double gap;       ///< allowed
  double rounding;  ///< of the function's values; divided by the step, it is forgiven in the error
};

/// A slope that is believed. As long as the differences contradict each other there is a kink between the
/// points that they are taken at, or the function bends too sharply, and the step is made sixteen times
/// smaller, five times at most. If they never agree, since the kink is where the argument is, the slope of
/// the least doubt, which is not settled.
TAPEDECK_API Slope settled(const RiseBy& rise, const Slope& first, const Trust& trust);

}  // namespace tapedeck::detail
