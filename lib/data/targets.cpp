#include "tapedeck/data/targets.hpp"

#include "core/ranges.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck {
namespace {

void require_finite(const char* who, double low, double high) {
  ranges::require_finite(who, "low", low);
  ranges::require_finite(who, "high", high);
}

void require_labels(const char* who, const IndexMatrix& labels, Index classes) {
  if (labels.n_rows != 1) {
    throw ShapeError({.who = who,
                      .given = "labels are " + to_string(shape_of(labels)),
                      .wanted = to_string({1, labels.n_cols}),
                      .hint = "one column is one sample"});
  }
  for (Index c = 0; c < labels.n_cols; ++c) {
    ranges::require_label(who, "label", labels(0, c), c, classes);
  }
}

}  // namespace

Matrix<double> as_targets(const IndexMatrix& labels, double low, double high) {
  require_labels("as_targets", labels, 2);
  require_finite("as_targets", low, high);
  Matrix<double> targets(1, labels.n_cols, arma::fill::none);
  for (Index c = 0; c < labels.n_cols; ++c) targets(0, c) = labels(0, c) == 0 ? low : high;
  return targets;
}

Matrix<double> one_hot(const IndexMatrix& labels, Index classes, double low, double high) {
  require_labels("one_hot", labels, classes);
  require_finite("one_hot", low, high);
  ranges::require_possible("one_hot", {classes, labels.n_cols});
  Matrix<double> targets(classes, labels.n_cols, arma::fill::value(low));
  for (Index c = 0; c < labels.n_cols; ++c) targets(labels(0, c), c) = high;
  return targets;
}

}  // namespace tapedeck
