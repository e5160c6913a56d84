// The three products of a fully connected layer of m outputs, n inputs and a batch of b: items are
// multiplications.
//
//     product/y   y = W x      m x n times n x b
//     product/dW  dW = dy x'   m x b times b x n
//     product/dx  dx = W' dy   n x m times m x b

#include <benchmark/benchmark.h>

#include <string>

#include "sizes.hpp"
#include "tapedeck/core/product.hpp"

namespace bench {
namespace {

template <class T>
void time_product(benchmark::State& state, td::Shape a_shape, bool a_transposed, td::Shape b_shape,
                  bool b_transposed) {
  const auto a = td::detail::ordinary_numbers<T>(a_shape, 1);
  const auto b = td::detail::ordinary_numbers<T>(b_shape, 2);
  const td::Factor<T> left{a, a_transposed};
  const td::Factor<T> right{b, b_transposed};
  td::Matrix<T> c(left.rows(), right.cols());
  for (auto _ : state) {
    td::multiply(c, left, right);
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
    benchmark::RegisterBenchmark((std::string("product/") + what + "/" + size).c_str(), time_product<T>, a,
                                 a_transposed, b, b_transposed);
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
  add(25, 25, 1);
  add(25, 25, 50);
  add(128, 784, 64);
  add(256, 256, 256);
  return true;
}();

}  // namespace
}  // namespace bench
