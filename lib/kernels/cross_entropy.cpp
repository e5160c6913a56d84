#include "kernels/cross_entropy.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cross_entropy.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/softmax-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

// For each column, p = softmax(z) and the loss
//
//     lse - z[label],  lse = log(sum(exp(z)))
template <class T>
HWY_NOINLINE double labelled(T* p, const T* z, Shape shape, const Index* labels) {
  double sum = 0;
  softmax_of_columns(p, z, shape.rows, shape.cols, [&](Index c, LogSum log_sum) HWY_ATTR {
    sum += log_sum.largest - static_cast<double>(z[labels[c] + c * shape.rows]) + log_sum.rest;
  });
  return sum;
}

// For each column, p = softmax(z), lse = log(sum(exp(z))) and the loss
//
//     sum(t (lse - z)),  a term being 0 where t is 0, so that what is never expected costs nothing
template <class T>
HWY_NOINLINE double soft(T* p, T* lse, const T* z, Shape shape, const T* t) {
  const Tag<T> d;
  const Index n = shape.rows;
  double sum = 0;
  softmax_of_columns(p, z, n, shape.cols, [&](Index c, LogSum log_sum) HWY_ATTR {
    const Halves largest = halves(log_sum.largest);
    const Halves rest = halves(log_sum.rest);
    Halves losses = halves(0);
    for (Index i = 0; i < n; i += hn::Lanes(d)) {
      const Halves w = load_wide(n - i, t + c * n + i);
      const Halves loss = w * (largest - load_wide(n - i, z + c * n + i) + rest);
      losses = losses + where_not_zero(w, loss);
    }
    lse[c] = static_cast<T>(log_sum.largest + log_sum.rest);
    sum += std::isnan(log_sum.rest) ? log_sum.rest : sum_of<T>(losses);
  });
  return sum;
}

// dz = a (p sum(t) - t)     dt = a (lse - z)
template <class T>
HWY_NOINLINE void soft_vjp(const SoftCrossEntropyVjp<T>& call) {
  const Tag<T> d;
  const auto& [shape, a, z, t, p, lse, dz, dt] = call;
  const Index n = shape.rows;
  const auto factor = hn::Set(d, a);
  for (Index c = 0; dz.data != nullptr && c < shape.cols; ++c) {
    Halves sum = halves(0);
    for (Index i = 0; i < n; i += hn::Lanes(d)) sum = sum + load_wide(n - i, t + c * n + i);
    const auto total = hn::Set(d, static_cast<T>(sum_of<T>(sum)));
    for (Index i = 0; i < n; i += hn::Lanes(d)) {
      const auto w = load_first(d, n - i, t + c * n + i);
      const auto difference = hn::MulSub(load_first(d, n - i, p + c * n + i), total, w);
      put_first<T>(dz.add, hn::Mul(factor, difference), n - i, dz.data + c * n + i);
    }
  }
  for (Index c = 0; dt.data != nullptr && c < shape.cols; ++c) {
    const auto log_sum = hn::Set(d, lse[c]);
    for (Index i = 0; i < n; i += hn::Lanes(d)) {
      const auto difference = hn::Sub(log_sum, load_first(d, n - i, z + c * n + i));
      put_first<T>(dt.add, hn::Mul(factor, difference), n - i, dt.data + c * n + i);
    }
  }
}

double labelled_f32(float* p, const float* z, Shape shape, const Index* labels) {
  return labelled(p, z, shape, labels);
}
double labelled_f64(double* p, const double* z, Shape shape, const Index* labels) {
  return labelled(p, z, shape, labels);
}
double soft_f32(float* p, float* lse, const float* z, Shape shape, const float* t) {
  return soft(p, lse, z, shape, t);
}
double soft_f64(double* p, double* lse, const double* z, Shape shape, const double* t) {
  return soft(p, lse, z, shape, t);
}
void soft_vjp_f32(const SoftCrossEntropyVjp<float>& call) { soft_vjp(call); }
void soft_vjp_f64(const SoftCrossEntropyVjp<double>& call) { soft_vjp(call); }

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapedeck::kernels {

HWY_EXPORT(labelled_f32);
HWY_EXPORT(labelled_f64);
HWY_EXPORT(soft_f32);
HWY_EXPORT(soft_f64);
HWY_EXPORT(soft_vjp_f32);
HWY_EXPORT(soft_vjp_f64);

double cross_entropy(float* p, const float* z, Shape shape, const Index* labels) {
  return HWY_DYNAMIC_DISPATCH(labelled_f32)(p, z, shape, labels);
}
double cross_entropy(double* p, const double* z, Shape shape, const Index* labels) {
  return HWY_DYNAMIC_DISPATCH(labelled_f64)(p, z, shape, labels);
}
double soft_cross_entropy(float* p, float* lse, const float* z, Shape shape, const float* t) {
  return HWY_DYNAMIC_DISPATCH(soft_f32)(p, lse, z, shape, t);
}
double soft_cross_entropy(double* p, double* lse, const double* z, Shape shape, const double* t) {
  return HWY_DYNAMIC_DISPATCH(soft_f64)(p, lse, z, shape, t);
}
void run(const SoftCrossEntropyVjp<float>& call) { HWY_DYNAMIC_DISPATCH(soft_vjp_f32)(call); }
void run(const SoftCrossEntropyVjp<double>& call) { HWY_DYNAMIC_DISPATCH(soft_vjp_f64)(call); }

}  // namespace tapedeck::kernels
#endif
