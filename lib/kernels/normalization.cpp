#include "kernels/normalization.hpp"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/normalization.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/rows-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

HWY_INLINE Halves inverse_root(Halves variance, double epsilon) {
  return halves(1) / sqrt(variance + halves(epsilon));
}

template <class T>
HWY_NOINLINE void run_on_target(const BatchNorm<T>& call) {
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

// sum(dy) and sum(dy h) of a block.
template <class T>
HWY_INLINE void add_up_cotangents(RowBlock<T> block, const T* dy, const T* h,
                                  typename RowBlock<T>::Column& sum, typename RowBlock<T>::Column& products) {
  block.add_up(sum, products, [&](Index r, Index c) HWY_ATTR {
    return Pair{block.load_wide(dy, r, c), block.load_wide(h, r, c)};
  });
}

template <class T>
HWY_NOINLINE void run_on_target(const BatchNormVjp<T>& call) {
  const Tag<T> d;
  const double b = static_cast<double>(call.shape.cols);
  for_row_blocks<T>(call.shape.rows, call.shape.cols, [&](RowBlock<T> block) HWY_ATTR {
    typename RowBlock<T>::Column sum, products;
    add_up_cotangents(block, call.dy, call.h, sum, products);
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
HWY_INLINE Vector<T> inverse_root(const RowBlock<T>& block, const T* variance, double epsilon,
                                  Index r) {
  const Tag<T> d;
  const auto v = hn::Add(block.load(variance, r), hn::Set(d, static_cast<T>(epsilon)));
  return hn::Div(hn::Set(d, T{1}), hn::Sqrt(v));
}

template <class T>
HWY_NOINLINE void run_on_target(const BatchNormGiven<T>& call) {
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

template <class T>
HWY_NOINLINE void run_on_target(const BatchNormGivenVjp<T>& call) {
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

template <class T>
HWY_NOINLINE void run_on_target(const LayerNorm<T>& call) {
  const Tag<T> d;
  const Index f = call.shape.rows;
  const double count = static_cast<double>(f);
  for (Index c = 0; c < call.shape.cols; ++c) {
    const T* x = call.x + c * f;
    Halves sum = halves(0);
    for (Index i = 0; i < f; i += hn::Lanes(d)) sum = sum + load_wide(f - i, x + i);
    const Halves mean = halves(sum_of<T>(sum) / count);
    Halves squares = halves(0);
    for (Index i = 0; i < f; i += hn::Lanes(d)) {
      const Halves u = first_halves<T>(f - i, load_wide(f - i, x + i) - mean);
      squares = multiply_add(u, u, squares);
    }
    const double n = 1 / std::sqrt(sum_of<T>(squares) / count + call.epsilon);
    call.n[c] = static_cast<T>(n);
    for (Index i = 0; i < f; i += hn::Lanes(d)) {
      const Index rest = f - i;
      const auto h = narrow(d, halves(n) * (load_wide(rest, x + i) - mean));
      const auto gain = load_first(d, rest, call.gain + i);
      const auto bias = load_first(d, rest, call.bias + i);
      store_first(d, h, rest, call.h + c * f + i);
      store_first(d, hn::MulAdd(gain, h, bias), rest, call.y + c * f + i);
    }
  }
}

template <class T>
HWY_NOINLINE void run_on_target(const LayerNormVjp<T>& call) {
  const Tag<T> d;
  const Index f = call.shape.rows;
  if (call.dgain.data != nullptr || call.dbias.data != nullptr) {
    for_row_blocks<T>(f, call.shape.cols, [&](RowBlock<T> block) HWY_ATTR {
      typename RowBlock<T>::Column sum, products;
      add_up_cotangents(block, call.dy, call.h, sum, products);
      block.for_rows([&](Index r) HWY_ATTR {
        block.put(call.dbias, narrow(d, sum.load(r)), r);
        block.put(call.dgain, narrow(d, products.load(r)), r);
      });
    });
  }
  for (Index c = 0; call.dx.data != nullptr && c < call.shape.cols; ++c) {
    const auto load = [&](const T* from, Index i) HWY_ATTR { return load_wide(f - i, from + i); };
    const T* dy = call.dy + c * f;
    const T* h = call.h + c * f;
    const T* gain = call.gain;
    Halves sum = halves(0);
    Halves products = halves(0);
    for (Index i = 0; i < f; i += hn::Lanes(d)) {
      const Halves g = load(gain, i) * load(dy, i);
      sum = sum + g;
      products = multiply_add(g, load(h, i), products);
    }
    const Halves mean = halves(sum_of<T>(sum) / static_cast<double>(f));
    const Halves slope = halves(-sum_of<T>(products) / static_cast<double>(f));
    const Halves n = halves(static_cast<double>(call.n[c]));
    for (Index i = 0; i < f; i += hn::Lanes(d)) {
      const Halves centred = load(gain, i) * load(dy, i) - mean;
      const auto value = narrow(d, n * multiply_add(load(h, i), slope, centred));
      put_first<T>(call.dx.add, value, f - i, call.dx.data + c * f + i);
    }
  }
}

void batch_norm_f32(const BatchNorm<float>& call) { run_on_target(call); }
void batch_norm_f64(const BatchNorm<double>& call) { run_on_target(call); }
void batch_norm_vjp_f32(const BatchNormVjp<float>& call) { run_on_target(call); }
void batch_norm_vjp_f64(const BatchNormVjp<double>& call) { run_on_target(call); }
void batch_norm_given_f32(const BatchNormGiven<float>& call) { run_on_target(call); }
void batch_norm_given_f64(const BatchNormGiven<double>& call) { run_on_target(call); }
void batch_norm_given_vjp_f32(const BatchNormGivenVjp<float>& call) { run_on_target(call); }
void batch_norm_given_vjp_f64(const BatchNormGivenVjp<double>& call) { run_on_target(call); }
void layer_norm_f32(const LayerNorm<float>& call) { run_on_target(call); }
void layer_norm_f64(const LayerNorm<double>& call) { run_on_target(call); }
void layer_norm_vjp_f32(const LayerNormVjp<float>& call) { run_on_target(call); }
void layer_norm_vjp_f64(const LayerNormVjp<double>& call) { run_on_target(call); }

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
HWY_EXPORT(layer_norm_f32);
HWY_EXPORT(layer_norm_f64);
HWY_EXPORT(layer_norm_vjp_f32);
HWY_EXPORT(layer_norm_vjp_f64);

void run(const BatchNorm<float>& call) { HWY_DYNAMIC_DISPATCH(batch_norm_f32)(call); }
void run(const BatchNorm<double>& call) { HWY_DYNAMIC_DISPATCH(batch_norm_f64)(call); }
void run(const BatchNormVjp<float>& call) { HWY_DYNAMIC_DISPATCH(batch_norm_vjp_f32)(call); }
void run(const BatchNormVjp<double>& call) { HWY_DYNAMIC_DISPATCH(batch_norm_vjp_f64)(call); }
void run(const BatchNormGiven<float>& call) { HWY_DYNAMIC_DISPATCH(batch_norm_given_f32)(call); }
void run(const BatchNormGiven<double>& call) { HWY_DYNAMIC_DISPATCH(batch_norm_given_f64)(call); }
void run(const BatchNormGivenVjp<float>& call) { HWY_DYNAMIC_DISPATCH(batch_norm_given_vjp_f32)(call); }
void run(const BatchNormGivenVjp<double>& call) { HWY_DYNAMIC_DISPATCH(batch_norm_given_vjp_f64)(call); }
void run(const LayerNorm<float>& call) { HWY_DYNAMIC_DISPATCH(layer_norm_f32)(call); }
void run(const LayerNorm<double>& call) { HWY_DYNAMIC_DISPATCH(layer_norm_f64)(call); }
void run(const LayerNormVjp<float>& call) { HWY_DYNAMIC_DISPATCH(layer_norm_vjp_f32)(call); }
void run(const LayerNormVjp<double>& call) { HWY_DYNAMIC_DISPATCH(layer_norm_vjp_f64)(call); }

}  // namespace tapedeck::kernels
#endif
