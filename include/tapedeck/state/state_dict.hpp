#pragma once

/// @file
/// What objects remember, as named matrices and words: all that files hold.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tapedeck/core/error.hpp"
#include "tapedeck/core/matrix.hpp"

namespace tapedeck {

/// The sizes of a tensor, such as [out, in, height, width]; none for a single number.
using Dimensions = std::vector<Index>;
/// As many of them as a tensor may have.
inline constexpr std::size_t most_dimensions = 8;

/// Returns the shape of the matrix that holds a tensor [a, b, c, ...]: a x (b c ...), whose rows have the
/// elements in their order, so that the last index runs fastest. [a] is a column, a single number 1x1.
/// Nothing if there are more than `most_dimensions`, or if a product of them does not fit into an Index.
TAPEDECK_API std::optional<Shape> matrix_shape(const Dimensions& dimensions);

/// "[2, 3]".
TAPEDECK_API std::string to_string(const Dimensions& dimensions);

/// Named matrices of float, double or Index, in the order in which they were added, and named words. Owns
/// them.
///
/// Names are those of parameters ("fc_1.weight"); what else there is to remember has a '/' in its name
/// ("optimizer/steps"), which parameters cannot have.
class TAPEDECK_API StateDict {
 public:
  /// One matrix.
  struct Entry {
    std::string name;  ///< not empty, at most 512 bytes
    AnyMatrix value;   ///< as it lies in memory
    /// Of the tensor that the matrix is in files: a bias is [out] in PyTorch. [rows, columns] if none are
    /// given; an entry that was added has them.
    std::optional<Dimensions> dimensions = std::nullopt;
  };

  /// NameError if the name is taken, empty, longer than 512 bytes or holds a zero byte; ShapeError unless the
  /// matrix has the shape that its dimensions have, see matrix_shape().
  void add(Entry entry);
  /// NameError as above; words may not hold a zero byte.
  void add_words(std::string name, std::string words);
  /// Notes that a file has a tensor of that name which no matrix here can hold, and what it is: "of C64".
  void leave_out(std::string name, std::string what);

  /// Room for so many matrices in all, so that none of them is copied when more are added.
  void reserve(Index count);

  /// In the order of addition.
  const std::vector<Entry>& entries() const& { return entries_; }
  const std::vector<Entry>& entries() const&& = delete;
  /// By name.
  const std::map<std::string, std::string>& words() const { return words_; }
  /// By name, what was left out. It is not written into files.
  const std::map<std::string, std::string>& left_out() const { return left_out_; }
  /// The matrix of that name, or null. It lives until the next `add`.
  const Entry* find(std::string_view name) const;
  /// The words of that name, or null.
  const std::string* find_words(std::string_view name) const;

 private:
  std::vector<Entry> entries_;
  std::unordered_map<std::string, Index> places_;
  std::map<std::string, std::string> words_;
  std::map<std::string, std::string> left_out_;
};

}  // namespace tapedeck
