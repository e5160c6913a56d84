#include "io/class_names.hpp"

#include <algorithm>
#include <numeric>

#include "io/number.hpp"

namespace tapedeck::detail {
namespace {

// The value of each name; empty unless all are finite numbers.
std::vector<double> values_of(const std::vector<std::string>& names) {
  std::vector<double> values(names.size());
  for (Index i = 0; i < names.size(); ++i) {
    if (parse_number(names[i], values[i]) != Number::finite) return {};
  }
  return values;
}

}  // namespace

ClassNames::ClassNames(const std::vector<std::string>& fixed) : fixed_(!fixed.empty()) {
  for (const std::string& name : fixed) number_of(name);
}

Index ClassNames::number_of(const std::string& name) {
  const auto [place, is_new] = numbers_.try_emplace(name, names_.size());
  if (is_new) names_.push_back(name);
  return place->second;
}

std::vector<Index> ClassNames::sort() {
  std::vector<Index> order(names_.size());
  std::iota(order.begin(), order.end(), Index{0});
  if (!fixed_) {
    const std::vector<double> values = values_of(names_);
    std::sort(order.begin(), order.end(), [&](Index a, Index b) {
      if (!values.empty() && values[a] != values[b]) return values[a] < values[b];
      return names_[a] < names_[b];
    });
  }
  std::vector<Index> numbers(names_.size());
  std::vector<std::string> sorted;
  for (Index i = 0; i < order.size(); ++i) {
    numbers[order[i]] = i;
    sorted.push_back(names_[order[i]]);
  }
  names_ = sorted;
  for (Index i = 0; i < names_.size(); ++i) numbers_[names_[i]] = i;
  return numbers;
}

}  // namespace tapedeck::detail
