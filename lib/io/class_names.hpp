#pragma once

/// @file
/// Class labels that are text.

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tapedeck/core/matrix.hpp"

namespace tapedeck::detail {

/// Numbers texts: given ones in their order, or all that come along.
class ClassNames {
 public:
  /// Without names, every name is taken.
  explicit ClassNames(const std::vector<std::string>& fixed);

  /// Whether a label may have this name.
  bool allows(const std::string& name) const { return !fixed_ || numbers_.contains(name); }
  /// The name's number, in order of appearance; it must be allowed.
  Index number_of(const std::string& name);
  /// Sorts the names, unless they were given: by value if all are numbers, otherwise by their bytes.
  /// Returns the new number of each old one.
  std::vector<Index> sort();
  /// The names, in the order of their numbers.
  const std::vector<std::string>& names() const { return names_; }

 private:
  bool fixed_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, Index> numbers_;
};

}  // namespace tapedeck::detail
