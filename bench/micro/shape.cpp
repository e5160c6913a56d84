#include "tapedeck/ops/shape.hpp"

#include "sizes.hpp"

namespace bench {
namespace {

const auto concatenate_rows = td::benchmark(
    "concatenate_rows",
    [](const td::Value& a, const td::Value& b) {
      return td::concatenate_rows({a, b});
    },
    sizes);
const auto slice_rows = td::benchmark(
    "slice_rows", [](const td::Value& x) { return td::slice_rows(x, x.rows() / 4, x.rows() / 2); }, sizes);

}  // namespace
}  // namespace bench
