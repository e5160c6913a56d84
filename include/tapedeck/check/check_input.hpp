#pragma once

/// @file
/// What is put into a function whose gradient is checked.

#include <variant>

#include "tapedeck/core/matrix.hpp"
#include "tapedeck/core/random.hpp"

namespace tapedeck {

/// One input of a function under check.
class TAPEDECK_API CheckInput {
 public:
  // NOLINTBEGIN(google-explicit-constructor): a list of inputs is a list of different types
  /// Differentiated with respect to.
  CheckInput(Matrix<double> values) : what_(std::move(values)) {}
  /// The same, normal numbers that the checker draws, none within 0.1 of zero, where many functions have a
  /// kink.
  CheckInput(Shape shape) : what_(shape) {}
  /// Labels; nothing is differentiated with respect to them.
  CheckInput(IndexMatrix labels) : what_(std::move(labels)), differentiated_(false) {}
  // NOLINTEND(google-explicit-constructor)
  /// Differentiated with respect to, and drawn uniformly from [low, high): for functions that are not defined
  /// everywhere, such as a logarithm. OptionError unless low < high and both are finite.
  static CheckInput uniform(Shape shape, double low, double high);
  /// Given numbers that are not differentiated with respect to.
  static CheckInput data(Matrix<double> values) {
    CheckInput input(std::move(values));
    input.differentiated_ = false;
    return input;
  }
  /// A row of labels that the checker draws, each from 0 to classes - 1. OptionError for no classes.
  static CheckInput labels(Index classes, Index batch);

  /// Whether derivatives with respect to it are checked.
  bool differentiated() const { return differentiated_; }
  /// The elements, drawn from the stream unless they were given.
  std::variant<Matrix<double>, IndexMatrix> elements(const Random& random) const;

 private:
  struct Uniform {
    Shape shape;
    double low;
    double high;
  };
  struct Labels {
    Index classes;
    Index batch;
  };
  using What = std::variant<Matrix<double>, IndexMatrix, Shape, Uniform, Labels>;
  CheckInput(const What& what, bool differentiated) : what_(what), differentiated_(differentiated) {}

  What what_;
  bool differentiated_ = true;
};

}  // namespace tapedeck
