#pragma once

/// @file
/// Features brought to mean 0 and variance 1.

#include "tapedeck/data/dataset.hpp"

namespace tapedeck {

/// Remembers mean and deviation of every feature of the data it was made from, and applies them to any data:
/// (x - mean) / deviation. Make it from training data, and apply it to training, validation and test data
/// alike.
class TAPEDECK_API Standardizer {
 public:
  /// The deviation of n samples x_i is sqrt(sum_i (x_i - mean)^2 / n), so that these samples come to variance
  /// 1; that of a constant feature is taken as 1. Both are accumulated in double.
  ///
  /// A feature counts as constant if its variance may be one of rounding errors, as that of 0.3 and
  /// 0.30000000000000004 is: variance <= n e variance + (d mean)^2. For double data d = n e with e = 2^-52,
  /// which is scikit-learn's rule; for float data d is at least 2^-23, which is how far apart two floats may
  /// be that stand for the same number.
  ///
  /// ShapeError if there are no samples, NonFiniteError if one is NaN or Inf, or if two are so far apart that
  /// their difference is.
  ///
  /// `origin`, if it is not empty, was subtracted from every sample in double, see CsvData::origin; it is
  /// added to the mean, and then d = n e for float data too. ShapeError if it has not as many elements as
  /// there are features.
  explicit Standardizer(const Dataset& data, const arma::vec& origin = {});
  /// What another one had, to go with a model that was trained with it. ShapeError if there are not as many
  /// deviations as means, NonFiniteError if one of them is NaN or Inf, OptionError unless deviations are
  /// above 0.
  Standardizer(arma::vec mean, arma::vec deviation);

  /// (x - mean) / deviation, features x samples, for float and double. ShapeError if the features are others
  /// in number. NaN and Inf stay what they are.
  template <class T>
  Matrix<T> apply(const Matrix<T>& x) const;
  /// Standardises x in its own memory; x plus `origin`, if that is not empty. ShapeError as above, and if the
  /// origin has another number of elements.
  template <class T>
  void apply_in_place(Matrix<T>& x, const arma::vec& origin = {}) const;
  /// The data with its x standardised and its y as it is. ShapeError as above.
  Dataset apply(const Dataset& data) const;
  /// x deviation + mean: undoes `apply`, up to rounding. ShapeError as above.
  template <class T>
  Matrix<T> inverse(const Matrix<T>& x) const;

  /// Of every feature, in the data's units.
  const arma::vec& mean() const { return mean_; }
  /// Of every feature, in the data's units; 1 where the feature counts as constant.
  const arma::vec& deviation() const { return deviation_; }

 private:
  void require_features(Shape x) const;

  arma::vec mean_;
  arma::vec deviation_;
};

extern template TAPEDECK_API void Standardizer::apply_in_place(Matrix<float>&, const arma::vec&) const;
extern template TAPEDECK_API void Standardizer::apply_in_place(Matrix<double>&, const arma::vec&) const;
extern template TAPEDECK_API Matrix<float> Standardizer::apply(const Matrix<float>&) const;
extern template TAPEDECK_API Matrix<double> Standardizer::apply(const Matrix<double>&) const;
extern template TAPEDECK_API Matrix<float> Standardizer::inverse(const Matrix<float>&) const;
extern template TAPEDECK_API Matrix<double> Standardizer::inverse(const Matrix<double>&) const;

}  // namespace tapedeck
