#pragma once

#include <string>
#include <variant>
#include <vector>

#include "tapedeck/core/matrix.hpp"
#include "tapedeck/core/random.hpp"
#include "tapedeck/param/parameter_store.hpp"

namespace tapedeck::detail {

/// What a function is given: numbers, or labels.
using Elements = std::variant<Matrix<double>, IndexMatrix>;
using Matrices = std::vector<Matrix<double>>;

Matrix<double> normal_matrix(const Random& random, Shape shape);
/// One for each, of its shape.
Matrices normal_like(const Random& random, const Matrices& all);

Shape shape_of(const Elements& elements);
/// The first column of a batch.
Elements first_column(const Elements& batch);
/// Other elements from the same range; labels in another order, which differs unless they are all alike.
Elements other_elements(const Elements& elements);
/// The nearest numbers that float can hold.
Elements rounded_to_float(const Elements& elements);

/// Moves parameters whose elements are all alike by a tenth to a half of their size (of 1, if they are zero).
void unsettle(ParameterStore& store, const Random& random);

double largest(const Matrix<double>& m);
double largest(const Matrices& all);
double inner(const Matrices& a, const Matrices& b);
/// Whether all elements are equal, NaN to NaN.
bool same(const Matrices& a, const Matrices& b);
bool all_finite(const Matrices& all);

}  // namespace tapedeck::detail
