#include "tapedeck/data/dataset.hpp"

#include <algorithm>
#include <utility>

#include "tapedeck/core/error.hpp"

namespace tapedeck {
namespace {

Columns columns_of(const AnyMatrix& matrix) {
  return std::visit([](const auto& m) { return Columns{m}; }, matrix);
}

// A view keeps pointing at somebody else's memory when it is moved; its copy owns its elements.
AnyMatrix owned(AnyMatrix matrix) {
  const bool is_view = std::visit([](const auto& m) { return m.mem_state == 1 || m.mem_state == 2; }, matrix);
  if (is_view) return std::as_const(matrix);
  return matrix;
}

template <class T>
Matrix<T> gathered(const Matrix<T>& m, std::span<const Index> positions) {
  Matrix<T> out(m.n_rows, positions.size(), arma::fill::none);
  for (Index i = 0; i < positions.size(); ++i) {
    if (positions[i] >= m.n_cols) {
      throw OptionError({.who = "Dataset",
                         .given = "position " + std::to_string(positions[i]) + " of a subset",
                         .wanted = "less than " + std::to_string(m.n_cols) + ", the number of samples"});
    }
    std::copy_n(m.colptr(positions[i]), m.n_rows, out.colptr(i));
  }
  return out;
}

}  // namespace

const IndexMatrix& Dataset::labels() const { return y<Index>(); }

std::pair<AnyMatrix, AnyMatrix> Dataset::release() && { return {std::move(x_), std::move(y_)}; }

Dataset::Dataset(AnyMatrix x, AnyMatrix y) : x_(owned(std::move(x))), y_(owned(std::move(y))) {
  const Columns samples = columns_of(x_);
  const Columns targets = columns_of(y_);
  if (samples.element == Element::index) {
    throw ScalarError({.who = "Dataset", .given = "x holds index", .wanted = "float or double"});
  }
  if (samples.count != targets.count) {
    throw ShapeError({.who = "Dataset",
                      .given = "x is " + to_string(samples.shape()) + ", y is " + to_string(targets.shape()),
                      .wanted = "as many columns in both",
                      .hint = "one column is one sample"});
  }
  if (targets.element == Element::index && targets.rows != 1) {
    throw ShapeError({.who = "Dataset",
                      .given = "y holds class labels and is " + to_string(targets.shape()),
                      .wanted = to_string({1, samples.count}),
                      .hint = "targets that are numbers are float or double"});
  }
}

Batch Dataset::all() const& { return {columns_of(x_), columns_of(y_)}; }

Dataset Dataset::converted(Scalar scalar) const {
  const auto convert = [scalar](const auto& m) -> AnyMatrix {
    if constexpr (std::is_same_v<decltype(m), const IndexMatrix&>) {
      return m;
    } else {
      return with_scalar(scalar, [&m]<class T>(T) -> AnyMatrix { return arma::conv_to<Matrix<T>>::from(m); });
    }
  };
  return {std::visit(convert, x_), std::visit(convert, y_)};
}

Dataset Dataset::subset(std::span<const Index> positions) const {
  const auto gather = [positions](const auto& m) -> AnyMatrix { return gathered(m, positions); };
  return {std::visit(gather, x_), std::visit(gather, y_)};
}

void Dataset::refuse(const char* name, const AnyMatrix& matrix, Element wanted) {
  throw ScalarError({.who = "Dataset",
                     .given = std::string(name) + " holds " + name_of(element_in(matrix)) +
                              ", asked for as " + name_of(wanted)});
}

}  // namespace tapedeck
