// The three products of a fully connected layer of m outputs, n inputs and a batch of b: items are
// multiplications.
//
//     product/y   y = W x      m x n times n x b
//     product/dW  dW = dy x'   m x b times b x n
//     product/dx  dx = W' dy   n x m times m x b
//
// and, as blas/y, blas/dW and blas/dx, the same in float through OpenBLAS alone, to see from which size on it
// is the faster one (lib/core/product.cpp).

#include <benchmark/benchmark.h>
#include <cblas.h>

#include <initializer_list>
#include <string>
#include <type_traits>

#include "sizes.hpp"
#include "tapedeck/core/product.hpp"

namespace bench {
namespace {

template <class T>
void multiply_by_blas(td::Matrix<T>& c, td::Factor<T> a, td::Factor<T> b) {
  const auto size = [](td::Index n) { return static_cast<blasint>(n); };
  const auto op = [](td::Factor<T> f) { return f.transposed ? CblasTrans : CblasNoTrans; };
  const td::Matrix<T>& x = a.matrix;
  const td::Matrix<T>& y = b.matrix;
  if (y.n_cols == 1 && !b.transposed) {
    cblas_sgemv(CblasColMajor, op(a), size(x.n_rows), size(x.n_cols), 1, x.memptr(), size(x.n_rows),
                y.memptr(), 1, 0, c.memptr(), 1);
  } else {
    cblas_sgemm(CblasColMajor, op(a), op(b), size(c.n_rows), size(c.n_cols), size(a.cols()), 1, x.memptr(),
                size(x.n_rows), y.memptr(), size(y.n_rows), 0, c.memptr(), size(c.n_rows));
  }
}

template <class T, bool by_blas>
void time_product(benchmark::State& state, td::Shape a_shape, bool a_transposed, td::Shape b_shape,
                  bool b_transposed) {
  const auto a = td::detail::ordinary_numbers<T>(a_shape, 1);
  const auto b = td::detail::ordinary_numbers<T>(b_shape, 2);
  const td::Factor<T> left{a, a_transposed};
  const td::Factor<T> right{b, b_transposed};
  td::Matrix<T> c(left.rows(), right.cols());
  for (auto _ : state) {
    if constexpr (by_blas) {
      multiply_by_blas(c, left, right);
    } else {
      td::multiply(c, left, right);
    }
    benchmark::DoNotOptimize(c.memptr());
    benchmark::ClobberMemory();
  }
  const auto times = [&](td::Index n) { return state.iterations() * static_cast<std::int64_t>(n); };
  state.SetItemsProcessed(times(c.n_elem * left.cols()));
  state.SetBytesProcessed(times((a.n_elem + b.n_elem + c.n_elem) * sizeof(T)));
}

template <class T>
void add_products(td::Index m, td::Index n, td::Index batch, const std::string& scalar) {
  const std::string size =
      std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(batch) + "/" + scalar;
  const auto add = [&](const char* what, td::Shape a, bool a_transposed, td::Shape b, bool b_transposed) {
    const std::string name = std::string(what) + "/" + size;
    benchmark::RegisterBenchmark(("product/" + name).c_str(), time_product<T, false>, a, a_transposed, b,
                                 b_transposed);
    if constexpr (std::is_same_v<T, float>) {
      benchmark::RegisterBenchmark(("blas/" + name).c_str(), time_product<T, true>, a, a_transposed, b,
                                   b_transposed);
    }
  };
  add("y", {m, n}, false, {n, batch}, false);
  add("dW", {m, batch}, false, {n, batch}, true);
  add("dx", {m, n}, true, {m, batch}, false);
}

const auto products = [] {
  const auto add = [](td::Index m, td::Index n, td::Index batch) {
    add_products<float>(m, n, batch, "f32");
    add_products<double>(m, n, batch, "f64");
  };
  add(25, 2, 50);
  add(2, 25, 50);
  for (const td::Index batch : std::initializer_list<td::Index>{1, 5, 50, 1000}) add(25, 25, batch);
  add(64, 64, 64);
  add(128, 784, 64);
  add(10, 512, 128);
  for (const td::Index size : std::initializer_list<td::Index>{128, 256, 512}) {
    add(size, size, 1);
    add(size, size, size);
  }
  return true;
}();

}  // namespace
}  // namespace bench
