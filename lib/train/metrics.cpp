#include "tapedeck/train/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/ranges.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck {
namespace {

void require_row(const char* who, const char* name, const IndexMatrix& classes, Index samples) {
  if (classes.n_rows == 1 && classes.n_cols == samples) return;
  throw ShapeError({.who = who,
                    .given = std::string(name) + " are " + to_string(shape_of(classes)),
                    .wanted = to_string({1, samples}),
                    .hint = "one column is one sample"});
}

void require_threshold(const char* who, double threshold) {
  ranges::require(!std::isnan(threshold), who, "threshold", threshold, "a number");
}

template <class T>
Index predicted_class(const T* outputs, Index count, double threshold) {
  if (std::any_of(outputs, outputs + count, [](T v) { return std::isnan(v); })) return no_class;
  if (count == 1) return static_cast<double>(*outputs) > threshold ? 1 : 0;
  return static_cast<Index>(std::max_element(outputs, outputs + count) - outputs);
}

}  // namespace

template <class T>
IndexMatrix predicted_classes(const Matrix<T>& predictions, double threshold) {
  if (predictions.n_rows == 0) {
    throw ShapeError({.who = "predicted_classes",
                      .given = "predictions are " + to_string(shape_of(predictions)),
                      .wanted = "at least 1 row",
                      .hint = "one column is one sample"});
  }
  require_threshold("predicted_classes", threshold);
  IndexMatrix classes(1, predictions.n_cols, arma::fill::none);
  for (Index c = 0; c < predictions.n_cols; ++c) {
    classes(0, c) = predicted_class(predictions.colptr(c), predictions.n_rows, threshold);
  }
  return classes;
}

template <class T>
double accuracy(const Matrix<T>& predictions, const IndexMatrix& labels, double threshold) {
  const Index samples = predictions.n_cols;
  if (predictions.is_empty()) {
    throw ShapeError({.who = "accuracy",
                      .given = "predictions are " + to_string(shape_of(predictions)),
                      .wanted = "at least 1 output of 1 sample"});
  }
  require_row("accuracy", "labels", labels, samples);
  require_threshold("accuracy", threshold);
  const Index classes = std::max<Index>(predictions.n_rows, 2);
  Index right = 0;
  for (Index c = 0; c < samples; ++c) {
    ranges::require_label("accuracy", "label", labels(0, c), c, classes);
    if (predicted_class(predictions.colptr(c), predictions.n_rows, threshold) == labels(0, c)) ++right;
  }
  return static_cast<double>(right) / static_cast<double>(samples);
}

IndexMatrix confusion_matrix(const IndexMatrix& predicted, const IndexMatrix& labels, Index classes) {
  require_row("confusion_matrix", "labels", labels, labels.n_cols);
  require_row("confusion_matrix", "predicted classes", predicted, labels.n_cols);
  ranges::require_possible("confusion_matrix", {classes, classes});
  IndexMatrix counts(classes, classes, arma::fill::zeros);
  for (Index c = 0; c < labels.n_cols; ++c) {
    ranges::require_label("confusion_matrix", "label", labels(0, c), c, classes);
    if (predicted(0, c) == no_class) continue;
    ranges::require_label("confusion_matrix", "predicted class", predicted(0, c), c, classes);
    ++counts(labels(0, c), predicted(0, c));
  }
  return counts;
}

template <class T, class Y>
RegressionMetrics regression_metrics(const Matrix<T>& predictions, const Matrix<Y>& targets) {
  if (shape_of(predictions) != shape_of(targets)) {
    throw ShapeError({.who = "regression_metrics",
                      .given = "predictions are " + to_string(shape_of(predictions)) + ", targets " +
                               to_string(shape_of(targets)),
                      .wanted = "the same shape",
                      .hint = "one column is one sample"});
  }
  if (targets.n_cols == 0) {
    throw ShapeError({.who = "regression_metrics", .given = "no samples", .wanted = "at least 1"});
  }
  const Index rows = targets.n_rows;
  const auto n = static_cast<double>(targets.n_cols);
  const auto sum = [&](auto term) {
    arma::vec total(rows, arma::fill::zeros);
    for (Index c = 0; c < targets.n_cols; ++c) {
      for (Index r = 0; r < rows; ++r)
        total(r) += term(r, static_cast<double>(predictions(r, c)), static_cast<double>(targets(r, c)));
    }
    return total;
  };
  // Taken of differences to the first sample: exact zeros if all targets are equal.
  const arma::vec first = arma::conv_to<arma::vec>::from(targets.col(0));
  const arma::vec mean = first + sum([&](Index r, double, double y) { return y - first(r); }) / n;
  const arma::vec errors = sum([](Index, double p, double y) { return (y - p) * (y - p); });
  const arma::vec spread = sum([&](Index r, double, double y) { return (y - mean(r)) * (y - mean(r)); });
  RegressionMetrics metrics{.r2 = 1 - errors / spread,
                            .mae = sum([](Index, double p, double y) { return std::abs(y - p); }) / n,
                            .rmse = arma::sqrt(errors / n)};
  for (Index r = 0; r < rows; ++r) {
    if (spread(r) == 0) metrics.r2(r) = std::numeric_limits<double>::quiet_NaN();
  }
  return metrics;
}

MeanDeviation mean_deviation(std::span<const double> values) {
  if (values.empty())
    throw ShapeError({.who = "mean_deviation", .given = "no values", .wanted = "at least 1"});
  double mean = 0;
  double squares = 0;  // sum of (v - mean)^2 so far
  double count = 0;
  for (const double v : values) {
    count += 1;
    const double difference = v - mean;
    mean += difference / count;
    squares += difference * (v - mean);
  }
  return {.mean = mean, .deviation = std::sqrt(squares / std::max(count - 1, 1.0)), .count = values.size()};
}

template TAPEDECK_API IndexMatrix predicted_classes(const Matrix<float>&, double);
template TAPEDECK_API IndexMatrix predicted_classes(const Matrix<double>&, double);
template TAPEDECK_API double accuracy(const Matrix<float>&, const IndexMatrix&, double);
template TAPEDECK_API double accuracy(const Matrix<double>&, const IndexMatrix&, double);
template TAPEDECK_API RegressionMetrics regression_metrics(const Matrix<float>&, const Matrix<float>&);
template TAPEDECK_API RegressionMetrics regression_metrics(const Matrix<float>&, const Matrix<double>&);
template TAPEDECK_API RegressionMetrics regression_metrics(const Matrix<double>&, const Matrix<float>&);
template TAPEDECK_API RegressionMetrics regression_metrics(const Matrix<double>&, const Matrix<double>&);

}  // namespace tapedeck
