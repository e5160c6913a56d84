#include "tapedeck/ops/reduction.hpp"

#include "sizes.hpp"

namespace bench {
namespace {

// What follows the colon is an option of the op.
auto sum_over(td::Over over) {
  return [over](const td::Value& x) { return td::sum(x, over); };
}

const auto sum_everything = td::benchmark("sum:everything", sum_over(td::over_everything), sizes);
const auto sum_features = td::benchmark("sum:features", sum_over(td::over_features), sizes);
const auto sum_batch = td::benchmark("sum:batch", sum_over(td::over_batch), sizes);
const auto mean = td::benchmark(
    "mean", [](const td::Value& x) { return td::mean(x); }, sizes);

}  // namespace
}  // namespace bench
