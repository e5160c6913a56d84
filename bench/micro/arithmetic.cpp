#include "tapedeck/ops/arithmetic.hpp"

#include "sizes.hpp"

namespace bench {
namespace {

const auto add = td::benchmark("add", td::add, sizes);
const auto subtract = td::benchmark("subtract", td::subtract, sizes);
const auto multiply = td::benchmark("multiply", td::multiply, sizes);
const auto scale = td::benchmark(
    "scale", [](const td::Value& x) { return td::scale(x, 0.5); }, sizes);

}  // namespace
}  // namespace bench
