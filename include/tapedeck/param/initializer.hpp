#pragma once

/// @file
/// Initial values. Every initialiser is a pure function of the shape, the fans and a random stream, and a
/// store gives each parameter the stream of (seed, parameter's name): adding a layer does not change the
/// others' values.

#include "tapedeck/core/matrix.hpp"
#include "tapedeck/core/random.hpp"

namespace tapedeck {

/// How many inputs feed one output of a parameter's layer, and the reverse.
struct Fan {
  Index in = 0;   ///< inputs of one output
  Index out = 0;  ///< outputs that one input feeds
};

/// A rule for initial values, and its one number:
///
///     const td::Initializer unit{[](arma::mat& w, td::Fan, const td::Random&, double) { w.eye(); }};
struct Initializer {
  /// Sets every element of `values`, which have the parameter's shape and are zero. It is called in double
  /// for either scalar; `random` is the parameter's own stream, to be addressed by row and column.
  void (*fill)(arma::mat& values, Fan fan, const Random& random, double parameter);
  double parameter = 0;  ///< handed to `fill`
};

/// Factors that keep the variance of a signal through the activation that follows. As in PyTorch's
/// `calculate_gain`.
namespace gain {
inline constexpr double linear = 1;                 ///< no activation
inline constexpr double sigmoid = 1;                ///< by convention
inline constexpr double tanh = 5.0 / 3.0;           ///< by convention
inline constexpr double relu = 1.4142135623730951;  ///< sqrt(2) (He, Zhang, Ren and Sun, ICCV 2015)
/// sqrt(2 / (1 + slope^2)) (He, Zhang, Ren and Sun, ICCV 2015, eq. 15). OptionError if the slope is not
/// finite.
TAPEDECK_API double leaky_relu(double slope);
}  // namespace gain

/// Every element `value`. This and the other rules throw OptionError if their argument is not finite, or is a
/// bound or deviation below 0.
TAPEDECK_API Initializer constant(double value);
/// U(-bound, bound).
TAPEDECK_API Initializer uniform(double bound);
/// N(0, deviation^2).
TAPEDECK_API Initializer normal(double deviation);
/// U(-a, a), a = gain / sqrt(fan in). The default of Linear, as in PyTorch.
TAPEDECK_API Initializer fan_in_uniform(double gain = gain::linear);
/// U(-a, a), a = gain sqrt(6 / (fan in + fan out)) (Glorot and Bengio, AISTATS 2010, eq. 16).
TAPEDECK_API Initializer xavier_uniform(double gain = gain::linear);
/// N(0, s^2), s = gain sqrt(2 / (fan in + fan out)) (Glorot and Bengio, AISTATS 2010, eq. 12).
TAPEDECK_API Initializer xavier_normal(double gain = gain::linear);
/// N(0, s^2), s = gain / sqrt(fan in + fan out): a deviation sqrt(2) smaller than Glorot's, printed in some
/// texts under his name.
TAPEDECK_API Initializer fan_sum_normal(double gain = gain::linear);
/// U(-a, a), a = gain sqrt(3 / fan in) (He, Zhang, Ren and Sun, ICCV 2015).
TAPEDECK_API Initializer he_uniform(double gain = gain::relu);
/// N(0, s^2), s = gain / sqrt(fan in) (He, Zhang, Ren and Sun, ICCV 2015, eq. 10).
TAPEDECK_API Initializer he_normal(double gain = gain::relu);
/// gain times a matrix with orthonormal rows or columns, whichever are fewer, uniform among them (Saxe,
/// McClelland and Ganguli, ICLR 2014; Mezzadri, Notices of the AMS 54, 2007, for the signs).
TAPEDECK_API Initializer orthogonal(double gain = gain::linear);

inline const Initializer zeros = constant(0);  ///< every element 0
inline const Initializer ones = constant(1);   ///< every element 1

}  // namespace tapedeck
