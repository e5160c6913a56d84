#include "tapedeck/tape/detail/records.hpp"

#include <chrono>

namespace tapedeck::detail {

double Records::now() {
  using Nanoseconds = std::chrono::duration<double, std::nano>;
  return Nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void Records::end() noexcept {
  last_ = nullptr;
  place_ = nullptr;
  times_.clear();
  memory_.rewind();
}

void Records::clear() {
  std::vector<RecordTime>{}.swap(times_);
  memory_ = Arena{};
}

}  // namespace tapedeck::detail
