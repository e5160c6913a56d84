#include "peers/workload.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

namespace tapedeck::peers {
namespace {

// From the bits of the generator, which are the same everywhere; the standard's distributions are not.
class Draws {
 public:
  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(bits_() >> 11) * 0x1p-53;
  }
  std::size_t below(std::size_t count) { return bits_() % count; }

 private:
  std::mt19937_64 bits_{1};
};

// At most 128 KB of inputs, so that small workloads stay in the caches as they do in training. At most 512
// batches, so that Adam's mean gradient (0.9^512 = 4e-24) does not fade into denormals between two visits to
// a ReLU that is rarely on.
std::size_t ring_of(const Workload& workload) {
  const std::size_t numbers = workload.widths.front() * workload.batch;
  return std::clamp<std::size_t>((std::size_t{1} << 15) / numbers, 2, 512);
}

}  // namespace

const std::vector<Workload>& all_workloads() {
  static const std::vector<Workload> table = [] {
    const std::vector<std::size_t> small{2, 25, 25, 25, 2};
    const std::vector<std::size_t> digits{784, 512, 512, 10};
    const std::vector<std::size_t> large{1024, 4096, 4096, 1024};
    constexpr auto tanh = Activation::tanh;
    constexpr auto entropy = Loss::cross_entropy;
    constexpr auto adam = Rule::adam;
    return std::vector<Workload>{
        {.name = "w1", .widths = small, .batch = 1, .aim = 1.0},
        {.name = "w1", .widths = small, .batch = 5, .aim = 1.15},
        {.name = "w1", .widths = small, .batch = 50, .aim = 1.2},
        {.name = "w1", .widths = small, .batch = 500, .aim = 1.1},
        {.name = "w1", .widths = small, .batch = 1000, .aim = 1.1},
        {.name = "w1-tanh", .widths = small, .batch = 50, .aim = 1.5, .activation = tanh},
        {.name = "w1-tanh", .widths = small, .batch = 500, .aim = 1.5, .activation = tanh},
        {.name = "w1-mse-adam", .widths = small, .batch = 1, .aim = 1.3, .rule = adam},
        {.name = "w1-mse-adam", .widths = small, .batch = 5, .aim = 1.4, .rule = adam},
        {.name = "w1-adam", .widths = small, .batch = 50, .aim = 1.4, .loss = entropy, .rule = adam},
        {.name = "w1-adam", .widths = small, .batch = 500, .aim = 1.4, .loss = entropy, .rule = adam},
        {.name = "w1-batchnorm", .widths = small, .batch = 50, .aim = 2.0, .batch_norm = true},
        {.name = "w1-batchnorm", .widths = small, .batch = 500, .aim = 2.0, .batch_norm = true},
        {.name = "w2", .widths = digits, .batch = 128, .aim = 1.25, .loss = entropy, .rule = adam},
        {.name = "w2",
         .widths = digits,
         .batch = 128,
         .threads = 2,
         .aim = 1.35,
         .loss = entropy,
         .rule = adam},
        {.name = "w2-forward", .widths = digits, .batch = 1, .aim = 1.0, .pass = Pass::forward},
        {.name = "w2-forward", .widths = digits, .batch = 128, .aim = 1.05, .pass = Pass::forward},
        {.name = "w3", .widths = large, .batch = 256, .aim = 1.12, .rule = Rule::momentum},
        {.name = "w3", .widths = large, .batch = 256, .threads = 2, .aim = 1.2, .rule = Rule::momentum},
    };
  }();
  return table;
}

std::string title(const Workload& workload) {
  return workload.name + ", batch " + std::to_string(workload.batch) + ", " +
         std::to_string(workload.threads) + (workload.threads == 1 ? " thread" : " threads");
}

Problem::Problem(Workload of, double rate)
    : workload(std::move(of)), learning_rate(rate), ring(ring_of(workload)) {
  Draws draws;
  const auto fill = [&](std::vector<float>& values, std::size_t count, double bound) {
    values.resize(count);
    for (float& value : values) value = static_cast<float>(draws.uniform(-bound, bound));
  };
  for (std::size_t i = 1; i < workload.widths.size(); ++i) {
    LayerValues layer{.in = workload.widths[i - 1], .out = workload.widths[i], .weight = {}, .bias = {}};
    const double bound = 1 / std::sqrt(static_cast<double>(layer.in));
    fill(layer.weight, layer.in * layer.out, bound);
    fill(layer.bias, layer.out, bound);
    initial.push_back(std::move(layer));
  }
  fill(inputs, in() * samples(), 1);
  if (workload.loss == Loss::mse) {
    fill(targets, out() * samples(), 1);
  } else {
    labels.resize(samples());
    for (std::size_t& label : labels) label = draws.below(out());
  }
}

}  // namespace tapedeck::peers
