#pragma once

/// @file
/// An IDX file from any source: its header, then its values.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/gzip.hpp"
#include "io/source.hpp"
#include "tapedeck/io/idx.hpp"

namespace tapedeck::detail {

/// The types of elements, by the numbers that they have in a file.
enum class IdxType : std::uint8_t { u8 = 0x08, i8 = 0x09, i16 = 0x0b, i32 = 0x0c, f32 = 0x0d, f64 = 0x0e };

/// Calls `body` with a value of the type as its argument.
template <class Body>
decltype(auto) with_idx_type(IdxType type, Body&& body) {
  switch (type) {
    case IdxType::u8:
      return body(std::uint8_t{});
    case IdxType::i8:
      return body(std::int8_t{});
    case IdxType::i16:
      return body(std::int16_t{});
    case IdxType::i32:
      return body(std::int32_t{});
    case IdxType::f32:
      return body(float{});
    case IdxType::f64:
      break;
  }
  return body(double{});
}

/// A number of which the file has the most significant byte first.
template <class T>
T from_big_endian(const char* bytes) {
  char ordered[sizeof(T)];
  std::memcpy(ordered, bytes, sizeof(T));
  if constexpr (std::endian::native == std::endian::little) std::reverse(ordered, ordered + sizeof(T));
  T value{};
  std::memcpy(&value, ordered, sizeof(T));
  return value;
}

/// Reads the header when it is made, then the values. FileError if the two do not agree.
class IdxReader {
 public:
  /// `size` is the source's, in bytes; `name` is who complains.
  TAPEDECK_API IdxReader(Source& source, std::uint64_t size, std::string name);
  TAPEDECK_API ~IdxReader();

  const std::string& name() const { return name_; }
  IdxType type() const { return type_; }
  const std::vector<Index>& dimensions() const { return dimensions_; }
  Index samples() const { return dimensions_.front(); }
  Index count() const { return count_; }
  /// features x samples.
  Shape shape() const { return {count_ / samples(), samples()}; }

  /// Calls `take` with every value; T is the file's type. To be called once.
  template <class T, class Take>
  void read(const Take& take) {
    std::vector<char> block(std::min<Index>(count_, Index{1} << 16U) * sizeof(T));
    for (Index left = count_; left != 0;) {
      const Index here = std::min<Index>(left, block.size() / sizeof(T));
      read_bytes(block.data(), here * sizeof(T), (count_ - left) * sizeof(T));
      for (Index i = 0; i < here; ++i) take(from_big_endian<T>(block.data() + i * sizeof(T)));
      left -= here;
    }
    require_end();
  }

 private:
  void read_dimensions(Index number);
  void require_size(std::uint64_t size);
  TAPEDECK_API void read_bytes(char* to, std::size_t size, Index before);
  TAPEDECK_API void require_end();
  std::string promise() const;
  [[noreturn]] void refuse(const std::string& given, const std::string& wanted) const;

  Source* source_;
  std::unique_ptr<GzipSource> gzip_;
  std::string name_;
  IdxType type_ = IdxType::u8;
  std::vector<Index> dimensions_;
  Index count_ = 1;
  Index bytes_ = 1;  // of an element
};

/// `read_idx` of a source.
TAPEDECK_API IdxTensor parse_idx(Source& source, std::uint64_t size, const std::string& name);

/// `read_idx` of two sources.
TAPEDECK_API Dataset idx_dataset(IdxReader& images, IdxReader& labels, const IdxOptions& options);

}  // namespace tapedeck::detail
