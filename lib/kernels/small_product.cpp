#include "kernels/small_product.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/small_product.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// `columns` columns of c, one vector of rows: sum over k of a(rows, k) b(k, column). The last vector may be
// partial.
template <Index columns, class D, class T = hn::TFromD<D>>
void tile(D d, hn::Mask<D> rows, T* c, Index m, Index k, const T* a, Index a_leading, const T* b,
          Index b_step, Index b_leading, bool accumulate) {
  hn::Vec<D> sum[columns];
  for (Index j = 0; j < columns; ++j) sum[j] = accumulate ? hn::MaskedLoad(rows, d, c + j * m) : hn::Zero(d);
  for (Index p = 0; p < k; ++p) {
    const auto left = hn::MaskedLoad(rows, d, a + p * a_leading);
    for (Index j = 0; j < columns; ++j) {
      sum[j] = hn::MulAdd(left, hn::Set(d, b[p * b_step + j * b_leading]), sum[j]);
    }
  }
  for (Index j = 0; j < columns; ++j) hn::BlendedStore(sum[j], rows, d, c + j * m);
}

// The element (i, j) of a' b, both contiguous along the sum.
template <class D, class T = hn::TFromD<D>>
T inner(D d, const T* a, const T* b, Index k) {
  const Index lanes = hn::Lanes(d);
  auto sum = hn::Zero(d);
  Index p = 0;
  for (; p + lanes <= k; p += lanes) sum = hn::MulAdd(hn::LoadU(d, a + p), hn::LoadU(d, b + p), sum);
  if (p < k) {
    const auto rest = hn::FirstN(d, k - p);
    sum = hn::MulAdd(hn::MaskedLoad(rest, d, a + p), hn::MaskedLoad(rest, d, b + p), sum);
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

template <class T>
void product(T* c, Index m, Index n, Index k, Operand<T> a, Operand<T> b, bool accumulate) {
  const hn::ScalableTag<T> d;
  if (a.transposed) {
    for (Index j = 0; j < n; ++j) {
      for (Index i = 0; i < m; ++i) {
        const T sum = inner(d, a.data + i * a.leading, b.data + j * b.leading, k);
        T& element = c[i + j * m];
        element = accumulate ? element + sum : sum;
      }
    }
    return;
  }
  const Index lanes = hn::Lanes(d);
  const Index step = b.transposed ? b.leading : 1;
  const Index leading = b.transposed ? 1 : b.leading;
  for (Index i = 0; i < m; i += lanes) {
    const auto rows = hn::FirstN(d, m - i < lanes ? m - i : lanes);
    Index j = 0;
    const auto run = [&]<Index columns>() {
      for (; j + columns <= n; j += columns) {
        tile<columns>(d, rows, c + i + j * m, m, k, a.data + i, a.leading, b.data + j * leading, step,
                      leading, accumulate);
      }
    };
    run.template operator()<4>();
    run.template operator()<1>();
  }
}

void product_f32(float* c, Index m, Index n, Index k, Operand<float> a, Operand<float> b, bool accumulate) {
  product(c, m, n, k, a, b, accumulate);
}
void product_f64(double* c, Index m, Index n, Index k, Operand<double> a, Operand<double> b,
                 bool accumulate) {
  product(c, m, n, k, a, b, accumulate);
}

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapedeck::kernels {

HWY_EXPORT(product_f32);
HWY_EXPORT(product_f64);

template <>
void small_product(float* c, Index m, Index n, Index k, Operand<float> a, Operand<float> b, bool accumulate) {
  HWY_DYNAMIC_DISPATCH(product_f32)(c, m, n, k, a, b, accumulate);
}
template <>
void small_product(double* c, Index m, Index n, Index k, Operand<double> a, Operand<double> b,
                   bool accumulate) {
  HWY_DYNAMIC_DISPATCH(product_f64)(c, m, n, k, a, b, accumulate);
}

}  // namespace tapedeck::kernels
#endif
