#include "tapedeck/ops/normalization.hpp"

#include "sizes.hpp"

namespace bench {
namespace {

const std::vector<td::Shape> batches = {{25, 2}, {25, 50}, {256, 256}};

std::vector<td::BenchmarkInput> with_gain_and_bias(td::Shape x) {
  return {x, td::Shape{x.rows, 1}, td::Shape{x.rows, 1}};
}
td::RunningStatistics statistics(const td::Scope& scope, td::Shape x) {
  return {.mean = scope.add_buffer("mean", {x.rows, 1}, 0),
          .variance = scope.add_buffer("variance", {x.rows, 1}, 1)};
}

const auto batch_norm = td::benchmark(
    "batch_norm",
    [](const td::Scope& scope, td::Shape x) {
      return
          [running = statistics(scope, x)](const td::Value& v, const td::Value& gain, const td::Value& bias) {
            return td::batch_norm(v, gain, bias, running);
          };
    },
    batches, with_gain_and_bias);
const auto batch_norm_given = td::benchmark(
    "batch_norm_given",
    [](const td::Scope& scope, td::Shape x) {
      return
          [given = statistics(scope, x)](const td::Value& v, const td::Value& gain, const td::Value& bias) {
            return td::batch_norm_given(v, gain, bias, given.mean, given.variance);
          };
    },
    batches, with_gain_and_bias);
const auto layer_norm = td::benchmark(
    "layer_norm",
    [](const td::Value& x, const td::Value& gain, const td::Value& bias) {
      return td::layer_norm(x, gain, bias);
    },
    batches, with_gain_and_bias);

}  // namespace
}  // namespace bench
