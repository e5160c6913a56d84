#include "tapedeck/ops/activation.hpp"

#include "sizes.hpp"

namespace bench {
namespace {

const auto relu = td::benchmark("relu", td::relu, sizes);
const auto leaky_relu = td::benchmark(
    "leaky_relu", [](const td::Value& x) { return td::leaky_relu(x); }, sizes);
const auto tanh = td::benchmark("tanh", td::tanh, sizes);
const auto sigmoid = td::benchmark("sigmoid", td::sigmoid, sizes);
const auto softplus = td::benchmark("softplus", td::softplus, sizes);
const auto elu = td::benchmark(
    "elu", [](const td::Value& x) { return td::elu(x); }, sizes);
const auto gelu = td::benchmark("gelu", td::gelu, sizes);
const auto silu = td::benchmark("silu", td::silu, sizes);

}  // namespace
}  // namespace bench
