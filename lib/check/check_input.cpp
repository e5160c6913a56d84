#include "tapedeck/check/check_input.hpp"

#include <cmath>

#include "check/figure.hpp"
#include "check/samples.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck {

CheckInput CheckInput::uniform(Shape shape, double low, double high) {
  if (!(std::isfinite(low) && std::isfinite(high) && low < high)) {
    throw OptionError({.who = "CheckInput::uniform",
                       .given = detail::figure(low, 6) + " to " + detail::figure(high, 6),
                       .wanted = "finite bounds, the lower one first"});
  }
  return {Uniform{shape, low, high}, true};
}

CheckInput CheckInput::labels(Index classes, Index batch) {
  if (classes == 0) {
    throw OptionError({.who = "CheckInput::labels", .given = "0 classes", .wanted = "at least one"});
  }
  return {Labels{classes, batch}, false};
}

std::variant<Matrix<double>, IndexMatrix> CheckInput::elements(const Random& random) const {
  if (const auto* values = std::get_if<Matrix<double>>(&what_)) return *values;
  if (const auto* labels = std::get_if<IndexMatrix>(&what_)) return *labels;
  if (const auto* labels = std::get_if<Labels>(&what_)) {
    IndexMatrix drawn(1, labels->batch);
    for (Index c = 0; c < labels->batch; ++c) drawn[c] = random.below(labels->classes, 0, c);
    return drawn;
  }
  if (const auto* uniform = std::get_if<Uniform>(&what_)) {
    Matrix<double> drawn(uniform->shape.rows, uniform->shape.cols);
    for (Index c = 0; c < drawn.n_cols; ++c) {
      for (Index r = 0; r < drawn.n_rows; ++r) {
        drawn(r, c) = uniform->low + (uniform->high - uniform->low) * random.uniform(r, c);
      }
    }
    return drawn;
  }
  Matrix<double> drawn = detail::normal_matrix(random, std::get<Shape>(what_));
  drawn.transform([](double x) { return x < 0 ? x - 0.1 : x + 0.1; });
  return drawn;
}

}  // namespace tapedeck
