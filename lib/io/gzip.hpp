#pragma once

/// @file
/// What gzip has compressed.

#include <zlib.h>

#include <string>
#include <string_view>
#include <vector>

#include "io/source.hpp"

namespace tapedeck::detail {

/// How many bytes one compressed byte becomes at most: two bits for 258 bytes.
inline constexpr std::uint64_t most_inflation = 1032;

/// Whether bytes begin as gzip's do.
inline bool is_gzip(std::string_view head) { return head.starts_with("\x1f\x8b"); }

/// The contents of a gzip file, which may consist of several members. FileError, with what zlib says, if they
/// are damaged or cut off. `name` is who complains.
class GzipSource final : public Source {
 public:
  /// `head` was already taken from the source.
  GzipSource(Source& compressed, std::string_view head, std::string name);
  ~GzipSource() override;

  std::size_t read(char* to, std::size_t most) override;

 private:
  bool refill();

  Source& compressed_;
  std::string name_;
  std::vector<char> input_;
  z_stream stream_{};
  bool inside_ = true;  // of a member
};

}  // namespace tapedeck::detail
