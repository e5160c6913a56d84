#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/matrix.hpp"
#include "tapedeck/state/state_dict.hpp"

namespace tapedeck::io {

/// What the elements of a tensor are in the file: all types that the format has. Those up to `boolean` can be
/// read, see safetensors_elements.hpp; of the others, tensors are only known to be there.
enum class Dtype : std::uint8_t {
  f64,
  f32,
  f16,
  bf16,
  i64,
  i32,
  i16,
  i8,
  u64,
  u32,
  u16,
  u8,
  boolean,
  c64,
  f8_e5m2,
  f8_e4m3,
  f8_e8m0,
  f8_e4m3fnuz,
  f8_e5m2fnuz,
  f6_e2m3,
  f6_e3m2,
  f4
};

/// "F32".
const char* name_of(Dtype dtype);
/// 4 to 64.
Index size_in_bits(Dtype dtype);

/// One tensor, as the header describes it.
struct Tensor {
  std::string name;
  Dtype dtype = Dtype::f32;
  Dimensions sizes;         ///< the last index runs fastest; their product is an Index
  std::uint64_t begin = 0;  ///< in the buffer that follows the header
  std::uint64_t end = 0;

  /// As in matrix_shape().
  Shape shape() const { return *matrix_shape(sizes); }
};

/// All that the JSON says.
struct Header {
  std::vector<Tensor> tensors;               ///< as they lie in the buffer, without gaps
  std::map<std::string, std::string> words;  ///< the metadata
};

/// More bytes than this no header has.
inline constexpr std::uint64_t longest_header = 100'000'000;
/// The key whose value is an object of words.
inline constexpr std::string_view words_key = "__metadata__";
/// The word that holds the digest.
inline constexpr std::string_view checksum_key = "sha256";

/// Reads the JSON. FileError of `who` if it is anything but the header of a buffer of that many bytes.
TAPEDECK_API Header parse_header(std::string_view json, std::uint64_t buffer_size, const std::string& who);

/// Puts tensors into the order in which they lie in a buffer of that many bytes. FileError of `who` unless
/// they have different names, fill the buffer without gaps, and each has the bytes that its shape needs.
void require_layout(std::vector<Tensor>& tensors, std::uint64_t buffer_size, const std::string& who);

/// The JSON of a header, padded with blanks to a multiple of 8 bytes. The names are UTF-8. The checksum is
/// all zeros, and its digits begin at `digits_at`.
std::string compose_header(const Header& header);
/// Where they do.
inline constexpr std::size_t digits_at = std::string_view(R"({"__metadata__":{"sha256":")").size();

}  // namespace tapedeck::io
