#pragma once

/// @file
/// What gzip has compressed.

#include <zlib.h>

#include <memory>
#include <string>
#include <vector>

#include "io/source.hpp"

namespace tapedeck::detail {

/// How many bytes one compressed byte becomes at most: two bits for 258 bytes.
inline constexpr std::uint64_t most_inflation = 1032;

/// The contents of a gzip file, which may consist of several members. FileError, with what zlib says, if they
/// are damaged or cut off. `name` is who complains.
class GzipSource final : public Source {
 public:
  /// Reads the source from where it stands, which must be its first byte.
  GzipSource(Source& compressed, std::string name);
  ~GzipSource() override;

  std::size_t read(char* to, std::size_t most) override;
  void rewind() override;

 private:
  bool refill();

  Source& compressed_;
  std::string name_;
  std::vector<char> input_;
  z_stream stream_{};
  bool inside_ = true;  // of a member
};

/// Decompresses a source that begins as a gzip file does; returns null for any other, which is then at its
/// first byte.
std::unique_ptr<GzipSource> gunzipped(Source& source, const std::string& name);

}  // namespace tapedeck::detail
