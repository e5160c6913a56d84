#include "kernels/cross_entropy.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cross_entropy.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/softmax-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

template <class T>
HWY_NOINLINE double labelled(Matrix<T>& p, const Matrix<T>& z, const IndexMatrix& labels) {
  double sum = 0;
  softmax_of_columns(p.memptr(), z.memptr(), z.n_rows, z.n_cols, [&](Index c, LogSum log_sum) HWY_ATTR {
    sum += log_sum.largest - static_cast<double>(z.colptr(c)[labels[c]]) + log_sum.rest;
  });
  return sum;
}

template <class T>
HWY_NOINLINE double soft(Matrix<T>& p, Matrix<T>& lse, const Matrix<T>& z, const Matrix<T>& t) {
  const Tag<T> d;
  const Index n = z.n_rows;
  double sum = 0;
  softmax_of_columns(p.memptr(), z.memptr(), n, z.n_cols, [&](Index c, LogSum log_sum) HWY_ATTR {
    const Halves largest = halves(log_sum.largest);
    const Halves rest = halves(log_sum.rest);
    Halves losses = halves(0);
    for (Index i = 0; i < n; i += hn::Lanes(d)) {
      const Halves w = load_wide(n - i, t.colptr(c) + i);
      const Halves loss = w * (largest - load_wide(n - i, z.colptr(c) + i) + rest);
      losses = losses + where_not_zero(w, loss);
    }
    lse[c] = static_cast<T>(log_sum.largest + log_sum.rest);
    sum += std::isnan(log_sum.rest) ? log_sum.rest : sum_of<T>(losses);
  });
  return sum;
}

template <class T>
HWY_NOINLINE void vjp(Destination<T> dz, Destination<T> dt, T a, const Matrix<T>& z, const Matrix<T>& t,
                      const Matrix<T>& p, const Matrix<T>& lse) {
  const Tag<T> d;
  const Index n = z.n_rows;
  const auto factor = hn::Set(d, a);
  for (Index c = 0; dz.data != nullptr && c < z.n_cols; ++c) {
    Halves sum = halves(0);
    for (Index i = 0; i < n; i += hn::Lanes(d)) sum = sum + load_wide(n - i, t.colptr(c) + i);
    const auto total = hn::Set(d, static_cast<T>(sum_of<T>(sum)));
    for (Index i = 0; i < n; i += hn::Lanes(d)) {
      const auto w = load_first(d, n - i, t.colptr(c) + i);
      const auto difference = hn::MulSub(load_first(d, n - i, p.colptr(c) + i), total, w);
      put_first<T>(dz.add, hn::Mul(factor, difference), n - i, dz.data + c * n + i);
    }
  }
  for (Index c = 0; dt.data != nullptr && c < z.n_cols; ++c) {
    const auto log_sum = hn::Set(d, lse[c]);
    for (Index i = 0; i < n; i += hn::Lanes(d)) {
      const auto difference = hn::Sub(log_sum, load_first(d, n - i, z.colptr(c) + i));
      put_first<T>(dt.add, hn::Mul(factor, difference), n - i, dt.data + c * n + i);
    }
  }
}

double labelled_f32(Matrix<float>& p, const Matrix<float>& z, const IndexMatrix& labels) {
  return labelled(p, z, labels);
}
double labelled_f64(Matrix<double>& p, const Matrix<double>& z, const IndexMatrix& labels) {
  return labelled(p, z, labels);
}
double soft_f32(Matrix<float>& p, Matrix<float>& lse, const Matrix<float>& z, const Matrix<float>& t) {
  return soft(p, lse, z, t);
}
double soft_f64(Matrix<double>& p, Matrix<double>& lse, const Matrix<double>& z, const Matrix<double>& t) {
  return soft(p, lse, z, t);
}
void vjp_f32(Destination<float> dz, Destination<float> dt, float a, const Matrix<float>& z,
             const Matrix<float>& t, const Matrix<float>& p, const Matrix<float>& lse) {
  vjp(dz, dt, a, z, t, p, lse);
}
void vjp_f64(Destination<double> dz, Destination<double> dt, double a, const Matrix<double>& z,
             const Matrix<double>& t, const Matrix<double>& p, const Matrix<double>& lse) {
  vjp(dz, dt, a, z, t, p, lse);
}

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapedeck::kernels {

HWY_EXPORT(labelled_f32);
HWY_EXPORT(labelled_f64);
HWY_EXPORT(soft_f32);
HWY_EXPORT(soft_f64);
HWY_EXPORT(vjp_f32);
HWY_EXPORT(vjp_f64);

double cross_entropy(Matrix<float>& p, const Matrix<float>& z, const IndexMatrix& labels) {
  return HWY_DYNAMIC_DISPATCH(labelled_f32)(p, z, labels);
}
double cross_entropy(Matrix<double>& p, const Matrix<double>& z, const IndexMatrix& labels) {
  return HWY_DYNAMIC_DISPATCH(labelled_f64)(p, z, labels);
}
double cross_entropy(Matrix<float>& p, Matrix<float>& lse, const Matrix<float>& z, const Matrix<float>& t) {
  return HWY_DYNAMIC_DISPATCH(soft_f32)(p, lse, z, t);
}
double cross_entropy(Matrix<double>& p, Matrix<double>& lse, const Matrix<double>& z,
                     const Matrix<double>& t) {
  return HWY_DYNAMIC_DISPATCH(soft_f64)(p, lse, z, t);
}
void cross_entropy_vjp(Destination<float> dz, Destination<float> dt, float a, const Matrix<float>& z,
                       const Matrix<float>& t, const Matrix<float>& p, const Matrix<float>& lse) {
  HWY_DYNAMIC_DISPATCH(vjp_f32)(dz, dt, a, z, t, p, lse);
}
void cross_entropy_vjp(Destination<double> dz, Destination<double> dt, double a, const Matrix<double>& z,
                       const Matrix<double>& t, const Matrix<double>& p, const Matrix<double>& lse) {
  HWY_DYNAMIC_DISPATCH(vjp_f64)(dz, dt, a, z, t, p, lse);
}

}  // namespace tapedeck::kernels
#endif
