#pragma once

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/shape.hpp"

/// Sums of columns and of rows, and what they spread to. Sums of k terms are kept in double and rounded to T
/// once: within half an ulp, and (k + 1) eps of double of the sum of |a x|. What spreads is rounded to T's a,
/// and once more when it is multiplied.
namespace tapedeck::kernels {

/// y(c) = a times the sum of column c.
TAPEDECK_API void sum_columns(Destination<float> y, const float* x, Shape shape, double a = 1);
TAPEDECK_API void sum_columns(Destination<double> y, const double* x, Shape shape, double a = 1);
/// y(r) = a times the sum of row r.
TAPEDECK_API void sum_rows(Destination<float> y, const float* x, Shape shape, double a = 1);
TAPEDECK_API void sum_rows(Destination<double> y, const double* x, Shape shape, double a = 1);

/// x(r, c) = a y(c)
TAPEDECK_API void spread_columns(Destination<float> x, Shape shape, const float* y, double a = 1);
TAPEDECK_API void spread_columns(Destination<double> x, Shape shape, const double* y, double a = 1);
/// x(r, c) = a y(r)
TAPEDECK_API void spread_rows(Destination<float> x, Shape shape, const float* y, double a = 1);
TAPEDECK_API void spread_rows(Destination<double> x, Shape shape, const double* y, double a = 1);

}  // namespace tapedeck::kernels
