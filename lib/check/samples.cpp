#include "check/samples.hpp"

#include <algorithm>
#include <cmath>

namespace tapedeck::detail {

Matrix<double> normal_matrix(const Random& random, Shape shape) {
  Matrix<double> m(shape.rows, shape.cols);
  for (Index c = 0; c < shape.cols; ++c) {
    for (Index r = 0; r < shape.rows; ++r) m(r, c) = random.normal(r, c);
  }
  return m;
}

Matrices normal_like(const Random& random, const Matrices& all) {
  Matrices drawn;
  drawn.reserve(all.size());
  for (const auto& m : all) drawn.push_back(normal_matrix(random.stream(drawn.size()), shape_of(m)));
  return drawn;
}

Shape shape_of(const Elements& elements) {
  return std::visit([](const auto& m) { return tapedeck::shape_of(m); }, elements);
}

Elements first_column(const Elements& batch) {
  return std::visit([](const auto& m) -> Elements { return std::decay_t<decltype(m)>(m.col(0)); }, batch);
}

Elements other_elements(const Elements& elements) {
  if (const auto* labels = std::get_if<IndexMatrix>(&elements)) {
    if (labels->n_elem == 1) return *labels;
    return IndexMatrix(arma::shift(*labels, 1, labels->n_cols > 1 ? 1 : 0));
  }
  const auto& m = std::get<Matrix<double>>(elements);
  return Matrix<double>(0.75 * arma::reverse(arma::reverse(m), 1));
}

Elements rounded_to_float(const Elements& elements) {
  Elements rounded = elements;
  if (auto* numbers = std::get_if<Matrix<double>>(&rounded)) {
    numbers->transform([](double x) { return static_cast<double>(static_cast<float>(x)); });
  }
  return rounded;
}

void unsettle(ParameterStore& store, const Random& random) {
  for (const ParameterView& p : store.parameters()) {
    Matrix<double>& values = p.value<double>();
    if (values.is_empty()) continue;
    const double all = values[0];
    if (!std::all_of(values.begin(), values.end(), [=](double x) { return x == all; })) continue;
    const Random stream = random.stream(p.name());
    const double size = all == 0 ? 1 : all;
    for (Index i = 0; i < values.n_elem; ++i) {
      const double u = stream.uniform(i) - 0.5;
      values[i] = all + size * (u < 0 ? -0.1 : 0.1) + 0.8 * size * u;
    }
  }
}

double largest(const Matrix<double>& m) {
  double most = 0;
  for (const double x : m) most = std::max(most, std::abs(x));
  return most;
}

double largest(const Matrices& all) {
  double most = 0;
  for (const auto& m : all) most = std::max(most, largest(m));
  return most;
}

double inner(const Matrices& a, const Matrices& b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    for (Index i = 0; i < a[k].n_elem; ++i) sum += a[k][i] * b[k][i];
  }
  return sum;
}

bool same(const Matrices& a, const Matrices& b) {
  const auto equal = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](const auto& m, const auto& n) {
    return tapedeck::shape_of(m) == tapedeck::shape_of(n) && std::equal(m.begin(), m.end(), n.begin(), equal);
  });
}

bool all_finite(const Matrices& all) {
  return std::all_of(all.begin(), all.end(), [](const auto& m) { return m.is_finite(); });
}

}  // namespace tapedeck::detail
