#include "tapedeck/ops/dropout.hpp"

#include "sizes.hpp"

namespace bench {
namespace {

const auto dropout = td::benchmark(
    "dropout", [](const td::Value& x) { return td::dropout(x, 0.5); }, sizes);

}  // namespace
}  // namespace bench
