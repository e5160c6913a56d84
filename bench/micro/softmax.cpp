#include "tapedeck/ops/softmax.hpp"

#include "sizes.hpp"

namespace bench {
namespace {

const auto softmax = td::benchmark("softmax", td::softmax, class_sizes);
const auto log_softmax = td::benchmark("log_softmax", td::log_softmax, class_sizes);

}  // namespace
}  // namespace bench
