#include "tapedeck/ops/loss.hpp"

#include "sizes.hpp"

namespace bench {
namespace {

using Loss = td::Value (*)(const td::Value&, const td::Operand&, td::Reduction);

auto batch_mean(Loss loss) {
  return [loss](const td::Value& x, const td::Value& target) { return loss(x, target, td::batch_mean); };
}
std::vector<td::BenchmarkInput> with_targets(td::Shape x) { return {x, targets(x)}; }
std::vector<td::BenchmarkInput> with_labels(td::Shape x) { return {x, labels(x)}; }

const auto mse = td::benchmark("mse", batch_mean(td::mse), sizes, with_targets);
const auto l1 = td::benchmark("l1", batch_mean(td::l1), sizes, with_targets);
const auto huber = td::benchmark(
    "huber",
    [](const td::Value& x, const td::Value& target) { return td::huber(x, target, td::batch_mean, 0.5); },
    sizes, with_targets);
const auto cross_entropy =
    td::benchmark("cross_entropy", batch_mean(td::cross_entropy), class_sizes, with_labels);
const auto soft_cross_entropy =
    td::benchmark("soft_cross_entropy", batch_mean(td::soft_cross_entropy), class_sizes, with_targets);
const auto binary_cross_entropy =
    td::benchmark("binary_cross_entropy", batch_mean(td::binary_cross_entropy), sizes, with_targets);

}  // namespace
}  // namespace bench
