#include "kernels/batch_norm.hpp"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/batch_norm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/rows-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

HWY_INLINE Halves inverse_root(Halves variance, double epsilon) {
  return halves(1) / sqrt(variance + halves(epsilon));
}

// For each row of x, over its b columns:
//
//     mean = sum(x) / b     variance = sum((x - mean)^2) / b     n = 1 / sqrt(variance + epsilon)
//     h = n (x - mean)      y = gain h + bias                    unbiased = variance b / (b - 1)
template <class T>
HWY_NOINLINE void batch_norm(const BatchNorm<T>& call) {
  const Tag<T> d;
  const double b = static_cast<double>(call.shape.cols);
  for_row_blocks<T>(call.shape.rows, call.shape.cols, [&](RowBlock<T> block) HWY_ATTR {
    typename RowBlock<T>::Column mean, squares;  // the latter becomes n
    block.add_up(mean, [&](Index r, Index c) HWY_ATTR { return block.load_wide(call.x, r, c); });
    block.for_rows([&](Index r) HWY_ATTR { mean.store(mean.load(r) / halves(b), r); });
    block.add_up(squares, [&](Index r, Index c) HWY_ATTR {
      const Halves u = block.load_wide(call.x, r, c) - mean.load(r);
      return u * u;
    });
    block.for_rows([&](Index r) HWY_ATTR {
      const Halves variance = squares.load(r) * halves(1 / b);
      const Halves n = inverse_root(variance, call.epsilon);
      squares.store(n, r);
      block.store(narrow(d, n), call.n, r);
      block.store(narrow(d, mean.load(r)), call.mean, r);
      block.store(narrow(d, variance * halves(b / (b - 1))), call.unbiased, r);
    });
    block.for_tiles([&](Index r, Index c, Index end) HWY_ATTR {
      const Halves m = mean.load(r);
      const Halves n = squares.load(r);
      const auto gain = block.load(call.gain, r);
      const auto bias = block.load(call.bias, r);
      for (; c < end; ++c) {
        const auto h = narrow(d, n * (block.load_wide(call.x, r, c) - m));
        block.store(h, call.h, r, c);
        block.store(hn::MulAdd(gain, h, bias), call.y, r, c);
      }
    });
  });
}

// With h and n of BatchNorm, sums and means over the columns of a row:
//
//     dgain = sum(dy h)     dbias = sum(dy)     dx = gain n (dy - mean(dy) - h mean(dy h))
template <class T>
HWY_NOINLINE void batch_norm_vjp(const BatchNormVjp<T>& call) {
  const Tag<T> d;
  const double b = static_cast<double>(call.shape.cols);
  for_row_blocks<T>(call.shape.rows, call.shape.cols, [&](RowBlock<T> block) HWY_ATTR {
    typename RowBlock<T>::Column sum, products;
    block.add_up(sum, products, [&](Index r, Index c) HWY_ATTR {
      return Pair{block.load_wide(call.dy, r, c), block.load_wide(call.h, r, c)};
    });
    block.for_rows([&](Index r) HWY_ATTR {
      block.put(call.dbias, narrow(d, sum.load(r)), r);
      block.put(call.dgain, narrow(d, products.load(r)), r);
    });
    if (call.dx.data == nullptr) return;
    block.for_tiles([&](Index r, Index c, Index end) HWY_ATTR {
      const Halves factor = block.load_wide(call.gain, r) * block.load_wide(call.n, r);
      const Halves mean = sum.load(r) * halves(1 / b);
      const Halves slope = products.load(r) * halves(-1 / b);
      for (; c < end; ++c) {
        const Halves centred = block.load_wide(call.dy, r, c) - mean;
        const Halves h = block.load_wide(call.h, r, c);
        block.put(call.dx, narrow(d, factor * multiply_add(h, slope, centred)), r, c);
      }
    });
  });
}

template <class T>
HWY_INLINE Vector<T> inverse_root(const RowBlock<T>& block, const T* variance, double epsilon, Index r) {
  const Tag<T> d;
  const auto v = hn::Add(block.load(variance, r), hn::Set(d, static_cast<T>(epsilon)));
  return hn::Div(hn::Set(d, T{1}), hn::Sqrt(v));
}

// n = 1 / sqrt(variance + epsilon)     y = gain n (x - mean) + bias
template <class T>
HWY_NOINLINE void batch_norm_given(const BatchNormGiven<T>& call) {
  for_row_blocks<T>(call.shape.rows, call.shape.cols, [&](RowBlock<T> block) HWY_ATTR {
    block.for_tiles([&](Index r, Index c, Index end) HWY_ATTR {
      const auto factor =
          hn::Mul(block.load(call.gain, r), inverse_root(block, call.variance, call.epsilon, r));
      const auto mean = block.load(call.mean, r);
      const auto bias = block.load(call.bias, r);
      for (; c < end; ++c) {
        const auto centred = hn::Sub(block.load(call.x, r, c), mean);
        block.store(hn::MulAdd(factor, centred, bias), call.y, r, c);
      }
    });
  });
}

