#pragma once

/// @file
/// Class labels and categories that are text.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tapedeck/core/matrix.hpp"

namespace tapedeck::detail {

/// Lets a table with strings as keys be asked for a view of text.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

/// Numbers texts: given ones in their order, or all that come along.
class ClassNames {
 public:
  /// Without names, every name is taken.
  explicit ClassNames(const std::vector<std::string>& fixed);

  /// Whether a label may have this name.
  bool allows(std::string_view name) const { return !fixed_ || numbers_.contains(name); }
  /// The name's number, if it has one.
  std::optional<Index> find(std::string_view name) const {
    const auto found = numbers_.find(name);
    return found == numbers_.end() ? std::nullopt : std::optional(found->second);
  }
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
  std::unordered_map<std::string, Index, TextHash, std::equal_to<>> numbers_;
};

}  // namespace tapedeck::detail
