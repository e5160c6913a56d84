#pragma once

/// @file
/// How good predictions are, and figures over several trials.

#include <limits>
#include <span>

#include "tapedeck/core/matrix.hpp"

namespace tapedeck {

/// Stands in for a class where there is none to be predicted. No label equals it.
inline constexpr Index no_class = std::numeric_limits<Index>::max();

/// What predictions (outputs x samples, float or double) say, 1 x samples: for one output class 1 where it is
/// greater than `threshold`, else class 0; for several the row of the greatest output, the first such row in
/// a tie. A column with NaN gives `no_class`; infinities are compared like numbers. ShapeError if there are
/// no outputs.
///
/// The threshold is halfway between the targets of a single output: 0.5 for 0 and 1, 0 for -1 and 1 and for
/// logits. OptionError if it is NaN.
template <class T>
TAPEDECK_API IndexMatrix predicted_classes(const Matrix<T>& predictions, double threshold = 0.5);

/// The fraction of samples whose predicted class (see `predicted_classes`) is their label (1 x samples); a
/// column with NaN counts as wrong. ShapeError if shapes do not fit or there are no samples; LabelError if a
/// label is not less than the number of outputs, or than 2 for one output.
template <class T>
TAPEDECK_API double accuracy(const Matrix<T>& predictions, const IndexMatrix& labels, double threshold = 0.5);

/// Counts samples, classes x classes: element (i, j) is how many of class i are predicted as class j; both
/// arguments are 1 x samples. Samples predicted as `no_class` are counted nowhere. ShapeError if shapes do
/// not fit or there are more than 2^22 classes, LabelError if a class is not less than `classes`.
TAPEDECK_API IndexMatrix confusion_matrix(const IndexMatrix& predicted, const IndexMatrix& labels,
                                          Index classes);

/// How far predicted numbers are from their targets, for each row of them.
struct RegressionMetrics {
  /// 1 - sum_i (y_i - p_i)^2 / sum_i (y_i - mean(y))^2, the coefficient of determination R^2: 1 if every
  /// prediction p is its target y, 0 if they are no better than the mean. NaN for targets that are all equal.
  arma::vec r2;
  arma::vec mae;   ///< mean of |y - p|, in the targets' units
  arma::vec rmse;  ///< square root of the mean of (y - p)^2, in the targets' units
};

/// Compares predictions with targets (both outputs x samples, float or double) row by row. Sums are taken in
/// double. ShapeError if the shapes differ or there are no samples.
template <class T, class Y>
TAPEDECK_API RegressionMetrics regression_metrics(const Matrix<T>& predictions, const Matrix<Y>& targets);

/// Mean and deviation of a figure over several trials.
struct MeanDeviation {
  double mean = 0;       ///< sum_i v_i / count
  double deviation = 0;  ///< sqrt(sum_i (v_i - mean)^2 / (count - 1)); 0 for a single value, which has none
  Index count = 0;       ///< how many values
};

/// One pass, without cancellation (Welford, Technometrics 4, 1962). A value that is NaN or Inf makes the
/// deviation NaN, and the mean NaN or Inf. ShapeError if there are no values.
TAPEDECK_API MeanDeviation mean_deviation(std::span<const double> values);

extern template TAPEDECK_API IndexMatrix predicted_classes(const Matrix<float>&, double);
extern template TAPEDECK_API IndexMatrix predicted_classes(const Matrix<double>&, double);
extern template TAPEDECK_API double accuracy(const Matrix<float>&, const IndexMatrix&, double);
extern template TAPEDECK_API double accuracy(const Matrix<double>&, const IndexMatrix&, double);
extern template TAPEDECK_API RegressionMetrics regression_metrics(const Matrix<float>&, const Matrix<float>&);
extern template TAPEDECK_API RegressionMetrics regression_metrics(const Matrix<float>&,
                                                                  const Matrix<double>&);
extern template TAPEDECK_API RegressionMetrics regression_metrics(const Matrix<double>&,
                                                                  const Matrix<float>&);
extern template TAPEDECK_API RegressionMetrics regression_metrics(const Matrix<double>&,
                                                                  const Matrix<double>&);

}  // namespace tapedeck