// With n of BatchNormGiven, sums over the columns of a row:
//
//     dx = gain n dy     dgain = n sum(dy (x - mean))     dbias = sum(dy)     dmean = -gain n sum(dy)
//     dvariance = -gain n^3 sum(dy (x - mean)) / 2
template <class T>
HWY_NOINLINE void batch_norm_given_vjp(const BatchNormGivenVjp<T>& call) {
  const Tag<T> d;
  for_row_blocks<T>(call.shape.rows, call.shape.cols, [&](RowBlock<T> block) HWY_ATTR {
    typename RowBlock<T>::Column sum, products;
    block.add_up(sum, products, [&](Index r, Index c) HWY_ATTR {
      return Pair{block.load_wide(call.dy, r, c),
                  block.load_wide(call.x, r, c) - block.load_wide(call.mean, r)};
    });
    block.for_rows([&](Index r) HWY_ATTR {
      const Halves n = inverse_root(block.load_wide(call.variance, r), call.epsilon);
      const Halves factor = block.load_wide(call.gain, r) * n;
      block.put(call.dbias, narrow(d, sum.load(r)), r);
      block.put(call.dgain, narrow(d, n * products.load(r)), r);
      block.put(call.dmean, narrow(d, halves(-1) * factor * sum.load(r)), r);
      block.put(call.dvariance, narrow(d, halves(-0.5) * factor * n * n * products.load(r)), r);
    });
    if (call.dx.data == nullptr) return;
    block.for_tiles([&](Index r, Index c, Index end) HWY_ATTR {
      const auto factor =
          hn::Mul(block.load(call.gain, r), inverse_root(block, call.variance, call.epsilon, r));
      for (; c < end; ++c) block.put(call.dx, hn::Mul(factor, block.load(call.dy, r, c)), r, c);
    });
  });
}

void batch_norm_f32(const BatchNorm<float>& call) { batch_norm(call); }
void batch_norm_f64(const BatchNorm<double>& call) { batch_norm(call); }
void batch_norm_vjp_f32(const BatchNormVjp<float>& call) { batch_norm_vjp(call); }
void batch_norm_vjp_f64(const BatchNormVjp<double>& call) { batch_norm_vjp(call); }
void batch_norm_given_f32(const BatchNormGiven<float>& call) { batch_norm_given(call); }
void batch_norm_given_f64(const BatchNormGiven<double>& call) { batch_norm_given(call); }
void batch_norm_given_vjp_f32(const BatchNormGivenVjp<float>& call) { batch_norm_given_vjp(call); }
void batch_norm_given_vjp_f64(const BatchNormGivenVjp<double>& call) { batch_norm_given_vjp(call); }

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapedeck::kernels {

HWY_EXPORT(batch_norm_f32);
HWY_EXPORT(batch_norm_f64);
HWY_EXPORT(batch_norm_vjp_f32);
HWY_EXPORT(batch_norm_vjp_f64);
HWY_EXPORT(batch_norm_given_f32);
HWY_EXPORT(batch_norm_given_f64);
HWY_EXPORT(batch_norm_given_vjp_f32);
HWY_EXPORT(batch_norm_given_vjp_f64);

void run(const BatchNorm<float>& call) { HWY_DYNAMIC_DISPATCH(batch_norm_f32)(call); }
void run(const BatchNorm<double>& call) { HWY_DYNAMIC_DISPATCH(batch_norm_f64)(call); }
void run(const BatchNormVjp<float>& call) { HWY_DYNAMIC_DISPATCH(batch_norm_vjp_f32)(call); }
void run(const BatchNormVjp<double>& call) { HWY_DYNAMIC_DISPATCH(batch_norm_vjp_f64)(call); }
void run(const BatchNormGiven<float>& call) { HWY_DYNAMIC_DISPATCH(batch_norm_given_f32)(call); }
void run(const BatchNormGiven<double>& call) { HWY_DYNAMIC_DISPATCH(batch_norm_given_f64)(call); }
void run(const BatchNormGivenVjp<float>& call) { HWY_DYNAMIC_DISPATCH(batch_norm_given_vjp_f32)(call); }
void run(const BatchNormGivenVjp<double>& call) { HWY_DYNAMIC_DISPATCH(batch_norm_given_vjp_f64)(call); }

}  // namespace tapedeck::kernels
#endif
