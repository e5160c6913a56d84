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
  /// Given numbers; derivatives with respect to them are checked.
  CheckInput(Matrix<double> values) : what_(std::move(values)) {}
  /// Normal numbers that the checker draws; derivatives with respect to them are checked. None is within 0.1
  /// of zero, where many functions have a kink.
  CheckInput(Shape shape) : what_(shape) {}
  /// Given labels; nothing is differentiated with respect to them.
  CheckInput(IndexMatrix labels) : what_(std::move(labels)), differentiated_(false) {}
  // NOLINTEND(google-explicit-constructor)
  /// Numbers drawn uniformly from [low, high); derivatives with respect to them are checked. For functions
  /// that are not defined everywhere, such as a logarithm. OptionError unless low < high and both are finite.
  static CheckInput uniform(Shape shape, double low, double high);
  /// Given numbers; nothing is differentiated with respect to them.
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
