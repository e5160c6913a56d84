#include "sizes.hpp"
#include "tapedeck/layers/activation.hpp"
#include "tapedeck/layers/dropout.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/layers/loss.hpp"
#include "tapedeck/layers/normalization.hpp"
#include "tapedeck/layers/residual.hpp"
#include "tapedeck/layers/sequential.hpp"

namespace bench {
namespace {

// With as many outputs as inputs.
td::Linear linear(const td::Scope& scope, td::Shape x) { return {scope.scope("fc"), x.rows, x.rows}; }

const auto linear_timed = td::benchmark("Linear", linear, {{25, 1}, {25, 50}, {128, 64}, {256, 256}});
const auto batch_norm = td::benchmark(
    "BatchNorm", [](const td::Scope& scope, td::Shape x) { return td::BatchNorm(scope, x.rows); },
    {{25, 50}, {256, 256}});
const auto layer_norm = td::benchmark(
    "LayerNorm", [](const td::Scope& scope, td::Shape x) { return td::LayerNorm(scope, x.rows); },
    {{25, 50}, {256, 256}});
const auto sequential = td::benchmark("Sequential",
                                      [](const td::Scope& scope, td::Shape x) {
                                        return td::Sequential{linear(scope, x), td::Tanh{}};
                                      },
                                      {{25, 1}, {25, 50}});
const auto residual = td::benchmark(
    "Residual", [](const td::Scope& scope, td::Shape x) { return td::Residual{linear(scope, x)}; }, one_size);
const auto layer = td::benchmark("Layer", td::Layer{td::ReLU{}}, one_size);
const auto dropout = td::benchmark("Dropout", td::Dropout{{.probability = 0.5}}, one_size);

const auto relu = td::benchmark("ReLU", td::ReLU{}, one_size);
const auto leaky_relu = td::benchmark("LeakyReLU", td::LeakyReLU{}, one_size);
const auto tanh = td::benchmark("Tanh", td::Tanh{}, one_size);
const auto sigmoid = td::benchmark("Sigmoid", td::Sigmoid{}, one_size);
const auto softplus = td::benchmark("Softplus", td::Softplus{}, one_size);
const auto elu = td::benchmark("ELU", td::ELU{}, one_size);
const auto gelu = td::benchmark("GELU", td::GELU{}, one_size);
const auto silu = td::benchmark("SiLU", td::SiLU{}, one_size);
const auto softmax = td::benchmark("Softmax", td::Softmax{}, one_size);
const auto log_softmax = td::benchmark("LogSoftmax", td::LogSoftmax{}, one_size);

std::vector<td::BenchmarkInput> with_targets(td::Shape x) { return {x, targets(x)}; }
std::vector<td::BenchmarkInput> with_labels(td::Shape x) { return {x, labels(x)}; }

const auto mse = td::benchmark("MSELoss", td::MSELoss{td::batch_mean}, one_size, with_targets);
const auto l1 = td::benchmark("L1Loss", td::L1Loss{td::batch_mean}, one_size, with_targets);
const auto huber = td::benchmark("HuberLoss", td::HuberLoss{td::batch_mean}, one_size, with_targets);
const auto cross_entropy =
    td::benchmark("CrossEntropyLoss", td::CrossEntropyLoss{td::batch_mean}, one_size, with_labels);
const auto soft_cross_entropy =
    td::benchmark("SoftCrossEntropyLoss", td::SoftCrossEntropyLoss{td::batch_mean}, one_size, with_targets);
const auto binary_cross_entropy = td::benchmark(
    "BinaryCrossEntropyLoss", td::BinaryCrossEntropyLoss{td::batch_mean}, one_size, with_targets);

}  // namespace
}  // namespace bench
