#pragma once

#include "tapedeck/core/map.hpp"

/// Cross-entropy of softmax(z), column by column; z is classes x batch. Sums are kept in double; a column's
/// bits do not depend on its place. A column in which there is NaN or +Inf, or only -Inf, gives NaN.
///
/// Off by so many eps of T: p by those of map.hpp's softmax, lse by 4 (1 + |lse|), a sum of losses by 4 times
/// the sum of 1 + |lse| + |z| over what it adds up, weighted by t.
namespace tapedeck::kernels {

/// p = softmax(z); gives the sum over columns of log(sum(exp(z))) - z[label]. Labels are below the number of
/// classes.
TAPEDECK_API double cross_entropy(Matrix<float>& p, const Matrix<float>& z, const IndexMatrix& labels);
TAPEDECK_API double cross_entropy(Matrix<double>& p, const Matrix<double>& z, const IndexMatrix& labels);

/// p = softmax(z) and lse = log(sum(exp(z))), 1 x batch; gives the sum over all elements of t (lse - z),
/// which counts as 0 where t is 0, so that what is never expected costs nothing.
TAPEDECK_API double cross_entropy(Matrix<float>& p, Matrix<float>& lse, const Matrix<float>& z,
                                  const Matrix<float>& t);
TAPEDECK_API double cross_entropy(Matrix<double>& p, Matrix<double>& lse, const Matrix<double>& z,
                                  const Matrix<double>& t);

/// dz = a (p sum(t) - t)     dt = a (lse - z)     within 3 ulp of their terms
TAPEDECK_API void cross_entropy_vjp(Destination<float> dz, Destination<float> dt, float a,
                                    const Matrix<float>& z, const Matrix<float>& t, const Matrix<float>& p,
                                    const Matrix<float>& lse);
TAPEDECK_API void cross_entropy_vjp(Destination<double> dz, Destination<double> dt, double a,
                                    const Matrix<double>& z, const Matrix<double>& t, const Matrix<double>& p,
                                    const Matrix<double>& lse);

}  // namespace tapedeck::kernels
