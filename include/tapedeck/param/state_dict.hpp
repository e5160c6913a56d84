#pragma once

/// @file
/// What objects remember, as named matrices and words: all that files hold.

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tapedeck/core/error.hpp"
#include "tapedeck/core/matrix.hpp"

namespace tapedeck {

/// Named matrices of float, double or Index, in the order in which they were added, and named words. Owns
/// them.
///
/// Names are those of parameters ("fc_1.weight"); what else there is to remember has a '/' in its name
/// ("optimizer/steps"), which parameters cannot have.
class TAPEDECK_API StateDict {
 public:
  /// One matrix.
  struct Entry {
    std::string name;     ///< not empty, at most 512 bytes
    AnyMatrix value;      ///< as it lies in memory
    bool vector = false;  ///< of one column, and of one dimension elsewhere: a bias is [out] in PyTorch
  };

  /// NameError if the name is taken, empty, longer than 512 bytes or holds a zero byte; ShapeError for a
  /// vector of several columns.
  void add(Entry entry);
  /// NameError as above; words may not hold a zero byte.
  void add_words(std::string name, std::string words);

  /// Room for so many matrices in all, so that none of them is copied when more are added.
  void reserve(Index count);

  /// In the order of addition.
  const std::vector<Entry>& entries() const& { return entries_; }
  const std::vector<Entry>& entries() const&& = delete;
  /// By name.
  const std::map<std::string, std::string>& words() const { return words_; }
  /// The matrix of that name, or null. It lives until the next `add`.
  const Entry* find(std::string_view name) const;
  /// The words of that name, or null.
  const std::string* find_words(std::string_view name) const;

 private:
  std::vector<Entry> entries_;
  std::unordered_map<std::string, Index> places_;
  std::map<std::string, std::string> words_;
};

}  // namespace tapedeck
