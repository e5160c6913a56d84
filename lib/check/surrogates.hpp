#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "check/samples.hpp"
#include "tapedeck/tape/detail/pass.hpp"

namespace tapedeck::detail {

/// What differences see of an op with a surrogate s: the output y0 + s(x) - s(x0), where y0 and s(x0) are
/// what forward and surrogate gave at the sample x0. So whatever uses the output has the values of the
/// forward and the derivatives of the surrogate. Index outputs stay as they were at the sample.
class Surrogates : public SurrogateOutputs {
 public:
  /// Keeps the outputs of the next pass, which is at the sample, and replaces nothing.
  void keep_next_pass();
  /// Replaces the outputs of the next pass, which has the same ops with a surrogate in the same order.
  void replace_in_next_pass();
  /// Whether the pass at the sample had an op with a surrogate.
  bool used() const { return !at_sample_.empty(); }
  /// The name of the first record whose surrogate gave NaN or Inf at the sample; empty if there is none.
  const std::string& not_finite() const { return not_finite_; }

  void replace(Pass& pass, const char* op, std::uint32_t output, std::uint32_t surrogate,
               std::size_t count) override;

 private:
  struct Output {
    Elements forward;
    Elements surrogate;
  };
  std::vector<Output> at_sample_;
  std::size_t next_ = 0;
  bool keep_ = false;
  std::string not_finite_;
};

}  // namespace tapedeck::detail
