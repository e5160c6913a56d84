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
    constexpr auto momentum = Rule::momentum;
    const std::vector<std::size_t> tiny{2, 8, 1};
    const std::vector<std::size_t> odd{3, 19, 37, 11, 4};
    const std::vector<std::size_t> regression{13, 64, 64, 1};
    const std::vector<std::size_t> higgs{28, 300, 300, 300, 300, 300, 1};
    constexpr auto forward = Pass::forward;
    return std::vector<Workload>{
        {.name = "w1", .widths = small, .batch = 1},
        {.name = "w1", .widths = small, .batch = 5},
        {.name = "w1", .widths = small, .batch = 50},
        {.name = "w1", .widths = small, .batch = 500},
        {.name = "w1", .widths = small, .batch = 1000},
        {.name = "w1-tanh", .widths = small, .batch = 50, .activation = tanh},
        {.name = "w1-tanh", .widths = small, .batch = 500, .activation = tanh},
        {.name = "w1-mse-adam", .widths = small, .batch = 1, .rule = adam},
        {.name = "w1-mse-adam", .widths = small, .batch = 5, .rule = adam},
        {.name = "w1-adam", .widths = small, .batch = 50, .loss = entropy, .rule = adam},
        {.name = "w1-adam", .widths = small, .batch = 500, .loss = entropy, .rule = adam},
        {.name = "w1-batchnorm", .widths = small, .batch = 50, .batch_norm = true},
        {.name = "w1-batchnorm", .widths = small, .batch = 500, .batch_norm = true},
        {.name = "w2", .widths = digits, .batch = 128, .loss = entropy, .rule = adam},
        {.name = "w2", .widths = digits, .batch = 128, .threads = 2, .loss = entropy, .rule = adam},
        {.name = "w2-forward", .widths = digits, .batch = 1, .pass = forward},
        {.name = "w2-forward", .widths = digits, .batch = 128, .pass = forward},
        {.name = "w3", .widths = large, .batch = 256, .rule = momentum},
        {.name = "w3", .widths = large, .batch = 256, .threads = 2, .rule = momentum},
        {.name = "tiny", .widths = tiny, .batch = 4, .activation = tanh},
        {.name = "odd", .widths = odd, .batch = 1},
        {.name = "odd", .widths = odd, .batch = 3},
        {.name = "odd", .widths = odd, .batch = 7},
        {.name = "odd", .widths = odd, .batch = 33},
        {.name = "odd", .widths = odd, .batch = 200},
        {.name = "reg", .widths = regression, .batch = 16},
        {.name = "reg-tanh", .widths = regression, .batch = 64, .activation = tanh},
        {.name = "higgs", .widths = higgs, .batch = 100, .activation = tanh},
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
