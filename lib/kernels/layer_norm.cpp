#include "kernels/layer_norm.hpp"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/layer_norm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/rows-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

// For each column of x, over its f rows:
//
//     mean = sum(x) / f     variance = sum((x - mean)^2) / f     n = 1 / sqrt(variance + epsilon)
//     h = n (x - mean)      y = gain h + bias
template <class T>
HWY_NOINLINE void layer_norm(const LayerNorm<T>& call) {
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

// With h and n of LayerNorm, dgain and dbias sums over a row, g = gain dy and its means over a column:
//
//     dgain = sum(dy h)     dbias = sum(dy)     dx = n (g - mean(g) - h mean(g h))
template <class T>
HWY_NOINLINE void layer_norm_vjp(const LayerNormVjp<T>& call) {
  const Tag<T> d;
  const Index f = call.shape.rows;
  if (call.dgain.data != nullptr || call.dbias.data != nullptr) {
    for_row_blocks<T>(f, call.shape.cols, [&](RowBlock<T> block) HWY_ATTR {
      typename RowBlock<T>::Column sum, products;
      block.add_up(sum, products, [&](Index r, Index c) HWY_ATTR {
        return Pair{block.load_wide(call.dy, r, c), block.load_wide(call.h, r, c)};
      });
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

void layer_norm_f32(const LayerNorm<float>& call) { layer_norm(call); }
void layer_norm_f64(const LayerNorm<double>& call) { layer_norm(call); }
void layer_norm_vjp_f32(const LayerNormVjp<float>& call) { layer_norm_vjp(call); }
void layer_norm_vjp_f64(const LayerNormVjp<double>& call) { layer_norm_vjp(call); }

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapedeck::kernels {

HWY_EXPORT(layer_norm_f32);
HWY_EXPORT(layer_norm_f64);
HWY_EXPORT(layer_norm_vjp_f32);
HWY_EXPORT(layer_norm_vjp_f64);

void run(const LayerNorm<float>& call) { HWY_DYNAMIC_DISPATCH(layer_norm_f32)(call); }
void run(const LayerNorm<double>& call) { HWY_DYNAMIC_DISPATCH(layer_norm_f64)(call); }
void run(const LayerNormVjp<float>& call) { HWY_DYNAMIC_DISPATCH(layer_norm_vjp_f32)(call); }
void run(const LayerNormVjp<double>& call) { HWY_DYNAMIC_DISPATCH(layer_norm_vjp_f64)(call); }

}  // namespace tapedeck::kernels
#endif
