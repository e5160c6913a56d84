#include "tapedeck/ops/affine.hpp"

#include "sizes.hpp"

namespace bench {
namespace {

// The size is that of x; the weight is square, so y is as large as x.
const std::vector<td::Shape> batches = {{25, 1}, {25, 50}, {128, 64}, {256, 256}};

const auto affine = td::benchmark("affine", td::affine, batches, [](td::Shape x) {
  return std::vector<td::BenchmarkInput>{td::Shape{x.rows, x.rows}, td::Shape{x.rows, 1}, x};
});
const auto product = td::benchmark("product", td::product, batches, [](td::Shape x) {
  return std::vector<td::BenchmarkInput>{td::Shape{x.rows, x.rows}, x};
});

}  // namespace
}  // namespace bench
