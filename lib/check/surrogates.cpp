#include "check/surrogates.hpp"

#include <algorithm>
#include <variant>

#include "check/subject.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck::detail {
namespace {

Elements elements_of(const Entry& e) {
  if (e.element == Element::index) return copy_of<Index>(e);
  return copy_of<double>(e);
}

template <class T>
void write(const Entry& e, const Matrix<T>& values) {
  std::copy(values.begin(), values.end(), static_cast<T*>(e.data));
}

}  // namespace

void Surrogates::keep_next_pass() {
  at_sample_.clear();
  not_finite_.clear();
  keep_ = true;
}

void Surrogates::replace_in_next_pass() {
  next_ = 0;
  keep_ = false;
}

void Surrogates::replace(Pass& pass, const char* op, std::uint32_t output, std::uint32_t surrogate,
                         std::size_t count) {
  for (std::uint32_t j = 0; j < count; ++j) {
    const Entry& y = pass.entry(output + j);
    const Entry& s = pass.entry(surrogate + j);
    const bool index = y.element == Element::index;
    if (keep_) {
      at_sample_.push_back({elements_of(y), elements_of(s)});
      if (!index && !copy_of<double>(s).is_finite() && not_finite_.empty())
        not_finite_ = who(op, pass.records.place());
      continue;
    }
    if (next_ == at_sample_.size() || shape_of(at_sample_[next_].forward) != y.shape() ||
        std::holds_alternative<IndexMatrix>(at_sample_[next_].forward) != index) {
      throw ContractError({.who = who(op, pass.records.place()),
                           .given = "a use that the function did not make at the sample itself",
                           .wanted = "ops with a surrogate to be applied in the same order wherever the "
                                     "samples move"});
    }
    const Output& there = at_sample_[next_++];
    if (index) {
      write(y, std::get<IndexMatrix>(there.forward));
    } else {
      const auto& s0 = std::get<Matrix<double>>(there.surrogate);
      write<double>(y, std::get<Matrix<double>>(there.forward) + (copy_of<double>(s) - s0));
    }
  }
}

}  // namespace tapedeck::detail
